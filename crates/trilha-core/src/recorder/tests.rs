//! What reaches a recorder of what is said of a span.

use std::{sync::Arc, time::SystemTime};

use opentelemetry::{Context, trace::TraceContextExt};
use parking_lot::Mutex;

use super::{
    Attribute, Callsite, Link, Opening, Origin, PassThrough, SpanRecord, SpanSink, SpanStart, SpanWriter,
    Status, Value, unkept::Unkept,
};
use crate::{
    ContextAttributes, Handle, MatchedRoute, Operation, Outcome, Recorder, Scope, Span, SpanCounts, SpanKind,
    TraceContext,
    guard::{Action, Detector, HashKey, KeyRules, Mode, PiiGuard, Rules},
    schema::{Exit, Key, PiiClass, Schema},
};

/// Hears what is said to its spans.
#[derive(Clone, Debug, Default)]
struct Words {
    said: Arc<Mutex<Vec<String>>>,
    looks_at_content: bool,
}

impl Recorder for Words {
    fn start(&self, start: &SpanStart<'_>) -> Arc<dyn SpanRecord> {
        match self.looks_at_content {
            true => self.said.lock().push(format!("start {} {:?}", start.name, start.attributes)),
            false => assert_eq!((start.name, start.attributes.len()), ("", 0)),
        }
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
    fn open(&mut self, opening: &Opening) {
        self.said.lock().push(format!("open {}", opening.name()));
    }

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
    let started = r#"[("http.response.status_code", Int(200))]"#;
    assert_eq!(
        std::mem::take(&mut *words.said.lock()),
        [&format!("start foreign {started}"), "later http.status_code"]
    );
    span.set_attribute("http.response.status_code", 200);
    assert_eq!(
        std::mem::take(&mut *words.said.lock()),
        ["later http.response.status_code", "later http.status_code"]
    );
    Operation::builder(&scope, "ours", SpanKind::Internal).handle(handle).attributes(&attributes).start();
    assert_eq!(words.said.lock()[..2], [&format!("start ours {started}"), "later http.status_code"]);
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

/// What is said first of each of two operations that begin alike.
fn said_of_two(words: &Words, schema: Schema, opening: &Opening) -> [Vec<String>; 2] {
    let handle = Handle::builder(Arc::new(words.clone())).schema(schema).build();
    [(); 2].map(|()| {
        let (scope, attributes) = (Scope::new("test", ""), [("http.response.status_code", Value::Int(200))]);
        let served = Operation::builder(&scope, "", SpanKind::Server).handle(handle.clone());
        let served = served.opening(Some(opening)).attributes(&attributes);
        let served = served.start_described(&|say| say("port", 80.into()));
        let said = std::mem::take(&mut *words.said.lock());
        drop(served);
        words.said.lock().clear();
        said
    })
}

#[test]
fn an_opening_is_judged_before_it_is_written_and_a_description_stands_behind_all_else() {
    let clean = Opening::new("GET /", [("http.request.method", "GET")]);
    let dirty = Opening::new("to ana@example.com", [("to", "bob@example.com")]);
    let (status, port) = ("http.response.status_code Int(200)", "port Int(80)");

    let words = Words::default();
    let [first, second] = said_of_two(&words, Schema::builtin(), &clean);
    // Where its keys are new, they are looked up first.
    assert_eq!(first, ["name GET /", r#"http.request.method Str("GET")"#, status, port]);
    assert_eq!(second, ["open GET /", status, port]);
    let judged = ["name to [redacted:email]", r#"to Str("[redacted:email]")"#, status, port];
    assert_eq!(said_of_two(&words, Schema::builtin(), &dirty), [judged, judged]);
    let former = Opening::new("status", [("http.response.status_code", "200")]);
    // One that is dirty in one place alone is not let through for the rest.
    let clean_but_for_name = Opening::new("to ana@example.com", [("http.request.method", "GET")]);
    let [_, second] = said_of_two(&words, Schema::builtin(), &clean_but_for_name);
    assert_eq!(second, ["name to [redacted:email]", r#"http.request.method Str("GET")"#, status, port]);
    let [_, second] =
        said_of_two(&words, Schema::builtin(), &Opening::new("GET /", [("to", "bob@example.com")]));
    assert_eq!(second, ["name GET /", judged[1], status, port]);
    let [_, second] = said_of_two(&words, Schema::builtin().with_former_names(true), &former);
    let both = [r#"http.response.status_code Str("200")"#, r#"http.status_code Str("200")"#];
    assert_eq!(second[..3], ["name status", both[0], both[1]]);

    let words = Words { looks_at_content: true, ..Words::default() };
    let started =
        r#"[("to", Str("[redacted:email]")), ("http.response.status_code", Int(200)), ("port", Int(80))]"#;
    let judged = [format!("start to [redacted:email] {started}")];
    assert_eq!(said_of_two(&words, Schema::builtin(), &dirty), [judged.clone(), judged]);
}

#[test]
fn the_route_of_an_opening_is_said_at_the_start_and_at_the_end_only_where_it_has_changed() {
    let route = MatchedRoute::new("/orders/{id}").unwrap();
    let opening = Opening::of_route("GET /orders/{id}", &route, []);
    let guard = PiiGuard::builder().build().unwrap();
    // At the start, at the end, and at the end of a call that it made.
    let said = |schema: &Schema, looks_at_content: bool, work: &dyn Fn(ContextAttributes)| {
        let (scope, words) = (Scope::new("test", ""), Words { looks_at_content, ..Words::default() });
        let handle = Handle::builder(Arc::new(words.clone())).guard(guard.clone());
        let served = Operation::builder(&scope, "", SpanKind::Server);
        let mut served = served.handle(handle.schema(schema.clone()).build()).opening(Some(&opening)).start();
        let said = || std::mem::take(&mut *words.said.lock()).join(", ");
        let first = said();
        assert_eq!(served.attributes().value(Key::Route).as_deref(), Some(route.as_str()));
        let call = served.enter(|| Operation::builder(&scope, "", SpanKind::Client).start());
        said();
        work(served.attributes());
        served.finish(Outcome::Ok);
        let last = said();
        call.finish(Outcome::Ok);
        [first, last, said()]
    };
    let usual = Schema::builtin();
    // Where its keys are new, they are looked up first.
    assert_eq!(said(&usual, false, &|_| {}), ["name GET /orders/{id}", "later route", "later route"]);
    let first = "open GET /orders/{id}";
    assert_eq!(said(&usual, false, &|_| {}), [first, "", "later route"]);
    let tenant = |attributes: ContextAttributes| drop(attributes.tenant("acme").clone());
    assert_eq!(said(&usual, false, &tenant), [first, "later tenant", "later tenant, later route"]);
    let another = |attributes: ContextAttributes| drop(attributes.route("/orders").clone());
    assert_eq!(said(&usual, false, &another), [first, "later route", "later route"]);
    let started = r#"start GET /orders/{id} [("route", Str("/orders/{id}"))]"#;
    assert_eq!(said(&usual, true, &|_| {}), [started, "", "later route"]);

    let metrics = Key::Route.definition().to_builder().exits([Exit::Metric]).build().unwrap();
    let metrics = Schema::builtin().with_key(metrics).unwrap();
    assert_eq!(said(&metrics, false, &|_| {}), ["name GET /orders/{id}", "", ""]);
    assert_eq!(said(&metrics, true, &|_| {}), ["start GET /orders/{id} []", "", ""]);
}

#[test]
fn a_route_that_is_not_said_as_it_is_is_judged_at_the_end_when_more_is_known() {
    let personal = Key::Route.definition().to_builder().pii(PiiClass::Personal).exits([Exit::Span]);
    let schema = Schema::builtin().with_key(personal.build().unwrap()).unwrap();
    let guard = PiiGuard::builder().rules(Rules::new().purpose("billing")).schema(schema.clone());
    let guard = guard.hash_key(HashKey::new([7; 32]).unwrap()).build().unwrap();
    let route = MatchedRoute::new("/orders/{id}").unwrap();
    let opening = Opening::of_route("GET /orders/{id}", &route, []);
    for looks_at_content in [false, true] {
        let (scope, words) = (Scope::new("test", ""), Words { looks_at_content, ..Words::default() });
        let handle = Handle::builder(Arc::new(words.clone())).guard(guard.clone()).schema(schema.clone());
        let served = Operation::builder(&scope, "", SpanKind::Server).handle(handle.build());
        let served = served.opening(Some(&opening)).start();
        assert!(!words.said.lock().concat().contains("Str"));
        served.attributes().set(Key::Purpose, "billing");
        served.finish(Outcome::Ok);
        assert_eq!(words.said.lock()[1..].join(", "), "later route, later purpose");
        assert_eq!(guard.refused_purposes(), []);
    }
}

#[test]
fn where_nobody_listens_nothing_is_described() {
    let (scope, handle) = (Scope::new("test", ""), Handle::builder(Arc::new(Unkept::default())).build());
    let served = Operation::builder(&scope, "served", SpanKind::Server).handle(handle);
    assert!(!served.start_described(&|_| panic!("nobody listens")).is_recording());
}

#[test]
fn a_child_of_what_is_not_kept_is_counted_and_shares_the_record() {
    let (scope, recorder) = (Scope::new("test", ""), Arc::new(Unkept::default()));
    let handle = Handle::builder(recorder.clone()).build();
    let attributes = [("key", Value::Int(1))];
    let start = SpanStart { attributes: &attributes, ..SpanStart::new(&scope, "name", &SpanKind::Internal) };
    let start_in = |context: &Context| Span::start(start, context, Some(&handle), |_| {});
    let root = start_in(&Context::new());
    assert_eq!(recorder.asked(), (1, 0));
    let inside = root.in_context(&Context::new());
    assert_eq!(start_in(&inside).trace_context(), root.trace_context());
    assert_eq!(recorder.asked(), (1, 1));

    assert_eq!(start_in(&inside.with_telemetry_suppressed()).trace_context(), root.trace_context());
    assert_eq!(recorder.asked(), (1, 1), "nobody counts what is suppressed");
    let elsewhere = inside.with_remote_span_context(TraceContext::of_child(None, |_| true).to_api(false));
    start_in(&elsewhere);
    assert_eq!(recorder.asked(), (2, 1), "another span runs inside it");
}

#[test]
fn a_name_that_stands_in_the_code_is_judged_by_each_guard() {
    let (scope, words) = (Scope::new("test", ""), Words::default());
    let started = |guard: &PiiGuard, callsite: &Callsite| {
        let handle = Handle::builder(Arc::new(words.clone())).guard(guard.clone()).build();
        let start = SpanStart { callsite: Some(callsite), ..SpanStart::new(&scope, "", &SpanKind::Internal) };
        Span::start(start, &Context::new(), Some(&handle), |_| {});
        words.said.lock().pop().unwrap()
    };
    let (usual, open) = (PiiGuard::default(), Rules::new().without(Detector::Email));
    let open = PiiGuard::builder().rules(open).build().unwrap();
    let [to_ana, to] = ["to ana@example.com", "to"].map(|name| Callsite::new(name, []));
    for _ in 0..2 {
        assert_eq!(started(&open, &to_ana), "name to ana@example.com");
        assert_eq!(started(&usual, &to_ana), "name to [redacted:email]");
        assert_eq!(started(&usual, &to), "name to");
    }
}

#[test]
fn fields_of_a_callsite_are_judged_as_all_attributes_are() {
    let (scope, words) = (Scope::new("test", ""), Words::default());
    let keys = ["order.id", "password", "customer", "http.response.status_code", "", "a.key.that.is.long"];
    let callsite = Callsite::new("work", keys);
    let (long, list) = ("x".repeat(Rules::VALUE_BYTES + 1), opentelemetry::Array::I64(vec![1]));
    let values = [
        Value::Str("42"),
        Value::Str("ana@example.com"),
        Value::Str(&long),
        Value::Int(3),
        Value::Int(52_998_224_725), // a CPF
        Value::Float(0.5),
        Value::Bool(true),
        Value::Array(&list),
    ];
    let own = Rules::new().key("customer", KeyRules::new().action(Action::Drop));
    for rules in [Rules::new(), Rules::new().mode(Mode::Strict), Rules::new().without(Detector::Email), own] {
        let guard = PiiGuard::builder().rules(rules).build().unwrap();
        for has_former_names in [false, true] {
            let schema = Schema::builtin().with_former_names(has_former_names);
            let handle = Handle::builder(Arc::new(words.clone())).guard(guard.clone()).schema(schema).build();
            let said = |set: &dyn Fn(&mut SpanWriter<'_>, usize, Value<'_>)| {
                let start = SpanStart::new(&scope, "", &SpanKind::Internal);
                Span::start(start, &Context::new(), Some(&handle), |writer| {
                    for at in 0..keys.len() {
                        values.iter().for_each(|value| set(writer, at, *value));
                    }
                });
                std::mem::take(&mut *words.said.lock())
            };
            let by_key = said(&|writer, at, value| writer.set_attribute(keys[at], value));
            for _ in 0..2 {
                assert_eq!(said(&|writer, at, value| writer.fields(&callsite).set(at, value)), by_key);
            }
        }
    }
}

#[test]
fn of_several_attributes_each_is_judged() {
    let (scope, words) = (Scope::new("test", ""), Words::default());
    let handle = Handle::builder(Arc::new(words.clone())).build();
    let start = |attributes: &[Attribute<'_>]| {
        let start = SpanStart { attributes, ..SpanStart::new(&scope, "", &SpanKind::Internal) };
        Span::start(start, &Context::new(), Some(&handle), |_| {});
        std::mem::take(&mut *words.said.lock()).split_off(1)
    };
    let clean = [("order.id", Value::Str("42")), ("quantity", Value::Int(3)), ("is_gift", Value::Bool(true))];
    for _ in 0..2 {
        assert_eq!(start(&clean), [r#"order.id Str("42")"#, "quantity Int(3)", "is_gift Bool(true)"]);
        let person = ("person", Value::Int(52_998_224_725)); // a CPF
        let hidden = [("order.id", Value::Str("42")), person, ("password", Value::Int(1))];
        let said = start(&hidden);
        assert_eq!(said.len(), 3, "{said:?}");
        assert!(!said.concat().contains("52998224725") && !said.concat().contains("Int(1)"), "{said:?}");
    }
}
