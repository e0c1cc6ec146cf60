//! The door as its users see it: modes, actions, classes, purposes, counts.

use std::{ops::Range, sync::Arc};

use opentelemetry::{Array, KeyValue, StringValue};

use super::*;
use crate::{
    ContextAttributes,
    recorder::Value,
    schema::{Definition, Exit, Key, PiiClass},
};

const MAIL: &str = "ana@example.com";

fn guard(rules: Rules) -> PiiGuard {
    let personal = Definition::builder("shop.person", "Who buys").pii(PiiClass::Personal);
    let secret = Definition::builder("shop.voucher", "What it is paid with").pii(PiiClass::Secret).exits([]);
    let pseudonym = Definition::builder("shop.account", "Whose account").pii(PiiClass::Pseudonymous);
    let schema = [personal.exits([Exit::Span]), secret, pseudonym]
        .into_iter()
        .fold(Schema::builtin(), |schema, key| schema.with_key(key.build().unwrap()).unwrap());
    PiiGuard::builder().rules(rules).schema(schema).hash_key(HashKey::new([7; 32]).unwrap()).build().unwrap()
}

fn at_span(guard: &PiiGuard, key: &str, text: &str) -> Option<String> {
    match guard.judge(Place::SpanAttribute, key, text) {
        Verdict::Clean(text) => Some(text.to_owned()),
        Verdict::Replaced(text) => Some(text),
        Verdict::Refused | Verdict::SpanRefused => None,
    }
}

fn count(guard: &PiiGuard, place: Place, detector: Detector) -> u64 {
    let counts = guard.redactions().filter(|(at, by, _)| (*at, *by) == (place, detector));
    counts.map(|(.., count)| count).sum()
}

#[test]
fn what_is_found_is_replaced_and_counted() {
    let guard = guard(Rules::new());
    assert_eq!(at_span(&guard, "note", "paid by ana@example.com.").unwrap(), "paid by [redacted:email].");
    assert_eq!(at_span(&guard, "note", "paid").unwrap(), "paid");
    assert_eq!(count(&guard, Place::SpanAttribute, Detector::Email), 1);
    let report = guard.report();
    assert_eq!(report.len(), 1);
    assert_eq!((report[0].key.as_str(), report[0].place), ("note", Place::SpanAttribute));
}

#[test]
fn a_key_that_names_a_secret_hides_what_is_under_it() {
    let guard = guard(Rules::new().key("reset_password_count", KeyRules::new().allow(Detector::Key)));
    assert_eq!(at_span(&guard, "password", "x").unwrap(), "[redacted:key]");
    assert_eq!(at_span(&guard, "reset_password_count", "x").unwrap(), "x");
    let number = guard.judge_value(Place::SpanAttribute, ("password", Value::Int(7)), None);
    assert_eq!(number.value(), Some(Value::Str("[redacted:key]")));
}

#[test]
fn strict_drops_what_nobody_declared_and_tells_each_key_once() {
    let guard = guard(Rules::new().mode(Mode::Strict).key("note", KeyRules::new()));
    let hints = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let told = hints.clone();
    guard.on_undeclared(move |place, key| told.lock().push((place, key.to_owned())));
    assert_eq!(at_span(&guard, "free", "text"), None);
    assert_eq!(at_span(&guard, "free", "text"), None);
    assert_eq!(at_span(&guard, "tenant", "acme").unwrap(), "acme");
    assert_eq!(at_span(&guard, "note", "text").unwrap(), "text", "its rules declare it");
    assert_eq!(at_span(&guard, "http.request.method", "GET").unwrap(), "GET");
    assert_eq!(guard.judge(Place::SpanName, "", "GET /orders"), Verdict::Clean("GET /orders"));
    assert_eq!(guard.judge(Place::Status, "", "it failed"), Verdict::Refused);
    assert_eq!(
        guard.judge_value(Place::SpanAttribute, ("n", Value::Int(7)), None).value(),
        Some(Value::Int(7))
    );
    let free = |(place, key): &(Place, String)| (*place, key.as_str()) == (Place::SpanAttribute, "free");
    assert_eq!(hints.lock().iter().filter(|hint| free(hint)).count(), 1);
    assert_eq!(count(&guard, Place::SpanAttribute, Detector::Undeclared), 2);
}

#[test]
fn actions_are_those_of_detector_and_place_whichever_is_stricter() {
    let rules = Rules::new().detector(Detector::Email, Action::Hash).place(Place::Status, Action::Drop);
    let guard = guard(rules);
    let hashed = at_span(&guard, "note", MAIL).unwrap();
    assert!(hashed.starts_with("[hash:") && !hashed.contains("ana"), "{hashed}");
    assert_eq!(at_span(&guard, "other", MAIL).unwrap(), hashed, "equal values join");
    assert_eq!(guard.judge(Place::Status, "", MAIL), Verdict::Refused);
    assert_eq!(guard.judge(Place::Baggage, "note", MAIL), Verdict::Refused);
    let refusing = Rules::new().detector(Detector::Email, Action::RefuseSpan);
    assert_eq!(self::guard(refusing).judge(Place::EventName, "", MAIL), Verdict::SpanRefused);
}

