//! A detector of a platform's own, as a regular expression.
//!
//! Its time grows with the text and not faster, whatever the expression: that is the promise of
//! [`regex`](https://docs.rs/regex/1/regex/#untrusted-input).

use std::ops::Range;

use regex::bytes::{Regex, RegexBuilder};

use super::{Detect, Detector};

/// A detector of what matches a regular expression, of at most 1 MiB when it is compiled. Its classes, such
/// as `\w`, are those of ASCII.
#[derive(Clone, Debug)]
pub struct Pattern {
    name: String,
    regex: Regex,
}

impl Pattern {
    /// What may be compiled of an expression.
    const MOST_BYTES: usize = 1 << 20;

    /// A detector of this name.
    ///
    /// # Errors
    /// When the name is no lower-case word, or one of the built-in ones, or when the expression is malformed, too
    /// large, or matches an empty text.
    pub fn new(name: impl Into<String>, expression: &str) -> Result<Self, InvalidPattern> {
        let name = name.into();
        if !Detector::is_free(&name) {
            return Err(InvalidPattern::Name);
        }
        let regex = RegexBuilder::new(expression).size_limit(Self::MOST_BYTES).unicode(false).build();
        match regex {
            Ok(regex) if !regex.is_match(b"") => Ok(Self { name, regex }),
            Ok(_) => Err(InvalidPattern::Empty),
            Err(regex::Error::CompiledTooBig(_)) => Err(InvalidPattern::Size),
            Err(_) => Err(InvalidPattern::Syntax),
        }
    }

    /// The expression.
    pub fn expression(&self) -> &str {
        self.regex.as_str()
    }
}

impl Detect for Pattern {
    fn name(&self) -> &str {
        &self.name
    }

    fn find(&self, text: &[u8], from: usize) -> Option<Range<usize>> {
        let found = self.regex.find_at(text, from.min(text.len()))?;
        (!found.is_empty()).then(|| found.range())
    }
}

impl Eq for Pattern {}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.expression() == other.expression()
    }
}

/// Why a regular expression is no detector.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPattern {
    /// Its name is taken, or is no name.
    #[error("is one of the built-in detectors, or is not made of lower-case letters, digits and `_`")]
    Name,
    /// It is malformed.
    #[error("is no regular expression")]
    Syntax,
    /// It is larger than 1 MiB when it is compiled.
    #[error("is larger than 1 MiB when it is compiled")]
    Size,
    /// It matches an empty text.
    #[error("matches an empty text")]
    Empty,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_goes_on_where_it_is_told() {
        let code = Pattern::new("code", r"\bC[0-9]{4}\b").unwrap();
        assert_eq!(code.find(b"C1234 C5678", 0), Some(0..5));
        assert_eq!(code.find(b"C1234 C5678", 5), Some(6..11));
        assert_eq!(code.find(b"C1234 C5678", 7), None);
        assert_eq!(code.find(b"C1234", 99), None);
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        let refused = |expression: &str| Pattern::new("x", expression).unwrap_err();
        assert_eq!(Pattern::new("email", "x").unwrap_err(), InvalidPattern::Name);
        assert_eq!(Pattern::new("Mine", "x").unwrap_err(), InvalidPattern::Name);
        assert_eq!(refused("("), InvalidPattern::Syntax);
        assert_eq!(refused("a*"), InvalidPattern::Empty);
        assert_eq!(refused("(?:a{1000}){1000}"), InvalidPattern::Size);
    }
}
