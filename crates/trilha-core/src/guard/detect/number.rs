//! Numbers in a text: where one may begin and end, and the forms in which it is written. What they mean, each
//! detector knows.

use std::ops::Range;

/// The first number that begins at `from` or later. `end` tells where the one that begins at a place ends.
///
/// It is asked only where a number may begin, and has to look at a bounded number of bytes.
pub(super) fn find(text: &[u8], from: usize, end: impl Fn(usize) -> Option<usize>) -> Option<Range<usize>> {
    (from..text.len()).filter(|&at| may_begin(text, at)).find_map(|at| Some(at..end(at)?))
}

/// Whether a number may begin at `at`: inside of no word, and of no decimal fraction.
pub(super) fn may_begin(text: &[u8], at: usize) -> bool {
    text.get(at).is_some_and(u8::is_ascii_alphanumeric)
        && match text.get(..at) {
            Some([.., whole, b'.']) => !whole.is_ascii_digit(),
            Some([.., before]) => !before.is_ascii_alphanumeric(),
            _ => true,
        }
}

/// Whether a number may end at `at`: inside of no word, and before no decimal fraction.
pub(super) fn may_end(text: &[u8], at: usize) -> bool {
    match text.get(at..) {
        Some([b'.', fraction, ..]) => !fraction.is_ascii_digit(),
        Some([after, ..]) => !after.is_ascii_alphanumeric(),
        _ => true,
    }
}

/// How many digits stand at `at`, counted no further than `most`.
pub(super) fn digits(text: &[u8], at: usize, most: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    rest.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count()
}

/// The values of the digits of a text. All else is passed over.
pub(super) fn values(text: &[u8]) -> impl DoubleEndedIterator<Item = u32> + Clone {
    text.iter().filter(|byte| byte.is_ascii_digit()).map(|digit| u32::from(digit - b'0'))
}

/// Where the number that begins at `at` ends, if it is written in this form.
///
/// In a form, `0` stands for a digit, `A` for a digit or a letter, and `_` for a space, dash or dot, which is the
/// same one throughout. All else stands for itself.
pub(super) fn end_of(text: &[u8], at: usize, form: &[u8]) -> Option<usize> {
    let end = at.checked_add(form.len())?;
    let mut separator = None;
    let is_written_so = text.get(at..end)?.iter().zip(form).all(|(byte, form)| match form {
        b'0' => byte.is_ascii_digit(),
        b'A' => byte.is_ascii_alphanumeric(),
        b'_' => b" -.".contains(byte) && *separator.get_or_insert(byte) == byte,
        _ => byte == form,
    });
    (is_written_so && may_end(text, end)).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stands_alone() {
        for (text, at) in [("12", 0), (" 12", 1), ("_12", 1), ("é12", 2), (".12", 1), ("a.12", 2), ("-12", 1)]
        {
            assert!(may_begin(text.as_bytes(), at), "{text}");
        }
        for (text, at) in [("a12", 1), ("012", 1), ("0.12", 2), ("é", 0), ("", 0)] {
            assert!(!may_begin(text.as_bytes(), at), "{text}");
        }
        for text in ["12", "12.", "12. ", "12é", "12_", "12-", "12.a"] {
            assert!(may_end(text.as_bytes(), 2), "{text}");
        }
        for text in ["12a", "120", "12.0"] {
            assert!(!may_end(text.as_bytes(), 2), "{text}");
        }
    }

    #[test]
    fn a_form_has_one_separator_throughout() {
        assert_eq!(end_of(b"x 12-34-56", 2, b"00_00_00"), Some(10));
        assert_eq!(end_of(b"12-34 56", 0, b"00_00_00"), None);
        assert_eq!(end_of(b"12-34-5", 0, b"00_00_00"), None);
        assert_eq!(end_of(b"12/AB", 0, b"00/AA"), Some(5));
        assert_eq!(end_of(b"12", usize::MAX, b"00"), None);
    }
}
