//! The wire types of protobuf: varints, fixed numbers, and what has a length.
//!
//! All of it is inlined, so that a field's tag is a constant where it is written.

use bytes::BufMut;

pub(super) const VARINT: u32 = 0;
pub(super) const FIXED64: u32 = 1;
pub(crate) const LENGTH: u32 = 2;
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
    match value {
        0..0x80 => 1,
        0x80..0x4000 => 2, // nearly all there are
        _ => (64 - value.leading_zeros() as usize).div_ceil(7),
    }
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
pub(crate) fn put_bytes(out: &mut impl BufMut, field: u32, value: &[u8]) {
    put_header(out, field, value.len());
    out.put_slice(value);
}

/// A few bytes whose number is known before, in a field below 16.
#[inline]
pub(crate) fn put_array<const N: usize>(out: &mut impl BufMut, field: u32, value: [u8; N]) {
    out.put_slice(&[short_tag(field, LENGTH), N as u8]);
    out.put_slice(&value);
}

/// Text with its length before it.
#[inline]
pub(crate) fn put_text(out: &mut impl BufMut, field: u32, value: &str) {
    put_bytes(out, field, value.as_bytes());
}

/// What stands before `len` bytes of a message, text or bytes.
#[inline]
pub(crate) fn put_header(out: &mut impl BufMut, field: u32, len: usize) {
    let tag = short_tag(field, LENGTH);
    match len {
        0..0x80 if field < 16 => return out.put_slice(&[tag, len as u8]), // as nearly always
        0x80..0x4000 if field < 16 => return out.put_slice(&[tag, len as u8 | 0x80, (len >> 7) as u8]),
        _ => {}
    }
    put_tag(out, field, LENGTH);
    put_varint(out, len as u64);
}

/// How many bytes a message, text or bytes of this length takes, its header included.
#[inline]
pub(crate) const fn sized_len(field: u32, len: usize) -> usize {
    tag_len(field) + varint_len(len as u64) + len
}

/// A message, text or bytes that was written, in a field below 16.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'b> {
    pub(crate) field: u32,
    pub(crate) body: &'b [u8],
    /// Its header included.
    pub(crate) len: usize,
}

/// What stands in `bytes`, up to what is no such part.
pub(crate) fn parts(mut bytes: &[u8]) -> impl Iterator<Item = Part<'_>> {
    std::iter::from_fn(move || {
        let (tag, after_tag) = bytes.split_first().filter(|(tag, _)| u32::from(**tag) & 7 == LENGTH)?;
        let len_end = after_tag.iter().position(|byte| *byte < 0x80)? + 1;
        let (body_len, after_len) = after_tag.split_at_checked(len_end)?;
        let body_len = body_len.iter().rev().fold(0, |len, byte| len << 7 | usize::from(byte & 0x7f));
        let (body, rest) = after_len.split_at_checked(body_len)?;
        let len = bytes.len() - rest.len();
        bytes = rest;
        Some(Part { field: u32::from(tag >> 3), body, len })
    })
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
    let body = start + 1;
    let moved = start + varint_len(len as u64);
    out.resize(moved + len, 0);
    out.copy_within(body..body + len, moved);
    if let Some(mut length) = out.get_mut(start..moved) {
        put_varint(&mut length, len as u64);
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

    #[test]
    fn a_message_of_any_length_is_one_part() {
        for len in [0, 1, 127, 128, 16_383, 16_384, 70_000] {
            let mut out = vec![7];
            put_message(&mut out, 9, |out| out.resize(out.len() + len, 5));
            put_bytes(&mut out, 2, b"next");
            let seen: Vec<_> = parts(&out[1..]).map(|part| (part.field, part.body.to_vec())).collect();
            assert_eq!(seen, [(9, vec![5; len]), (2, b"next".to_vec())]);
        }
    }
}
