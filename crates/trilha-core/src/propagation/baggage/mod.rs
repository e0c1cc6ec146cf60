//! W3C Baggage: named values that travel with a request, beside its trace.
//!
//! Which of them are believed, and who gets them, is not decided here.
//!
//! Specification: [W3C Baggage, candidate recommendation of 2024-05-30](https://www.w3.org/TR/2024/CR-baggage-20240530/).

mod api;
mod member;
mod parse;

use std::{borrow::Cow, fmt, ops::Range, sync::Arc};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

pub use self::{
    member::Member,
    parse::{BaggageReader, ParsedBaggage},
};
use self::{member::place, parse::is_token};
use super::list::{Bounded, members, shorten, value_of};

/// Members and bytes that have to pass, and the most that are taken: more is left out.
const MAX_MEMBERS: usize = 64;
const MAX_BYTES: usize = 8_192;

/// What a value may not hold as it is, and two more characters that some readers take for something
/// else: `=` for the end of the value, `+` for a space.
const ENCODED: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b',').add(b';').add(b'\\').add(b'%').add(b'=').add(b'+');

/// Named values in the order of the header, empty by default. Clones share the text.
///
/// A key stands there once. Values and properties are kept as they came until they are asked for, so what
/// is passed on unchanged is the same to the byte, but for white space.
///
/// - **Cardinality:** unbounded; a metric attribute only by way of the schema.
/// - **PII:** foreign; [`Debug`](fmt::Debug) shows no content.
///
/// ```
/// use trilha_core::propagation::Baggage;
///
/// let mut baggage = Baggage::parse([b"tenant=acme;source=login, user=J%C3%BCrgen".as_slice()]).baggage;
/// assert_eq!(baggage.get("user").as_deref(), Some("Jürgen"));
///
/// baggage.set("sale", "100 %")?;
/// assert_eq!(baggage.as_str(), "tenant=acme;source=login,user=J%C3%BCrgen,sale=100%20%25");
/// # Ok::<(), trilha_core::propagation::InvalidBaggage>(())
/// ```
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Baggage(Option<Arc<String>>); // valid members without white space; never empty text

impl Baggage {
    /// Joins the values of all `baggage` headers, in their order, and tells what was not taken over.
    ///
    /// A malformed member is left out; the others stay. Of two members with one key the last one counts.
    pub fn parse<'a>(headers: impl IntoIterator<Item = &'a [u8]>) -> ParsedBaggage {
        let mut reader = BaggageReader::default();
        headers.into_iter().for_each(|header| reader.push(header));
        reader.finish()
    }

    /// Whether there is nothing to pass on.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// How many members there are, at most 64.
    pub fn len(&self) -> usize {
        let commas = self.as_str().bytes().filter(|byte| *byte == b',').count();
        commas + usize::from(!self.is_empty())
    }

    /// The header value, at most 8,192 bytes of it.
    pub fn as_str(&self) -> &str {
        self.0.as_deref().map_or("", String::as_str)
    }

    /// The decoded value of a key, which is compared with its case.
    pub fn get(&self, key: &str) -> Option<Cow<'_, str>> {
        let member = members(self.as_str()).find(|member| value_of(member, key).is_some())?;
        Member::of(member).map(|member| member.value())
    }

    /// All members, in the order of the header.
    pub fn iter(&self) -> impl Iterator<Item = Member<'_>> {
        members(self.as_str()).filter_map(Member::of)
    }

    /// Sets a value, which may be any text. A key that is there keeps its place, and loses its properties: they
    /// belonged to the old value.
    ///
    /// # Errors
    /// [`InvalidBaggage`] says why the key or the value cannot be held; nothing was changed then.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), InvalidBaggage> {
        self.write(place(self.as_str(), key), key, value, "")
    }

    /// Removes a key. False: it was not there.
    pub fn remove(&mut self, key: &str) -> bool {
        let count = self.len();
        self.retain(|member| member.key() != key);
        self.len() < count
    }

    /// Removes the members of which this is not true.
    pub(crate) fn retain(&mut self, is_kept: impl Fn(Member<'_>) -> bool) {
        let is_kept = |member: &&str| Member::of(member).is_some_and(&is_kept);
        let left: Vec<&str> = members(self.as_str()).filter(is_kept).collect();
        if left.len() < self.len() {
            *self = Self::of_text(left.join(",").into());
        }
    }

    /// The same members, first those of whose keys this is true.
    pub(crate) fn with_first(&self, is_first: impl Fn(&str) -> bool) -> Self {
        let is_first = |member: &&str| Member::of(member).is_some_and(|member| is_first(member.key()));
        let (first, others): (Vec<_>, Vec<_>) = self.as_str().split(',').partition(is_first);
        Self::of_text([first, others].concat().join(",").into_bytes())
    }

    /// The header value in at most `max_bytes`: whole members go, from the end.
    pub fn bounded(&self, max_bytes: usize) -> Bounded<'_> {
        shorten(self.as_str(), max_bytes, MAX_BYTES)
    }

    fn of_text(text: Vec<u8>) -> Self {
        Self(String::from_utf8(text).ok().filter(|text| !text.is_empty()).map(Arc::new))
    }

    /// Writes a member over the one at `place`, or behind all others. `properties` are valid, each with a `;` in
    /// front.
    fn write(
        &mut self,
        place: Option<Range<usize>>,
        key: &str,
        value: &str,
        properties: &str,
    ) -> Result<(), InvalidBaggage> {
        if !is_token(key) {
            return Err(InvalidBaggage::Key);
        }
        let (length, is_new) = (self.as_str().len(), place.is_none());
        if value.len() > MAX_BYTES || (is_new && self.len() == MAX_MEMBERS) {
            return Err(InvalidBaggage::Length);
        }
        let separator = if is_new && length > 0 { "," } else { "" };
        let member = format!("{separator}{key}={}{properties}", utf8_percent_encode(value, ENCODED));
        let place = place.unwrap_or(length..length);
        if length - place.len() + member.len() > MAX_BYTES {
            return Err(InvalidBaggage::Length);
        }
        Arc::make_mut(self.0.get_or_insert_default()).replace_range(place, &member);
        Ok(())
    }
}

