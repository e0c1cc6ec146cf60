//! Numbers of payment cards: 13 to 19 digits, as many as the brand issues, with a check digit by Luhn.
//!
//! Specification: ISO/IEC 7812-1.

use std::ops::{Range, RangeInclusive};

use super::number;

/// The first card number that begins at `from` or later.
pub(in crate::guard) fn find(text: &[u8], from: usize) -> Option<Range<usize>> {
    let Range { start, mut end } = number::find(text, from, |at| end_of_card(text, at))?;
    // A row of groups may be read from more than one of them. Whichever is the card, all of it is hidden.
    let mut at = start + 1;
    while at < end {
        if number::may_begin(text, at) {
            end = end.max(end_of_card(text, at).unwrap_or(end));
        }
        at += 1;
    }
    Some(start..end)
}

/// As printed, the longest first: of what follows a card (`… 1111 127`) it is better to hide too much.
const FORMS: [&[u8]; 8] = [
    b"0000_0000_0000_0000_000",
    b"0000_0000_0000_0000",
    b"0000_0000_0000_000",
    b"0000_000000_00000",
    b"0000_0000_0000_00",
    b"0000_000000_0000",
    b"0000_0000_0000_0",
    b"0000_000_000_000",
];

/// The first four digits of the brands' numbers, and how long these are.
///
/// The standard allows more lengths than are issued: seventeen and eighteen digits are ids made of times, and thirteen
/// mostly the codes of products.
const BRANDS: [(RangeInclusive<u32>, &[usize]); 12] = [
    (2200..=2204, &[16, 19]),     // Mir
    (2221..=2720, &[16]),         // Mastercard
    (3000..=3099, &[14, 16]),     // Diners Club
    (3400..=3499, &[15]),         // American Express
    (3528..=3589, &[16, 19]),     // JCB, RuPay
    (3600..=3699, &[14, 16]),     // Diners Club
    (3700..=3799, &[15]),         // American Express
    (3800..=3999, &[14, 16]),     // Diners Club, Hipercard
    (4000..=4999, &[13, 16, 19]), // Visa, Elo
    (5000..=5099, &[16, 19]),     // Maestro, Elo, Aura, Verve, RuPay
    (5100..=5599, &[16]),         // Mastercard
    (5600..=6999, &[16, 19]),     // Maestro, Discover, UnionPay, Elo, Hipercard, RuPay
];

fn end_of_card(text: &[u8], at: usize) -> Option<usize> {
    let run = number::digits(text, at, 20);
    let bare = (13..=19).contains(&run).then_some(at + run).filter(|&end| number::may_end(text, end));
    let grouped = FORMS.iter().filter_map(|form| number::end_of(text, at, form));
    bare.into_iter().chain(grouped).find(|&end| text.get(at..end).is_some_and(is_card))
}

fn is_card(number: &[u8]) -> bool {
    let digits = number::values(number);
    let prefix = digits.clone().take(4).fold(0, |prefix, digit| prefix * 10 + digit);
    let length = digits.clone().count();
    BRANDS.iter().any(|(prefixes, lengths)| prefixes.contains(&prefix) && lengths.contains(&length))
        && is_luhn(digits)
}

fn is_luhn(digits: impl DoubleEndedIterator<Item = u32>) -> bool {
    let doubled = |digit| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let sum: u32 = digits
        .rev()
        .zip([false, true].into_iter().cycle())
        .map(|(digit, is_doubled)| if is_doubled { doubled(digit) } else { digit })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{assert_clean, assert_found, found};
    use super::*;

    #[test]
    fn every_brand_and_form_is_found() {
        for card in [
            "4111111111111111",
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            "4111.1111.1111.1111",
            "4222222222222",
            "4222 222 222 222",
            "5555555555554444",
            "2223003122003222",
            "2200 0000 0000 0004",
            "378282246310005",
            "3782 822463 10005",
            "3782-822463-10005",
            "30569309025904",
            "3056 930902 5904",
            "6011111111111117",
            "3530111333300000",
            "6205500000000000004",
            "6205 5000 0000 0000 004",
            "6759649826438453",
        ] {
            assert_found(find, card);
        }
    }

    #[test]
    fn what_is_no_card_is_left() {
        assert_clean(
            find,
            &[
                "4111111111111112",
                "4111 1111 1111 1112",
                "4111-1111 1111-1111",
                "41111111 11111111",
                "4111111111111111a",
                "a4111111111111111",
                "14111111111111111000",
                "0.4111111111111111",
                "4111111111111111.5",
                "1700000000000000",    // microseconds
                "1700000000000000003", // nanoseconds
                "0000000000000000",
                "662492607797612656", // a snowflake id
                "353918052107063",    // an IMEI: Luhn, but no brand has this prefix at 15 digits
                "550e8400-e29b-41d4-a716-446655440000",
                "41111111-1111-1111-1111-111111111111",
            ],
        );
    }

    #[test]
    fn neighbours_are_not_joined() {
        assert_eq!(found(find, "12 4111 1111 1111 1111 7"), ["4111 1111 1111 1111"]);
        assert_eq!(found(find, "1234 4111 1111 1111 1111"), ["4111 1111 1111 1111"]);
        assert_eq!(
            found(find, "4111111111111111,5555555555554444"),
            ["4111111111111111", "5555555555554444"]
        );
    }

    #[test]
    fn a_card_behind_something_that_passes_for_one_is_hidden_to_its_end() {
        let texts: Vec<_> = (0..10).map(|digit| format!("501{digit} 4111 1111 1111 1111")).collect();
        let found: Vec<_> = texts.iter().map(|text| found(find, text)).collect();
        assert!(found.iter().any(|all| *all == ["4111 1111 1111 1111"]));
        assert!(
            found.iter().any(|all| all.iter().any(|one| one.starts_with("501"))),
            "one of them passes: {found:?}"
        );
        assert!(
            found.iter().all(|all| all.iter().any(|one| one.ends_with("4111 1111 1111 1111"))),
            "{found:?}"
        );
    }
}
