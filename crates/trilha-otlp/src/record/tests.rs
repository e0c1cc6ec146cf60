//! What is written is what was set: any span, decoded by the official messages, equals its model.

use std::sync::LazyLock;

use opentelemetry::{Array, Value as OwnedValue};
use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, ArrayValue, KeyValue, any_value::Value as Decoded},
    trace::v1::{Span, Status as DecodedStatus, span},
};
use proptest::{collection::vec, prelude::*};
use prost::Message;
use trilha_core::{
    SpanKind, TraceContext, Traceparent, Tracestate,
    recorder::{Attribute, Callsite, Link, Origin, Status, Value},
};

use super::{Limits, buffer::SpanBuffer, head::Head};

/// Everything that can be done to an open span.
#[derive(Clone, Debug)]
enum Change {
    Attribute(String, OwnedValue),
    /// Under one of the [keys that stand in the code](CALLSITE).
    Field(usize, OwnedValue),
    Event(String, u64, Vec<(String, OwnedValue)>),
    EventOf(Origin, String, u64, Vec<(String, OwnedValue)>),
    Link(Vec<(String, OwnedValue)>),
    Name(String),
    Unset,
    Ok,
    Error(String),
}

/// Keys that others are set under too, none, and long ones.
static CALLSITE: LazyLock<Callsite> = LazyLock::new(|| {
    Callsite::new(
        "",
        ["a", "cd", "", "a.key.of.thirty.and.two.letters.", "a.key.of.thirty.and.three.letters"],
    )
});

fn values() -> impl Strategy<Value = OwnedValue> {
    let text = "[a-zç🜁]{0,12}";
    prop_oneof![
        text.prop_map(OwnedValue::from),
        any::<i64>().prop_map(OwnedValue::from),
        (-1e300..1e300).prop_map(OwnedValue::from),
        any::<bool>().prop_map(OwnedValue::from),
        vec(any::<i64>(), 0..3).prop_map(|list| OwnedValue::Array(Array::I64(list))),
        vec(-1.0..1.0, 0..3).prop_map(|list| OwnedValue::Array(Array::F64(list))),
        vec(any::<bool>(), 0..3).prop_map(|list| OwnedValue::Array(Array::Bool(list))),
        vec(text, 0..3)
            .prop_map(|list| OwnedValue::Array(Array::String(list.into_iter().map(Into::into).collect()))),
    ]
}

fn attributes() -> impl Strategy<Value = Vec<(String, OwnedValue)>> {
    let keys = prop_oneof![8 => "[a-d]{0,2}", 1 => Just("level".to_owned()), 1 => Just("target".to_owned())];
    vec((keys, values()), 0..5)
}

fn origins() -> impl Strategy<Value = Origin> {
    (prop_oneof![Just("INFO"), Just("WARN")], prop_oneof![Just("orders"), Just("orders::lines"), Just("")])
        .prop_map(|(level, target)| Origin { level, target })
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let change = prop_oneof![
        6 => ("[a-d]{0,2}", values()).prop_map(|(key, value)| Change::Attribute(key, value)),
        3 => (0..CALLSITE.keys().len(), values()).prop_map(|(at, value)| Change::Field(at, value)),
        2 => ("[a-zç]{0,9}", any::<u64>(), attributes()).prop_map(|(name, at, list)| Change::Event(name, at, list)),
        2 => (origins(), "[a-zç]{0,9}", any::<u64>(), attributes())
            .prop_map(|(origin, name, at, list)| Change::EventOf(origin, name, at, list)),
        1 => attributes().prop_map(Change::Link),
        1 => "[a-zç]{0,9}".prop_map(Change::Name),
        1 => Just(Change::Unset),
        1 => Just(Change::Ok),
        1 => "[a-zç]{0,9}".prop_map(Change::Error),
    ];
    vec(change, 0..40)
}

fn limits() -> impl Strategy<Value = Limits> {
    (0..12usize, 0..4usize, 0..3usize, 0..4usize, 0..4usize, 0..12usize).prop_map(
        |(attributes, events, links, event_attributes, link_attributes, value_chars)| {
            Limits::default()
                .attributes(attributes)
                .events(events)
                .links(links)
                .event_attributes(event_attributes)
                .link_attributes(link_attributes)
                .value_chars(value_chars)
        },
    )
}

fn context(id: u128, tracestate: &str) -> TraceContext {
    let traceparent = Traceparent::new(id.into(), 0xabcd_u64.into(), opentelemetry::TraceFlags::new(0x03));
    TraceContext::new(traceparent.unwrap(), Tracestate::parse([tracestate.as_bytes()]).unwrap())
}

