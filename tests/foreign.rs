//! What becomes of a library's spans and headers, where it knows the OpenTelemetry API alone, as it arrives
//! at a receiver.

#![allow(clippy::unwrap_used, reason = "helpers of tests, too, say what they expect in the shortest way")]

use std::{
    collections::HashMap,
    fmt, io, process,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, SystemTime},
};

use tracing::{info, info_span, subscriber::with_default};
use tracing_subscriber::layer::SubscriberExt;
use trilha::{
    Refusal, TraceContext, TraceLayer, Trust,
    api::{ApiPropagator, ApiSpan, ApiTracer, ApiTracerProvider},
    opentelemetry::{
        Context, InstrumentationScope, KeyValue,
        baggage::BaggageExt,
        propagation::TextMapPropagator,
        trace::{
            Event, Link, Span as _, SpanContext, SpanId, Status, TraceContextExt, TraceFlags, TraceId,
            TraceState, Tracer, TracerProvider,
        },
    },
    prelude::*,
};
use trilha_testing::{Fixture, Trace};

static SCOPE: Scope = Scope::new("test", "");

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const PARENT_ID: u64 = 0xb7ad_6b71_6920_3331;

/// A tracer as a library gets one.
fn tracer(fixture: &Fixture) -> ApiTracer {
    let scope = InstrumentationScope::builder("some-library").with_version("1.2.3").build();
    ApiTracerProvider::new(fixture.handle().clone()).tracer_with_scope(scope)
}

fn served(fixture: &Fixture) -> Operation {
    Operation::builder(&SCOPE, "served", SpanKind::Server).handle(fixture.handle().clone()).start()
}

fn call() {
    Operation::builder(&SCOPE, "call", SpanKind::Client).start().finish(Outcome::Ok);
}

async fn only_trace(fixture: &Fixture) -> Trace {
    fixture.flush().await;
    fixture.receiver().trace_where(Trace::is_whole).await
}

fn elsewhere() -> SpanContext {
    let state = TraceState::from_key_value([("vendor", "1")]).unwrap();
    SpanContext::new(TraceId::from(7), SpanId::from(8), TraceFlags::SAMPLED, true, state)
}

