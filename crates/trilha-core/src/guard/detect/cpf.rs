//! CPF, the Brazilian taxpayer's number of a person: nine digits and two check digits.

use std::ops::Range;

use super::{number, taxpayer};

/// The first CPF that begins at `from` or later.
pub(in crate::guard) fn find(text: &[u8], from: usize) -> Option<Range<usize>> {
    number::find(text, from, |at| {
        let end = FORMS.iter().find_map(|form| number::end_of(text, at, form))?;
        taxpayer::is_valid(text.get(at..end)?, HIGHEST_WEIGHT).then_some(end)
    })
}

const HIGHEST_WEIGHT: u32 = 11;

// Nine digits, a space and two more are two numbers side by side.
const FORMS: [&[u8]; 10] = [
    b"00000000000",
    b"000.000.000-00",
    b"000.000.000/00",
    b"000.000.000 00",
    b"000.000.00000",
    b"000 000 000-00",
    b"000 000 000/00",
    b"000_000_000_00",
    b"000000000-00",
    b"000000000/00",
];

#[cfg(test)]
mod tests {
    use super::super::tests::{assert_clean, assert_found, found};
    use super::*;

    #[test]
    fn every_form_is_found() {
        for cpf in [
            "52998224725",
            "529.982.247-25",
            "529.982.247/25",
            "529.982.247 25",
            "529.982.24725",
            "529 982 247-25",
            "529 982 247 25",
            "529-982-247-25",
            "529982247-25",
            "529.982.247.25",
            "000.000.001-91",
        ] {
            assert_found(find, cpf);
        }
    }

    #[test]
    fn of_all_check_digits_one_pair_is_right() {
        let all = (0..100).map(|digits| format!("529982247{digits:02}"));
        assert_eq!(all.filter(|cpf| !found(find, cpf).is_empty()).count(), 1);
    }

    #[test]
    fn what_is_no_cpf_is_left() {
        assert_clean(
            find,
            &[
                "529.982.247-26",
                "529.982.247-35",
                "52998224726",
                "111.111.111-11",
                "00000000000",
                "952998224725",
                "529982247250",
                "0.52998224725",
                "a52998224725f",
                "529982247 25",
                "529.982-247.25",
                "5299822472",
                "1700000000",
                "192.168.100.14",
            ],
        );
    }
}
