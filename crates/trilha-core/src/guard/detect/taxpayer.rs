//! The two check digits of CPF and CNPJ, modulo 11. The forms of the numbers are their own modules' matter.
//!
//! Specification: Receita Federal, Instrução Normativa RFB 2.229/2024 (CNPJ with letters).

/// Whether a number ends with its two check digits, and is more than one character repeated. Punctuation is
/// passed over.
///
/// The weights are 2, 3, … from the right, and begin again after `highest_weight`.
pub(super) fn is_valid(number: &[u8], highest_weight: u32) -> bool {
    let characters = number.iter().filter(|byte| byte.is_ascii_alphanumeric());
    let mut values = characters.map(|byte| u32::from(byte.to_ascii_uppercase() - b'0')).rev();
    let is_varied = values.clone().zip(values.clone().skip(1)).any(|(one, next)| one != next);
    let mut ends_with_check_digit =
        || values.next().is_some_and(|last| last == check_digit(values.clone(), highest_weight));
    is_varied && ends_with_check_digit() && ends_with_check_digit()
}

fn check_digit(from_the_right: impl Iterator<Item = u32>, highest_weight: u32) -> u32 {
    let weights = (2..=highest_weight).cycle();
    let sum: u32 = from_the_right.zip(weights).map(|(value, weight)| value * weight).sum();
    sum * 10 % 11 % 10
}