fn unix(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

#[tokio::test]
async fn a_librarys_spans_belong_to_the_operation_and_its_tenant() {
    let fixture = Fixture::start("service");
    let mut served = served(&fixture);
    served.enter(|| {
        tracer(&fixture).in_span("outer", |context| {
            context.span().set_attribute(KeyValue::new("rows", 3));
            tracer(&fixture).in_span("inner", |_| call());
            trilha::attributes().tenant("acme"); // known late
        });
    });
    served.finish(Outcome::Ok);
    let counts = fixture.flush().await;
    assert_eq!((counts.created, counts.delivered), (4, 4));
    let trace = only_trace(&fixture).await;
    trace.span("served").is_root().has("tenant", "acme");
    let outer = trace.span("outer").is_child_of("served").has_kind(SpanKind::Internal);
    outer.has("rows", 3).has("tenant", "acme").has_scope("some-library");
    assert_eq!(outer.scope.version, "1.2.3");
    trace.span("inner").is_child_of("outer").lacks("tenant"); // it was over by then
    trace.span("call").is_child_of("inner");
}

#[tokio::test]
async fn a_builder_says_all_that_the_api_knows() {
    let fixture = Fixture::start("service");
    let served = served(&fixture);
    let tracer = tracer(&fixture);
    let mut span = tracer
        .span_builder("built")
        .with_kind(SpanKind::Producer)
        .with_start_time(unix(10))
        .with_attributes([KeyValue::new("a", "1"), KeyValue::new("a", "2"), KeyValue::new("b", 2.5)])
        .with_links(vec![
            Link::new(elsewhere(), vec![KeyValue::new("why", "copied")], 0),
            Link::with_context(SpanContext::NONE),
        ])
        .with_events(vec![Event::new("before", unix(9), vec![KeyValue::new("n", 1)], 0)])
        .start_with_context(&tracer, &served.context());
    assert_eq!(span.span_context().trace_id(), served.trace_context().trace_id());
    span.end_with_timestamp(unix(11));
    served.finish(Outcome::Ok);
    let trace = only_trace(&fixture).await;
    let span = trace.span("built").is_child_of("served").has_kind(SpanKind::Producer);
    span.has("a", "2").has("b", 2.5).has_links(1).links_to_ids(TraceId::from(7), SpanId::from(8));
    assert_eq!((span.start, span.end), (unix(10), unix(11)));
    assert_eq!(span.links[0].attributes.str("why"), Some("copied"));
    assert_eq!(span.links[0].trace_state, "vendor=1");
    let event = span.event("before").unwrap();
    assert_eq!((event.time, event.attributes.int("n")), (unix(9), Some(1)));
}

#[tokio::test]
async fn what_is_set_before_the_end_counts_and_nothing_after_it() {
    let fixture = Fixture::start("service");
    let mut span = tracer(&fixture).start("unnamed");
    assert!(span.is_recording());
    span.update_name("named");
    span.set_attributes([KeyValue::new("key", "value"), KeyValue::new("flag", true)]);
    span.add_event("happened", vec![KeyValue::new("n", 1)]);
    span.record_error(&io::Error::other("no route"));
    span.add_link(elsewhere(), vec![]);
    span.set_status(Status::error("it failed"));
    span.set_status(Status::Unset);
    span.end();
    let ended = SystemTime::now();
    assert!(!span.is_recording());
    span.update_name("late");
    span.set_attribute(KeyValue::new("late", 1));
    span.add_event("late", vec![]);
    span.add_link(elsewhere(), vec![]);
    span.set_status(Status::Ok);
    span.end_with_timestamp(ended + Duration::from_secs(60));
    drop(span);
    let trace = only_trace(&fixture).await;
    let span = trace.has_spans(1).span("named").is_root().has_status(Status::error("it failed"));
    span.has("key", "value").has("flag", true).lacks("late");
    span.has_event("happened").lacks_event("late").has_links(1);
    assert_eq!(span.event("exception").unwrap().attributes.str("exception.message"), Some("no route"));
    assert!(span.end <= ended);
}

#[tokio::test]
async fn a_span_ends_when_it_is_dropped_with_its_context_or_alone() {
    let fixture = Fixture::start("service");
    let mut served = served(&fixture);
    served.attributes().tenant("acme");
    served.enter(|| {
        drop(tracer(&fixture).start("alone"));
        let context = Context::current_with_span(tracer(&fixture).start("in a context"));
        let other = context.clone();
        drop(context);
        assert!(other.span().is_recording());
    });
    assert_eq!(fixture.flush().await.open, 1);
    served.finish(Outcome::Ok);
    let trace = only_trace(&fixture).await;
    for name in ["alone", "in a context"] {
        trace.span(name).is_child_of("served").has("tenant", "acme");
    }
}

#[tokio::test]
async fn the_context_that_is_given_is_the_parent() {
    let fixture = Fixture::start("service");
    let tracer = tracer(&fixture);
    let mut served = served(&fixture);
    let other = Operation::builder(&SCOPE, "other", SpanKind::Internal).parent(&served.context()).start();
    served.enter(|| drop(tracer.start_with_context("under other", &other.context())));
    served.enter(|| drop(tracer.start_with_context("under nobody", &Context::new())));
    other.finish(Outcome::Ok);
    served.finish(Outcome::Ok);
    let trace =
        fixture.receiver().trace_where(|trace| trace.is_whole() && trace.root().name == "served").await;
    trace.has_spans(3).span("under other").is_child_of("other");
    let trace = fixture.receiver().trace_where(|trace| trace.root().name == "under nobody").await;
    trace.has_spans(1);
}

/// An error that logs while it is formatted, as one does that looks something up.
#[derive(Debug)]
struct LogsItself;

impl fmt::Display for LogsItself {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        info!("formatted");
        f.write_str("it failed")
    }
}

impl std::error::Error for LogsItself {}

/// Ends the process where `f` does not end.
fn within_a_minute<T>(f: impl FnOnce() -> T) -> T {
    let (_done, is_done) = mpsc::channel::<()>();
    thread::spawn(move || {
        if is_done.recv_timeout(Duration::from_secs(60)) == Err(RecvTimeoutError::Timeout) {
            process::abort();
        }
    });
    f()
}

#[tokio::test]
async fn an_error_that_logs_may_be_recorded_on_a_librarys_span() {
    let fixture = Fixture::start("service");
    let layer = TraceLayer::new(fixture.handle().clone());
    within_a_minute(|| {
        with_default(tracing_subscriber::registry().with(layer), || {
            tracer(&fixture).in_span("library", |context| context.span().record_error(&LogsItself));
        });
    });
    let trace = only_trace(&fixture).await;
    let library = trace.span("library").is_root();
    library.has_event("formatted").has_event("exception");
}

#[tokio::test]
async fn a_librarys_span_is_found_by_its_context_until_it_is_dropped() {
    let fixture = Fixture::start("service");
    let span = tracer(&fixture).start("library");
    let context = Context::new().with_remote_span_context(span.span_context().clone());
    ApiSpan::of(&context).unwrap().set_attribute("found", true);
    drop(span);
    assert!(ApiSpan::of(&context).is_none());
    only_trace(&fixture).await.span("library").has("found", true);
}

#[tokio::test]
async fn spans_of_tracing_and_a_librarys_hang_on_each_other() {
    let fixture = Fixture::start("service");
    let layer = TraceLayer::new(fixture.handle().clone());
    with_default(tracing_subscriber::registry().with(layer), || {
        tracer(&fixture).in_span("library", |_| {
            info_span!("callback").in_scope(|| tracer(&fixture).in_span("again", |_| info!("deep")));
        });
    });
    let trace = only_trace(&fixture).await;
    trace.has_spans(3).span("library").is_root();
    trace.span("callback").is_child_of("library");
    trace.span("again").is_child_of("callback").has_event("deep");
}

