//! The members of a valid baggage text: what they say, and where they stand.

use std::{borrow::Cow, fmt, ops::Range};

use percent_encoding::percent_decode_str;

use super::super::list::{members, split_once, value_of};

/// One member of a [`Baggage`](super::Baggage).
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Member<'a> {
    key: &'a str,
    value: &'a str,
    properties: &'a str,
}

impl<'a> Member<'a> {
    /// Cuts a valid member into its parts.
    pub(super) fn of(text: &'a str) -> Option<Self> {
        let (key, rest) = split_once(text, b'=')?;
        let (value, properties) = split_once(rest, b';').unwrap_or((rest, ""));
        Some(Self { key, value, properties })
    }

    /// The key, as it stands in the header: it is never encoded.
    pub fn key(&self) -> &'a str {
        self.key
    }

    /// The decoded value. What is not UTF-8 in it reads U+FFFD.
    pub fn value(&self) -> Cow<'a, str> {
        percent_decode_str(self.value).decode_utf8_lossy()
    }

    /// The properties, as they stand in the header behind the first `;`. Empty where there are none.
    pub fn properties(&self) -> &'a str {
        self.properties
    }
}

impl fmt::Debug for Member<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Member")
    }
}

/// Where in a valid text the member of `key` stands.
pub(super) fn place(text: &str, key: &str) -> Option<Range<usize>> {
    let mut start = 0;
    members(text).find_map(|member| {
        let place = start..start + member.len();
        start = place.end + 1;
        value_of(member, key).map(|_| place)
    })
}