fn write(changes: &[Change], limits: Limits) -> Vec<u8> {
    finished(buffer("first", changes, limits), 2_000)
}

fn finished(mut buffer: SpanBuffer, end_nanos: u64) -> Vec<u8> {
    buffer.finish(end_nanos).to_vec()
}

fn buffer(name: &str, changes: &[Change], limits: Limits) -> SpanBuffer {
    let (own, parent) = (context(7, "a=b"), context(7, ""));
    let head = Head {
        context: &own,
        parent: Some(&parent),
        is_parent_remote: true,
        kind: &SpanKind::Consumer,
        start_nanos: 1_000,
    };
    let mut buffer = begun(head, limits);
    buffer.set_name(name);
    for change in changes {
        match change {
            Change::Attribute(key, value) => buffer.set_attribute((key, value.into())),
            Change::Field(at, value) => {
                let (key, value) = (&CALLSITE.keys()[*at], Value::from(value));
                match (value, value.scalar()) {
                    (Value::Str(text), _) => buffer.set_text(key, text),
                    (_, Some(scalar)) => buffer.set_scalar(key, scalar),
                    _ => buffer.set_attribute((key.text(), value)),
                }
            }
            Change::Event(name, at, list) => buffer.add_event(name, *at, &borrow(list)),
            Change::EventOf(origin, name, at, list) => {
                buffer.add_event_of(*origin, name, *at, &borrow(list));
            }
            Change::Link(list) => {
                buffer.add_link(&Link { context: &context(9, "c=d"), attributes: &borrow(list) });
            }
            Change::Name(name) => buffer.set_name(name),
            Change::Unset => buffer.set_status(Status::Unset),
            Change::Ok => buffer.set_status(Status::Ok),
            Change::Error(message) => buffer.set_status(Status::Error(message)),
        }
    }
    buffer
}

/// In memory that other spans have left.
fn begun(head: Head<'_>, limits: Limits) -> SpanBuffer {
    let mut buffer = SpanBuffer::empty();
    let other = Head { is_parent_remote: !head.is_parent_remote, ..head };
    buffer.begin(other, Limits::default().events(1));
    buffer.withhold();
    buffer.begin(other, Limits::default().attributes(1).events(1).links(0));
    buffer.set_name("another");
    for key in ["a", "b"] {
        buffer.set_attribute((key, Value::Int(1)));
        buffer.add_event("another", 0, &[]);
        buffer.add_link(&Link { context: &context(9, ""), attributes: &[] });
    }
    buffer.set_status(Status::Error("another"));
    buffer.begin(head, limits);
    buffer
}

fn borrow(list: &[(String, OwnedValue)]) -> Vec<Attribute<'_>> {
    list.iter().map(|(key, value)| (key.as_str(), Value::from(value))).collect()
}

/// The same span, by the plainest means.
fn model(changes: &[Change], limits: &Limits) -> Span {
    let mut span = Span {
        trace_id: 7u128.to_be_bytes().into(),
        span_id: 0xabcd_u64.to_be_bytes().into(),
        parent_span_id: 0xabcd_u64.to_be_bytes().into(),
        trace_state: "a=b".into(),
        flags: 0x303,
        name: "first".into(),
        kind: 5,
        start_time_unix_nano: 1_000,
        end_time_unix_nano: 2_000,
        ..Span::default()
    };
    let mut status = DecodedStatus::default();
    for change in changes {
        match change {
            Change::Attribute(..) | Change::Field(..) => {
                let (key, value) = match change {
                    Change::Field(at, value) => (CALLSITE.keys()[*at].text(), value),
                    Change::Attribute(key, value) => (key.as_str(), value),
                    _ => continue,
                };
                let known = span.attributes.iter().position(|kv| kv.key == key);
                if key.is_empty() || (known.is_none() && span.attributes.len() == limits.attributes) {
                    span.dropped_attributes_count += 1;
                    continue;
                }
                known.map(|at| span.attributes.remove(at));
                span.attributes.push(key_value(key, value, limits));
            }
            Change::Event(..) | Change::EventOf(..) if span.events.len() == limits.events => {
                span.dropped_events_count += 1;
            }
            Change::Event(name, at, list) | Change::EventOf(_, name, at, list) => {
                let list = match change {
                    Change::EventOf(origin, ..) => {
                        let of_origin =
                            origin.attributes().map(|(key, value)| (key.to_owned(), value.into()));
                        &[&of_origin, list.as_slice()].concat()
                    }
                    _ => list,
                };
                let (attributes, dropped) = list_model(list, limits.event_attributes, limits);
                span.events.push(span::Event {
                    time_unix_nano: *at,
                    name: name.clone(),
                    attributes,
                    dropped_attributes_count: dropped,
                });
            }
            Change::Link(_) if span.links.len() == limits.links => span.dropped_links_count += 1,
            Change::Link(list) => {
                let (attributes, dropped) = list_model(list, limits.link_attributes, limits);
                span.links.push(span::Link {
                    trace_id: 9u128.to_be_bytes().into(),
                    span_id: 0xabcd_u64.to_be_bytes().into(),
                    trace_state: "c=d".into(),
                    attributes,
                    dropped_attributes_count: dropped,
                    flags: 0x03,
                });
            }
            Change::Name(name) => span.name = name.clone(),
            Change::Ok => status = DecodedStatus { code: 1, message: String::new() },
            Change::Error(message) if status.code == 2 && message.is_empty() => {}
            Change::Error(message) if status.code != 1 => {
                status = DecodedStatus { code: 2, message: message.clone() };
            }
            Change::Unset | Change::Error(_) => {}
        }
    }
    span.status = (status.code != 0).then_some(status);
    span
}

