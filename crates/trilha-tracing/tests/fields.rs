//! What fields of `tracing` spans and events become, as it arrives at a receiver.

use std::{error::Error, fmt, io};

use opentelemetry::trace::{SpanKind, Status};
use tracing::{error, field, info, info_span, instrument, subscriber::with_default, warn};
use tracing_core::LevelFilter;
use tracing_subscriber::prelude::*;
use trilha_core::{Operation, Outcome, Scope, fence::Callback};
use trilha_testing::{Fixture, Trace, Value};
use trilha_tracing::{Detail, TraceLayer};

const SCOPE: Scope = Scope::new("test", "");

/// The only trace of `program`, recorded by a layer with these settings.
async fn trace_of(settings: impl FnOnce(TraceLayer) -> TraceLayer, program: impl FnOnce()) -> Trace {
    let fixture = Fixture::start("service");
    let layer = settings(TraceLayer::new(fixture.handle().clone()));
    with_default(tracing_subscriber::registry().with(layer), program);
    fixture.flush().await;
    fixture.receiver().trace_where(Trace::is_whole).await
}

/// An error with as many errors behind it as its number says; behind the last one stands itself.
#[derive(Debug)]
struct Chain(usize, Option<Box<Chain>>);

impl Chain {
    fn of(length: usize) -> Self {
        Self(length, length.checked_sub(1).map(|next| Box::new(Self::of(next))))
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cause {}", self.0)
    }
}

