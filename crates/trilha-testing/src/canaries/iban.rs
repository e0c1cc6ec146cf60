//! Canaries that look like bank account numbers of many countries.

use super::Made;
use super::source::{CAPITALS, CAPITALS_AND_DIGITS, DIGITS, Source, grouped};

pub(super) fn iban(source: &mut Source) -> Made {
    let (country, structure) = source.one_of(&COUNTRIES);
    let account: String = structure
        .iter()
        .map(|&(length, kind)| {
            let alphabet = match kind {
                'n' => DIGITS,
                'a' => CAPITALS,
                _ => CAPITALS_AND_DIGITS,
            };
            source.text(alphabet, length)
        })
        .collect();
    let number = format!("{country}{:02}{account}", check_digits(country, &account));
    Made::whole(match source.number(0..5) {
        0 => grouped(&number, 4, " "),
        1 => grouped(&number, 4, "-"),
        2 => number.to_lowercase(),
        3 => grouped(&number.to_lowercase(), 4, " "),
        _ => number,
    })
}

/// 98 less the remainder modulo 97 of all of it, with zeros in their place, moved to the end.
fn check_digits(country: &str, account: &str) -> u32 {
    let mut remainder = 0;
    for character in format!("{account}{country}00").chars() {
        let value = character.to_digit(36).unwrap_or_default();
        remainder = (remainder * if value > 9 { 100 } else { 10 } + value) % 97;
    }
    98 - remainder
}

/// The structure of some countries' accounts, as the registry has it: digits, letters, or both (`c`).
const COUNTRIES: [(&str, &[(usize, char)]); 30] = [
    ("AE", &[(19, 'n')]),
    ("AT", &[(16, 'n')]),
    ("BE", &[(12, 'n')]),
    ("BR", &[(23, 'n'), (1, 'a'), (1, 'c')]),
    ("CH", &[(5, 'n'), (12, 'c')]),
    ("CY", &[(8, 'n'), (16, 'c')]),
    ("CZ", &[(20, 'n')]),
    ("DE", &[(18, 'n')]),
    ("DK", &[(14, 'n')]),
    ("ES", &[(20, 'n')]),
    ("FI", &[(14, 'n')]),
    ("FR", &[(10, 'n'), (11, 'c'), (2, 'n')]),
    ("GB", &[(4, 'a'), (14, 'n')]),
    ("GR", &[(7, 'n'), (16, 'c')]),
    ("IE", &[(4, 'a'), (14, 'n')]),
    ("IL", &[(19, 'n')]),
    ("IT", &[(1, 'a'), (10, 'n'), (12, 'c')]),
    ("KZ", &[(3, 'n'), (13, 'c')]),
    ("LC", &[(4, 'a'), (24, 'c')]),
    ("LU", &[(3, 'n'), (13, 'c')]),
    ("MT", &[(4, 'a'), (5, 'n'), (18, 'c')]),
    ("NL", &[(4, 'a'), (10, 'n')]),
    ("NO", &[(11, 'n')]),
    ("PL", &[(24, 'n')]),
    ("PT", &[(21, 'n')]),
    ("RO", &[(4, 'a'), (16, 'c')]),
    ("SA", &[(2, 'n'), (18, 'c')]),
    ("SE", &[(20, 'n')]),
    ("TR", &[(6, 'n'), (16, 'c')]),
    ("UA", &[(6, 'n'), (19, 'c')]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_are_those_of_known_numbers() {
        assert_eq!(check_digits("DE", "370400440532013000"), 89);
        assert_eq!(check_digits("GB", "NWBK60161331926819"), 29);
        assert_eq!(check_digits("NO", "86011117947"), 93);
    }
}
