//! The W3C `tracestate` header, as it is passed on: checked, joined and bounded.
//!
//! It adds no members and changes none; vendors do that with members of their own. So a key that somebody sent
//! twice goes on twice: the specification asks of the one who adds it that it is there once.
//!
//! Specification: [W3C Trace Context Level 2, section 3.3](https://www.w3.org/TR/2024/CRD-trace-context-2-20240328/#tracestate-header),
//! with the key grammar of 2026: `@` may stand anywhere but at the start.

use std::{borrow::Cow, str, sync::Arc};

use super::list::{Bounded, ByteSet, members, shorten, trim_end, trim_start, value_of};

const MAX_MEMBERS: usize = 32;
const MAX_BYTES: usize = 8_192; // of input: more than 512 are shortened when they are passed on
const MAX_KEY: usize = 256;
const MAX_VALUE: usize = 256;
const LONG_MEMBER: usize = 128; // longer ones are the first to go

const KEY: ByteSet = ByteSet::of(b"0123456789abcdefghijklmnopqrstuvwxyz_-*/@");
const VALUE: ByteSet = ByteSet::graphic().with(b" ").without(b",=");

/// A valid list of vendors' members, empty by default. Clones share the text.
///
/// - **Cardinality:** one per request; never a metric attribute.
/// - **PII:** foreign; only passed on to the services that are called.
///
/// ```
/// use trilha_core::Tracestate;
///
/// let state = Tracestate::parse([b"rojo=00f067aa0ba902b7, congo=t61rcWkgMzE".as_slice()])?;
/// assert_eq!(state.get("congo"), Some("t61rcWkgMzE"));
/// assert_eq!(state.without("rojo").as_str(), "congo=t61rcWkgMzE");
/// assert_eq!(state.bounded(30).text, "rojo=00f067aa0ba902b7");
/// # Ok::<(), trilha_core::InvalidTracestate>(())
/// ```
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Tracestate(Option<Arc<str>>); // valid members without white space around them; never empty text

impl Tracestate {
    /// Joins the values of all `tracestate` headers, in their order.
    ///
    /// # Errors
    /// [`InvalidTracestate`] says which rule is broken; the whole list is then discarded.
    pub fn parse<'a>(headers: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, InvalidTracestate> {
        let mut members = Members::default();
        for header in headers {
            members.read(header)?;
        }
        members.join()
    }

    /// This list with the members of one more header behind its own.
    ///
    /// For a carrier that shows its headers one by one.
    ///
    /// # Errors
    /// [`InvalidTracestate`], as [`parse`](Self::parse) of this list and of the header would give it.
    pub fn join(&self, header: &[u8]) -> Result<Self, InvalidTracestate> {
        if self.is_empty() {
            return Self::parse([header]);
        }
        match header.iter().all(|byte| matches!(byte, b' ' | b'\t' | b',')) {
            true => Ok(self.clone()), // however many of them there are
            false => Self::parse([self.as_str().as_bytes(), header]),
        }
    }

    /// Whether there is nothing to pass on.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The header value, at most 8,192 bytes of it.
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    /// The value of a vendor's member, of the first one where there are several.
    pub fn get(&self, key: &str) -> Option<&str> {
        members(self.as_str()).find_map(|member| value_of(member, key))
    }

    /// The list without a vendor's member.
    #[must_use]
    pub fn without(&self, key: &str) -> Self {
        if self.get(key).is_none() {
            return self.clone();
        }
        self.retain(|member| value_of(member, key).is_none())
    }

    /// The members, each `key=value`, of which this is true.
    pub(crate) fn retain(&self, is_kept: impl Fn(&str) -> bool) -> Self {
        Self::of(&members(self.as_str()).filter(|member| is_kept(member)).collect::<Vec<_>>().join(","))
    }

    /// The header value in at most `max_bytes`: whole members go, first those of more than 128
    /// characters, then the others, each from the end.
    pub fn bounded(&self, max_bytes: usize) -> Bounded<'_> {
        shorten(self.as_str(), max_bytes, LONG_MEMBER)
    }

    fn of(text: &str) -> Self {
        Self((!text.is_empty()).then(|| text.into()))
    }
}

/// Which rule a `tracestate` list breaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidTracestate {
    /// A member is not `key=value` of the allowed characters.
    #[error("a tracestate member is not a valid key=value pair")]
    Member,
    /// More than 32 members, or more than 8,192 bytes over all headers.
    #[error("a tracestate has at most 32 members and 8192 bytes")]
    Length,
}

/// The members that were read, as they stand in their headers.
#[derive(Default)]
struct Members<'a> {
    texts: [&'a [u8]; MAX_MEMBERS],
    count: usize,
    input: usize,            // bytes of all headers
    joined: usize,           // bytes of the members with a comma behind each
    whole: Option<&'a [u8]>, // a header that is already what the members joined would be
}

impl<'a> Members<'a> {
    fn read(&mut self, header: &'a [u8]) -> Result<(), InvalidTracestate> {
        self.input += header.len();
        if self.input > MAX_BYTES {
            return Err(InvalidTracestate::Length);
        }
        let count_before = self.count;
        let mut rest = header;
        loop {
            rest = trim_start(rest);
            if !matches!(rest, [] | [b',', ..]) {
                let (member, after) = split_member(rest).ok_or(InvalidTracestate::Member)?;
                self.push(member)?;
                rest = trim_start(after);
            }
            match rest {
                [] => break,
                [b',', after @ ..] => rest = after, // the specification allows empty members
                _ => return Err(InvalidTracestate::Member),
            }
        }
        if self.count > count_before {
            self.whole = (count_before == 0 && self.joined == header.len() + 1).then_some(header);
        }
        Ok(())
    }

