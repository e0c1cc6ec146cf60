//! Telephone numbers: international ones with `+` or `00`, and those of Brazil, also without a country.
//!
//! Left are toll-free and service numbers of Brazil (`0800 …`, `190`), which are of companies, and landline numbers
//! without punctuation, which are any ten digits. Specification: ITU-T E.164; Anatel, Resolução 749/2022.

use std::ops::{Range, RangeInclusive};

use super::number;

/// The first telephone number that begins at `from` or later.
pub(in crate::guard) fn find(text: &[u8], from: usize) -> Option<Range<usize>> {
    (from..text.len()).find_map(|at| {
        let end = match text.get(at)? {
            b'+' if !text.get(..at)?.last().is_some_and(u8::is_ascii_alphanumeric) => {
                after_plus(text, at + 1)
            }
            b'(' => national(text, at, false),
            b'0'..=b'9' if number::may_begin(text, at) && !is_id(text, at) => {
                let with_country = || in_brazil(text, at).filter(|end| end - at > UNDIVIDED_LANDLINE);
                national(text, at, false).or_else(with_country).or_else(|| after_zeros(text, at))
            }
            _ => None,
        };
        Some(at..end?)
    })
}

/// Whether so many digits in one piece belong to a word, as in `ORD-11987654321`.
fn is_id(text: &[u8], at: usize) -> bool {
    let is_joined = text.get(..at).and_then(<[u8]>::last).is_some_and(|before| b"-_#".contains(before));
    is_joined && number::digits(text, at, 11) == 11
}

/// Country, area and subscriber, without a `+` or a separator: any twelve digits.
const UNDIVIDED_LANDLINE: usize = 12;

fn after_plus(text: &[u8], at: usize) -> Option<usize> {
    in_brazil(text, at).or_else(|| Some(international(text, at)?.0))
}

/// `0044 20 7946 0958`. Numbers that are filled up with zeros are shorter, or have more of them.
fn after_zeros(text: &[u8], at: usize) -> Option<usize> {
    let is_in_a_row = matches!(text.get(..at)?, [.., digit, b':' | b'-' | b' '] if digit.is_ascii_digit());
    let country = at + 2;
    let country = country + gap(text, country, b" ", 1);
    if is_in_a_row || !text.get(at..)?.starts_with(b"00") {
        return None;
    }
    in_brazil(text, country).or_else(|| {
        let (end, digits) = international(text, country)?;
        let is_long = if text.get(country) == Some(&b'1') { digits == 11 } else { digits >= 10 };
        is_long.then_some(end)
    })
}

/// Where an international number ends whose country begins at `at`, and how many digits it has.
///
/// Groups of digits are taken as long as they fit: a number that follows (`+44 20 7946 0958 42`) is better hidden
/// with it than a part of it left.
fn international(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let first = number::digits(text, at, MOST_DIGITS + 1);
    let (mut end, mut digits, mut group) = (at + first, first, first);
    while group < UNDIVIDED {
        let group_at = end + gap(text, end, b" -./()", 3);
        group = number::digits(text, group_at, MOST_DIGITS);
        let is_word = text.get(group_at + group).is_some_and(u8::is_ascii_alphabetic);
        if group_at == end || group == 0 || is_word || digits + group > MOST_DIGITS {
            break;
        }
        digits += group;
        end = group_at + group;
    }
    let is_number = first > 0
        && (FEWEST_DIGITS..=MOST_DIGITS).contains(&digits)
        && is_country(text.get(at..end)?)
        && !text.get(end).is_some_and(u8::is_ascii_alphanumeric);
    is_number.then_some((end, digits))
}

const FEWEST_DIGITS: usize = 8;
const MOST_DIGITS: usize = 15;

/// So many digits in one piece are a number with its country, of which nothing follows.
const UNDIVIDED: usize = 10;

/// Whether a number begins with a country code that is in use (and in zone 1 with an area code that may be).
fn is_country(number: &[u8]) -> bool {
    let code = number::values(number).take(3).fold(0, |code, digit| code * 10 + digit);
    !matches!(code, 0..=119 | 210 | 214 | 215 | 217 | 219 | 259 | 280..=289 | 292..=296 | 384 | 388 | 422
        | 424..=429 | 671 | 684 | 693..=699 | 801..=807 | 809 | 830..=839 | 851 | 854 | 857..=859 | 871..=877
        | 879 | 884 | 885 | 887 | 889..=899 | 969 | 978 | 990 | 991 | 999..)
}

/// Where a number of Brazil ends whose country code begins at `at`.
fn in_brazil(text: &[u8], at: usize) -> Option<usize> {
    let area = at.checked_add(2).filter(|_| text.get(at..).is_some_and(|rest| rest.starts_with(b"55")))?;
    national(text, area + gap(text, area, b" -.", 1), true)
}

