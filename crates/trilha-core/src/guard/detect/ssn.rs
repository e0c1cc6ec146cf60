//! Social security numbers of the United States: area, group and serial number. They have no check digit, so that
//! only those with separators are found.

use std::ops::Range;

use super::number;

/// The first social security number that begins at `from` or later.
pub(in crate::guard) fn find(text: &[u8], from: usize) -> Option<Range<usize>> {
    number::find(text, from, |at| {
        let (end, separator) = [(b"000-00-0000", b'-'), (b"000 00 0000", b' ')]
            .into_iter()
            .find_map(|(form, separator)| Some((number::end_of(text, at, form)?, separator)))?;
        (is_assigned(text.get(at..end)?) && !is_in_a_row(text, &(at..end), separator)).then_some(end)
    })
}

fn is_assigned(number: &[u8]) -> bool {
    let mut values = number::values(number);
    let mut part = |length| values.by_ref().take(length).fold(0, |part, digit| part * 10 + digit);
    let (area, group, serial) = (part(3), part(2), part(4));
    !matches!(area, 0 | 666 | 900..) && group != 0 && serial != 0
}

/// Whether more digits stand beyond the same separator: an id of more parts, or a row of numbers.
fn is_in_a_row(text: &[u8], range: &Range<usize>, separator: u8) -> bool {
    let before = matches!(text.get(..range.start), Some([.., digit, by]) if digit.is_ascii_digit() && *by == separator);
    let after =
        matches!(text.get(range.end..), Some([by, digit, ..]) if digit.is_ascii_digit() && *by == separator);
    before || after
}

#[cfg(test)]
mod tests {
    use super::super::tests::{assert_clean, assert_found};
    use super::*;

    #[test]
    fn both_forms_are_found() {
        for ssn in ["123-45-6789", "123 45 6789", "001-01-0001", "899-99-9999", "665-01-0001", "667-01-0001"]
        {
            assert_found(find, ssn);
        }
    }

    #[test]
    fn what_is_never_assigned_or_no_ssn_is_left() {
        assert_clean(
            find,
            &[
                "000-45-6789",
                "666-45-6789",
                "900-45-6789",
                "999-45-6789",
                "123-00-6789",
                "123-45-0000",
                "123456789",
                "123-45 6789",
                "123.45.6789",
                "123-45-67890",
                "1123-45-6789",
                "7-123-45-6789",
                "123-45-6789-7",
                "1 123 45 6789 7",
            ],
        );
    }
}
