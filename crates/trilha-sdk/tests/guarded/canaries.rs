//! What reaches a receiver through the SDK's own batch processor and OTLP exporter: nothing that may not.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
};

use opentelemetry::{
    Context, InstrumentationScope, KeyValue, SpanId, TraceFlags, TraceId,
    trace::{Link, Span, SpanContext, SpanKind, Status, TraceContextExt, TraceState, Tracer, TracerProvider},
};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response, hyper::HyperClient};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{BatchSpanProcessor, InMemorySpanExporter, SdkTracerProvider},
};
use tokio::runtime::Runtime;
use trilha_core::guard::{Action, Detector, PiiGuard, Rules};
use trilha_sdk::{GuardedExporter, GuardedProcessor};
use trilha_testing::{Canaries, Hunt, Receiver, canaries};

/// The exporter's HTTP client on a runtime, which the SDK's thread has not. It keeps what it sends.
#[derive(Clone, Debug)]
struct Client {
    runtime: Arc<Runtime>,
    inner: Arc<HyperClient>,
    sent: Arc<Mutex<Vec<Bytes>>>,
}

impl Client {
    fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let timeout = std::time::Duration::from_secs(10);
        Self {
            runtime: Arc::new(runtime),
            inner: Arc::new(HyperClient::with_default_connector(timeout, None)),
            sent: Arc::default(),
        }
    }

    fn exporter(&self, receiver: &Receiver) -> SpanExporter {
        SpanExporter::builder()
            .with_http()
            .with_http_client(self.clone())
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{}/v1/traces", receiver.http_endpoint()))
            .build()
            .unwrap()
    }
}

impl HttpClient for Client {
    fn send_bytes<'a, 'f>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'f>>
    where
        'a: 'f,
        Self: 'f,
    {
        self.sent.lock().unwrap().push(request.body().clone());
        let inner = self.inner.clone();
        let sending = self.runtime.spawn(async move { inner.send_bytes(request).await });
        Box::pin(async move { sending.await? })
    }
}

/// Spans that hold a canary wherever the API takes text.
fn plant(provider: &SdkTracerProvider, value: &str) {
    let attribute = || KeyValue::new("note", format!("see {value}"));
    let scope = InstrumentationScope::builder("shop").with_version("1").with_attributes([attribute()]);
    let tracer = provider.tracer_with_scope(scope.build());
    // A member's value cannot hold these.
    let member = if value.contains([',', '=']) { "1" } else { value };
    let state = TraceState::from_key_value([("shop", member), ("other", "1")]);
    let remote = SpanContext::new(
        TraceId::from(7),
        SpanId::from(7),
        TraceFlags::SAMPLED,
        true,
        state.unwrap_or_default(),
    );
    let builder = tracer
        .span_builder(format!("pay {value}"))
        .with_kind(SpanKind::Client)
        .with_attributes([attribute(), KeyValue::new("count", 3)])
        .with_links(vec![Link::new(remote.clone(), vec![attribute()], 0)]);
    let parent = Context::new().with_remote_span_context(remote);
    let mut span = tracer.build_with_context(builder, &parent);
    let list = opentelemetry::Value::Array(opentelemetry::Array::String(vec![value.to_owned().into()]));
    span.set_attribute(KeyValue::new("notes", list));
    span.add_event(format!("sent to {value}"), vec![attribute()]);
    span.set_status(Status::error(format!("no such customer: {value}")));
    span.end();
}

fn assert_nothing_leaves(start: impl Fn(SpanExporter, PiiGuard, Resource) -> SdkTracerProvider) {
    let receiver = Receiver::start();
    let client = Client::new();
    let planted: Vec<_> = canaries().seed(5).take(3 * Canaries::detectors().count()).collect();
    let secret = canaries().of("email").next().unwrap();
    let resource = Resource::builder_empty()
        .with_attributes([
            KeyValue::new("service.name", "shop"),
            KeyValue::new("owner", secret.value().to_owned()),
        ])
        .build();
    let provider = start(client.exporter(&receiver), PiiGuard::builder().build().unwrap(), resource);
    planted.iter().for_each(|canary| plant(&provider, canary.value()));
    provider.shutdown().unwrap();

    assert_eq!(receiver.received().spans, planted.len() as u64);
    let trace = receiver.traces().remove(0);
    let span = &trace.spans()[0];
    assert_eq!(span.attribute("count"), Some(&3.into()), "what is clean leaves");
    let mut hunt = Hunt::new(planted.into_iter().chain([secret]));
    client.sent.lock().unwrap().iter().for_each(|sent| {
        hunt.search("export", sent);
    });
    hunt.assert_none();
}

#[test]
fn no_canary_passes_a_guarded_exporter() {
    assert_nothing_leaves(|exporter, guard, resource| {
        let exporter = GuardedExporter::new(exporter, guard);
        SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build()
    });
}

#[test]
fn no_canary_passes_a_guarded_processor() {
    assert_nothing_leaves(|exporter, guard, resource| {
        let batch = GuardedProcessor::new(BatchSpanProcessor::builder(exporter).build(), guard);
        SdkTracerProvider::builder().with_span_processor(batch).with_resource(resource).build()
    });
}

#[test]
fn of_a_refused_span_only_ids_kind_and_times_are_left() {
    let rules = Rules::new().detector(Detector::Email, Action::RefuseSpan);
    let guard = PiiGuard::builder().rules(rules).build().unwrap();
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(GuardedExporter::new(exporter.clone(), guard))
        .build();
    plant(&provider, "ana@example.com");
    plant(&provider, "nobody");
    let spans = exporter.get_finished_spans().unwrap();
    let [refused, clean] = spans.as_slice() else { panic!("{spans:?}") };
    assert_eq!((refused.name.as_ref(), &refused.span_kind), ("[redacted]", &SpanKind::Client));
    assert_eq!((refused.parent_span_id, refused.parent_span_is_remote), (SpanId::from(7), true));
    assert!(refused.attributes.is_empty() && refused.events.is_empty() && refused.links.is_empty());
    assert_eq!((&refused.status, refused.instrumentation_scope.attributes().count()), (&Status::Unset, 0));
    assert_eq!(refused.instrumentation_scope.version(), Some("1"));
    assert_eq!(refused.span_context.trace_state().header(), "other=1");
    assert_eq!((clean.name.as_ref(), clean.attributes.len()), ("pay nobody", 3));
    assert_eq!(clean.links[0].span_context.trace_state().header(), "shop=nobody,other=1");
}
