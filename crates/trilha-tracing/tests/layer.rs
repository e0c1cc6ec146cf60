//! What `tracing` spans and events become, as it arrives at a receiver.

use opentelemetry::{
    Context, KeyValue,
    trace::{SpanContext, SpanKind, TraceContextExt, TraceFlags, TraceState},
};
use tracing::{Instrument, error, field, info, info_span, instrument, subscriber::with_default};
use tracing_subscriber::{filter::LevelFilter, prelude::*};
use trilha_core::{ContextAttributes, Handle, Operation, Outcome, Scope, TraceContext, Traceparent};
use trilha_testing::{Fixture, Trace, Value};
use trilha_tracing::TraceLayer;

const SCOPE: Scope = Scope::new("test", "");

fn subscriber(
    fixture: &Fixture,
) -> impl tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a> + Send + Sync {
    tracing_subscriber::registry().with(TraceLayer::new(fixture.handle().clone()))
}

fn operation(handle: &Handle, name: &str) -> Operation {
    Operation::builder(&SCOPE, name, SpanKind::Server).handle(handle.clone()).start()
}

async fn only_trace(fixture: &Fixture) -> Trace {
    fixture.flush().await;
    fixture.receiver().trace_where(Trace::is_whole).await
}

#[tokio::test]
async fn spans_nest_and_keep_their_fields() {
    #[instrument(fields(price = 12.5, big = u64::MAX, later = field::Empty))]
    fn outer(count: u64, is_new: bool) {
        tracing::Span::current().record("later", "recorded");
        inner("x");
    }
    #[instrument(name = "renamed", fields(otel.name = "GET /inner", otel.kind = "client"))]
    fn inner(text: &str) {}

    let fixture = Fixture::start("service");
    with_default(subscriber(&fixture), || outer(3, true));
    let trace = only_trace(&fixture).await;
    trace
        .span("outer")
        .is_root()
        .has_kind(SpanKind::Internal)
        .has("count", 3)
        .has("is_new", true)
        .has("price", 12.5)
        .has("big", u64::MAX.to_string().as_str())
        .has("later", "recorded");
    trace
        .span("GET /inner")
        .is_child_of("outer")
        .has_kind(SpanKind::Client)
        .has("text", "x")
        .lacks("otel.kind");
}

#[tokio::test]
async fn events_mark_the_innermost_span_and_errors_fail_it() {
    let fixture = Fixture::start("service");
    with_default(subscriber(&fixture), || {
        let mut served = operation(fixture.handle(), "served");
        served.enter(|| {
            info!(items = 2, "in the operation");
            let _entered = info_span!("inner").entered();
            error!("in the span");
        });
        served.finish(Outcome::Ok);
    });
    let trace = only_trace(&fixture).await;
    let served = trace.span("served").has_event("in the operation").lacks_event("in the span").is_ok();
    let event = served.event("in the operation").unwrap();
    assert_eq!(event.attributes.get("items"), Some(&Value::from(2)));
    assert_eq!(event.attributes.get("level"), Some(&Value::from("INFO")));
    let inner = trace.span("inner").is_child_of("served").has_event("in the span");
    assert!(inner.is_failed());
}

#[tokio::test]
async fn a_consumer_loop_does_not_steal_its_handlers_spans() {
    #[instrument]
    async fn handler() {}

    let fixture = Fixture::start("service");
    let remote: Traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".parse().unwrap();
    let dispatch = tracing::Dispatch::new(subscriber(&fixture));
    let _default = tracing::dispatcher::set_default(&dispatch);
    async {
        let message = TraceContext::new(remote, Default::default());
        let operation = Operation::builder(&SCOPE, "process", SpanKind::Consumer)
            .handle(fixture.handle().clone())
            .remote_parent(Some(message))
            .start();
        operation.run_with(handler(), |()| Outcome::Ok).await;
    }
    .instrument(info_span!("loop"))
    .await;
    fixture.flush().await;
    let trace = fixture.receiver().trace_under(remote.trace_id(), remote.parent_id()).await;
    trace.has_spans(2);
    trace.span("process").has_parent_id(remote.parent_id());
    trace.span("handler").is_child_of("process");
}

#[tokio::test]
async fn a_filter_that_switches_spans_off_leaves_no_gap() {
    #[instrument]
    fn disabled(handle: &Handle) {
        operation(handle, "inner").finish(Outcome::Ok);
    }

    let fixture = Fixture::start("service");
    let layer = TraceLayer::new(fixture.handle().clone()).with_filter(LevelFilter::OFF);
    with_default(tracing_subscriber::registry().with(layer), || {
        let mut outer = operation(fixture.handle(), "outer");
        outer.enter(|| disabled(fixture.handle()));
        outer.finish(Outcome::Ok);
    });
    let trace = only_trace(&fixture).await;
    trace.has_spans(2);
    trace.span("inner").is_child_of("outer");
}

