//! tracing-opentelemetry's layer on our tracer: what arrives at a receiver.

#![allow(clippy::unwrap_used, reason = "helpers of tests, too, say what they expect in the shortest way")]

use opentelemetry::{
    Context, KeyValue, SpanId, TraceFlags, TraceId,
    trace::{SpanContext, SpanKind, Status, TraceContextExt, TraceState},
};
use tracing::{Instrument, error, info, info_span, subscriber::with_default};
use tracing_subscriber::prelude::*;
use trilha_core::{ContextAttributes, Operation, Outcome, Scope};
use trilha_testing::{Fixture, Trace};
use trilha_tracing::{opentelemetry_layer, tracing_opentelemetry::OpenTelemetrySpanExt};

const SCOPE: Scope = Scope::new("test", "");

fn elsewhere(flags: TraceFlags) -> Context {
    let state = TraceState::from_key_value([("vendor", "1")]).unwrap();
    let ids = SpanContext::new(TraceId::from(7), SpanId::from(8), flags, true, state);
    Context::new().with_remote_span_context(ids)
}

fn subscriber(fixture: &Fixture) -> impl tracing::Subscriber + Send + Sync + use<> {
    tracing_subscriber::registry().with(opentelemetry_layer(fixture.handle().clone()))
}

#[tokio::test]
async fn a_parent_that_is_set_late_is_the_parent() {
    let fixture = Fixture::start("service");
    with_default(subscriber(&fixture), || {
        let span = info_span!("span", otel.kind = "server", count = 3);
        span.set_parent(elsewhere(TraceFlags::SAMPLED)).unwrap();
        span.set_attribute("key", "value");
        span.add_link(elsewhere(TraceFlags::SAMPLED).span().span_context().clone());
        span.add_event("added", vec![KeyValue::new("n", 1)]);
        span.in_scope(|| {
            drop(info_span!("child"));
            info!("happened");
            error!(error = %"no route");
        });
        assert!(span.set_parent(Context::new()).is_err(), "it has started");
    });
    fixture.flush().await;
    let trace = fixture.receiver().trace_under(TraceId::from(7), SpanId::from(8)).await;
    let span = trace.has_spans(2).span("span").has_parent_id(SpanId::from(8)).has_kind(SpanKind::Server);
    assert_eq!((span.has_remote_parent(), span.trace_state.as_str()), (Some(true), "vendor=1"));
    span.has("count", 3).has("key", "value").has_scope("tracing-opentelemetry");
    assert_eq!(span.attributes.len(), 2);
    span.links_to_ids(TraceId::from(7), SpanId::from(8)).has_event("added").has_event("happened");
    span.has_event("exception").has_status(Status::error("no route"));
    let child = trace.span("child").is_child_of("span");
    assert_eq!(child.trace_state, "vendor=1");
}

#[tokio::test]
async fn the_decision_of_a_late_parent_counts() {
    let fixture = Fixture::start("service");
    with_default(subscriber(&fixture), || {
        let span = info_span!("span");
        span.set_parent(elsewhere(TraceFlags::NOT_SAMPLED)).unwrap();
        span.in_scope(|| drop(info_span!("child")));
    });
    let counts = fixture.flush().await;
    assert_eq!((counts.created, counts.sampled_out), (0, 2));
}

#[tokio::test]
async fn operations_and_their_spans_hang_on_each_other() {
    let fixture = Fixture::start("service");
    let dispatch = tracing::Dispatch::new(subscriber(&fixture));
    let _default = tracing::dispatcher::set_default(&dispatch);
    let operation =
        |name, kind| Operation::builder(&SCOPE, name, kind).handle(fixture.handle().clone()).start();
    let served = operation("served", SpanKind::Server);
    let handler = async {
        ContextAttributes::current().tenant("acme");
        operation("call", SpanKind::Client).finish(Outcome::Ok);
    };
    served.run_with(async { handler.instrument(info_span!("handler")).await }, |()| Outcome::Ok).await;
    fixture.flush().await;
    let trace = fixture.receiver().trace_where(Trace::is_whole).await;
    trace.has_spans(3).span("served").is_root().has("tenant", "acme");
    trace.span("handler").is_child_of("served").has("tenant", "acme");
    trace.span("call").is_child_of("handler");
}

#[tokio::test]
async fn the_guard_sees_what_is_set_through_it() {
    const SECRET: &str = "ana@example.com";
    let fixture = Fixture::start("service");
    with_default(subscriber(&fixture), || {
        let span = info_span!("span", note = SECRET);
        span.set_attribute("other", SECRET);
        span.in_scope(|| {
            error!(error = %SECRET);
            info!("for {SECRET}");
        });
    });
    fixture.flush().await;
    let trace = fixture.receiver().trace_where(Trace::is_whole).await;
    trace.lacks_text(SECRET).span("span").has("note", "[redacted:email]");
}
