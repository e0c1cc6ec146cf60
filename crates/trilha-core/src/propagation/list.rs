//! What the codecs of header lists share: white space, sets of bytes, and shortening by whole members.
//!
//! It knows no format.
//!
//! Specification: [RFC 9110, section 5.6](https://www.rfc-editor.org/rfc/rfc9110#section-5.6).

use std::{borrow::Cow, iter};

/// As much of a list as fits: whole members only.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Bounded<'a> {
    /// The header value; empty where no member fits. Borrowed where nothing was left out.
    pub text: Cow<'a, str>,
    /// How many members did not fit.
    pub left_out: usize,
}

/// `text` in at most `max_bytes`. Members longer than `long` go first, then the others, each from the end.
pub(super) fn shorten(text: &str, max_bytes: usize, long: usize) -> Bounded<'_> {
    if text.len() <= max_bytes {
        return Bounded { text: Cow::Borrowed(text), left_out: 0 };
    }
    let mut members: Vec<&str> = members(text).collect();
    let (count, mut excess) = (members.len(), text.len() - max_bytes);
    while excess > 0 && !members.is_empty() {
        let last = members.len() - 1;
        let at = members.iter().rposition(|member| member.len() > long).unwrap_or(last);
        excess = excess.saturating_sub(members.remove(at).len() + 1);
    }
    Bounded { text: Cow::Owned(members.join(",")), left_out: count - members.len() }
}

/// The members of a valid list.
pub(super) fn members(list: &str) -> impl Iterator<Item = &str> {
    let mut rest = list;
    iter::from_fn(move || {
        let (member, after) = split_once(rest, b',').unwrap_or((rest, ""));
        rest = after;
        (!member.is_empty()).then_some(member)
    })
}

/// The value of a member, with all that follows it, if it is the one of `key`.
pub(super) fn value_of<'a>(member: &'a str, key: &str) -> Option<&'a str> {
    member.strip_prefix(key)?.strip_prefix('=')
}

/// As `str` has it, but cheaper where the parts are short, as those of headers are.
pub(super) fn split_once(text: &str, separator: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|byte| byte == separator)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// A set of bytes that is asked quickly.
pub(super) struct ByteSet([bool; 256]);

impl ByteSet {
    pub(super) const ALPHANUMERIC: Self =
        Self::of(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    pub(super) const fn of(members: &[u8]) -> Self {
        Self([false; 256]).with(members)
    }

    /// Printable ASCII, without the space.
    pub(super) const fn graphic() -> Self {
        let mut set = Self([false; 256]);
        let mut byte = b'!';
        while byte <= b'~' {
            set = set.put(byte, true);
            byte += 1;
        }
        set
    }

    pub(super) const fn with(self, members: &[u8]) -> Self {
        self.put_all(members, true)
    }

    pub(super) const fn without(self, members: &[u8]) -> Self {
        self.put_all(members, false)
    }

    const fn put_all(mut self, mut members: &[u8], is_member: bool) -> Self {
        while let [byte, rest @ ..] = members {
            self = self.put(*byte, is_member);
            members = rest;
        }
        self
    }

    const fn put(mut self, byte: u8, is_member: bool) -> Self {
        if let (_, [entry, ..]) = self.0.split_at_mut(byte as usize) {
            *entry = is_member;
        }
        self
    }

    pub(super) fn contains(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte)).is_some_and(|is_member| *is_member)
    }

    /// The longest start of `text` that consists of members, and what follows it.
    pub(super) fn split<'a>(&self, text: &'a [u8]) -> (&'a [u8], &'a [u8]) {
        let end = text.iter().position(|byte| !self.contains(*byte)).unwrap_or(text.len());
        text.split_at_checked(end).unwrap_or((text, &[]))
    }

    pub(super) fn contains_all(&self, text: &[u8]) -> bool {
        text.iter().all(|byte| self.contains(*byte))
    }
}

/// Without the optional white space around it: spaces and tabs only.
pub(super) const fn trim(value: &[u8]) -> &[u8] {
    trim_end(trim_start(value))
}

pub(super) const fn trim_start(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = value {
        value = rest;
    }
    value
}

pub(super) const fn trim_end(mut value: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shortened(text: &str, max_bytes: usize) -> (String, usize) {
        let bounded = shorten(text, max_bytes, 6);
        (bounded.text.into_owned(), bounded.left_out)
    }

    #[test]
    fn what_fits_is_borrowed() {
        assert_eq!(shorten("a=1,b=2", 7, 6), Bounded { text: Cow::Borrowed("a=1,b=2"), left_out: 0 });
        assert_eq!(shorten("", 0, 6), Bounded { text: Cow::Borrowed(""), left_out: 0 });
    }

    #[test]
    fn whole_members_go_from_the_end() {
        assert_eq!(shortened("a=1,b=2,c=3", 10), ("a=1,b=2".to_owned(), 1));
        assert_eq!(shortened("a=1,b=2,c=3", 7), ("a=1,b=2".to_owned(), 1));
        assert_eq!(shortened("a=1,b=2,c=3", 6), ("a=1".to_owned(), 2));
        assert_eq!(shortened("a=1,b=2,c=3", 2), (String::new(), 3));
    }

    #[test]
    fn long_members_go_first_and_only_as_many_as_needed() {
        assert_eq!(shortened("a=12345,b=12345,c=3,d=4", 20), ("a=12345,c=3,d=4".to_owned(), 1));
        assert_eq!(shortened("a=12345,b=12345,c=3,d=4", 7), ("c=3,d=4".to_owned(), 2));
        assert_eq!(shortened("a=12345,b=12345,c=3,d=4", 6), ("c=3".to_owned(), 3));
    }

    #[test]
    fn only_spaces_and_tabs_are_optional_white_space() {
        assert_eq!(trim(b" \ta b\t "), b"a b");
        assert_eq!(trim(b"\x0ba\n"), b"\x0ba\n");
        assert_eq!(trim(b" \t "), b"");
    }
}
