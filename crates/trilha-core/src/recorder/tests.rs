//! What reaches a recorder of what is said of a span.

use std::{sync::Arc, time::SystemTime};

use opentelemetry::{Context, trace::TraceContextExt};
use parking_lot::Mutex;

use super::{Attribute, Link, Origin, PassThrough, SpanRecord, SpanSink, SpanStart, Status, Value};
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

    fn add_event(&mut self, name: &str, _: Option<SystemTime>, attributes: &[Attribute<'_>]) {
        let attributes: String = attributes.iter().map(|(key, value)| format!(" {key} {value:?}")).collect();
        self.said.lock().push(format!("event {name}{attributes}"));
    }

    fn add_event_of(&mut self, origin: Origin, name: &str, attributes: &[Attribute<'_>]) {
        self.add_event(&format!("{name} of {}", origin.target), None, attributes);
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

#[test]
fn an_origin_is_judged_before_its_events_are_written() {
    let (scope, words) = (Scope::new("test", ""), Words::default());
    let handle = Handle::builder(Arc::new(words.clone())).build();
    let origins = ["orders", "ana@example.com"].map(|target| Origin { level: "INFO", target });
    let start = SpanStart::new(&scope, "span", &SpanKind::Internal);
    let span = Span::start(start, &Context::new(), Some(&handle), |writer| {
        let attributes = [("to", Value::Str("bob@example.com"))];
        // Where its keys are new, they are looked up first.
        writer.add_event("known", None, &origins[0].attributes());
        for _ in 0..2 {
            origins.iter().for_each(|origin| writer.add_event_of(*origin, "said", &attributes));
        }
    });
    drop(span);
    let to = r#"to Str("[redacted:email]")"#;
    let said = [
        format!("event said of orders {to}"),
        format!(r#"event said level Str("INFO") target Str("[redacted:email]") {to}"#),
    ];
    let before = ["name span", r#"event known level Str("INFO") target Str("orders")"#].map(str::to_owned);
    assert_eq!(*words.said.lock(), [before, said.clone(), said].concat());
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
    let start_in = |context: &Context| Span::start(start, context, Some(&handle), |_| {});
    let root = start_in(&Context::new());
    assert_eq!(*recorder.0.lock(), (1, 0));
    let inside = root.in_context(&Context::new());
    assert_eq!(start_in(&inside).trace_context(), root.trace_context());
    assert_eq!(*recorder.0.lock(), (1, 1));

    assert_eq!(start_in(&inside.with_telemetry_suppressed()).trace_context(), root.trace_context());
    assert_eq!(*recorder.0.lock(), (1, 1), "nobody counts what is suppressed");
    let elsewhere = inside.with_remote_span_context(TraceContext::of_child(None, |_| true).to_api(false));
    start_in(&elsewhere);
    assert_eq!(*recorder.0.lock(), (2, 1), "another span runs inside it");
}
