//! Attributes: a key, and a value of one of OTLP's types. No kvlist and no bytes: the API has neither.

use opentelemetry::Array;
use trilha_core::recorder::{Attribute, Value};

use super::{
    Key,
    copy::{LONGEST_COPY, copy},
    field::{any_value, array_value, key_value},
    wire::{
        FIXED64, LENGTH, VARINT, parts, put_fixed64, put_header, put_message, put_text, put_uint, short_tag,
        sized_len,
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
#[inline]
pub(crate) fn put_attribute(out: &mut Vec<u8>, field: u32, (key, value): Attribute<'_>, max_chars: usize) {
    match value {
        Value::Str(text) => match cut(text, max_chars) {
            text if is_short(key, text) => {
                add(out, text_len(key, text), |place| write_short_text(place, field, key, text));
            }
            text => put_long_text(out, field, key, text),
        },
        _ if is_short(key, "")
            && let Some(value) = ShortValue::of(value) =>
        {
            add(out, scalar_len(key, value), |place| write_short_scalar(place, field, key, value));
        }
        _ => put_message(out, field, |out| {
            put_text(out, key_value::KEY, key);
            put_message(out, key_value::VALUE, |out| put_any_value(out, value, max_chars));
        }),
    }
}

/// Appends so many bytes, which are written with room behind them.
fn add(out: &mut Vec<u8>, len: usize, write: impl FnOnce(&mut [u8])) {
    let start = out.len();
    out.resize(start + LONGEST_SHORT, 0);
    out.get_mut(start..).map(write);
    out.truncate(start + len);
}

/// Whether all lengths of an attribute take one byte, and it has a key, which is copied without a call.
#[inline(always)]
pub(crate) fn is_short(key: &str, text: &str) -> bool {
    (1..=LONGEST_COPY).contains(&key.len()) && key.len() + text.len() < 0x80 - 16
}

/// The room in which an attribute that [is short](is_short) is written, whatever is written over.
pub(crate) const LONGEST_SHORT: usize = 0x80 + LONGEST_COPY;

/// The length of an attribute that [is short](is_short).
#[inline(always)]
pub(crate) fn text_len(key: impl Key, text: &str) -> usize {
    4 + key.text().len() + 4 + text.len()
}

/// As [`text_len`], of a short value.
#[inline(always)]
pub(crate) fn scalar_len(key: impl Key, value: ShortValue) -> usize {
    4 + key.text().len() + 3 + usize::from(value.len)
}

/// Writes an attribute that [is short](is_short) into a place with [room](LONGEST_SHORT).
#[inline(always)]
pub(crate) fn write_short_text(place: &mut [u8], field: u32, key: impl Key, text: &str) {
    let len = text.len() as u8;
    if let Some(place) = write_key(place, field, key, 4 + len)
        && let Some((value, place)) = place.split_first_chunk_mut()
        && let Some(place) = place.get_mut(..text.len())
    {
        *value = [VALUE, 2 + len, STRING, len];
        copy(place, text.as_bytes());
    }
}

/// A number or a truth value as it is written, in eight bytes at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShortValue {
    kind: u8,
    bytes: u64,
    len: u8,
}

impl ShortValue {
    /// None if it is longer, or something else.
    #[inline(always)]
    pub(crate) fn of(value: Value<'_>) -> Option<Self> {
        Some(match value {
            Value::Int(number @ 0..0x80) => Self { kind: INT, bytes: number as u64, len: 1 },
            Value::Int(number @ 0x80..0x0100_0000_0000_0000) => {
                // Seven bits to a byte, by halves: a loop would need registers that no other value does.
                let number = number as u64;
                let halves = number & 0x0fff_ffff | (number & !0x0fff_ffff) << 4;
                let quarters = halves & 0x3fff_0000_3fff | (halves & 0xfff_c000_0fff_c000) << 2;
                let bytes = quarters & 0x7f_007f_007f_007f | (quarters & 0x3f80_3f80_3f80_3f80) << 1;
                let unused = bytes.leading_zeros() / 8;
                let more = 0x80_8080_8080_8080 >> (8 * unused);
                Self { kind: INT, bytes: bytes | more, len: 8 - unused as u8 }
            }
            Value::Float(number) => Self { kind: DOUBLE, bytes: number.to_bits(), len: 8 },
            Value::Bool(truth) => Self { kind: BOOL, bytes: u64::from(truth), len: 1 },
            _ => return None,
        })
    }
}

/// As [`write_short_text`].
#[inline(always)]
pub(crate) fn write_short_scalar(place: &mut [u8], field: u32, key: impl Key, value: ShortValue) {
    let ShortValue { kind, bytes, len } = value;
    if let Some(place) = write_key(place, field, key, 3 + len)
        && let Some((head, place)) = place.split_first_chunk_mut()
        && let Some(place) = place.first_chunk_mut()
    {
        *head = [VALUE, 1 + len, kind];
        *place = bytes.to_le_bytes(); // what is behind its end is written over
    }
}

const KEY: u8 = short_tag(key_value::KEY, LENGTH);
const VALUE: u8 = short_tag(key_value::VALUE, LENGTH);
const STRING: u8 = short_tag(any_value::STRING, LENGTH);
const INT: u8 = short_tag(any_value::INT, VARINT);
const BOOL: u8 = short_tag(any_value::BOOL, VARINT);
const DOUBLE: u8 = short_tag(any_value::DOUBLE, FIXED64);

/// Writes what stands before a value of `value_len` bytes, and returns the place for that.
#[inline(always)]
fn write_key(place: &mut [u8], field: u32, key: impl Key, value_len: u8) -> Option<&mut [u8]> {
    let key_len = key.text().len() as u8;
    let (head, place) = place.split_first_chunk_mut()?;
    *head = [short_tag(field, LENGTH), 2 + key_len + value_len, KEY, key_len];
    key.write(place)
}

/// Of text the length is known before, so that nothing has to be moved.
#[inline(never)]
fn put_long_text(out: &mut Vec<u8>, field: u32, key: &str, text: &str) {
    let len = sized_len(any_value::STRING, text.len());
    put_header(out, field, sized_len(key_value::KEY, key.len()) + sized_len(key_value::VALUE, len));
    put_text(out, key_value::KEY, key);
    put_header(out, key_value::VALUE, len);
    put_text(out, any_value::STRING, text);
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
    let mut rest = attributes;
    while let Some(((key, value), later)) = rest.split_first() {
        rest = later;
        if key.is_empty() || written == max {
            dropped += 1;
        } else if !later.iter().any(|(later, _)| later == key) {
            put_attribute(out, field, (key, *value), max_chars);
            written += 1;
        }
    }
    dropped
}

/// The key of an attribute that [`put_attribute`] wrote, without its own header.
pub(crate) fn key_of(written: &[u8]) -> &[u8] {
    parts(written).next().map_or(&[], |key| key.body)
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
        assert_eq!(parts(&out).map(|part| key_of(part.body)).collect::<Vec<_>>(), [key.as_bytes()]);
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
    fn an_attribute_of_any_length_is_read_back() {
        for len in 0..300 {
            let text = "t".repeat(len);
            assert_eq!(written_text(&text, 999), text);
            let key = "k".repeat(1 + len);
            for value in
                [Value::Str("t"), Value::Int(-1), Value::Int(300), Value::Float(0.5), Value::Bool(true)]
            {
                assert_eq!(written(&key, value, 9).key, key);
            }
        }
        let number = |value| written("k", value, 9).value.unwrap().value.unwrap();
        let powers = (0..64).map(|power| 1_i64 << power);
        for value in powers.flat_map(|power| [power.wrapping_sub(1), power, power.wrapping_neg()]) {
            assert_eq!(number(Value::Int(value)), Decoded::IntValue(value));
        }
        assert_eq!(number(Value::Float(-1.5)), Decoded::DoubleValue(-1.5));
        assert_eq!(number(Value::Bool(true)), Decoded::BoolValue(true));
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
