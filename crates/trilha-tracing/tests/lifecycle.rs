//! How `tracing` spans may be made, entered, left and closed, and what becomes of them.

use std::{
    sync::Barrier,
    thread,
    time::{Duration, SystemTime},
};

use opentelemetry::{
    Context, TraceFlags,
    trace::{SpanContext, TraceContextExt, TraceState},
};
use tracing::{
    Dispatch, Instrument, Span, dispatcher, info, info_span,
    subscriber::{NoSubscriber, with_default},
};
use tracing_subscriber::{filter::filter_fn, prelude::*, registry::LookupSpan};
use trilha_testing::{Fixture, Trace};
use trilha_tracing::{SpanExt, TraceLayer};

fn subscriber(fixture: &Fixture) -> impl tracing::Subscriber + for<'a> LookupSpan<'a> + Send + Sync + use<> {
    tracing_subscriber::registry().with(TraceLayer::new(fixture.handle().clone()))
}

async fn trace_with(fixture: &Fixture, name: &str) -> Trace {
    fixture.flush().await;
    fixture.receiver().trace_where(|trace| !trace.spans_named(name).is_empty()).await
}

/// Nothing stays attached to this thread.
fn assert_nothing_is_left() {
    assert!(!Context::current().has_active_span());
}

#[tokio::test]
async fn a_span_ends_when_it_was_left_for_the_last_time() {
    let fixture = Fixture::start("service");
    let subscriber = Dispatch::new(subscriber(&fixture));
    let a_moment_later = || {
        let now = SystemTime::now();
        while SystemTime::now() <= now + Duration::from_micros(100) {}
        SystemTime::now()
    };
    let (again, left, closed) = dispatcher::with_default(&subscriber, || {
        let (span, never) = (info_span!("left"), info_span!("never entered"));
        span.in_scope(|| {});
        let again = a_moment_later();
        let child = span.in_scope(|| info_span!("child"));
        drop(span);
        let left = SystemTime::now();
        let closed = a_moment_later();
        drop((child, never));
        (again, left, closed)
    });
    let trace = trace_with(&fixture, "left").await;
    let end = trace.span("left").end;
    assert!(again <= end && end <= left, "its child kept it open");
    assert!(trace.span("child").is_child_of("left").end >= closed);
    assert!(trace_with(&fixture, "never entered").await.root().end >= closed);
}

#[tokio::test]
async fn a_span_may_be_entered_again_while_it_is_entered() {
    let fixture = Fixture::start("service");
    with_default(subscriber(&fixture), || {
        let span = info_span!("span");
        let between = info_span!(parent: &span, "between");
        span.in_scope(|| {
            between.in_scope(|| {
                span.in_scope(|| drop(info_span!("deep")));
                drop(info_span!("shallow"));
                info!("event");
            });
        });
        assert_nothing_is_left();
    });
    let trace = trace_with(&fixture, "span").await;
    trace.has_spans(4).span("deep").is_child_of("span");
    trace.span("shallow").is_child_of("between");
    trace.span("between").has_event("event");
}