    fn push(&mut self, member: &'a [u8]) -> Result<(), InvalidTracestate> {
        *self.texts.get_mut(self.count).ok_or(InvalidTracestate::Length)? = member;
        self.count += 1;
        self.joined += member.len() + 1;
        Ok(())
    }

    fn texts(&self) -> &[&'a [u8]] {
        self.texts.get(..self.count).unwrap_or_default()
    }

    fn join(&self) -> Result<Tracestate, InvalidTracestate> {
        let text = self.whole.map_or_else(|| Cow::Owned(self.texts().join(&b',')), Cow::Borrowed);
        str::from_utf8(&text).map(Tracestate::of).map_err(|_| InvalidTracestate::Member)
    }
}

/// The member at the start of `text`, and what follows it.
fn split_member(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (key, rest) = KEY.split(text);
    let (value, _) = VALUE.split(rest.strip_prefix(b"=")?);
    let value = trim_end(value);
    let is_valid = matches!(key, [b'a'..=b'z' | b'0'..=b'9', ..])
        && key.len() <= MAX_KEY
        && (1..=MAX_VALUE).contains(&value.len());
    is_valid.then(|| text.split_at_checked(key.len() + 1 + value.len()))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(headers: &[&str]) -> Result<String, InvalidTracestate> {
        Tracestate::parse(headers.iter().map(|h| h.as_bytes())).map(|t| t.as_str().to_owned())
    }

    #[test]
    fn several_headers_join_in_order() {
        assert_eq!(parse(&["foo=1 , ", "", "bar=2,\tbaz=a b"]), Ok("foo=1,bar=2,baz=a b".into()));
        // As long as the members of both joined.
        assert_eq!(parse(&["a=1", "b=2    "]), Ok("a=1,b=2".into()));
        let one_by_one = Tracestate::default().join(b"foo=1 , ").and_then(|state| state.join(b"bar=2"));
        assert_eq!(one_by_one.unwrap().as_str(), "foo=1,bar=2");
    }

    #[test]
    fn white_space_is_the_values_in_front_and_nobodys_behind() {
        assert_eq!(parse(&["\t foo=  1 \t , \t bar=2 "]), Ok("foo=  1,bar=2".into()));
    }

    #[test]
    fn one_bad_member_discards_the_list() {
        let long_key = format!("{}=1", "k".repeat(257));
        let long_value = format!("k={}", "v".repeat(257));
        for bad in [
            "foo",
            "=1",
            "foo=",
            "foo= ",
            "Foo=1",
            "foo =1",
            "foo=1=2",
            "f\u{f6}=1",
            "f=\u{f6}",
            "_f=1",
            "@f=1",
            "foo=1\t2",
            "foo=\t1",
            "foo=1\0",
            &long_key,
            &long_value,
        ] {
            assert_eq!(parse(&["ok=1", bad]), Err(InvalidTracestate::Member), "{bad}");
        }
        assert_eq!(parse(&["foo@@bar=1"]), Ok("foo@@bar=1".into()));
        assert_eq!(parse(&[&long_key[1..], &long_value[..258]]).unwrap().len(), 258 + 1 + 258);
    }

    #[test]
    fn a_33rd_member_discards_the_list() {
        let members = |n: usize| (0..n).map(|i| format!("k{i}=1")).collect::<Vec<_>>().join(",");
        assert_eq!(parse(&[&members(32), ","]), Ok(members(32)));
        assert_eq!(parse(&[&members(33)]), Err(InvalidTracestate::Length));
        assert_eq!(parse(&[&members(32), "a=1"]), Err(InvalidTracestate::Length));
    }

    #[test]
    fn a_repeated_key_is_passed_on_as_it_came() {
        assert_eq!(parse(&["a=1,a=2"]), Ok("a=1,a=2".into()));
        assert_eq!(parse(&["a=1,aa=2", "a=1"]), Ok("a=1,aa=2,a=1".into()));
        let state = Tracestate::parse([b"a=1,b=2,a=3".as_slice()]).unwrap();
        assert_eq!((state.get("a"), state.without("a").as_str()), (Some("1"), "b=2"));
    }

    #[test]
    fn more_than_8192_bytes_are_not_read() {
        assert_eq!(parse(&["a=1", &",".repeat(8_189)]), Ok("a=1".into()));
        assert_eq!(parse(&["a=1", &",".repeat(8_190)]), Err(InvalidTracestate::Length));
    }

    #[test]
    fn a_long_list_is_kept_and_shortened_by_long_members_first() {
        let long = format!("long={}", "x".repeat(130));
        let list = format!("a=1,{long},b={},c={}", "x".repeat(126), "x".repeat(126));
        let state = Tracestate::parse([list.as_bytes()]).unwrap();
        assert_eq!(state.as_str(), list);
        assert_eq!(state.bounded(512).text, list);
        assert_eq!(state.bounded(300).text, list.replace(&format!(",{long}"), ""));
        assert_eq!(state.bounded(300).left_out, 1);
        assert_eq!(state.bounded(140).text, format!("a=1,b={}", "x".repeat(126)));
        assert_eq!(state.bounded(2), Bounded { text: "".into(), left_out: 4 });
    }

    #[test]
    fn a_vendors_member_is_found_and_taken_away() {
        let state = Tracestate::parse([b"ot=th:e666,aot=1,o=2".as_slice()]).unwrap();
        assert_eq!((state.get("ot"), state.get("t")), (Some("th:e666"), None));
        assert_eq!(state.without("ot").as_str(), "aot=1,o=2");
        assert_eq!(state.without("t"), state);
        assert!(Tracestate::parse([b"ot=1".as_slice()]).unwrap().without("ot").is_empty());
    }
}
