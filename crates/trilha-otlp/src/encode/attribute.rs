//! Attributes: a key, and a value of one of OTLP's types. No kvlist and no bytes: the API has neither.

use opentelemetry::Array;
use trilha_core::recorder::{Attribute, Value};

use super::{
    field::{any_value, array_value, key_value},
    wire::{
        fixed64_len, put_fixed64, put_header, put_message, put_text, put_uint, sized_len, skip_varint,
        uint_len,
    },
};

/// At most the first `max_chars` characters of `text`.
#[inline]
pub(crate) fn cut(text: &str, max_chars: usize) -> &str {
    if text.len() <= max_chars {
        return text; // no text has more characters than bytes
    }
    match text.char_indices().nth(max_chars) {
        Some((at, _)) => text.get(..at).unwrap_or_default(),
        None => text,
    }
}

/// Appends an attribute as a `KeyValue` in `field`, its texts cut to `max_chars` characters.
pub(crate) fn put_attribute(out: &mut Vec<u8>, field: u32, (key, value): Attribute<'_>, max_chars: usize) {
    let value = match value {
        Value::Str(text) => Value::Str(cut(text, max_chars)),
        other => other,
    };
    // All but lists have a length that is known before, so that nothing has to be moved.
    let known_len = match value {
        Value::Str(text) => Some(sized_len(any_value::STRING, text.len())),
        Value::Int(number) => Some(uint_len(any_value::INT, number as u64)),
        Value::Float(_) => Some(fixed64_len(any_value::DOUBLE)),
        Value::Bool(truth) => Some(uint_len(any_value::BOOL, u64::from(truth))),
        _ => None,
    };
    match known_len {
        Some(len) => {
            let key_len = sized_len(key_value::KEY, key.len());
            put_header(out, field, key_len + sized_len(key_value::VALUE, len));
            put_text(out, key_value::KEY, key);
            put_header(out, key_value::VALUE, len);
            put_any_value(out, value, max_chars);
        }
        None => put_message(out, field, |out| {
            put_text(out, key_value::KEY, key);
            put_message(out, key_value::VALUE, |out| put_any_value(out, value, max_chars));
        }),
    }
}

/// Appends at most `max` attributes, the last value of each key, and returns how many were left out.
pub(crate) fn put_attributes(
    out: &mut Vec<u8>,
    field: u32,
    attributes: &[Attribute<'_>],
    max: usize,
    max_chars: usize,
) -> u64 {
    let (mut written, mut dropped) = (0, 0);
    for (at, (key, value)) in attributes.iter().enumerate() {
        let is_set_again = || attributes.iter().skip(at + 1).any(|(later, _)| later == key);
        if key.is_empty() || written == max {
            dropped += 1;
        } else if !is_set_again() {
            put_attribute(out, field, (key, *value), max_chars);
            written += 1;
        }
    }
    dropped
}

/// The key of an attribute that [`put_attribute`] wrote, and what follows it.
pub(crate) fn key_at_start_of(written: &[u8]) -> &[u8] {
    // Its tag and length, then the key's.
    (0..4).fold(written, |rest, _| skip_varint(rest))
}

/// What a value takes at least, without its key: known before anything is written.
pub(crate) fn min_len(value: Value<'_>, max_chars: usize) -> usize {
    match value {
        Value::Str(text) => cut(text, max_chars).len(),
        Value::Array(Array::Bool(list)) => 2 * list.len(),
        Value::Array(Array::I64(list)) => 2 * list.len(),
        Value::Array(Array::F64(list)) => 8 * list.len(),
        Value::Array(Array::String(list)) => {
            list.iter().map(|text| 2 + cut(text.as_str(), max_chars).len()).sum()
        }
        _ => 1,
    }
}

#[inline]
fn put_any_value(out: &mut Vec<u8>, value: Value<'_>, max_chars: usize) {
    match value {
        Value::Str(text) => put_text(out, any_value::STRING, cut(text, max_chars)),
        Value::Int(number) => put_uint(out, any_value::INT, number as u64),
        Value::Float(number) => put_fixed64(out, any_value::DOUBLE, number.to_bits()),
        Value::Bool(truth) => put_uint(out, any_value::BOOL, u64::from(truth)),
        Value::Array(list) => put_message(out, any_value::ARRAY, |out| put_list(out, list, max_chars)),
        _ => {} // the core's enum may grow: an empty value, until it is written here
    }
}

fn put_list(out: &mut Vec<u8>, list: &Array, max_chars: usize) {
    let mut put = |value: Value<'_>| {
        put_message(out, array_value::VALUES, |out| put_any_value(out, value, max_chars));
    };
    match list {
        Array::Bool(list) => list.iter().for_each(|truth| put(Value::Bool(*truth))),
        Array::I64(list) => list.iter().for_each(|number| put(Value::Int(*number))),
        Array::F64(list) => list.iter().for_each(|number| put(Value::Float(*number))),
        Array::String(list) => list.iter().for_each(|text| put(Value::Str(text.as_str()))),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value as Decoded};
    use prost::Message;

    fn written(key: &str, value: Value<'_>, max_chars: usize) -> KeyValue {
        let mut out = Vec::new();
        put_attribute(&mut out, 1, (key, value), max_chars);
        assert!(key_at_start_of(&out).starts_with(key.as_bytes()));
        assert!(out.len() > key.len() + min_len(value, max_chars));
        opentelemetry_proto::tonic::resource::v1::Resource::decode(out.as_slice())
            .unwrap()
            .attributes
            .remove(0)
    }

    fn written_text(text: &str, max_chars: usize) -> String {
        match written("k", Value::Str(text), max_chars).value.unwrap().value {
            Some(Decoded::StringValue(text)) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(written_text("plain", 5), "plain");
        assert_eq!(written_text("plain", 4), "plai");
        assert_eq!(written_text("ação", 3), "açã");
        assert_eq!(written_text("ação", 4), "ação");
        assert_eq!(written_text("🜁🜂", 1), "🜁");
        assert_eq!(written_text("x", 0), "");
    }

    #[test]
    fn the_texts_of_a_list_are_cut_one_by_one() {
        let list = Array::String(vec!["abc".into(), "d".into(), "".into()]);
        let Some(Decoded::ArrayValue(list)) = written("k", Value::Array(&list), 2).value.unwrap().value
        else {
            panic!("a list")
        };
        let texts: Vec<_> = list.values.into_iter().map(|value| value.value.unwrap()).collect();
        assert_eq!(texts, ["ab", "d", ""].map(|text| Decoded::StringValue(text.into())));
    }

    #[test]
    fn a_long_key_still_begins_where_it_is_looked_for() {
        let key = "k".repeat(300);
        assert_eq!(written(&key, Value::Int(-1), 9).key, key);
    }

    #[test]
    fn of_a_repeated_key_the_last_value_stays() {
        let mut out = Vec::new();
        let attributes =
            [("a", Value::Int(1)), ("b", Value::Int(2)), ("a", Value::Int(3)), ("", Value::Int(4))];
        assert_eq!(put_attributes(&mut out, 1, &attributes, 9, 9), 1);
        let decoded = opentelemetry_proto::tonic::resource::v1::Resource::decode(out.as_slice()).unwrap();
        let seen: Vec<_> =
            (decoded.attributes.into_iter()).map(|kv| (kv.key, kv.value.unwrap().value.unwrap())).collect();
        assert_eq!(seen, [("b".into(), Decoded::IntValue(2)), ("a".into(), Decoded::IntValue(3))]);
    }
}
