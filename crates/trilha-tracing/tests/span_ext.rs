//! What [`SpanExt`] does, as it arrives at a receiver.

use std::time::{Duration, SystemTime};

use opentelemetry::{
    Context, KeyValue, SpanId, TraceFlags, TraceId,
    baggage::BaggageExt,
    trace::{SpanContext, Status, TraceContextExt, TraceState},
};
use tracing::{info_span, subscriber::with_default};
use tracing_subscriber::{filter::LevelFilter, prelude::*};
use trilha_testing::{Fixture, Trace};
use trilha_tracing::{SpanExt, TraceLayer};

fn elsewhere() -> SpanContext {
    SpanContext::new(TraceId::from(7), SpanId::from(8), TraceFlags::SAMPLED, true, TraceState::NONE)
}

/// What arrives of `program`, which runs with a layer that only errors pass as events.
async fn traces_of(program: impl FnOnce()) -> Vec<Trace> {
    let fixture = Fixture::start("service");
    let layer = TraceLayer::new(fixture.handle().clone()).event_level(LevelFilter::OFF);
    with_default(tracing_subscriber::registry().with(layer.with_filter(LevelFilter::INFO)), program);
    fixture.flush().await;
    fixture.receiver().traces()
}

#[tokio::test]
async fn all_that_the_api_can_say_reaches_the_span() {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(9);
    let traces = traces_of(|| {
        let span = info_span!("span");
        span.set_attribute("key", "value");
        span.set_attribute("list", opentelemetry::Value::Array(vec![1_i64, 2].into()));
        span.in_scope(|| {
            let span = tracing::Span::current();
            span.set_attribute("key", 2);
            span.add_link(SpanContext::NONE);
            span.add_link_with_attributes(elsewhere(), vec![KeyValue::new("why", "copied")]);
            span.add_event_with_timestamp("before", time, vec![KeyValue::new("n", 1)]);
            span.add_event("now", vec![]);
            span.set_status(Status::error("no route"));
        });
    })
    .await;
    let span = traces[0].span("span").has("key", 2).has("list", [1, 2]);
    span.has_links(1).links_to_ids(TraceId::from(7), SpanId::from(8)).has_event("now");
    span.has_status(Status::error("no route"));
    assert_eq!(span.links[0].attributes.str("why"), Some("copied"));
    let before = span.event("before").unwrap();
    assert_eq!((before.time, before.attributes.int("n")), (time, Some(1)));
}

#[tokio::test]
async fn the_context_of_a_span_is_the_current_one_with_the_span_in_it() {
    let traces = traces_of(|| {
        let _baggage = Context::current_with_baggage([KeyValue::new("sale", "1")]).attach();
        let span = info_span!("span");
        let context = span.context();
        assert!(context.span().is_recording());
        assert_eq!(context.baggage().get("sale"), Some(&"1".into()));
        let _attached = context.attach();
        drop(info_span!("child"));
    })
    .await;
    traces[0].has_spans(2).span("child").is_child_of("span");
}

#[tokio::test]
async fn a_parent_from_elsewhere_is_current_while_the_span_is_made() {
    let traces = traces_of(|| {
        let parent = Context::new().with_remote_span_context(elsewhere());
        let span = {
            let _attached = parent.attach();
            info_span!("span")
        };
        span.in_scope(|| drop(info_span!("child")));
    })
    .await;
    assert_eq!(traces[0].trace_id(), TraceId::from(7));
    let span = traces[0].span("span").has_parent_id(SpanId::from(8));
    assert_eq!(span.has_remote_parent(), Some(true));
    traces[0].span("child").is_child_of("span");
}

#[tokio::test]
async fn a_span_without_a_record_takes_nothing_and_tears_nothing() {
    let traces = traces_of(|| {
        let outer = info_span!("outer");
        outer.in_scope(|| {
            let disabled = tracing::debug_span!("disabled");
            disabled.set_attribute("key", "value");
            disabled.add_event("event", vec![]);
            disabled.set_status(Status::Ok);
            disabled.add_link(elsewhere());
            let ids = |context: &Context| context.span().span_context().clone();
            assert_eq!(ids(&disabled.context()), ids(&outer.context()));
        });
    })
    .await;
    let outer = traces[0].has_spans(1).span("outer").has_links(0).has_status(Status::Unset);
    assert!(outer.attributes.is_empty() && outer.events.is_empty());
}