#[tokio::test]
async fn a_span_may_be_entered_by_two_threads_at_once() {
    let fixture = Fixture::start("service");
    let dispatch = Dispatch::new(subscriber(&fixture));
    let span = dispatcher::with_default(&dispatch, || info_span!("span"));
    let both = Barrier::new(2);
    thread::scope(|scope| {
        for _ in 0..2 {
            let span = span.clone();
            scope.spawn(|| {
                dispatcher::with_default(&dispatch, || {
                    span.in_scope(|| {
                        both.wait();
                        info_span!("part").in_scope(|| info!("of part"));
                        info!("of span");
                        both.wait();
                    });
                    assert_nothing_is_left();
                });
                drop(span);
            });
        }
    });
    drop(span);
    let trace = trace_with(&fixture, "span").await;
    assert_eq!(trace.has_spans(3).span("span").events.len(), 2);
    for part in trace.spans_named("part") {
        part.is_child_of("span").has_event("of part");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instrumented_future_keeps_its_span_on_every_thread() {
    let fixture = Fixture::start("service");
    let dispatch = Dispatch::new(subscriber(&fixture));
    let task = dispatcher::with_default(&dispatch, || {
        let work = async {
            for _ in 0..8 {
                // To another thread and back.
                let ids = Context::map_current(|current| current.span().span_context().clone());
                tokio::task::spawn_blocking(|| {}).await.unwrap();
                assert_eq!(Context::map_current(|current| current.span().span_context().clone()), ids);
                async { info!("step") }.instrument(info_span!("step")).await;
            }
        };
        let work = work.instrument(info_span!("work"));
        tracing::instrument::WithSubscriber::with_subscriber(work, dispatch.clone())
    });
    tokio::spawn(task).await.unwrap();
    let trace = trace_with(&fixture, "work").await;
    trace.has_spans(9).span("work").is_root();
    for step in trace.spans_named("step") {
        step.is_child_of("work").has_event("step");
    }
}

#[tokio::test]
async fn a_span_that_is_not_kept_stays_the_current_one_until_it_is_left_as_often_as_it_was_entered() {
    let fixture = Fixture::start("service");
    let unkept = SpanContext::new(7.into(), 8.into(), TraceFlags::NOT_SAMPLED, true, TraceState::NONE);
    with_default(subscriber(&fixture), || {
        let unkept = {
            let _attached = Context::new().with_remote_span_context(unkept).attach();
            info_span!("not kept")
        };
        info_span!("kept").in_scope(|| {
            let entered = unkept.enter();
            drop(unkept.enter());
            info!("in the one that is not kept");
            let child = info_span!("child").entered(); // it may share the record
            drop(entered);
            info!("in the child");
            drop(child);
            info!("in the kept one");
        });
    });
    let trace = trace_with(&fixture, "kept").await;
    let kept = trace.has_spans(1).span("kept").has_event("in the kept one");
    assert_eq!(kept.events.len(), 1);
}

#[tokio::test]
async fn a_clone_keeps_its_span_open() {
    let fixture = Fixture::start("service");
    with_default(subscriber(&fixture), || {
        let span = info_span!("span", n = tracing::field::Empty);
        let clone = span.clone();
        drop(span);
        clone.record("n", 1);
        assert_eq!(fixture.handle().span_counts().open, 1);
        drop(clone);
        assert_eq!(fixture.handle().span_counts().open, 0);
    });
    trace_with(&fixture, "span").await.span("span").has("n", 1);
}

#[tokio::test]
async fn a_span_may_be_closed_under_another_dispatcher() {
    let (one, two) = (Fixture::start("one"), Fixture::start("two"));
    with_default(subscriber(&one), || {
        let span = info_span!("span");
        with_default(subscriber(&two), || {
            span.in_scope(|| drop(info_span!("inside")));
            drop(span);
        });
        with_default(NoSubscriber::default(), || assert!(info_span!("nobody's").is_disabled()));
        assert_nothing_is_left();
    });
    // Under a span of the first service, spans are the first service's.
    let trace = trace_with(&one, "span").await;
    trace.has_spans(2).span("inside").is_child_of("span");
    assert_eq!(two.flush().await.created, 0);
}

#[tokio::test]
async fn the_spans_of_nested_subscribers_are_told_apart() {
    let (one, two) = (Fixture::start("one"), Fixture::start("two"));
    let (outer, inner) = (Dispatch::new(subscriber(&one)), Dispatch::new(subscriber(&two)));
    let a = dispatcher::with_default(&outer, || info_span!("a"));
    let b = dispatcher::with_default(&inner, || info_span!("b"));
    assert_eq!(a.id(), b.id(), "both are the first of their registries");
    let (id_of_a, id_of_b) =
        (a.context().span().span_context().span_id(), b.context().span().span_context().span_id());
    let current = || Context::map_current(|current| current.span().span_context().span_id());
    let entered_a = a.enter();
    let entered_b = b.enter();
    assert_eq!(current(), id_of_b);
    drop(entered_a);
    assert_eq!(current(), id_of_b, "leaving one leaves the other entered");
    drop(entered_b);
    assert_nothing_is_left();
    assert_ne!(id_of_a, id_of_b);
}

#[tokio::test]
async fn a_span_that_a_layers_filter_disabled_breaks_nothing() {
    let fixture = Fixture::start("service");
    let layer = TraceLayer::new(fixture.handle().clone());
    let layer = layer.with_filter(filter_fn(|metadata| metadata.name() != "hidden"));
    // Another layer keeps it in the registry.
    let subscriber = tracing_subscriber::registry()
        .with(layer)
        .with(tracing_subscriber::fmt::layer().with_writer(std::io::sink));
    with_default(subscriber, || {
        let _outer = info_span!("outer").entered();
        let hidden = info_span!("hidden", n = tracing::field::Empty);
        assert!(!hidden.is_disabled());
        hidden.record("n", 1);
        hidden.set_attribute("key", "value");
        hidden.in_scope(|| {
            info!("in the hidden one");
            drop(info_span!("inner"));
        });
        info!(parent: &hidden, "for the hidden one");
        let child = info_span!(parent: &hidden, "child");
        child.follows_from(&hidden);
        hidden.follows_from(&child);
        hidden.add_link(child.context().span().span_context().clone());
    });
    let trace = trace_with(&fixture, "outer").await;
    trace.has_spans(3).span("outer").has_event("in the hidden one").lacks_event("for the hidden one");
    trace.span("inner").is_child_of("outer");
    trace.span("child").is_child_of("outer").has_links(0);
}

#[tokio::test]
async fn nothing_comes_of_no_span_and_of_ids_that_are_gone() {
    let fixture = Fixture::start("service");
    with_default(subscriber(&fixture), || {
        let none = Span::none();
        none.in_scope(|| none.record("n", 1));
        none.set_attribute("n", 1);
        assert_eq!(none.context().span().span_context(), Context::current().span().span_context());
        let gone = info_span!("gone");
        let id = gone.id();
        drop(gone);
        let span = info_span!("span");
        span.follows_from(id);
        span.follows_from(&none);
    });
    trace_with(&fixture, "span").await.span("span").has_links(0);
}

#[tokio::test]
async fn a_span_made_before_its_subscriber_is_the_default_is_still_its_own() {
    let fixture = Fixture::start("service");
    let dispatch = Dispatch::new(subscriber(&fixture));
    let span = dispatcher::with_default(&dispatch, || info_span!("span"));
    // No default any more: the span knows its subscriber, an event does not.
    span.in_scope(|| info!("lost"));
    drop(span);
    assert_nothing_is_left();
    trace_with(&fixture, "span").await.span("span").lacks_event("lost");
}
