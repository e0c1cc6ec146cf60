//! Hexadecimal ids, as every format of trace context writes them: lower-case digits, of fixed length.

use std::str;

/// Header text of a fixed length, without an allocation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Encoded<const N: usize>([u8; N]);

impl<const N: usize> Encoded<N> {
    /// As text.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }

    /// As bytes of ASCII.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// These parts with dashes between them. `N` is the length of it all.
    #[inline]
    pub(super) fn joined<const P: usize>(parts: [&[u8]; P]) -> Self {
        let mut text = [b'-'; N];
        let mut rest = text.as_mut_slice();
        for part in parts {
            let Some((place, after)) = rest.split_at_mut_checked(part.len()) else { break };
            place.copy_from_slice(part);
            rest = after.get_mut(1..).unwrap_or_default();
        }
        Self(text)
    }
}

/// The number that 32 digits spell.
#[inline]
pub(super) fn decode_u128(digits: &[u8; 32]) -> Option<u128> {
    decode(digits).map(u128::from_be_bytes)
}

/// The number that 16 digits spell.
#[inline]
pub(super) fn decode_u64(digits: &[u8; 16]) -> Option<u64> {
    decode(digits).map(u64::from_be_bytes)
}

/// The number that two digits spell.
#[inline]
pub(super) fn decode_u8(digits: [u8; 2]) -> Option<u8> {
    decode(&digits).map(u8::from_be_bytes)
}

#[inline]
pub(super) fn encode_u128(number: u128) -> Encoded<32> {
    encode(number.to_be_bytes())
}

#[inline]
pub(super) fn encode_u64(number: u64) -> Encoded<16> {
    encode(number.to_be_bytes())
}

/// `B` bytes of `D` digits, twice as many.
#[inline(never)] // alone, its loops become instructions for many digits at once
pub(super) fn decode<const D: usize, const B: usize>(digits: &[u8; D]) -> Option<[u8; B]> {
    let mut values = [0; D];
    let mut is_valid = true;
    for (value, digit) in values.iter_mut().zip(digits) {
        let (number, letter) = (digit.wrapping_sub(b'0'), digit.wrapping_sub(b'a'));
        *value = if number < 10 { number } else { letter.wrapping_add(10) };
        is_valid &= number < 10 || letter < 6;
    }
    let mut bytes = [0; B];
    for (byte, [high, low]) in bytes.iter_mut().zip(values.as_chunks().0) {
        *byte = high << 4 | low;
    }
    is_valid.then_some(bytes)
}

/// `D` digits of `B` bytes.
#[inline(never)] // as above
pub(super) fn encode<const B: usize, const D: usize>(bytes: [u8; B]) -> Encoded<D> {
    let mut values = [0; D];
    for (pair, byte) in values.as_chunks_mut().0.iter_mut().zip(bytes) {
        *pair = [byte >> 4, byte & 0x0f];
    }
    let mut digits = [0; D];
    for (digit, value) in digits.iter_mut().zip(values) {
        *digit = if value < 10 { b'0' + value } else { b'a' - 10 + value };
    }
    Encoded(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_is_a_digit_or_refused_at_each_place() {
        for byte in 0..=u8::MAX {
            let value = match byte {
                b'0'..=b'9' => Some(u64::from(byte - b'0')),
                b'a'..=b'f' => Some(u64::from(byte - b'a') + 10),
                _ => None,
            };
            for place in 0..16 {
                let mut digits = [b'0'; 16];
                digits[15 - place] = byte;
                assert_eq!(decode_u64(&digits), value.map(|value| value << (4 * place)), "{byte} at {place}");
            }
        }
    }

    #[test]
    fn numbers_are_spelt_in_lower_case_with_all_their_zeros() {
        assert_eq!(encode_u64(0x0123_4567_89ab_cdef).as_str(), "0123456789abcdef");
        assert_eq!(encode_u128(0xfedc_ba98_7654_3210 << 60).as_str(), "0fedcba9876543210000000000000000");
        let encode_u8 = |byte: u8| -> Encoded<2> { encode([byte]) };
        assert_eq!((0..=u8::MAX).find(|byte| encode_u8(*byte).as_str() != format!("{byte:02x}")), None);
        assert_eq!((0..=u8::MAX).find(|byte| decode_u8(encode_u8(*byte).0) != Some(*byte)), None);
    }

    #[test]
    fn parts_are_joined_by_dashes() {
        assert_eq!(Encoded::<6>::joined([b"ab", b"c", b"d"]).as_str(), "ab-c-d");
    }
}