impl Error for Chain {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.1.as_deref().map(|next| next as &(dyn Error + 'static))
    }
}

#[tokio::test]
async fn every_type_keeps_its_own() {
    let trace = trace_of(
        |layer| layer,
        || {
            let bytes: &[u8] = &[0xde, 0xad];
            let span = info_span!(
                "span",
                signed = -1_i64,
                small = 7_u64,
                large = u64::MAX,
                wide = 7_i128,
                wider = u128::MAX,
                float = 0.5,
                truth = true,
                text = "text",
                shown = %"shown",
                debug = ?Some(1),
                bytes,
                empty = field::Empty,
            );
            drop(span);
        },
    )
    .await;
    let span = trace.span("span");
    span.has("signed", -1).has("small", 7).has("large", u64::MAX.to_string());
    span.has("wide", 7).has("wider", u128::MAX.to_string()).has("float", 0.5).has("truth", true);
    span.has("text", "text").has("shown", "shown").has("debug", "Some(1)").has("bytes", "[de ad]");
    assert_eq!(span.attributes.len(), 11);
}

#[tokio::test]
async fn what_is_asked_for_is_written_and_nothing_else() {
    let details = [Detail::Location, Detail::Thread, Detail::Target, Detail::Level, Detail::Timing];
    let program = || info_span!("span").in_scope(|| info!("event"));
    let trace = trace_of(|layer| layer.details(details), program).await;
    let span = trace.span("span");
    span.has("code.file.path", file!()).has("code.module.name", module_path!());
    span.has("target", module_path!()).has("level", "INFO");
    span.has("thread.name", std::thread::current().name().unwrap());
    let number = |key: &str| span.int(key).unwrap();
    assert!(number("code.line.number") > 0 && number("thread.id") > 0);
    assert!(number("busy_ns") > 0 && number("idle_ns") > 0);
    assert_eq!(span.attributes.len(), 9);
    let event = span.event("event").unwrap();
    assert_eq!(event.attributes.str("code.file.path"), Some(file!()));
    assert_eq!(event.attributes.len(), 5);

    let trace = trace_of(|layer| layer, program).await;
    let span = trace.span("span");
    assert!(span.attributes.is_empty(), "{}", span.attributes);
    let event = &span.event("event").unwrap().attributes;
    assert_eq!((event.str("level"), event.str("target")), (Some("INFO"), Some(module_path!())));
    assert_eq!(event.len(), 2);
}

#[tokio::test]
async fn a_span_says_its_name_kind_and_status_by_fields() {
    for (text, kind) in [
        ("server", SpanKind::Server),
        ("CLIENT", SpanKind::Client),
        ("Producer", SpanKind::Producer),
        ("consumer", SpanKind::Consumer),
        ("internal", SpanKind::Internal),
        ("what", SpanKind::Internal),
    ] {
        let program = || drop(info_span!("span", otel.kind = text, otel.name = "named"));
        trace_of(|layer| layer, program).await.span("named").has_kind(kind).lacks("otel.kind");
    }
    let program = || {
        let span = info_span!(
            "span",
            otel.kind = ?SpanKind::Client,
            otel.name = field::Empty,
            otel.status_code = field::Empty,
            otel.status_description = field::Empty
        );
        span.in_scope(|| {
            span.record("otel.status_code", "ERROR");
            span.record("otel.status_description", "no route");
            span.record("otel.status_code", "error"); // says less
            span.record("otel.name", "late");
        });
    };
    let trace = trace_of(|layer| layer, program).await;
    let span = trace.span("late").has_kind(SpanKind::Client).has_status(Status::error("no route"));
    assert!(span.attributes.is_empty());
    let program = || {
        let span = info_span!("span", otel.status_code = "OK", otel.name = 5, otel.kind = 3);
        span.in_scope(|| error!("failed"));
    };
    let trace = trace_of(|layer| layer, program).await;
    trace.span("span").has_status(Status::Ok).has("otel.name", 5).has("otel.kind", 3);
}

#[tokio::test]
async fn an_error_is_spelled_out_with_the_errors_behind_it() {
    let program = || {
        let error = Chain::of(2);
        let span = info_span!("span", first = &error as &(dyn Error + 'static), later = field::Empty);
        let _entered = span.enter();
        error!(why = &error as &(dyn Error + 'static), "it failed");
        error!(why = &Chain::of(1_000) as &(dyn Error + 'static), "far");
        span.record("later", &Chain::of(0) as &(dyn Error + 'static));
    };
    let trace = trace_of(|layer| layer, program).await;
    let span = trace.span("span").has_status(Status::error(""));
    span.has("first", "cause 2").has("later", "cause 0");
    span.has("exception.message", "cause 0").has("exception.stacktrace", "cause 1\ncause 0");
    let event = &span.event("it failed").unwrap().attributes;
    assert_eq!(event.str("why"), Some("cause 2"));
    assert_eq!(event.str("exception.message"), Some("cause 2"));
    assert_eq!(event.str("exception.stacktrace"), Some("cause 1\ncause 0"));
    let far = span.event("far").unwrap().attributes.str("exception.stacktrace").unwrap();
    assert_eq!(far.lines().count(), 32);
}

#[tokio::test]
async fn an_event_of_an_error_alone_is_an_exception_and_describes_the_status() {
    #[instrument(err)]
    fn displayed() -> io::Result<()> {
        Err(io::Error::other("no route"))
    }
    #[instrument(err(Debug, level = "warn"))]
    fn debugged() -> Result<(), Chain> {
        Err(Chain(1, None))
    }
    #[instrument]
    fn as_error() {
        warn!(error = &Chain::of(1) as &(dyn Error + 'static));
        info!(error = 5); // a number is no error
    }
    let trace = trace_of(
        |layer| layer,
        || {
            let _outer = info_span!("outer").entered();
            displayed().unwrap_err();
            debugged().unwrap_err();
            as_error();
        },
    )
    .await;
    for (name, text) in [("displayed", "no route"), ("debugged", "Chain(1, None)"), ("as_error", "cause 1")] {
        let span = trace.span(name).has_status(Status::error(text)).lacks("exception.message");
        let exception = &span.event("exception").unwrap().attributes;
        assert_eq!(exception.str("exception.message"), Some(text));
        assert_eq!(exception.str("error").is_some(), name == "as_error");
    }
    let number = &trace.span("as_error").events[1];
    assert_eq!((number.attributes.int("error"), number.name.starts_with("event ")), (Some(5), true));
}

#[tokio::test]
async fn a_message_of_any_type_is_the_events_name() {
    let program = || {
        info_span!("span").in_scope(|| {
            info!(message = 5);
            info!(message = true);
            info!(n = 1);
            info!("");
        });
    };
    let trace = trace_of(|layer| layer, program).await;
    let span = trace.span("span");
    let names: Vec<_> = span.events.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(names[..2], ["5", "true"]);
    assert!(names[2].starts_with("event ") && names[3].starts_with("event "), "{names:?}");
}

#[tokio::test]
async fn the_layer_takes_events_of_a_level_and_failures_all_the_same() {
    let program = || {
        info_span!("span").in_scope(|| {
            info!("quiet");
            warn!("loud");
        });
    };
    let trace = trace_of(|layer| layer.event_level(LevelFilter::WARN), program).await;
    trace.span("span").has_event("loud").lacks_event("quiet");
    let program = || info_span!("span").in_scope(|| error!("failed"));
    let trace = trace_of(|layer| layer.event_level(LevelFilter::OFF), program).await;
    assert!(trace.span("span").lacks_event("failed").is_failed());
}

#[tokio::test]
async fn events_outside_any_span_are_ignored() {
    let program = || {
        info!("before");
        info_span!("span").in_scope(|| info!(parent: None, "of nobody"));
        error!("after");
    };
    let trace = trace_of(|layer| layer, program).await;
    assert!(trace.span("span").events.is_empty() && !trace.span("span").is_failed());
}

#[tokio::test]
async fn a_field_that_panics_or_traces_while_it_is_written_breaks_nothing() {
    struct Panics;

    impl fmt::Debug for Panics {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("a field's own");
        }
    }

    struct Traces;

    impl fmt::Debug for Traces {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            info_span!("inner").in_scope(|| info!("inside"));
            f.write_str("traced")
        }
    }

    struct Fails;

    impl fmt::Debug for Fails {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("half")?;
            Err(fmt::Error)
        }
    }

    let program = || {
        let span = info_span!("span", before = 1, panics = ?Panics, after = 2, later = field::Empty);
        let _entered = span.enter();
        span.record("later", field::debug(Traces));
        info!(panics = ?Panics, traces = ?Traces, fails = ?Fails, "event");
    };
    let trace = trace_of(|layer| layer, program).await;
    let span = trace.span("span").has("before", 1).has("after", 2).has("panics", "[panicked]");
    span.has("later", "traced");
    let event = &span.event("event").unwrap().attributes;
    assert_eq!(event.str("panics"), Some("[panicked]"));
    assert_eq!((event.str("traces"), event.str("fails")), (Some("traced"), Some("half")));
    // While an event is written, `tracing` itself keeps what is traced from a scoped subscriber.
    trace.span("inner").is_child_of("span").has_event("inside");
}

#[tokio::test]
async fn a_field_that_panics_is_counted_once_by_the_layers_own_handle() {
    struct Panics;

    impl fmt::Debug for Panics {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("a field's own");
        }
    }

    let fixture = Fixture::start("service");
    let count = || fixture.handle().panics().of(Callback::Field);
    let layer = TraceLayer::new(fixture.handle().clone());
    with_default(tracing_subscriber::registry().with(layer), || {
        let span = info_span!("span", otel.name = "named", panics = ?Panics, later = field::Empty);
        assert_eq!(count(), 1);
        span.record("later", field::debug(Panics));
        assert_eq!(count(), 2);
        span.in_scope(|| info!(panics = ?Panics, "event"));
        assert_eq!(count(), 3);
    });
}

#[tokio::test]
async fn the_guard_sees_fields_errors_messages_and_descriptions() {
    const SECRET: &str = "ana@example.com";

    #[derive(Debug)]
    struct Outer(io::Error);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("outer")
        }
    }

    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }

    let program = || {
        let error = io::Error::other(SECRET);
        let cause = Outer(io::Error::other(SECRET));
        let span = info_span!("span", note = SECRET, otel.name = format!("for {SECRET}"));
        span.in_scope(|| {
            error!("sent to {SECRET}");
            error!(error = %error);
            error!(why = &cause as &(dyn Error + 'static), "again");
        });
    };
    let trace = trace_of(|layer| layer, program).await;
    trace.lacks_text(SECRET);
    let span = trace.span("for [redacted:email]").has("note", "[redacted:email]");
    span.has_status(Status::error("[redacted:email]"));
    span.has_event("sent to [redacted:email]");
    let stacktrace = span.event("again").unwrap().attributes.get("exception.stacktrace").cloned();
    assert_eq!(stacktrace, Some(Value::from("[redacted:email]")));
}

#[tokio::test]
async fn an_operations_outcome_keeps_what_an_error_said() {
    let fixture = Fixture::start("service");
    let layer = TraceLayer::new(fixture.handle().clone());
    with_default(tracing_subscriber::registry().with(layer), || {
        let mut served =
            Operation::builder(&SCOPE, "served", SpanKind::Server).handle(fixture.handle().clone()).start();
        served.enter(|| error!(error = %io::Error::other("no route")));
        served.finish(Outcome::Error("unavailable"));
    });
    fixture.flush().await;
    let trace = fixture.receiver().trace_where(Trace::is_whole).await;
    trace.span("served").has_status(Status::error("no route")).has_event("exception");
}
