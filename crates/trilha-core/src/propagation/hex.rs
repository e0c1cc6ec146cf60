//! Hexadecimal ids, as every format of trace context writes them: lower-case digits, of fixed length.
//!
//! Eight digits are handled at once, as the eight bytes of a number.

use std::str;

/// Header text of a fixed length, without an allocation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Encoded<const N: usize>([u8; N]);

impl<const N: usize> Encoded<N> {
    /// As text.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
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

    /// Two halves of `N / 2`.
    #[inline]
    fn concat<const H: usize>(halves: [[u8; H]; 2]) -> Self {
        let mut text = [b'0'; N];
        text.iter_mut().zip(halves.as_flattened()).for_each(|(place, digit)| *place = *digit);
        Self(text)
    }
}

/// The number that 32 digits spell.
#[inline]
pub(super) fn decode_u128(digits: &[u8; 32]) -> Option<u128> {
    let ([high, low], []) = digits.as_chunks() else { return None };
    Some(u128::from(decode_u64(high)?) << 64 | u128::from(decode_u64(low)?))
}

/// The number that 16 digits spell.
#[inline]
pub(super) fn decode_u64(digits: &[u8; 16]) -> Option<u64> {
    let ([high, low], []) = digits.as_chunks() else { return None };
    Some(decode_u32(*high)? << 32 | decode_u32(*low)?)
}

/// The number that two digits spell.
#[inline]
pub(super) fn decode_u8([high, low]: [u8; 2]) -> Option<u8> {
    let [.., number] = decode_u32([b'0', b'0', b'0', b'0', b'0', b'0', high, low])?.to_be_bytes();
    Some(number)
}

#[inline]
fn decode_u32(digits: [u8; 8]) -> Option<u64> {
    let digits = u64::from_be_bytes(digits);
    let is_letter = digits >> 6 & each(1);
    let values = (digits & each(0x0f)) + is_letter * 9;
    // They are digits if they are what their values are spelt with.
    let is_valid = (digits ^ spell(values)) | (values & each(0xf0)) == 0;
    let bytes = (values | values >> 4) & 0x00ff_00ff_00ff_00ff;
    let pairs = (bytes | bytes >> 8) & 0x0000_ffff_0000_ffff;
    is_valid.then_some((pairs | pairs >> 16) & 0xffff_ffff)
}

#[inline]
pub(super) fn encode_u128(number: u128) -> Encoded<32> {
    let (Encoded(high), Encoded(low)) = (encode_u64((number >> 64) as u64), encode_u64(number as u64));
    Encoded::concat([high, low])
}

#[inline]
pub(super) fn encode_u64(number: u64) -> Encoded<16> {
    Encoded::concat([encode_u32(number >> 32), encode_u32(number & 0xffff_ffff)])
}

#[inline]
pub(super) fn encode_u8(number: u8) -> Encoded<2> {
    let [.., high, low] = encode_u32(u64::from(number));
    Encoded([high, low])
}

#[inline]
fn encode_u32(number: u64) -> [u8; 8] {
    let pairs = (number | number << 16) & 0x0000_ffff_0000_ffff;
    let bytes = (pairs | pairs << 8) & 0x00ff_00ff_00ff_00ff;
    let values = (bytes | bytes << 4) & each(0x0f);
    spell(values).to_be_bytes()
}

/// Eight digits for eight values, of which none is above 31.
const fn spell(values: u64) -> u64 {
    let is_letter = (values + each(6)) >> 4 & each(1);
    values + each(b'0') + is_letter * (b'a' - b'9' - 1) as u64
}

const fn each(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
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
        assert_eq!((0..=u8::MAX).find(|byte| encode_u8(*byte).as_str() != format!("{byte:02x}")), None);
        assert_eq!((0..=u8::MAX).find(|byte| decode_u8(encode_u8(*byte).0) != Some(*byte)), None);
    }

    #[test]
    fn parts_are_joined_by_dashes() {
        assert_eq!(Encoded::<6>::joined([b"ab", b"c", b"d"]).as_str(), "ab-c-d");
    }
}
