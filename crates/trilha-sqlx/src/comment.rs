//! The comment that tells the database who asks.
//!
//! Specification: [sqlcommenter](https://google.github.io/sqlcommenter/spec/): keys and values
//! URL-encoded, sorted, joined by commas.

use std::{
    borrow::Cow,
    fmt::{self, Write},
};

use trilha_core::{
    Carrier, CarrierKind, CarrierMut, ContextAttributes, Service,
    schema::{Exit, Key, Zone},
};

/// The longest value, in bytes before it is encoded.
const MAX_VALUE: usize = 256;

/// The longest comment that context attributes may add to, in bytes.
const MAX_COMMENT: usize = 2 * 1024;

/// Whether queries carry a comment for those who look at them in the database.
///
/// The comment follows [sqlcommenter](https://google.github.io/sqlcommenter/spec/), for example
/// `/*service='orders',zone='Z2'*/`. It is added to `SELECT`, `INSERT`, `UPDATE`, `DELETE`, `MERGE`,
/// `REPLACE`, `WITH`, `VALUES` and `CALL`. These get none: other statements, since databases store
/// the text of some; a text that has a comment, or that cannot be read for certain; one of more than
/// 16 KiB; a statement that you `prepare`, since it gives its text back to you; and all that goes to
/// SQLite, where there is nobody else to read it, and it would rename result columns.
///
/// None of them is written where [`Propagation`](trilha_core::Propagation) switches
/// [`CarrierKind::Database`] off.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Comments {
    /// No comments.
    Off,
    /// `service` and `zone` of the handle, and `route` by choice.
    ///
    /// The text of a query stays the same from call to call, so that it stays prepared.
    #[default]
    Static,
    /// As [`Static`](Self::Static), and on a sampled trace also `traceparent`, of the query's own span, and
    /// the [context attributes](trilha_core::ContextAttributes) that the schema lets travel to SQL
    /// comments: `route`, and what a platform adds. Nothing else of baggage goes there, and no
    /// correlation id. Attributes that would make a comment longer than 2 KiB are left out, which is
    /// counted.
    ///
    /// Such a text is never the same again. It is therefore not kept as a prepared statement: it costs
    /// the server another parse, and the caller another round trip. On MySQL over TCP it costs the next
    /// query on that connection about 40 ms, since sqlx 0.9 leaves Nagle's algorithm on: take a Unix
    /// socket there, or leave this off. Mind also that `pg_stat_statements` shows the first text that
    /// it saw of a query for as long as it keeps it.
    Sampled,
}

/// What one comment says, in the order of its keys. A [`Carrier`] of the `traceparent`.
#[derive(Debug, Default)]
pub(crate) struct Comment {
    pairs: Vec<(Cow<'static, str>, String)>,
}

impl Comment {
    pub(crate) fn of(service: &Service, route: Option<&str>) -> Self {
        let zone = service.zone.as_ref().map(Zone::as_str);
        let name = Some(service.name.as_str()).filter(|name| !name.is_empty());
        let mut comment = Self::default();
        for (key, value) in [(Key::Route.name(), route), ("service", name), ("zone", zone)] {
            if let Some(value) = value {
                comment.insert(key.into(), value);
            }
        }
        comment
    }

    /// Adds the attributes that may stand in a comment, and says whether there was room for all of them.
    pub(crate) fn add(&mut self, attributes: &ContextAttributes) -> bool {
        let mut length = self.to_string().len();
        let mut is_complete = true;
        attributes.for_each_to(Exit::SqlComment, |key, value| {
            let pair = Pair(key, value).to_string().len() + 1;
            if length + pair <= MAX_COMMENT {
                length += pair;
                self.insert(key.to_owned().into(), value);
            } else {
                is_complete = false;
            }
        });
        is_complete
    }

    fn insert(&mut self, key: Cow<'static, str>, value: &str) {
        match self.pairs.binary_search_by(|(known, _)| known.cmp(&key)) {
            Ok(at) => {
                if let Some(pair) = self.pairs.get_mut(at) {
                    pair.1 = value.to_owned();
                }
            }
            Err(at) => self.pairs.insert(at, (key, value.to_owned())),
        }
    }
}

impl Carrier for Comment {
    fn kind(&self) -> CarrierKind {
        CarrierKind::Database
    }

    fn for_each(&self, key: &str, visit: &mut dyn FnMut(&[u8])) {
        self.pairs.iter().filter(|(known, _)| known == key).for_each(|(_, value)| visit(value.as_bytes()));
    }
}

impl CarrierMut for Comment {
    /// Takes a `traceparent` alone: the rest, and other formats, say nothing to who reads queries.
    fn set(&mut self, key: &'static str, value: &[u8]) -> bool {
        match str::from_utf8(value) {
            Ok(value) if key == TRACEPARENT => self.insert(key.into(), value),
            _ => {}
        }
        true
    }

    fn remove(&mut self, key: &'static str) {
        if key == TRACEPARENT {
            self.pairs.retain(|(known, _)| known != key);
        }
    }
}

const TRACEPARENT: &str = "traceparent";

/// The comment, or nothing where there is nothing to say.
impl fmt::Display for Comment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pairs.is_empty() {
            return Ok(());
        }
        for (at, (key, value)) in self.pairs.iter().enumerate() {
            f.write_str(if at == 0 { "/*" } else { "," })?;
            Pair(key, value).fmt(f)?;
        }
        f.write_str("*/")
    }
}

struct Pair<'a>(&'a str, &'a str);

impl fmt::Display for Pair<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(key, value) = self;
        write!(f, "{}='{}'", Encoded(key), Encoded(value))
    }
}

/// A key or value of which nothing is left but letters, digits, `-`, `.`, `_`, `~` and `%`: no quote, no end
/// of a comment, no placeholder, in any dialect.
struct Encoded<'a>(&'a str);

impl fmt::Display for Encoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.0.get(..self.0.floor_char_boundary(MAX_VALUE)).unwrap_or_default();
        for byte in value.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    f.write_char(char::from(byte))?;
                }
                _ => write!(f, "%{byte:02X}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn service(name: &str) -> Service {
        Service { name: name.to_owned(), zone: Some(Zone::Z2) }
    }

    #[test]
    fn pairs_are_sorted_and_encoded() {
        let mut comment = Comment::of(&service("o'rders */"), Some("/orders/{id}"));
        comment.set("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        for other in ["tracestate", "baggage", "x-correlation-id", "correlation_id", "b3", "trace_id"] {
            comment.set(other, b"a=b");
        }
        assert_eq!(
            comment.to_string(),
            "/*route='%2Forders%2F%7Bid%7D',service='o%27rders%20%2A%2F',\
             traceparent='00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',zone='Z2'*/"
        );
    }

    #[test]
    fn nobody_says_nothing() {
        assert_eq!(Comment::of(&Service::default(), None).to_string(), "");
    }

    proptest! {
        #[test]
        fn any_value_is_one_harmless_comment(name in any::<String>(), route in any::<String>()) {
            let text = Comment::of(&service(&name), Some(&route)).to_string();
            let inside = text.strip_prefix("/*").and_then(|text| text.strip_suffix("*/")).unwrap();
            prop_assert!(!inside.contains("*/") && !inside.contains("/*"));
            prop_assert!(inside.chars().all(|c| c.is_ascii_alphanumeric() || "-._~%='," .contains(c)));
            prop_assert!(inside.matches('\'').count().is_multiple_of(2));
        }
    }
}
