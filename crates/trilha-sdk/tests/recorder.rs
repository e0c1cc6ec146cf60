//! Operations through a tracer provider of the SDK, as its exporter gets them.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use opentelemetry::{
    KeyValue,
    trace::{SpanKind, Status},
};
use opentelemetry_sdk::trace::{InMemorySpanExporter, Sampler, SdkTracerProvider, SpanData};
use trilha_core::{
    Handle, Operation, Outcome, Scope, Span, TraceContext, Traceparent, Tracestate,
    guard::{Action, Detector, PiiGuard, Rules},
};
use trilha_sdk::ApiRecorder;

static SCOPE: Scope = Scope::new("adapter", "1.2.3");

struct Sdk {
    handle: Handle,
    exporter: InMemorySpanExporter,
}

impl Sdk {
    fn start(sampler: Sampler) -> Self {
        Self::guarded(sampler, PiiGuard::default())
    }

    fn guarded(sampler: Sampler, guard: PiiGuard) -> Self {
        let exporter = InMemorySpanExporter::default();
        let provider =
            SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).with_sampler(sampler).build();
        let handle = Handle::builder(Arc::new(ApiRecorder::new(provider))).guard(guard).build();
        Self { handle, exporter }
    }

    #[allow(clippy::unwrap_used, reason = "a test")]
    fn spans(&self) -> Vec<SpanData> {
        self.exporter.get_finished_spans().unwrap()
    }

    fn operation(&self, name: &'static str, kind: SpanKind) -> Operation {
        Operation::builder(&SCOPE, name, kind).handle(self.handle.clone()).start()
    }
}

#[test]
fn an_operation_is_a_span_of_the_providers() {
    let sdk = Sdk::start(Sampler::AlwaysOn);
    let mut served = sdk.operation("served", SpanKind::Server);
    served.attributes().tenant("acme");
    served.set_attribute("items", 3);
    served.enter(|| sdk.operation("call", SpanKind::Client).finish(Outcome::Error("timeout")));
    served.finish(Outcome::Ok);

    let spans = sdk.spans();
    let [call, served] = spans.as_slice() else { panic!("{spans:?}") };
    assert_eq!(served.span_kind, SpanKind::Server);
    assert_eq!(served.instrumentation_scope.name(), "adapter");
    assert_eq!(served.instrumentation_scope.version(), Some("1.2.3"));
    assert!(served.attributes.contains(&KeyValue::new("items", 3)));
    assert!(served.attributes.contains(&KeyValue::new("tenant", "acme")));
    assert_eq!(call.parent_span_id, served.span_context.span_id());
    assert!(!call.parent_span_is_remote);
    assert_eq!(call.status, Status::error(""));
    assert!(call.attributes.contains(&KeyValue::new("error.type", "timeout")));
}

#[test]
fn a_remote_parent_and_its_tracestate_are_continued() {
    let sdk = Sdk::start(Sampler::AlwaysOn);
    let parent: Traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".parse().unwrap();
    // Valid, and more than the API's own type can hold.
    let tracestate = Tracestate::parse([b"foo@@bar=1".as_slice()]).unwrap();
    let remote = TraceContext::new(parent, tracestate.clone());
    let served = Operation::builder(&SCOPE, "served", SpanKind::Server)
        .handle(sdk.handle.clone())
        .remote_parent(Some(remote))
        .start();
    assert_eq!(served.trace_context().trace_id(), parent.trace_id());
    assert_eq!(*served.trace_context().tracestate(), tracestate);
    served.finish(Outcome::Ok);
    let spans = sdk.spans();
    assert_eq!(spans[0].parent_span_id, parent.parent_id());
    assert!(spans[0].parent_span_is_remote);
}

#[test]
fn the_providers_sampler_decides_and_is_counted() {
    let sdk = Sdk::start(Sampler::AlwaysOff);
    let dropped = sdk.operation("served", SpanKind::Server);
    assert!(!dropped.is_recording());
    assert!(dropped.trace_context().traceparent().is_some(), "the trace goes on");
    dropped.finish(Outcome::Ok);
    let counts = sdk.handle.span_counts();
    assert_eq!((counts.created, counts.sampled_out, counts.delivered), (0, 1, 0));
}

#[test]
fn a_span_that_was_left_was_over_then_unless_it_is_told_when() {
    let sdk = Sdk::start(Sampler::AlwaysOn);
    let [left, told] = ["left", "told"].map(|name| sdk.operation(name, SpanKind::Internal));
    [&left, &told].into_iter().filter_map(Operation::span).for_each(Span::leave);
    let then = SystemTime::now();
    while SystemTime::now() <= then {} // the clock goes on
    let later = then + Duration::from_secs(1);
    left.finish(Outcome::Ok);
    told.span().into_iter().for_each(|span| span.end(Some(later)));

    let spans = sdk.spans();
    let [left, told] = spans.as_slice() else { panic!("{spans:?}") };
    assert!(left.end_time <= then);
    assert_eq!(told.end_time, later);
}

#[test]
fn counts_add_up_while_spans_are_open() {
    let sdk = Sdk::start(Sampler::AlwaysOn);
    let open = sdk.operation("open", SpanKind::Internal);
    sdk.operation("done", SpanKind::Internal).finish(Outcome::Ok);
    let counts = sdk.handle.span_counts();
    assert_eq!((counts.created, counts.open, counts.delivered), (2, 1, 1));
    drop(open);
    assert_eq!(sdk.handle.span_counts().delivered, 2);
}

#[test]
fn of_a_refused_span_only_its_ids_stay() {
    let rules = Rules::new().detector(Detector::Email, Action::RefuseSpan);
    let sdk = Sdk::guarded(Sampler::AlwaysOn, PiiGuard::builder().rules(rules).build().unwrap());
    let served = sdk.operation("served", SpanKind::Server);
    let trace = served.trace_context();
    served.set_attribute("note", "before");
    served.set_attribute("contact", "ana@example.com");
    served.set_attribute("later", "after");
    served.finish(Outcome::Error("timeout"));
    let spans = sdk.spans();
    let [span] = spans.as_slice() else { panic!("{spans:?}") };
    assert_eq!((span.span_context.span_id(), span.name.as_ref()), (trace.span_id(), "[redacted]"));
    assert_eq!(span.attributes, []);
    assert_eq!(span.status, Status::Unset);
}

#[test]
fn a_key_that_is_set_again_has_its_last_value_alone() {
    let sdk = Sdk::start(Sampler::AlwaysOn);
    let served = sdk.operation("served", SpanKind::Server);
    for number in 0..200 {
        served.set_attribute("number", number);
    }
    served.finish(Outcome::Ok);
    assert_eq!(sdk.spans()[0].attributes, [KeyValue::new("number", 199)]);
}
