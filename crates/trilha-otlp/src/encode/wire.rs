//! The wire types of protobuf: varints, fixed numbers, and what has a length.
//!
//! All of it is inlined, so that a field's tag is a constant where it is written.

use bytes::BufMut;

pub(super) const VARINT: u32 = 0;
pub(super) const FIXED64: u32 = 1;
pub(super) const LENGTH: u32 = 2;
const FIXED32: u32 = 5;

/// A number in groups of seven bits.
#[inline]
pub(crate) fn put_varint(out: &mut impl BufMut, mut value: u64) {
    while value >= 0x80 {
        out.put_u8(value as u8 | 0x80);
        value >>= 7;
    }
    out.put_u8(value as u8);
}

/// How many bytes [`put_varint`] writes.
#[inline]
pub(crate) const fn varint_len(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

/// What follows a varint; nothing where there is none.
#[inline]
pub(crate) fn skip_varint(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|byte| *byte < 0x80).map_or(bytes.len(), |last| last + 1);
    bytes.get(end..).unwrap_or_default()
}

/// A whole number. A negative `int64` is written as its two's complement.
#[inline]
pub(crate) fn put_uint(out: &mut impl BufMut, field: u32, value: u64) {
    put_tag(out, field, VARINT);
    put_varint(out, value);
}

/// Eight bytes: a time, a `double`. In a field below 16, as all here are that have a fixed size.
#[inline]
pub(crate) fn put_fixed64(out: &mut impl BufMut, field: u32, value: u64) {
    let [a, b, c, d, e, f, g, h] = value.to_le_bytes();
    out.put_slice(&[short_tag(field, FIXED64), a, b, c, d, e, f, g, h]);
}

/// Four bytes.
#[inline]
pub(crate) fn put_fixed32(out: &mut impl BufMut, field: u32, value: u32) {
    put_tag(out, field, FIXED32);
    out.put_slice(&value.to_le_bytes());
}

/// Bytes with their length before them.
#[inline]
pub(crate) fn put_bytes(out: &mut Vec<u8>, field: u32, value: &[u8]) {
    put_header(out, field, value.len());
    out.extend_from_slice(value);
}

/// A few bytes whose number is known before, in a field below 16.
#[inline]
pub(crate) fn put_array<const N: usize>(out: &mut impl BufMut, field: u32, value: [u8; N]) {
    out.put_slice(&[short_tag(field, LENGTH), N as u8]);
    out.put_slice(&value);
}

/// Text with its length before it.
#[inline]
pub(crate) fn put_text(out: &mut Vec<u8>, field: u32, value: &str) {
    put_bytes(out, field, value.as_bytes());
}

/// What stands before `len` bytes of a message, text or bytes.
#[inline]
pub(crate) fn put_header(out: &mut Vec<u8>, field: u32, len: usize) {
    if field < 16 && len < 0x80 {
        return out.extend_from_slice(&[short_tag(field, LENGTH), len as u8]); // as nearly always
    }
    put_tag(out, field, LENGTH);
    put_varint(out, len as u64);
}

/// How many bytes a message, text or bytes of this length takes, its header included.
#[inline]
pub(crate) const fn sized_len(field: u32, len: usize) -> usize {
    tag_len(field) + varint_len(len as u64) + len
}

/// A message whose length is known only when it is written: one byte is kept for it, and where it takes more,
/// the body is moved.
#[inline]
pub(crate) fn put_message<R>(out: &mut Vec<u8>, field: u32, body: impl FnOnce(&mut Vec<u8>) -> R) -> R {
    put_header(out, field, 0);
    let start = out.len() - 1;
    let result = body(out);
    let len = out.len() - start - 1;
    match out.get_mut(start) {
        Some(first) if len < 0x80 => *first = len as u8,
        _ => put_long_len(out, start, len),
    }
    result
}

/// Replaces the byte at `start` by the length of what follows it.
#[inline(never)]
fn put_long_len(out: &mut Vec<u8>, start: usize, len: usize) {
    out.remove(start);
    put_varint(out, len as u64);
    if let Some(written) = out.get_mut(start..) {
        written.rotate_right(varint_len(len as u64));
    }
}

/// The tag of a field below 16: one byte.
#[inline]
pub(crate) const fn short_tag(field: u32, wire_type: u32) -> u8 {
    (field << 3 | wire_type) as u8
}

#[inline]
fn put_tag(out: &mut impl BufMut, field: u32, wire_type: u32) {
    put_varint(out, u64::from(field << 3 | wire_type));
}

#[inline]
const fn tag_len(field: u32) -> usize {
    varint_len((field << 3) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_length_of_a_varint_is_known_before(value: u64, shift in 0..64u32) {
            let (value, mut out) = (value >> shift, Vec::new());
            put_varint(&mut out, value);
            prop_assert_eq!(out.len(), varint_len(value));
            prop_assert_eq!(prost::encoding::decode_varint(&mut out.as_slice()).unwrap(), value);
        }

        #[test]
        fn a_message_equals_its_bytes_with_a_header(before: Vec<u8>, body: Vec<u8>, field in 1..100u32) {
            let (mut late, mut early) = (before.clone(), before);
            put_message(&mut late, field, |out| out.extend_from_slice(&body));
            put_bytes(&mut early, field, &body);
            prop_assert_eq!(late, early);
        }
    }
}
