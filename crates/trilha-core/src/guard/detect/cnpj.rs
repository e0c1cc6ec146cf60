//! CNPJ, the Brazilian taxpayer's number of a company: twelve digits or letters and two check digits.

use std::ops::Range;

use super::{number, taxpayer};

/// The first CNPJ that begins at `from` or later.
pub(in crate::guard) fn find(text: &[u8], from: usize) -> Option<Range<usize>> {
    number::find(text, from, |at| {
        let (end, is_bare) = FORMS
            .iter()
            .find_map(|form| Some((number::end_of(text, at, form)?, false)))
            .or_else(|| Some((number::end_of(text, at, BARE)?, true)))?;
        let number = text.get(at..end)?;
        let is_other = is_bare && (number.iter().any(u8::is_ascii_lowercase) || is_point_in_time(number));
        (!is_other && taxpayer::is_valid(number, HIGHEST_WEIGHT)).then_some(end)
    })
}

const HIGHEST_WEIGHT: u32 = 9;

// Without punctuation, only what has no lower-case letters: most other ids have.
const BARE: &[u8] = b"AAAAAAAAAAAA00";

const FORMS: [&[u8]; 8] = [
    b"AA.AAA.AAA/AAAA-00",
    b"AA.AAA.AAA/AAAA 00",
    b"AA.AAA.AAA/AAAA00",
    b"AA.AAA.AAA-AAAA-00",
    b"AA AAA AAA/AAAA-00",
    b"AA_AAA_AAA_AAAA_00",
    b"AAAAAAAA/AAAA-00",
    b"AAAAAAAAAAAA-00",
];

/// Whether fourteen digits are a time of these years as `YYYYMMDDhhmmss`: a hundredth of them would pass for a CNPJ.
fn is_point_in_time(number: &[u8]) -> bool {
    if !number.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let mut pairs = number.as_chunks::<2>().0.iter().map(|[tens, ones]| (tens - b'0') * 10 + (ones - b'0'));
    let within = [20..=20, 0..=49, 1..=12, 1..=31, 0..=23, 0..=59, 0..=59];
    within.iter().all(|within| pairs.next().is_some_and(|pair| within.contains(&pair)))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{assert_clean, assert_found, found};
    use super::*;

    #[test]
    fn every_form_is_found() {
        for cnpj in [
            "11.222.333/0001-81",
            "11.222.333/0001 81",
            "11.222.333/000181",
            "11.222.333-0001-81",
            "11 222 333/0001-81",
            "11 222 333 0001 81",
            "11222333/0001-81",
            "112223330001-81",
            "11222333000181",
            "00000000000191",
            "12.ABC.345/01DE-35",
            "12.abc.345/01de-35",
            "12ABC34501DE35",
        ] {
            assert_found(find, cnpj);
        }
    }

    #[test]
    fn of_all_check_digits_one_pair_is_right() {
        let all = (0..100).map(|digits| format!("12ABC34501DE{digits:02}"));
        assert_eq!(all.filter(|cnpj| !found(find, cnpj).is_empty()).count(), 1);
    }

    #[test]
    fn what_is_no_cnpj_is_left() {
        assert_clean(
            find,
            &[
                "11.222.333/0001-82",
                "11.222.333/0001-91",
                "11222333000182",
                "12.ABC.345/01DE-36",
                "12.ABC.345/01DE-3A",
                "12abc34501de35",
                "00000000000000",
                "11.111.111/1111-11",
                "112223330001811",
                "A11222333000181",
                "0.11222333000181",
                "1700000000000",
            ],
        );
    }

    #[test]
    fn a_point_in_time_is_none() {
        let moments = (0..600).map(|n| format!("20240115{:02}{:02}{:02}", n / 60, n % 60, n % 59));
        let passing = moments.filter(|moment| taxpayer::is_valid(moment.as_bytes(), HIGHEST_WEIGHT));
        let passing: Vec<_> = passing.collect();
        assert!(!passing.is_empty());
        assert_clean(find, &passing.iter().map(String::as_str).collect::<Vec<_>>());
    }
}
