//! Each listed difference, shown by a program of its own.

use std::{error::Error, io};

use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Dispatch, error, field, info, info_span, warn};
use trilha::opentelemetry::{
    Context, KeyValue,
    baggage::BaggageExt,
    trace::{SpanKind, Status, TraceContextExt, Tracer, TracerProvider},
};
use trilha_testing::Value;

use crate::{
    differences::{DIFFERENCES, Difference, LIST, Shows, rewritten, rewritten_except},
    seen::{Place, Seen},
    stacks::{Settings, Stacks},
};

#[test]
fn every_listed_difference_is_there() {
    for Difference { name, shows } in &DIFFERENCES {
        match shows {
            Shows::Everywhere { program, rewrite: _ } => {
                let (theirs, ours) = run(program);
                let ours = ours.settled();
                assert_eq!(rewritten(theirs.clone()).differing(&ours), "", "{name}");
                assert_ne!(rewritten_except(theirs, Some(name)), ours, "{name} is listed and not there");
            }
            Shows::Alone(assert) => assert(),
        }
    }
}

#[test]
fn what_is_listed_for_users_is_what_is_known_here() {
    let rows = LIST.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" |"));
    let named: Vec<_> = rows.map(|(name, _)| name).filter(|name| *name != "what").collect();
    let mut known: Vec<_> = DIFFERENCES.iter().map(|difference| difference.name).collect();
    known.sort_by_key(|known| named.iter().position(|name| name == known));
    assert_eq!(named, known);
}

fn run(program: impl Fn()) -> (Seen, Seen) {
    run_with(Settings::default(), |_| program())
}

fn run_with(settings: Settings, program: impl Fn(&Dispatch)) -> (Seen, Seen) {
    Stacks::start(settings).run(program)
}

fn as_error(error: &io::Error) -> &(dyn Error + 'static) {
    error
}

pub(crate) fn integers() {
    info_span!("span", n = 1, size = 7_u64, wide = 7_i128, wider = 7_u128)
        .in_scope(|| info!(size = 7_u64, "event"));
}

pub(crate) fn errors_of_events() {
    let broken = io::Error::other("broken");
    info_span!("span", n = 1).in_scope(|| warn!(failure = as_error(&broken), "event"));
}

