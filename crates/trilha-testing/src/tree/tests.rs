//! What a printed tree looks like.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::trace::{SpanId, SpanKind, Status, TraceId};

use crate::trace::{Attributes, Event, Link, Span, Trace, sample};

const TRACE: &str = "abababababababababababababababab";

fn link(trace_id: TraceId, span_id: u64) -> Link {
    Link {
        trace_id,
        span_id: SpanId::from(span_id),
        trace_state: String::new(),
        flags: 0,
        attributes: Attributes::default(),
        dropped_attributes: 0,
    }
}

fn with(mut span: Span, change: impl FnOnce(&mut Span)) -> Span {
    change(&mut span);
    span
}

#[test]
fn service_kind_name_duration_status_and_schema_values_are_shown() {
    let mut trace = Trace::new(sample::TRACE);
    trace.push(with(sample::span(1, None, "POST /orders"), |span| {
        span.kind = SpanKind::Server;
        span.status = Status::Ok;
        span.resource = Arc::new([("service.name", "gateway"), ("zone", "Z1")].into_iter().collect());
        span.attributes =
            [("http.request.method", "POST"), ("route", "/orders"), ("tenant", "acme")].into_iter().collect();
    }));
    trace.push(with(sample::span(2, Some(1), "POST"), |span| {
        span.kind = SpanKind::Client;
        span.end = span.start + Duration::from_millis(600);
        span.status = Status::error("no answer");
        span.attributes = [("error.type", "timeout")].into_iter().collect();
    }));
    trace.push(sample::span(3, Some(1), "later"));
    let tree = trace.tree().slow(Duration::from_millis(500)).to_string();
    assert_eq!(
        tree,
        format!(
            "trace {TRACE}  3 spans  2 services  601.0ms  1 error  1 slow\n\
             └─ gateway  SERVER  POST /orders  1.0ms  ok  tenant=acme route=/orders zone=Z1\n   \
                ├─ shop  CLIENT  POST  600.0ms  SLOW  ERROR timeout: no answer\n   \
                └─ shop  INTERNAL  later  1.0ms\n"
        )
    );
}

#[test]
fn links_and_events_stand_below_their_span() {
    let mut trace = sample::trace(&[(1, None), (3, Some(2))]);
    trace.push(with(sample::span(2, Some(1), "process"), |span| {
        span.links = vec![link(TraceId::from(7), 9), link(sample::TRACE, 1), link(sample::TRACE, 8)];
        span.events.push(Event {
            time: span.start + Duration::from_micros(500),
            name: "policy_denied".to_owned(),
            attributes: [("rule", "r1")].into_iter().collect(),
            dropped_attributes: 0,
        });
    }));
    let tree = trace.tree().events(true).to_string();
    let expected = "\
└─ shop  INTERNAL  s1  1.0ms
   └─ shop  INTERNAL  process  1.0ms
      │    ⇢ link to span 0000000000000009 of trace 00000000000000000000000000000007
      │    ⇢ link to span 0000000000000001 of this trace, s1
      │    ⇢ link to span 0000000000000008 of this trace, which has not arrived
      │    • policy_denied  +500.0µs  rule=r1
      └─ shop  INTERNAL  s3  1.0ms
";
    assert!(tree.ends_with(expected), "{tree}");
}

#[test]
fn orphans_stand_under_their_missing_parent() {
    let mut trace = sample::trace(&[(1, None)]);
    for id in [11, 12] {
        trace.push(with(sample::span(id, Some(10), "orphan"), |span| span.flags = 0x301));
    }
    let tree = trace.tree().to_string();
    let expected = "\
├─ shop  INTERNAL  s1  1.0ms
└─ missing parent 000000000000000a (in another process)
   ├─ shop  INTERNAL  orphan  1.0ms
   └─ shop  INTERNAL  orphan  1.0ms
";
    assert!(tree.ends_with(expected), "{tree}");
    assert!(tree.contains("2 without parent"), "{tree}");
}

#[test]
fn a_circle_is_shown_once_and_named() {
    let tree = sample::trace(&[(1, None), (2, Some(3)), (3, Some(2))]).tree().to_string();
    let expected = "\
├─ shop  INTERNAL  s1  1.0ms
└─ parents in a circle
   └─ shop  INTERNAL  s2  1.0ms
      └─ shop  INTERNAL  s3  1.0ms
";
    assert!(tree.ends_with(expected), "{tree}");
    assert!(tree.contains("1 circle"), "{tree}");
}

#[test]
fn names_of_strangers_cannot_steer_the_terminal() {
    let mut trace = Trace::new(sample::TRACE);
    trace.push(with(sample::span(1, None, "evil\u{1b}[2J\nname"), |span| {
        span.status = Status::error("\u{1b}]0;title\u{7}");
        span.attributes = [("tenant", "a\u{9b}31m"), ("error.type", "\r\u{202e}")].into_iter().collect();
        span.resource = Arc::new([("service.name", "shop\u{1b}[2J")].into_iter().collect());
        span.links = vec![link(TraceId::from(7), 9)];
        span.links[0].attributes = [("k\u{1b}", "v\u{1b}")].into_iter().collect();
    }));
    let tree = trace.tree().events(true).to_string();
    assert!(!tree.replace('\n', "").contains(char::is_control), "{tree:?}");
    assert_eq!(tree.lines().count(), 3, "{tree}");
}

#[test]
fn colour_is_off_unless_asked_for() {
    let trace = sample::trace(&[(1, None)]);
    assert!(!trace.tree().to_string().contains('\u{1b}'));
    assert!(trace.tree().color(true).to_string().contains("\u{1b}[1ms1\u{1b}[0m"));
}

#[test]
fn a_note_stands_at_the_end_of_the_heading() {
    let tree = sample::trace(&[(1, None)]).tree().note("UPDATED").to_string();
    assert!(tree.lines().next().unwrap().ends_with("  UPDATED"), "{tree}");
}

#[test]
fn a_tree_of_a_hundred_thousand_spans_stays_small() {
    let chain: Vec<_> = (1..=100_000).map(|id| (id, (id > 1).then(|| id - 1))).collect();
    let tree = sample::trace(&chain).tree().to_string();
    assert_eq!(tree.lines().count(), 100_001);
    assert!(tree.len() < 100_001 * 200, "{} bytes", tree.len());

    let flat: Vec<_> = (1..=100_000).map(|id| (id, (id > 1).then_some(1))).collect();
    let tree = sample::trace(&flat).tree().max_spans(10).to_string();
    assert_eq!(tree.lines().count(), 12);
    assert!(tree.ends_with("… and 99990 more spans\n"), "{tree}");
}

proptest::proptest! {
    #[test]
    fn every_span_has_one_line_however_they_hang(
        spans in proptest::collection::vec((1u64..12, proptest::option::of(1u64..12)), 0..24)
    ) {
        let tree = sample::trace(&spans).tree().to_string();
        let lines = tree.lines().filter(|line| line.contains("INTERNAL")).count();
        proptest::prop_assert_eq!(lines, spans.len());
    }
}