fn list_model(list: &[(String, OwnedValue)], max: usize, limits: &Limits) -> (Vec<KeyValue>, u32) {
    let (mut kept, mut dropped) = (Vec::new(), 0);
    for (at, (key, value)) in list.iter().enumerate() {
        if key.is_empty() || kept.len() == max {
            dropped += 1;
        } else if list[at + 1..].iter().all(|(later, _)| later != key) {
            kept.push(key_value(key, value, limits));
        }
    }
    (kept, dropped)
}

fn key_value(key: &str, value: &OwnedValue, limits: &Limits) -> KeyValue {
    KeyValue { key: key.into(), value: Some(any_value(value, limits)), ..KeyValue::default() }
}

fn any_value(value: &OwnedValue, limits: &Limits) -> AnyValue {
    let list = |values: Vec<Decoded>| {
        let values = values.into_iter().map(|value| AnyValue { value: Some(value) }).collect();
        Decoded::ArrayValue(ArrayValue { values })
    };
    let value = match value {
        OwnedValue::Bool(truth) => Decoded::BoolValue(*truth),
        OwnedValue::I64(number) => Decoded::IntValue(*number),
        OwnedValue::F64(number) => Decoded::DoubleValue(*number),
        OwnedValue::String(text) => Decoded::StringValue(cut(text.as_str(), limits)),
        OwnedValue::Array(Array::Bool(all)) => list(all.iter().map(|v| Decoded::BoolValue(*v)).collect()),
        OwnedValue::Array(Array::I64(all)) => list(all.iter().map(|v| Decoded::IntValue(*v)).collect()),
        OwnedValue::Array(Array::F64(all)) => list(all.iter().map(|v| Decoded::DoubleValue(*v)).collect()),
        OwnedValue::Array(Array::String(all)) => {
            list(all.iter().map(|v| Decoded::StringValue(cut(v.as_str(), limits))).collect())
        }
        other => panic!("{other:?}"),
    };
    AnyValue { value: Some(value) }
}

fn cut(text: &str, limits: &Limits) -> String {
    text.chars().take(limits.value_chars).collect()
}

proptest! {
    #[test]
    fn what_is_withheld_is_as_if_it_had_never_been_set(changes in changes(), limits in limits()) {
        let mut withheld = buffer("first", &changes, limits);
        withheld.withhold();
        prop_assert!(!withheld.is_open());
        prop_assert_eq!(finished(withheld, 2_000), finished(buffer("[redacted]", &[], limits), 2_000));
    }

    #[test]
    fn any_span_decodes_to_what_was_set(changes in changes(), limits in limits()) {
        let decoded = Span::decode(write(&changes, limits).as_slice()).unwrap();
        prop_assert_eq!(decoded, model(&changes, &limits));
    }

    #[test]
    fn a_span_never_exceeds_its_size_and_counts_what_it_lacks(
        changes in changes(),
        blow_up in 1..400usize,
        span_bytes in 16_384..40_000usize,
    ) {
        let changes: Vec<_> = changes.into_iter().map(|change| match change {
            Change::Attribute(key, OwnedValue::String(text)) => {
                Change::Attribute(key, text.as_str().repeat(blow_up).into())
            }
            Change::Field(at, OwnedValue::String(text)) => {
                Change::Field(at, text.as_str().repeat(blow_up).into())
            }
            Change::Event(name, at, list) => Change::Event(name.repeat(blow_up), at, list),
            Change::Error(message) => Change::Error(message.repeat(blow_up)),
            other => other,
        }).collect();
        let bytes = write(&changes, Limits::default().span_bytes(span_bytes));
        prop_assert!(bytes.len() <= span_bytes);
        let span = Span::decode(bytes.as_slice()).unwrap();
        let count = |wanted: fn(&Change) -> bool| changes.iter().filter(|change| wanted(change)).count();
        prop_assert_eq!(
            span.events.len() + span.dropped_events_count as usize,
            count(|change| matches!(change, Change::Event(..) | Change::EventOf(..)))
        );
        prop_assert_eq!(
            span.links.len() + span.dropped_links_count as usize,
            count(|change| matches!(change, Change::Link(_)))
        );
    }
}

