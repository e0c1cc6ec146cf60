//! What reaches a recorder of what is said of a span.

use std::{sync::Arc, time::SystemTime};

use opentelemetry::{Context, trace::TraceContextExt};
use parking_lot::Mutex;

use super::{Attribute, Link, PassThrough, SpanRecord, SpanSink, SpanStart, Status, Value};
use crate::{Handle, Operation, Recorder, Scope, Span, SpanCounts, SpanKind, TraceContext, schema::Schema};

/// Hears what is said to its spans.
#[derive(Clone, Debug, Default)]
struct Words {
    said: Arc<Mutex<Vec<String>>>,
    looks_at_content: bool,
}

impl Recorder for Words {
    fn start(&self, start: &SpanStart<'_>) -> Arc<dyn SpanRecord> {
        assert!(self.looks_at_content || (start.name.is_empty() && start.attributes.is_empty()));
        Arc::new(Heard(PassThrough(TraceContext::none()), self.clone()))
    }

    fn looks_at_content(&self) -> bool {
        self.looks_at_content
    }

    fn counts(&self) -> SpanCounts {
        SpanCounts::default()
    }
}

#[derive(Debug)]
struct Heard(PassThrough, Words);

impl SpanRecord for Heard {
    fn sink(&mut self) -> Option<&mut dyn SpanSink> {
        (!self.1.looks_at_content).then_some(&mut self.1)
    }

    fn set_attribute(&self, key: &str, _: Value<'_>) {
        self.1.said.lock().push(format!("later {key}"));
    }

    fn trace_context(&self) -> &TraceContext {
        self.0.trace_context()
    }

    fn is_recording(&self) -> bool {
        true
    }

    fn add_event(&self, _: &str, _: Option<SystemTime>, _: &[Attribute<'_>]) {}
    fn add_link(&self, _: &Link<'_>) {}
    fn set_name(&self, _: &str) {}
    fn set_status(&self, _: Status<'_>) {}
    fn withhold(&self) {}
    fn end(&self, _: Option<SystemTime>) {}
}

impl SpanSink for Words {
    fn set_attribute(&mut self, key: &str, value: Value<'_>) {
        self.said.lock().push(format!("{key} {value:?}"));
    }

    fn add_event(&mut self, name: &str, _: Option<SystemTime>, _: &[Attribute<'_>]) {
        self.said.lock().push(format!("event {name}"));
    }

    fn add_link(&mut self, _: &Link<'_>) {
        self.said.lock().push("link".to_owned());
    }

    fn set_name(&mut self, name: &str) {
        self.said.lock().push(format!("name {name}"));
    }

    fn set_status(&mut self, status: Status<'_>) {
        self.said.lock().push(format!("{status:?}"));
    }

    fn withhold(&mut self) {
        self.said.lock().push("withheld".to_owned());
    }
}

#[test]
fn former_names_stand_beside_what_is_known_at_the_start_and_later() {
    let (scope, words) = (Scope::new("test", ""), Words { looks_at_content: true, ..Words::default() });
    let schema = Schema::builtin().with_former_names(true);
    let handle = Handle::builder(Arc::new(words.clone())).schema(schema).build();
    let attributes = [("http.response.status_code", Value::Int(200))];
    let start =
        SpanStart { attributes: &attributes, ..SpanStart::new(&scope, "foreign", &SpanKind::Internal) };
    let span = Span::start(start, &Context::new(), Some(&handle), |_| {});
    assert_eq!(std::mem::take(&mut *words.said.lock()), ["later http.status_code"]);
    span.set_attribute("http.response.status_code", 200);
    assert_eq!(
        std::mem::take(&mut *words.said.lock()),
        ["later http.response.status_code", "later http.status_code"]
    );
    Operation::builder(&scope, "ours", SpanKind::Internal).handle(handle).attributes(&attributes).start();
    assert_eq!(words.said.lock().first().map(String::as_str), Some("later http.status_code"));
}

#[test]
fn first_words_are_judged_and_written_while_nobody_else_has_the_span() {
    let (scope, words) = (Scope::new("test", ""), Words::default());
    let schema = Schema::builtin().with_former_names(true);
    let handle = Handle::builder(Arc::new(words.clone())).schema(schema).build();
    let attributes = [("http.response.status_code", Value::Int(200)), ("to", Value::Str("ana@example.com"))];
    let cause = TraceContext::of_child(None, |_| true);
    let start = SpanStart {
        attributes: &attributes,
        links: &[Link { context: &cause, attributes: &[] }],
        ..SpanStart::new(&scope, "to ana@example.com", &SpanKind::Internal)
    };
    let span = Span::start(start, &Context::new(), Some(&handle), |writer| {
        writer.set_attribute("password", "hunter2");
        writer.add_event("from bob@example.com", None, &[]);
        writer.set_status(Status::Error("no such user: bob@example.com"));
    });
    span.set_attribute("more", true);
    assert_eq!(
        *words.said.lock(),
        [
            "name to [redacted:email]",
            "http.response.status_code Int(200)",
            "http.status_code Int(200)",
            r#"to Str("[redacted:email]")"#,
            "link",
            r#"password Str("[redacted:key]")"#,
            "event from [redacted:email]",
            r#"Error("no such user: [redacted:email]")"#,
            "later more",
        ]
    );
}

/// Keeps nothing, and counts what it is asked to start and to drop.
#[derive(Debug, Default)]
struct Unkept(Mutex<(usize, usize)>);

impl Recorder for Unkept {
    fn start(&self, start: &SpanStart<'_>) -> Arc<dyn SpanRecord> {
        assert_eq!((start.name, start.attributes.len(), start.links.len()), ("", 0, 0));
        self.0.lock().0 += 1;
        Arc::new(PassThrough(TraceContext::of_child(start.parent, |_| false)))
    }

    fn looks_at_content(&self) -> bool {
        false
    }

    fn drop_child(&self) -> bool {
        self.0.lock().1 += 1;
        true
    }

    fn counts(&self) -> SpanCounts {
        SpanCounts::default()
    }
}

#[test]
fn a_child_of_what_is_not_kept_is_counted_and_shares_the_record() {
    let (scope, recorder) = (Scope::new("test", ""), Arc::new(Unkept::default()));
    let handle = Handle::builder(recorder.clone()).build();
    let attributes = [("key", Value::Int(1))];
    let start = SpanStart { attributes: &attributes, ..SpanStart::new(&scope, "name", &SpanKind::Internal) };
    assert!(Span::instead_of_child(&Context::new()).is_none());
    let root = Span::start(start, &Context::new(), Some(&handle), |_| {});
    let inside = root.in_context(&Context::new());
    let child = Span::instead_of_child(&inside).unwrap();
    assert_eq!(child.trace_context(), root.trace_context());
    assert_eq!(*recorder.0.lock(), (1, 1));

    assert!(Span::instead_of_child(&inside.with_telemetry_suppressed()).is_some());
    assert_eq!(*recorder.0.lock(), (1, 1), "nobody counts what is suppressed");
    let elsewhere = inside.with_remote_span_context(TraceContext::of_child(None, |_| true).to_api(false));
    assert!(Span::instead_of_child(&elsewhere).is_none(), "another span runs inside it");
}