#[test]
fn the_rules_of_a_key_hold_for_all_its_values() {
    let guard = guard(Rules::new().key("note", KeyRules::new().action(Action::Drop)));
    assert_eq!(at_span(&guard, "note", "anything"), None);
    let guard = self::guard(Rules::new().key("contact", KeyRules::new().allow(Detector::Email)));
    assert_eq!(at_span(&guard, "contact", MAIL).unwrap(), MAIL);
}

#[test]
fn personal_data_leaves_hashed_where_the_purpose_allows_it_and_never_far() {
    let rules = Rules::new().purpose("billing").key("user.id", KeyRules::new().purposes(["support"]));
    let guard = guard(rules);
    let attributes = ContextAttributes::default();
    let judge = |key, place| guard.judge_for(place, key, "ana", Some(&attributes));
    assert_eq!(judge("shop.person", Place::SpanAttribute), Verdict::Refused);
    attributes.set(Key::Purpose, "billing");
    let hashed = judge("shop.person", Place::SpanAttribute);
    assert!(matches!(&hashed, Verdict::Replaced(text) if text.starts_with("[hash:")), "{hashed:?}");
    assert_eq!(judge("shop.person", Place::MetricAttribute), Verdict::Refused);
    assert_eq!(judge("shop.person", Place::Baggage), Verdict::Refused);
    assert_eq!(judge("user.id", Place::SpanAttribute), Verdict::Refused);
    attributes.set(Key::Purpose, "support");
    assert_eq!(judge("user.id", Place::SpanAttribute), hashed);
    assert_eq!(judge("shop.voucher", Place::SpanAttribute), Verdict::Refused, "a secret has no purpose");
    assert_eq!(judge("shop.account", Place::SpanAttribute), Verdict::Clean("ana"));
    assert_eq!(guard.refused_purposes(), [(String::new(), 1), ("billing".to_owned(), 1)]);
}

#[test]
fn a_class_may_ask_for_more() {
    let rules = Rules::new()
        .purpose("billing")
        .class(PiiClass::Pseudonymous, Action::Hash)
        .class(PiiClass::Personal, Action::Drop);
    let guard = guard(rules);
    let attributes = ContextAttributes::default();
    attributes.set(Key::Purpose, "billing");
    let judge = |key| guard.judge_for(Place::SpanAttribute, key, "ana", Some(&attributes));
    assert_eq!(judge("shop.person"), Verdict::Refused);
    assert!(matches!(judge("shop.account"), Verdict::Replaced(text) if text.starts_with("[hash:")));
}

#[test]
fn a_long_value_is_cut_between_characters_after_it_was_scanned_further() {
    let guard = guard(Rules::new().value_bytes(10));
    assert_eq!(at_span(&guard, "note", "123456789\u{e9}x").unwrap(), "123456789");
    assert_eq!(at_span(&guard, "note", "1234567 ana@example.com").unwrap(), "1234567 [redacted:email]");
    assert_eq!(at_span(&guard, "note", "1234567890 ana@example.com").unwrap(), "1234567890");
    let cuts: u64 = guard.cuts().map(|(_, count)| count).sum();
    assert_eq!(cuts, 3);
}

#[test]
fn a_dry_run_counts_and_hides_nothing() {
    let guard = guard(Rules::new().mode(Mode::Strict).dry_run(true).value_bytes(20));
    for (key, text) in [("note", "paid by ana@example.com"), ("password", "x"), ("shop.person", "ana")] {
        assert_eq!(at_span(&guard, key, text).unwrap(), text);
    }
    assert_eq!(guard.redactions().map(|(.., count)| count).sum::<u64>(), 3);
}

#[test]
fn explaining_counts_nothing() {
    let guard = guard(Rules::new());
    let ruling = guard.explain(Place::LogBody, "", "by ana@example.com");
    assert_eq!(ruling.verdict, Verdict::Replaced("by [redacted:email]".into()));
    let reason = &ruling.reasons[0];
    assert_eq!(
        (reason.range.clone(), reason.detector, reason.action),
        (3..18, Detector::Email, Action::Replace)
    );
    assert_eq!(guard.report(), []);
}