#[tokio::test]
async fn a_trace_from_outside_goes_on_with_a_tracestate_that_the_api_cannot_hold() {
    let fixture = Fixture::start("service");
    let headers = HashMap::from([
        ("traceparent".to_owned(), PARENT.to_owned()),
        ("tracestate".to_owned(), "foo@@bar=1".to_owned()),
    ]);
    let served = Operation::builder(&SCOPE, "served", SpanKind::Server).handle(fixture.handle().clone());
    let mut served = served.extract(&headers, Trust::Internal).start();
    served.enter(|| tracer(&fixture).in_span("library", |_| call()));
    let ids = served.trace_context();
    served.finish(Outcome::Ok);
    fixture.flush().await;
    let trace = fixture.receiver().trace_under(ids.trace_id(), SpanId::from(PARENT_ID)).await;
    for name in ["library", "call"] {
        assert_eq!(trace.span(name).trace_state, "foo@@bar=1");
    }
}

#[tokio::test]
async fn a_librarys_headers_continue_the_trace_and_keep_its_baggage_inside() {
    let fixture = Fixture::start("service");
    let propagator = ApiPropagator::new(fixture.handle().clone());
    let received = HashMap::from([
        ("traceparent".to_owned(), PARENT.to_owned()),
        ("tracestate".to_owned(), "foo@@bar=1".to_owned()),
        ("baggage".to_owned(), "sale=1".to_owned()),
    ]);
    let mut sent = HashMap::new();
    let context = propagator.extract_with_context(&Context::new(), &received);
    let trace_id = context.span().span_context().trace_id();
    tracer(&fixture).in_span_with_context("library", &context, |_| {
        let client = Operation::builder(&SCOPE, "client", SpanKind::Client).handle(fixture.handle().clone());
        let mut client = client.start();
        client.enter(|| {
            call();
            assert_eq!(Context::current().baggage().get("sale"), Some(&"1".into()));
            propagator.inject(&mut sent); // to nobody knows whom
        });
        client.finish(Outcome::Ok);
    });
    fixture.flush().await;
    let trace = fixture.receiver().trace_under(trace_id, SpanId::from(PARENT_ID)).await;
    let library = trace.span("library").has_parent_id(SpanId::from(PARENT_ID));
    assert_eq!(library.has_remote_parent(), Some(true));
    let client = trace.span("client").is_child_of("library");
    trace.span("call").is_child_of("client");
    for span in trace.spans() {
        assert_eq!(span.trace_state, "foo@@bar=1", "{}", span.name);
    }
    assert_eq!(sent["traceparent"], format!("00-{trace_id}-{}-01", client.span_id));
    assert_eq!((sent["tracestate"].as_str(), sent.get("baggage")), ("foo@@bar=1", None));
    assert_eq!(fixture.handle().stats().refused(Refusal::WithheldBaggage), 1);
}

#[tokio::test]
async fn an_operation_of_another_service_records_the_spans_under_it() {
    let (fixture, other) = (Fixture::start("service"), Fixture::start("other"));
    let mut served = served(&other);
    served.enter(|| tracer(&fixture).in_span("library", |_| {}));
    served.finish(Outcome::Ok);
    only_trace(&other).await.has_spans(2).span("library").is_child_of("served").is_of_service("other");
    assert_eq!(fixture.flush().await.created, 0);
}

#[tokio::test]
async fn where_telemetry_is_suppressed_there_are_no_spans() {
    let fixture = Fixture::start("service");
    let mut served = served(&fixture);
    let suppressed = || {
        let _suppressed = Context::enter_telemetry_suppressed_scope();
        assert!(!tracer(&fixture).start("library").is_recording());
    };
    served.enter(suppressed);
    suppressed();
    served.finish(Outcome::Ok);
    only_trace(&fixture).await.has_spans(1).span("served").is_root();
    assert_eq!(fixture.flush().await.created, 1);
}

#[tokio::test]
async fn under_a_parent_that_is_not_sampled_nothing_is_recorded_and_the_trace_goes_on() {
    let fixture = Fixture::start("service");
    let unsampled =
        SpanContext::new(TraceId::from(7), SpanId::from(8), TraceFlags::NOT_SAMPLED, true, TraceState::NONE);
    let parent = Context::new().with_remote_span_context(unsampled);
    tracer(&fixture).in_span_with_context("library", &parent, |context| {
        assert!(!context.span().is_recording());
        let inner = TraceContext::of(&context).unwrap();
        assert_eq!((inner.trace_id(), inner.is_sampled()), (TraceId::from(7), false));
        assert_ne!(inner.span_id(), SpanId::from(8));
    });
    let counts = fixture.flush().await;
    assert_eq!((counts.created, counts.sampled_out), (0, 1));
}