#[test]
fn a_huge_value_is_left_out_without_being_written() {
    let huge = "x".repeat(65 << 20);
    let limits = Limits::default().value_chars(usize::MAX);
    let head = Head {
        context: &context(7, ""),
        parent: None,
        is_parent_remote: false,
        kind: &SpanKind::Internal,
        start_nanos: 0,
    };
    let mut buffer = begun(head, limits);
    buffer.set_attribute(("huge", Value::Str(&huge)));
    buffer.set_attribute(("small", Value::Int(1)));
    buffer.add_event("e", 0, &[("huge", Value::Str(&huge))]);
    let room = buffer.bytes.capacity();
    assert!(room < 4_096, "{room}");
    let bytes = finished(buffer, 1);
    let span = Span::decode(bytes.as_slice()).unwrap();
    assert_eq!((span.attributes.len(), span.dropped_attributes_count), (1, 1));
    assert_eq!((span.events.len(), span.dropped_events_count), (0, 1));
    assert_eq!((span.parent_span_id.len(), span.flags), (0, 0x103));
}

#[test]
fn a_key_that_is_set_two_hundred_times_keeps_its_last_value() {
    let changes: Vec<_> = (0..200).map(|n| Change::Attribute("k".into(), OwnedValue::I64(n))).collect();
    let span = Span::decode(write(&changes, Limits::default()).as_slice()).unwrap();
    assert_eq!(span.attributes, [key_value("k", &OwnedValue::I64(199), &Limits::default())]);
    assert_eq!(span.dropped_attributes_count, 0);
}

#[test]
fn keys_that_differ_in_the_middle_alone_are_told_apart() {
    let set = |key: &str, value| Change::Attribute(key.into(), OwnedValue::I64(value));
    let changes = [set("http.request.size", 1), set("http.respons.size", 2), set("http.request.size", 3)];
    let span = Span::decode(write(&changes, Limits::default()).as_slice()).unwrap();
    let seen: Vec<_> = span.attributes.iter().map(|attribute| attribute.key.as_str()).collect();
    assert_eq!(seen, ["http.respons.size", "http.request.size"]);
}

#[test]
fn keys_are_told_apart_however_many_there_are_and_what_stands_between_them() {
    let limits = Limits::default().attributes(2_000);
    let mut changes = Vec::new();
    for value in 0..2 {
        for key in 0..1_000 {
            let key = format!("{}{key}", "k".repeat(key % 300));
            changes.push(Change::Attribute(key.clone(), OwnedValue::I64(value)));
            if changes.len() % 100 == 0 {
                let text = "x".repeat(changes.len() / 2);
                changes.push(Change::Event(text.clone(), 1, vec![(key, text.clone().into())]));
                changes.push(Change::Link(Vec::new()));
                changes.push(Change::Name(text));
            }
        }
    }
    let decoded = Span::decode(write(&changes, limits).as_slice()).unwrap();
    assert!(decoded == model(&changes, &limits));
}

#[test]
fn a_span_never_ends_before_its_start() {
    let head = Head {
        context: &context(7, ""),
        parent: None,
        is_parent_remote: false,
        kind: &SpanKind::Internal,
        start_nanos: 5_000,
    };
    let span = Span::decode(finished(begun(head, Limits::default()), 4_000).as_slice()).unwrap();
    assert_eq!((span.start_time_unix_nano, span.end_time_unix_nano), (5_000, 5_000));
}

#[test]
fn events_without_attributes_stop_where_the_span_is_full() {
    let changes: Vec<_> = (0..64).map(|_| Change::Event("e".repeat(1_000), 1, Vec::new())).collect();
    let bytes = write(&changes, Limits::default().span_bytes(16_384));
    let span = Span::decode(bytes.as_slice()).unwrap();
    assert_eq!((span.events.len(), span.dropped_events_count), (16, 48));
    assert!(bytes.len() <= 16_384);
}
