//! Canaries that look like the numbers of payment cards.

use super::Made;
use super::source::{Source, formed};

pub(super) fn card(source: &mut Source) -> Made {
    let (prefix, forms) = source.one_of(&BRANDS);
    let form = source.one_of(forms);
    let length = form.matches('#').count();
    let mut number = prefix.to_owned();
    number.push_str(&source.digits(length - prefix.len() - 1));
    number.push(check_digit(&number));
    let separator = source.one_of(&[" ", "-"]);
    Made::whole(formed(&number, &form.replace(' ', separator)))
}

const FOURS: &[&str] = &["################", "#### #### #### ####"];

/// The beginnings of the brands' numbers, and the forms that these are written in.
const BRANDS: [(&str, &[&str]); 22] = [
    ("4", FOURS),
    ("4", &["#############", "###################"]),
    ("51", FOURS),
    ("55", FOURS),
    ("2221", FOURS),
    ("2720", FOURS),
    ("34", &["###############", "#### ###### #####"]),
    ("37", &["###############", "#### ###### #####"]),
    ("300", &["##############", "#### ###### ####"]),
    ("36", &["##############", "#### ###### ####"]),
    ("6011", FOURS),
    ("644", FOURS),
    ("65", FOURS),
    ("3528", FOURS),
    ("3589", FOURS),
    ("62", FOURS),
    ("62", &["###################", "#### #### #### #### ###"]),
    ("2200", FOURS),
    ("5018", &["################", "###################"]),
    ("6759", &["################", "###################"]),
    ("506699", FOURS), // Elo
    ("606282", FOURS), // Hipercard
];

/// By Luhn.
fn check_digit(number: &str) -> char {
    let sum: u8 = number
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (digit - b'0', place % 2) {
            (digit, 0) => digit * 2 / 10 + digit * 2 % 10,
            (digit, _) => digit,
        })
        .fold(0, |sum, digit| (sum + digit) % 10);
    char::from(b'0' + (10 - sum) % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_are_those_of_known_numbers() {
        assert_eq!(check_digit("411111111111111"), '1');
        assert_eq!(check_digit("37828224631000"), '5');
        assert_eq!(check_digit("3056930902590"), '4');
    }
}
