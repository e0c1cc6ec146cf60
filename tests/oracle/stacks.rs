//! The two stacks, each with a receiver of its own.

use std::{collections::HashSet, sync::Arc, time::Duration};

use opentelemetry_http::hyper::HyperClient;
use opentelemetry_otlp::{Protocol, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    error::{OTelSdkError, OTelSdkResult},
    trace::{SdkTracerProvider, SpanData, SpanExporter, SpanLimits},
};
use tokio::runtime::Runtime;
use tracing::{Dispatch, dispatcher};
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::{Layer, Registry, filter::filter_fn, layer::Identity, prelude::*};
use trilha::{
    Detail, Handle, TraceLayer,
    opentelemetry::{InstrumentationScope, SpanId, trace::TracerProvider},
};
use trilha_otlp::{Endpoint, Limits, Pipeline, PipelineConfig};
use trilha_testing::Receiver;

use crate::seen::Seen;

const DEADLINE: Duration = Duration::from_secs(30);

/// How both stacks are set up.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Settings {
    /// Four attributes a span, two events of three attributes, one link; else 128 of all.
    pub(crate) are_limits_low: bool,
    /// Code, thread, target, level and times; else nothing that is not asked for.
    pub(crate) with_details: bool,
    /// What somebody gets who sets nothing.
    pub(crate) are_defaults: bool,
}

/// Both.
pub(crate) struct Stacks {
    pub(crate) theirs: Stack,
    pub(crate) ours: Stack,
}

impl Stacks {
    pub(crate) fn start(settings: Settings) -> Self {
        Self { theirs: Stack::theirs(settings), ours: Stack::ours(settings) }
    }

    /// What arrives of a program in both: theirs, ours.
    pub(crate) fn run(&mut self, program: impl Fn(&Dispatch)) -> (Seen, Seen) {
        (self.theirs.run(&program), self.ours.run(&program))
    }
}

/// A subscriber, what sends its spans, and where they arrive.
pub(crate) struct Stack {
    dispatch: Dispatch,
    flush: Box<dyn Fn()>,
    receiver: Receiver,
    /// The spans of earlier programs.
    known: HashSet<SpanId>,
    _runtime: Option<Arc<Runtime>>,
}

impl Stack {
    fn theirs(settings: Settings) -> Self {
        let receiver = Receiver::start();
        let runtime = Arc::new(
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap(),
        );
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_http_client(HyperClient::with_default_connector(DEADLINE, None))
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{}/v1/traces", receiver.http_endpoint()))
            .build()
            .unwrap();
        let exporter = OnRuntime { exporter: Arc::new(exporter), runtime: Arc::clone(&runtime) };
        let mut provider = SdkTracerProvider::builder().with_batch_exporter(exporter);
        if settings.are_limits_low {
            provider = provider.with_span_limits(SpanLimits {
                max_attributes_per_span: 4,
                max_events_per_span: 2,
                max_attributes_per_event: 3,
                max_links_per_span: 1,
                ..SpanLimits::default()
            });
        }
        let provider = provider.build();
        // The scope is the program's to choose: here, that of ours.
        let scope = InstrumentationScope::builder("trilha-tracing").with_version(env!("CARGO_PKG_VERSION"));
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer_with_scope(scope.build()));
        let layer = match settings.are_defaults {
            true => layer,
            false => with_details(layer, settings.with_details),
        };
        Self {
            dispatch: subscribed(layer),
            flush: Box::new(move || provider.force_flush().unwrap()),
            receiver,
            known: HashSet::new(),
            _runtime: Some(runtime),
        }
    }

    fn ours(settings: Settings) -> Self {
        let receiver = Receiver::start();
        let endpoint = Endpoint::http(format!("{}/v1/traces", receiver.http_endpoint()));
        let limits = match settings.are_limits_low {
            true => Limits::default().attributes(4).events(2).event_attributes(3).links(1),
            false => Limits::default(),
        };
        let pipeline = Pipeline::start(PipelineConfig::new(endpoint).limits(limits)).unwrap();
        let mut layer = TraceLayer::new(Handle::builder(pipeline.recorder()).build());
        if settings.with_details {
            layer = layer.details([
                Detail::Location,
                Detail::Thread,
                Detail::Target,
                Detail::Level,
                Detail::Timing,
            ]);
        }
        Self {
            dispatch: subscribed(layer),
            flush: Box::new(move || assert!(pipeline.flush_blocking(DEADLINE).is_complete)),
            receiver,
            known: HashSet::new(),
            _runtime: None,
        }
    }

    fn run(&mut self, program: impl Fn(&Dispatch)) -> Seen {
        dispatcher::with_default(&self.dispatch, || program(&self.dispatch));
        (self.flush)();
        let traces = self.receiver.traces();
        let spans = traces.iter().flat_map(|trace| trace.spans());
        Seen::of(&spans.filter(|span| self.known.insert(span.span_id)).collect::<Vec<_>>())
    }
}

fn with_details<T>(layer: OpenTelemetryLayer<Registry, T>, wanted: bool) -> OpenTelemetryLayer<Registry, T>
where
    T: trilha::opentelemetry::trace::Tracer + 'static,
    T::Span: Send + Sync,
{
    layer
        .with_location(wanted)
        .with_threads(wanted)
        .with_target(wanted)
        .with_level(wanted)
        .with_tracked_inactivity(wanted)
}

/// A subscriber with the layer under a filter of its own. What that hides, the registry still keeps.
fn subscribed<L>(layer: L) -> Dispatch
where
    L: Layer<Registry> + Send + Sync,
{
    let shown = filter_fn(|metadata| metadata.target() != "hidden");
    Dispatch::new(tracing_subscriber::registry().with(layer.with_filter(shown)).with(Identity::new()))
}

/// The exporter's client needs a runtime, and the thread that exports has none.
#[derive(Debug)]
struct OnRuntime<E> {
    exporter: Arc<E>,
    runtime: Arc<Runtime>,
}

impl<E: SpanExporter + 'static> SpanExporter for OnRuntime<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let exporter = Arc::clone(&self.exporter);
        let exported = self.runtime.spawn(async move { exporter.export(batch).await }).await;
        exported.unwrap_or_else(|error| Err(OTelSdkError::InternalFailure(error.to_string())))
    }
}