pub(crate) fn sources_of_errors() {
    let broken = io::Error::other("broken");
    let wrapped = fmt_error(&broken);
    info_span!("span", n = 1, failure = &wrapped as &(dyn Error + 'static));
    info_span!("span", n = 2, failure = as_error(&broken));
}

/// An error with another one behind it.
fn fmt_error(error: &io::Error) -> impl Error + use<> {
    #[derive(Debug)]
    struct Wrapped(io::Error);

    impl std::fmt::Display for Wrapped {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("wrapped")
        }
    }

    impl Error for Wrapped {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }

    Wrapped(io::Error::other(error.to_string()))
}

pub(crate) fn repeated_keys() {
    let span = info_span!("span", n = 1, count = 1, text = "first");
    span.record("count", 2).record("text", "second");
}

pub(crate) fn quoted_errors() {
    info_span!("span", n = 1).in_scope(|| error!(error = "broken"));
}

pub(crate) fn random_flag() {
    info_span!("span", n = 1);
}

pub(crate) fn flags_of_links() {
    let (span, cause) = (info_span!("span", n = 1), info_span!("cause", n = 2));
    span.follows_from(&cause);
}

pub(crate) fn bare_errors() {
    let (theirs, ours) = run(|| {
        let broken = io::Error::other("broken");
        info_span!("span", n = 1).in_scope(|| warn!(failure = as_error(&broken)));
    });
    let (theirs, ours) = (theirs.span(1), ours.span(1));
    assert!(theirs.events[0].name.starts_with("event ") && theirs.status == Status::Unset);
    assert_eq!((ours.events[0].name.as_str(), &ours.status), ("exception", &Status::error("broken")));
}

pub(crate) fn late_name() {
    let (theirs, ours) = run(|| {
        let span = info_span!("early", n = 1, otel.name = field::Empty);
        span.in_scope(|| span.record("otel.name", "late"));
    });
    assert_eq!((theirs.span(1).name.as_str(), ours.span(1).name.as_str()), ("early", "late"));
}

pub(crate) fn late_kind() {
    let (theirs, ours) = run(|| {
        let span = info_span!("span", n = 1, otel.kind = field::Empty);
        span.record("otel.kind", "server");
    });
    assert_eq!((&theirs.span(1).kind, &ours.span(1).kind), (&SpanKind::Server, &SpanKind::Internal));
}

pub(crate) fn order_of_statuses() {
    let (theirs, ours) = run(|| {
        let fields = || {
            info_span!("span", n = 1, otel.status_code = field::Empty, otel.status_description = field::Empty)
        };
        // Before it starts, theirs takes the last one.
        let span = fields();
        span.record("otel.status_code", "ok").record("otel.status_description", "broken");
        drop(span);
        // After it, the greatest.
        let span = info_span!("span", n = 2, otel.status_description = field::Empty);
        let _entered = span.enter();
        span.record("otel.status_description", "b is first").record("otel.status_description", "a is last");
    });
    assert_eq!((&theirs.span(1).status, &ours.span(1).status), (&Status::error("broken"), &Status::Ok));
    assert_eq!(theirs.span(2).status, Status::error("b is first"));
    assert_eq!(ours.span(2).status, Status::error("a is last"));
}

pub(crate) fn parent_without_a_record() {
    let (theirs, ours) = run(|| {
        let _outer = info_span!("outer", n = 1).entered();
        let hidden = info_span!(target: "hidden", "hidden");
        info_span!(parent: &hidden, "inner", n = 2);
    });
    assert_eq!((&theirs.span(2).parent, &ours.span(2).parent), (&None, &Some(Place::Numbered(1))));
}

pub(crate) fn innermost_span() {
    let (theirs, ours) = run(|| {
        info_span!("outer", n = 1).in_scope(|| {
            // A library's span, through the API; what it records goes nowhere.
            let library = SdkTracerProvider::builder().build().tracer("library");
            let _attached = Context::new().with_span(library.start("inner")).attach();
            info!("inside");
        });
    });
    assert_eq!(theirs.span(1).event_names(), ["inside"]);
    assert!(ours.span(1).events.is_empty());
}

pub(crate) fn entered_again() {
    let (theirs, ours) = run(|| {
        let (a, b) = (info_span!("a", n = 1), info_span!("b", n = 2));
        a.in_scope(|| b.in_scope(|| a.in_scope(|| info!("in a"))));
    });
    assert_eq!((theirs.span(2).event_names(), ours.span(1).event_names()), (vec!["in a"], vec!["in a"]));
}

pub(crate) fn entries_of_the_context() {
    let (theirs, ours) = run(|| {
        let span = info_span!("span", n = 1, sale = field::Empty);
        let _attached = Context::current_with_baggage([KeyValue::new("sale", "on")]).attach();
        span.in_scope(|| {
            let sale = Context::map_current(|current| current.baggage().get("sale").map(ToString::to_string));
            span.record("sale", sale.unwrap_or_default());
        });
    });
    assert_eq!(theirs.span(1).attribute("sale"), Some(&Value::from("")));
    assert_eq!(ours.span(1).attribute("sale"), Some(&Value::from("on")));
}

pub(crate) fn full_spans() {
    let settings = Settings { are_limits_low: true, ..Settings::default() };
    let (theirs, ours) = run_with(settings, |_| {
        let span = info_span!("span", n = 1, a = 1, b = 1, c = 1);
        span.record("a", 2);
    });
    let (theirs, ours) = (theirs.span(1), ours.span(1));
    assert_eq!((theirs.attribute("a"), theirs.dropped[0]), (Some(&Value::Int(1)), 1));
    assert_eq!((ours.attribute("a"), ours.dropped[0]), (Some(&Value::Int(2)), 0));
}

pub(crate) fn long_texts() {
    const LENGTH: usize = 20_000;
    let (theirs, ours) = run(|| {
        info_span!("span", n = 1, text = "x".repeat(LENGTH), otel.name = "x".repeat(LENGTH));
    });
    let lengths = |seen: &Seen| {
        let span = seen.span(1);
        (span.name.len(), span.attribute("text").and_then(Value::as_str).map(str::len))
    };
    assert_eq!(lengths(&theirs), (LENGTH, Some(LENGTH)));
    assert_eq!(lengths(&ours), (1_024, Some(16_384)));
}

pub(crate) fn details() {
    let settings = Settings { are_defaults: true, ..Settings::default() };
    let (theirs, ours) = run_with(settings, |_| info_span!("span", n = 1).in_scope(|| info!("event")));
    let keys = |seen: &Seen| seen.span(1).attributes.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>();
    let mut wanted =
        vec!["busy_ns", "code.file.path", "code.line.number", "code.module.name", "idle_ns", "n"];
    wanted.extend(["target", "thread.id", "thread.name"]);
    assert_eq!(
        (keys(&theirs.settled()), keys(&ours)),
        (wanted.iter().map(ToString::to_string).collect(), vec!["n".into()])
    );
}

pub(crate) fn guard() {
    let (theirs, ours) = run(|| {
        info_span!("span", n = 1, text = "ana@example.com");
    });
    let text = |seen: &Seen| seen.span(1).attribute("text").cloned();
    assert_eq!(text(&theirs), Some("ana@example.com".into()));
    assert_eq!(text(&ours), Some("[redacted:email]".into()));
}
