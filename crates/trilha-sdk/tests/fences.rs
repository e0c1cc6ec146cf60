//! A tracer provider whose parts panic, behind `ApiRecorder`: the work that is traced gets its own result.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use opentelemetry::{
    Context, KeyValue, SpanId, TraceId,
    trace::{Link, SpanKind},
};
use opentelemetry_sdk::{
    error::OTelSdkResult,
    trace::{
        IdGenerator, InMemorySpanExporter, Sampler, SamplingResult, SdkTracerProvider, ShouldSample, Span,
        SpanData, SpanProcessor, TracerProviderBuilder,
    },
};
use tracing_subscriber::layer::SubscriberExt;
use trilha_core::{Handle, Operation, Outcome, Scope, TraceContext, Traceparent, fence::Callback};
use trilha_sdk::ApiRecorder;
use trilha_tracing::TraceLayer;

static SCOPE: Scope = Scope::new("adapter", "");

#[derive(Clone, Debug)]
struct PanickingSampler;

impl ShouldSample for PanickingSampler {
    fn should_sample(
        &self,
        _: Option<&Context>,
        _: TraceId,
        _: &str,
        _: &SpanKind,
        _: &[KeyValue],
        _: &[Link],
    ) -> SamplingResult {
        panic!("of the sampler")
    }
}

#[derive(Debug)]
struct PanickingIds;

impl IdGenerator for PanickingIds {
    fn new_trace_id(&self) -> TraceId {
        panic!("of the ids")
    }

    fn new_span_id(&self) -> SpanId {
        panic!("of the ids")
    }
}

/// Panics at a span's start, or at its end.
#[derive(Debug)]
struct Panicking {
    at_start: bool,
}

impl SpanProcessor for Panicking {
    fn on_start(&self, _: &mut Span, _: &Context) {
        assert!(!self.at_start, "of the processor");
    }

    fn on_end(&self, _: SpanData) {
        assert!(self.at_start, "of the processor");
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

fn builder() -> TracerProviderBuilder {
    SdkTracerProvider::builder().with_simple_exporter(InMemorySpanExporter::default())
}

/// A handle over each provider of which a part panics, and how many of its spans are created.
fn panicking() -> Vec<(&'static str, Handle, bool)> {
    let handle = |provider: TracerProviderBuilder| {
        Handle::builder(Arc::new(ApiRecorder::new(provider.build()))).build()
    };
    vec![
        ("sampler", handle(builder().with_sampler(PanickingSampler)), false),
        ("ids", handle(builder().with_id_generator(PanickingIds)), false),
        ("on_start", handle(builder().with_span_processor(Panicking { at_start: true })), false),
        ("on_end", handle(builder().with_span_processor(Panicking { at_start: false })), true),
    ]
}

/// Work that is traced: continues a remote trace, has a child, and an answer of its own.
fn work(handle: &Handle, remote: &TraceContext) -> (TraceContext, u32) {
    let mut served = Operation::builder(&SCOPE, "served", SpanKind::Server)
        .handle(handle.clone())
        .remote_parent(Some(remote.clone()))
        .start();
    served.set_attribute("items", 3);
    let answer = served.enter(|| {
        let child = tracing::info_span!("child");
        let call = Operation::builder(&SCOPE, "call", SpanKind::Client).start();
        call.finish(Outcome::Ok);
        child.in_scope(|| 42)
    });
    let context = served.trace_context().clone();
    served.finish(Outcome::Ok);
    (context, answer)
}

fn assert_goes_on(run: impl Fn(&Handle, &TraceContext) -> (TraceContext, u32)) {
    let parent: Traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".parse().unwrap();
    let remote = TraceContext::new(parent, trilha_core::Tracestate::default());
    for (part, handle, is_created) in panicking() {
        for round in 1..=2 {
            let (context, answer) = run(&handle, &remote);
            assert_eq!(answer, 42, "{part}");
            assert_eq!(context.trace_id(), remote.trace_id(), "{part}: the trace goes on");
            assert_eq!(context.span_id() == remote.span_id(), !is_created, "{part}");
            let panics = handle.panics().of(Callback::TracerProvider);
            assert!(panics >= 2 * round, "{part}: {panics}");
            let counts = handle.span_counts();
            assert_eq!(counts.created > 0, is_created, "{part}: {counts:?}");
            assert_eq!((counts.created, counts.open), (counts.unacknowledged, 0), "{part}");
        }
    }
}

#[test]
fn a_panic_of_the_provider_is_none_of_the_works() {
    assert_goes_on(work);
}

#[test]
fn nor_is_it_under_a_subscriber() {
    assert_goes_on(|handle, remote| {
        let layer = TraceLayer::new(handle.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || work(handle, remote))
    });
}

#[test]
fn nor_inside_catch_unwind_and_while_the_work_itself_panics() {
    assert_goes_on(|handle, remote| {
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let open =
                Operation::builder(&SCOPE, "panics", SpanKind::Internal).handle(handle.clone()).start();
            let _open = open;
            panic!("of the work");
        }));
        assert!(unwound.is_err());
        catch_unwind(AssertUnwindSafe(|| work(handle, remote))).unwrap()
    });
}

#[tokio::test]
async fn nor_inside_a_task() {
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        assert_goes_on(|handle, remote| {
            let (handle, remote) = (handle.clone(), remote.clone());
            let task = runtime.spawn(async move { work(&handle, &remote) });
            runtime.block_on(task).unwrap()
        });
    })
    .await
    .unwrap();
}

#[test]
fn a_sound_provider_has_no_panics() {
    let provider = builder().with_sampler(Sampler::AlwaysOn).build();
    let handle = Handle::builder(Arc::new(ApiRecorder::new(provider))).build();
    work(&handle, &TraceContext::none());
    assert_eq!(handle.panics().by_callback().map(|(_, count)| count).sum::<u64>(), 0);
    assert_eq!(handle.span_counts().delivered, 2);
}