#[test]
fn the_output_of_debug_keeps_its_shape_where_nobody_declared_the_key() {
    let guard = guard(Rules::new());
    let shown = r#"Customer { id: 42, name: "Ana", tag: Some("x \"y\""), paid: true }"#;
    let hidden = "Customer { id: 42, name: …, tag: Some(…), paid: true }";
    assert_eq!(at_span(&guard, "who", shown).unwrap(), hidden);
    assert_eq!(guard.judge(Place::LogBody, "", shown), Verdict::Replaced(hidden.into()));
    assert_eq!(at_span(&guard, "tenant", shown).unwrap(), shown);
    assert_eq!(
        at_span(&guard, "who", r#"{"id": 42, "city": "Rio"}"#).unwrap(),
        r#"{"id": 42, "city": "Rio"}"#
    );
}

#[test]
fn a_key_that_holds_something_is_not_shown() {
    let guard = guard(Rules::new());
    assert_eq!(at_span(&guard, MAIL, "x"), None);
    assert_eq!(guard.report()[0].key, "[redacted]");
    assert_eq!(guard.shown_key(Place::SpanAttribute, MAIL), "[redacted]");
    assert_eq!(guard.shown_key(Place::SpanAttribute, "password"), "password");
}

#[test]
fn a_key_of_more_than_a_kilobyte_does_not_leave() {
    let guard = guard(Rules::new());
    assert_eq!(at_span(&guard, &"k".repeat(1_024), "x").unwrap(), "x");
    assert_eq!(at_span(&guard, &"k".repeat(1_025), "x"), None);
    assert_eq!(guard.report()[0].key, "[redacted]");
}

#[test]
fn a_number_is_explained_as_it_is_judged() {
    let guard = guard(Rules::new().mode(Mode::Strict));
    let verdict = |key, written| guard.explain_number(Place::LogField, key, written).verdict;
    for clean in ["7", "-7", "true", "0.41111111111111111", "4111111111111111e0", "1763718000000"] {
        assert_eq!(verdict("free", clean), Verdict::Clean(clean));
    }
    // Number of a test card.
    assert_eq!(verdict("free", "4111111111111111"), Verdict::Replaced("[redacted:card]".into()));
    assert_eq!(verdict("password", "true"), Verdict::Replaced("[redacted:key]".into()));
    assert_eq!(verdict("user.id", "7"), Verdict::Refused);
}

#[test]
fn numbers_and_lists_are_judged_too() {
    let guard = guard(Rules::new());
    let judge = |key, value| guard.judge_value(Place::SpanAttribute, (key, value), None);
    let texts = Array::String([MAIL, "fine"].map(StringValue::from).to_vec());
    let left = Array::String(["[redacted:email]", "fine"].map(StringValue::from).to_vec());
    assert_eq!(judge("notes", Value::Array(&texts)).value(), Some(Value::Array(&left)));
    let numbers = Array::I64(vec![1, 2]);
    assert_eq!(judge("notes", Value::Array(&numbers)).value(), Some(Value::Array(&numbers)));
    assert_eq!(judge("passwords", Value::Bool(true)).value(), judge("password", Value::Float(0.5)).value());
    // Number of a test card.
    let card = judge("notes", Value::Int(4_111_111_111_111_111));
    assert_eq!(card.value(), Some(Value::Str("[redacted:card]")));
    assert_eq!(judge("notes", Value::Int(1_763_718_000_000)).value(), Some(Value::Int(1_763_718_000_000)));
}

#[derive(Debug)]
struct Faulty;

impl Detect for Faulty {
    fn name(&self) -> &str {
        "faulty"
    }

    fn find(&self, text: &[u8], _: usize) -> Option<Range<usize>> {
        assert!(!text.ends_with(b"panic"), "as asked");
        None
    }
}

#[derive(Debug)]
struct Nameless;

impl Detect for Nameless {
    fn name(&self) -> &str {
        panic!("as asked")
    }

    fn find(&self, _: &[u8], _: usize) -> Option<Range<usize>> {
        None
    }
}

#[test]
fn what_a_panicking_detector_was_to_judge_is_hidden() {
    let guard = PiiGuard::builder().detector(Arc::new(Faulty)).build().unwrap();
    // A detector of one's own is asked under a key that was seen before too.
    for _ in 0..2 {
        assert_eq!(at_span(&guard, "note", "do panic").unwrap(), "[redacted:failure]");
        assert_eq!(at_span(&guard, "note", "do not").unwrap(), "do not");
    }
    assert_eq!(count(&guard, Place::SpanAttribute, Detector::Failure), 2);
}

#[test]
fn a_guard_that_cannot_work_is_refused() {
    let builder = |rules| PiiGuard::builder().rules(rules).build().err();
    assert_eq!(builder(Rules::new().purpose("billing")), Some(InvalidGuard::HashKey));
    assert_eq!(builder(Rules::new().place(Place::LogBody, Action::Hash)), Some(InvalidGuard::HashKey));
    assert_eq!(builder(Rules::new()), None);
    let twice = PiiGuard::builder().detector(Arc::new(Faulty)).detector(Arc::new(Faulty));
    assert_eq!(twice.build().err(), Some(InvalidGuard::DetectorName));
    let nameless = PiiGuard::builder().detector(Arc::new(Nameless));
    assert_eq!(nameless.build().err(), Some(InvalidGuard::DetectorName));
}

#[test]
fn a_dimension_is_judged_though_those_before_it_are_clean() {
    let guard = guard(Rules::new());
    let dimensions = [KeyValue::new("http.request.method", "GET"), KeyValue::new("note", MAIL)];
    // Keys that are new are looked up first.
    for _ in 0..2 {
        guard.judge_key_values(Place::MetricAttribute, &dimensions, |judged| {
            let values: Vec<_> = judged.iter().map(|dimension| dimension.value.as_str()).collect();
            assert_eq!(values, ["GET", "[redacted:email]"]);
        });
    }
}