/// Where a number ends whose area code, in brackets or not, begins at `at`.
fn national(text: &[u8], at: usize, has_country: bool) -> Option<usize> {
    let (tens, ones, length) = match *text.get(at..)? {
        [b'(', b'0', tens, ones, b')', ..] => (tens, ones, 5),
        [b'(', tens, ones, b')', ..] => (tens, ones, 4),
        [b'0', tens, ones, b' ' | b'-', ..] => (tens, ones, 3),
        [tens, ones, ..] => (tens, ones, 2),
        _ => return None,
    };
    if !is_area(tens, ones) {
        return None;
    }
    let area_end = at + length;
    let is_marked = has_country || text.get(at) == Some(&b'(');
    let separators: &[u8] = if is_marked { b" -." } else { b" -" };
    let subscriber = area_end + gap(text, area_end, separators, 1);
    let any_of = |forms: &[&[u8]]| forms.iter().find_map(|form| number::end_of(text, subscriber, form));
    let begins_with =
        |digits: RangeInclusive<u8>| text.get(subscriber).is_some_and(|digit| digits.contains(digit));
    if begins_with(b'9'..=b'9') {
        let is_glued = subscriber == area_end && !is_marked;
        return any_of(if is_glued { &UNDIVIDED_MOBILE } else { &MOBILE });
    }
    // Unmarked, only the dash and the space before it tell a landline number from three others.
    match text.get(area_end) {
        _ if !begins_with(b'2'..=b'5') => None,
        _ if is_marked => any_of(&LANDLINE),
        Some(b' ') => any_of(&DASHED_LANDLINE),
        _ => None,
    }
}

const MOBILE: [&[u8]; 5] = [b"900000000", b"90000_0000", b"9_0000_0000", b"9 0000-0000", b"9_00000000"];
const UNDIVIDED_MOBILE: [&[u8]; 2] = [b"900000000", b"90000-0000"];
const LANDLINE: [&[u8]; 3] = [b"0000-0000", b"0000_0000", b"00000000"];
const DASHED_LANDLINE: [&[u8]; 1] = [b"0000-0000"];

fn is_area(tens: u8, ones: u8) -> bool {
    match tens {
        b'1' | b'4' | b'6' | b'8' | b'9' => matches!(ones, b'1'..=b'9'),
        b'2' => matches!(ones, b'1' | b'2' | b'4' | b'7' | b'8'),
        b'3' => matches!(ones, b'1'..=b'5' | b'7' | b'8'),
        b'5' => matches!(ones, b'1' | b'3'..=b'5'),
        b'7' => matches!(ones, b'1' | b'3'..=b'5' | b'7' | b'9'),
        _ => false,
    }
}

/// How many of these bytes stand at `at`, counted no further than `most`.
fn gap(text: &[u8], at: usize, separators: &[u8], most: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    rest.iter().take(most).take_while(|byte| separators.contains(byte)).count()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{assert_clean, assert_found, found};
    use super::*;

    #[test]
    fn international_numbers_are_found() {
        for phone in [
            "+14155552671",
            "+1 415 555 2671",
            "+1-415-555-2671",
            "+1 (415) 555-2671",
            "+1.415.555.2671",
            "+44 20 7946 0958",
            "+49 (0)30 123456",
            "+49 1512 345 67 89",
            "+33 6 12 34 56 78",
            "+351912345678",
            "+86 138 0013 8000",
            "+4712345678",
            "+550012345678", // no number that Brazil would give, and still one
            "0044 20 7946 0958",
            "00442079460958",
            "00 1 415 555 2671",
            "005511987654321",
        ] {
            assert_found(find, phone);
        }
    }

    #[test]
    fn brazilian_numbers_are_found() {
        for phone in [
            "+5511987654321",
            "+55 11 98765-4321",
            "+55 (11) 98765-4321",
            "+55 11 3456-7890",
            "+55 (11) 3456 7890",
            "+551134567890",
            "5511987654321",
            "55 11 3456-7890",
            "55 11 98765-4321",
            "(11) 98765-4321",
            "(11)98765-4321",
            "(011) 98765-4321",
            "(11) 9 8765-4321",
            "(11) 987654321",
            "(11)3456-7890",
            "(11) 3456-7890",
            "(11) 34567890",
            "11 98765-4321",
            "11-98765-4321",
            "11 98765 4321",
            "11 9 8765-4321",
            "11 987654321",
            "11 3456-7890",
            "011 98765-4321",
            "11987654321",
        ] {
            assert_found(find, phone);
        }
    }

    #[test]
    fn what_is_no_phone_is_left() {
        assert_clean(
            find,
            &[
                "+1234567",
                "+1234567890123456",
                "+0512345678",
                "+99912345",
                "1.0.0+20240115123",
                "a+14155552671",
                "+14155552671a",
                "10987654321", // no such area
                "11887654321", // no mobile number
                "1134567890",
                "11 3456 7890",
                "11-3456-7890",
                "(11) 1456-7890",
                "(20) 98765-4321",
                "119876543210",
                "551134567890",
                "18.912098595",
                "11.98765.4321",
                "119 7358 4358",
                "00-8823-6894-51",
                "ORD-11987654321",
                "order_11987654321",
                "0800 123 4567",
                "08001234567",
                "0010023456",
                "0000012345678",
                "001234567890",
                "12:00 2024-01-15 10:30",
                "10:30:00 4912345678",
                "1700000000",
            ],
        );
    }

    #[test]
    fn a_whole_number_is_not_joined_with_the_next() {
        assert_eq!(found(find, "+14155552671 200 ms"), ["+14155552671"]);
        assert_eq!(found(find, "+1 4155552671 200 ms"), ["+1 4155552671"]);
        assert_eq!(found(find, "+55 11 98765-4321 200 ms"), ["+55 11 98765-4321"]);
        assert_eq!(found(find, "+44 20 7946 0958 3rd"), ["+44 20 7946 0958"]);
        assert_eq!(found(find, "11987654321,21987654321"), ["11987654321", "21987654321"]);
    }
}