#[tokio::test]
async fn a_late_tenant_reaches_every_open_span() {
    #[instrument]
    fn authenticate() {
        ContextAttributes::current().tenant("acme");
    }

    let fixture = Fixture::start("service");
    with_default(subscriber(&fixture), || {
        let mut served = operation(fixture.handle(), "served");
        served.enter(authenticate);
        served.finish(Outcome::Ok);
        let _alone = info_span!("another root").entered();
        authenticate();
    });
    fixture.flush().await;
    let of_operation = fixture.receiver().trace_where(|t| !t.spans_named("served").is_empty()).await;
    of_operation.span("served").has("tenant", "acme");
    of_operation.span("authenticate").has("tenant", "acme");
    let alone = fixture.receiver().trace_where(|t| !t.spans_named("another root").is_empty()).await;
    alone.span("another root").has("tenant", "acme");
}

#[tokio::test]
async fn entering_a_span_keeps_what_else_the_context_holds() {
    #[derive(Debug, PartialEq)]
    struct Entry(u8);

    let fixture = Fixture::start("service");
    with_default(subscriber(&fixture), || {
        let _attached = Context::current_with_value(Entry(7)).attach();
        let span = info_span!("span");
        let before = Context::current().span().span_context().clone();
        span.in_scope(|| {
            let context = Context::current();
            assert_eq!(context.get::<Entry>(), Some(&Entry(7)));
            assert!(context.span().is_recording(), "the current span is a recording one");
            context.span().set_attribute(KeyValue::new("by", "foreign code"));
        });
        assert_eq!(*Context::current().span().span_context(), before, "leaving restores what was there");
    });
    only_trace(&fixture).await.span("span").has("by", "foreign code");
}

#[tokio::test]
async fn explicit_parents_roots_and_causes_are_followed() {
    let fixture = Fixture::start("service");
    with_default(subscriber(&fixture), || {
        let first = info_span!("first");
        let second = info_span!("second");
        second.follows_from(&first);
        let _entered = second.enter();
        drop(info_span!(parent: &first, "child of first"));
        drop(info_span!(parent: None, "root"));
        drop(info_span!("child of second"));
    });
    fixture.flush().await;
    let trace_of = async |name: &'static str| {
        fixture.receiver().trace_where(move |t| t.is_whole() && !t.spans_named(name).is_empty()).await
    };
    let (first, second) = (trace_of("first").await, trace_of("second").await);
    first.span("child of first").is_child_of("first");
    second.span("child of second").is_child_of("second");
    second.span("second").links_to(&first.span("first"));
    trace_of("root").await.span("root").is_root();
}

#[tokio::test]
async fn two_services_in_one_process_stay_apart() {
    let (one, two) = (Fixture::start("one"), Fixture::start("two"));
    with_default(subscriber(&one), || {
        let mut served = operation(two.handle(), "served by two");
        served.enter(|| drop(info_span!("inside two")));
        served.finish(Outcome::Ok);
        drop(info_span!("outside"));
    });
    only_trace(&two).await.has_spans(2).span("inside two").is_of_service("two");
    only_trace(&one).await.has_spans(1).span("outside").is_of_service("one");
}

#[tokio::test]
async fn spans_that_are_left_in_another_order_leave_nothing_behind() {
    let fixture = Fixture::start("service");
    with_default(subscriber(&fixture), || {
        let (a, b) = (info_span!("a"), info_span!("b"));
        let (entered_a, entered_b) = (a.enter(), b.enter());
        drop(entered_a);
        drop(entered_b);
        assert!(!Context::current().has_active_span());
    });
}

#[tokio::test]
async fn spans_that_are_not_kept_share_a_context_until_the_last_is_left() {
    let fixture = Fixture::start("service");
    let not_kept = SpanContext::new(1.into(), 2.into(), TraceFlags::NOT_SAMPLED, true, TraceState::NONE);
    let _around = Context::new().with_remote_span_context(not_kept).attach();
    let current = || Context::current().span().span_context().span_id();
    with_default(subscriber(&fixture), || {
        let (a, around) = (info_span!("a"), current());
        let entered_a = a.enter();
        let shared = current();
        assert_ne!(shared, around);
        let (b, c) = (info_span!("b"), info_span!("c"));
        let (entered_b, entered_c) = (b.enter(), c.enter());
        drop(entered_a);
        assert_eq!(current(), shared);
        drop(entered_b);
        assert_eq!(current(), shared);
        drop(entered_c);
        assert_eq!(current(), around);
    });
    let counts = fixture.flush().await;
    assert_eq!((counts.created, counts.sampled_out), (0, 3));
}

#[tokio::test]
async fn a_second_layer_on_one_subscriber_changes_nothing() {
    let (one, two) = (Fixture::start("one"), Fixture::start("two"));
    let second = TraceLayer::new(two.handle().clone()).with_filter(LevelFilter::INFO);
    with_default(subscriber(&one).with(second), || {
        let span = info_span!("span", later = field::Empty);
        span.in_scope(|| info!("event"));
        span.record("later", 1);
        drop(span);
        assert!(!Context::current().has_active_span());
    });
    let trace = only_trace(&one).await;
    assert_eq!(trace.span("span").has("later", 1).events.len(), 1);
    assert_eq!(two.flush().await.created, 0);
}