impl fmt::Debug for Baggage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Baggage({} members)", self.len())
    }
}

/// Why a value was not set.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidBaggage {
    /// The key is empty, or holds more than the characters of a token.
    #[error("a baggage key is one or more letters, digits and !#$%&'*+-.^_`|~")]
    Key,
    /// There would be more than 64 members, or more than 8,192 bytes.
    #[error("baggage has at most 64 members and 8192 bytes")]
    Length,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn baggage(header: &str) -> Baggage {
        Baggage::parse([header.as_bytes()]).baggage
    }

    #[test]
    fn values_are_decoded_once_and_keys_never() {
        let baggage = baggage("a%2Cb=%2525,c=%E2%82%AC%FF,d=100%,e=1=2==,f=a+b,g=");
        assert_eq!(baggage.get("a%2Cb").unwrap(), "%25");
        assert_eq!(baggage.get("c").unwrap(), "\u{20ac}\u{fffd}");
        assert_eq!(baggage.get("d").unwrap(), "100%");
        assert_eq!(baggage.get("e").unwrap(), "1=2==");
        assert_eq!(baggage.get("f").unwrap(), "a+b");
        assert_eq!(baggage.get("g").unwrap(), "");
        assert_eq!((baggage.get("a,b"), baggage.get("A%2Cb"), baggage.get("")), (None, None, None));
    }

    #[test]
    fn a_value_keeps_its_place_and_loses_its_properties() {
        let mut baggage = baggage("a=1;p,b=2;q,c=3");
        baggage.set("b", " 50 %,;=+\\\"\u{e9}\n").unwrap();
        assert_eq!(baggage.as_str(), "a=1;p,b=%2050%20%25%2C%3B%3D%2B%5C%22%C3%A9%0A,c=3");
        assert_eq!(baggage.get("b").unwrap(), " 50 %,;=+\\\"\u{e9}\n");
        baggage.set("d", "").unwrap();
        assert_eq!(baggage.as_str().rsplit(',').next(), Some("d="));
    }

    #[test]
    fn a_clone_does_not_see_what_is_set_later() {
        let mut ours = baggage("a=1");
        let theirs = ours.clone();
        ours.set("a", "2").unwrap();
        assert_eq!((ours.as_str(), theirs.as_str()), ("a=2", "a=1"));
    }

    #[test]
    fn a_key_is_a_token() {
        let mut baggage = Baggage::default();
        for key in ["", "a b", "a,b", "a=b", "a;b", "\u{e9}", "a\n", "(a)"] {
            assert_eq!(baggage.set(key, "1"), Err(InvalidBaggage::Key), "{key}");
        }
        assert!(baggage.is_empty());
        assert_eq!(baggage.set("!#$%&'*+-.^_`|~aZ09", "1"), Ok(()));
    }

    #[test]
    fn a_65th_member_or_an_8193rd_byte_is_refused_and_changes_nothing() {
        let mut many = Baggage::default();
        for i in 0..64 {
            many.set(&format!("k{i}"), "1").unwrap();
        }
        assert_eq!(many.set("k64", "1"), Err(InvalidBaggage::Length));
        assert_eq!(many.set("k63", "2"), Ok(()));
        assert_eq!((many.len(), many.get("k63").as_deref()), (64, Some("2")));

        let mut long = baggage("a=1");
        let fits = "x".repeat(8_192 - "a=1,b=".len());
        assert_eq!(long.set("b", &format!("{fits}x")), Err(InvalidBaggage::Length));
        assert_eq!(long.set("a", &"%".repeat(2_731)), Err(InvalidBaggage::Length));
        assert_eq!(long.as_str(), "a=1");
        assert_eq!(long.set("b", &fits), Ok(()));
        assert_eq!(long.as_str().len(), 8_192);
        assert_eq!(long.set("a", "2"), Ok(()));
    }

    #[test]
    fn removing_leaves_the_others_as_they_are() {
        for (key, rest) in [("a", "b=2;p,c=3"), ("b", "a=1,c=3"), ("c", "a=1,b=2;p")] {
            let mut baggage = baggage("a=1,b=2;p,c=3");
            assert!(baggage.remove(key));
            assert_eq!(baggage.as_str(), rest);
            assert!(!baggage.remove(key));
        }
        let mut last = baggage("a=1");
        assert!(last.remove("a") && last.is_empty());
        assert_eq!(last, Baggage::default());
    }

    #[test]
    fn properties_stay_as_they_came() {
        let baggage = baggage("k=v ; p = %2C ;%2Ctenant=evil,l=w");
        assert_eq!(
            baggage.iter().map(|m| (m.key(), m.properties())).collect::<Vec<_>>(),
            [("k", "p=%2C;%2Ctenant=evil"), ("l", "")]
        );
        assert_eq!(baggage.get("tenant"), None);
    }

    #[test]
    fn debug_shows_no_content() {
        let baggage = baggage("name=secret,b=2");
        assert_eq!(format!("{baggage:?} {:?}", baggage.iter().next()), "Baggage(2 members) Some(Member)");
    }
}
