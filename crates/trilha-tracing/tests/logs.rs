//! Log lines, as they are written.

#![allow(clippy::unwrap_used, reason = "helpers of tests, too, say what they expect in the shortest way")]

use std::{
    io,
    sync::{Arc, Mutex},
};

use opentelemetry::trace::TraceContextExt;
use serde_json::Value;
use tracing::{Span, info, info_span, subscriber::with_default};
use tracing_subscriber::{filter::LevelFilter, fmt, prelude::*};
use trilha_core::{Operation, Outcome, Scope, SpanKind};
use trilha_testing::Fixture;
use trilha_tracing::{JsonLog, SpanExt, TextFields, TextLog, TraceLayer};

const SCOPE: Scope = Scope::new("test", "");

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// Logs one line inside an operation of a tenant, and gives the operation's ids.
fn log_inside(fixture: &Fixture) -> (String, String) {
    let mut served =
        Operation::builder(&SCOPE, "served", SpanKind::Server).handle(fixture.handle().clone()).start();
    served.attributes().tenant("acme");
    served.enter(|| info!(items = 2_u64, level = "mine", "two\nlines"));
    let ids = served.trace_context();
    served.finish(Outcome::Ok);
    (ids.trace_id().to_string(), ids.span_id().to_string())
}

#[tokio::test]
async fn a_json_line_names_its_trace() {
    let (fixture, lines) = (Fixture::start("service"), Lines::default());
    let writer = lines.clone();
    let layer = fmt::layer().event_format(JsonLog::new()).with_writer(move || writer.clone());
    let (trace_id, span_id) =
        with_default(tracing_subscriber::registry().with(layer), || log_inside(&fixture));
    let text = lines.text();
    assert_eq!(text.lines().count(), 1, "{text}");
    let line: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["trace_id"], trace_id.as_str());
    assert_eq!(line["span_id"], span_id.as_str());
    assert_eq!(line["trace_flags"], "03");
    assert_eq!(line["tenant"], "acme");
    assert_eq!(line["msg"], "two\nlines");
    assert_eq!(line["items"], 2);
    assert_eq!(line["level"], "INFO", "a field does not replace what the line says of itself");
    assert_eq!(line["fields.level"], "mine");
    assert!(line["ts"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn a_line_outside_a_trace_has_no_ids() {
    let lines = Lines::default();
    let writer = lines.clone();
    let layer = fmt::layer().event_format(JsonLog::new()).with_writer(move || writer.clone());
    with_default(tracing_subscriber::registry().with(layer), || info!("alone"));
    let line: Value = serde_json::from_str(&lines.text()).unwrap();
    assert_eq!(line.get("trace_id"), None);
    assert_eq!(line["msg"], "alone");
}

#[tokio::test]
async fn a_line_is_of_the_parent_that_its_event_names() {
    let (fixture, lines) = (Fixture::start("service"), Lines::default());
    let writer = lines.clone();
    let log = fmt::layer().event_format(JsonLog::new()).with_writer(move || writer.clone());
    let spans = TraceLayer::new(fixture.handle().clone()).with_filter(LevelFilter::INFO);
    let span_id = |span: &Span| Value::from(span.context().span().span_context().span_id().to_string());
    let expected = with_default(tracing_subscriber::registry().with(log).with(spans), || {
        let (current, other) = (info_span!("current"), info_span!(parent: None, "other"));
        current.in_scope(|| {
            info!(parent: &other, "to the other");
            info!(parent: None, "to nobody");
            info!("to the current");
        });
        [span_id(&other), Value::Null, span_id(&current)]
    });
    let text = lines.text();
    let line = |line| serde_json::from_str::<Value>(line).unwrap();
    let ids: Vec<_> = text.lines().map(|text| line(text)["span_id"].clone()).collect();
    assert_eq!(ids, expected, "{text}");
}

#[tokio::test]
async fn a_span_that_another_subscriber_knows_by_the_same_id_is_no_parent() {
    let (fixture, lines) = (Fixture::start("service"), Lines::default());
    let spans = tracing_subscriber::registry().with(TraceLayer::new(fixture.handle().clone()));
    let id = with_default(spans, || {
        let span = info_span!("known");
        info!(parent: &span, "seen");
        span.id()
    });
    let writer = lines.clone();
    let log = fmt::layer().event_format(JsonLog::new()).with_writer(move || writer.clone());
    with_default(tracing_subscriber::registry().with(log), || {
        let span = info_span!("unknown");
        assert_eq!(span.id(), id);
        info!(parent: &span, "of nobody");
    });
    let line: Value = serde_json::from_str(&lines.text()).unwrap();
    assert_eq!((&line["msg"], &line["trace_id"]), (&"of nobody".into(), &Value::Null));
}

#[tokio::test]
async fn a_text_line_ends_with_its_ids() {
    let (fixture, lines) = (Fixture::start("service"), Lines::default());
    let writer = lines.clone();
    let layer = fmt::layer()
        .fmt_fields(TextFields::new())
        .event_format(TextLog::new())
        .with_ansi(false)
        .with_writer(move || writer.clone());
    let (trace_id, span_id) =
        with_default(tracing_subscriber::registry().with(layer), || log_inside(&fixture));
    let ids = format!(" trace_id={trace_id} span_id={span_id} trace_flags=03 tenant=acme\n");
    assert!(lines.text().ends_with(&ids), "{}", lines.text());
}
