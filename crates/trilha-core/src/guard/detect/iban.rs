//! International bank account numbers: a country, two check digits modulo 97, and as many characters as the country
//! has. The inner structure of each country's numbers is not looked at.
//!
//! Specification: ISO 13616-1; SWIFT IBAN Registry, release 99.

use std::ops::Range;

use super::number;

/// The first IBAN that begins at `from` or later: in either case, in one piece or in groups of four.
pub(in crate::guard) fn find(text: &[u8], from: usize) -> Option<Range<usize>> {
    number::find(text, from, |at| {
        let &[first, second, tens, ones, after, ..] = text.get(at..)? else { return None };
        if !(tens.is_ascii_digit() && ones.is_ascii_digit()) {
            return None;
        }
        let length = length_in([first.to_ascii_uppercase(), second.to_ascii_uppercase()])?;
        let separator = matches!(after, b' ' | b'-').then_some(after);
        let end = end_of(text, at, length, separator)?;
        is_valid(text.get(at..end)?).then_some(end)
    })
}

/// Where `length` letters and digits end that begin at `at`, with the separator between each four of them.
fn end_of(text: &[u8], at: usize, length: usize, separator: Option<u8>) -> Option<usize> {
    let separators = if separator.is_some() { (length - 1) / 4 } else { 0 };
    let end = at.checked_add(length + separators)?;
    let is_separator = |place| separator.is_some() && place % 5 == 4;
    let is_written_so = text.get(at..end)?.iter().enumerate().all(|(place, byte)| {
        if is_separator(place) { Some(*byte) == separator } else { byte.is_ascii_alphanumeric() }
    });
    let is_alone = !text.get(end).is_some_and(u8::is_ascii_alphanumeric);
    (is_written_so && is_alone).then_some(end)
}

/// Whether the number, its first four characters moved to the end, is 1 modulo 97.
fn is_valid(number: &[u8]) -> bool {
    let characters = number.iter().filter(|byte| byte.is_ascii_alphanumeric());
    let rotated = characters.clone().skip(4).chain(characters.take(4));
    let remainder = rotated.fold(0, |remainder, byte| match byte.to_ascii_uppercase() {
        letter @ b'A'..=b'Z' => (remainder * 100 + u32::from(letter - b'A') + 10) % 97,
        digit => (remainder * 10 + u32::from(digit - b'0')) % 97,
    });
    remainder == 1
}

fn length_in(country: [u8; 2]) -> Option<usize> {
    LENGTHS.iter().find(|(_, countries)| countries.contains(&country)).map(|(length, _)| *length)
}

/// The countries by the length of their numbers: those of the registry, and the African ones and Iran that use the
/// same form without being in it.
const LENGTHS: [(usize, &[[u8; 2]]); 18] = [
    (15, &[*b"NO"]),
    (16, &[*b"BE"]),
    (18, &[*b"DK", *b"FI", *b"FK", *b"FO", *b"GL", *b"NL", *b"SD"]),
    (19, &[*b"MK", *b"SI"]),
    (20, &[*b"AT", *b"BA", *b"EE", *b"KZ", *b"LT", *b"LU", *b"MN", *b"XK"]),
    (21, &[*b"CH", *b"HR", *b"LI", *b"LV"]),
    (22, &[*b"BG", *b"BH", *b"CR", *b"DE", *b"GB", *b"GE", *b"IE", *b"ME", *b"RS", *b"VA"]),
    (23, &[*b"AE", *b"GI", *b"IL", *b"IQ", *b"OM", *b"SO", *b"TL"]),
    (24, &[*b"AD", *b"CZ", *b"ES", *b"MD", *b"PK", *b"RO", *b"SA", *b"SE", *b"SK", *b"TN", *b"VG"]),
    (25, &[*b"AO", *b"CV", *b"GW", *b"LY", *b"MZ", *b"PT", *b"ST"]),
    (26, &[*b"DZ", *b"IR", *b"IS", *b"TR"]),
    (
        27,
        &[
            *b"BI", *b"CF", *b"CG", *b"CM", *b"DJ", *b"FR", *b"GA", *b"GQ", *b"GR", *b"IT", *b"KM", *b"MC",
            *b"MG", *b"MR", *b"SM", *b"TD",
        ],
    ),
    (
        28,
        &[
            *b"AL", *b"AZ", *b"BF", *b"BJ", *b"BY", *b"CI", *b"CY", *b"DO", *b"GT", *b"HN", *b"HU", *b"LB",
            *b"MA", *b"ML", *b"NE", *b"NI", *b"PL", *b"SN", *b"SV", *b"TG",
        ],
    ),
    (29, &[*b"BR", *b"EG", *b"PS", *b"QA", *b"UA"]),
    (30, &[*b"JO", *b"KW", *b"MU", *b"YE"]),
    (31, &[*b"MT", *b"SC"]),
    (32, &[*b"LC"]),
    (33, &[*b"RU"]),
];

#[cfg(test)]
mod tests {
    use super::super::tests::{assert_clean, assert_found};
    use super::*;

    #[test]
    fn every_form_is_found() {
        for iban in [
            "DE89370400440532013000",
            "de89370400440532013000",
            "DE89 3704 0044 0532 0130 00",
            "DE89-3704-0044-0532-0130-00",
            "GB29 NWBK 6016 1331 9268 19",
            "gb29 nwbk 6016 1331 9268 19",
            "NO9386011117947",
            "NO93 8601 1117 947",
            "BE68 5390 0754 7034",
            "FR1420041010050500013M02606",
            "BR1800360305000010009795493C1",
            "MT84MALT011000012345MTLCAST001S",
        ] {
            assert_found(find, iban);
        }
    }

    #[test]
    fn what_is_no_iban_is_left() {
        assert_clean(
            find,
            &[
                "DE88370400440532013000",
                "DE8937040044053201300",
                "DE893704004405320130000",
                "XX89370400440532013000",
                "DE8937040044053201300a0",
                "DE89 3704 0044-0532 0130 00",
                "DE89 37040044 0532013000",
                "ADE89370400440532013000",
            ],
        );
    }
}
