//! The W3C `tracestate` header, as it is passed on: checked, joined and bounded, never changed.
//!
//! It does not add or change members; vendors do that with members of their own.
//!
//! Specification: [W3C Trace Context Level 2, section 3.3](https://www.w3.org/TR/2024/CRD-trace-context-2-20240328/#tracestate-header).

use std::sync::Arc;

use super::traceparent::trim;

const MAX_MEMBERS: usize = 32;
const MAX_BYTES: usize = 512;
const MAX_KEY: usize = 256;
const MAX_VALUE: usize = 256;

/// A valid list of vendors' members, empty by default. Clones share the text.
///
/// - **Cardinality:** one per request; never a metric attribute.
/// - **PII:** foreign; only passed on to the services that are called.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Tracestate(Option<Arc<str>>);

impl Tracestate {
    /// Joins the values of all `tracestate` headers, in their order.
    ///
    /// # Errors
    /// [`InvalidTracestate`] says which rule is broken; the whole list is then discarded.
    pub fn parse<'a>(headers: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, InvalidTracestate> {
        let mut joined = String::new();
        let mut keys: Vec<&[u8]> = Vec::new();
        for member in headers.into_iter().flat_map(|header| header.split(|byte| *byte == b',')) {
            let member = trim(member);
            if member.is_empty() {
                continue; // the specification allows empty members
            }
            let (key, text) = check(member).ok_or(InvalidTracestate::Member)?;
            if keys.contains(&key) {
                return Err(InvalidTracestate::RepeatedKey);
            }
            keys.push(key);
            if keys.len() > MAX_MEMBERS
                || joined.len() + usize::from(!joined.is_empty()) + text.len() > MAX_BYTES
            {
                return Err(InvalidTracestate::Length);
            }
            if !joined.is_empty() {
                joined.push(',');
            }
            joined.push_str(text);
        }
        Ok(Self((!joined.is_empty()).then(|| joined.into())))
    }

    /// Whether there is nothing to pass on.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The header value.
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }
}

/// Which rule a `tracestate` list breaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidTracestate {
    /// A member is not `key=value` of the allowed characters.
    #[error("a tracestate member is not a valid key=value pair")]
    Member,
    /// A key stands there twice.
    #[error("a tracestate key is repeated")]
    RepeatedKey,
    /// More than 32 members, or more than 512 bytes.
    #[error("a tracestate has at most 32 members and 512 bytes")]
    Length,
}

fn check(member: &[u8]) -> Option<(&[u8], &str)> {
    let at = member.iter().position(|byte| *byte == b'=')?;
    let (key, value) = (member.get(..at)?, member.get(at + 1..)?);
    let (first, rest) = key.split_first()?;
    let is_start = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let valid_key = key.len() <= MAX_KEY
        && is_start(first)
        && rest.iter().all(|b| is_start(b) || matches!(b, b'_' | b'-' | b'*' | b'/' | b'@'));
    let valid_value = (1..=MAX_VALUE).contains(&value.len())
        && value.iter().all(|b| matches!(b, 0x20..=0x7e) && !matches!(b, b',' | b'='));
    let text = std::str::from_utf8(member).ok()?;
    (valid_key && valid_value).then_some((key, text))
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
    }

    #[test]
    fn one_bad_member_discards_the_list() {
        for bad in ["foo", "=1", "foo=", "Foo=1", "foo =1", "foo=1=2", "f\u{f6}=1", "_f=1"] {
            assert_eq!(parse(&["ok=1", bad]), Err(InvalidTracestate::Member), "{bad}");
        }
        assert_eq!(parse(&["foo@@bar=1"]), Ok("foo@@bar=1".into()));
    }

    #[test]
    fn a_33rd_member_or_a_repeated_key_discards_the_list() {
        let members = |n: usize| (0..n).map(|i| format!("k{i}=1")).collect::<Vec<_>>().join(",");
        assert!(parse(&[&members(32)]).is_ok());
        assert_eq!(parse(&[&members(33)]), Err(InvalidTracestate::Length));
        assert_eq!(parse(&["a=1,a=2"]), Err(InvalidTracestate::RepeatedKey));
        assert_eq!(
            parse(&[&format!("a={}", "x".repeat(256)), &format!("b={}", "x".repeat(256))]),
            Err(InvalidTracestate::Length)
        );
    }
}
