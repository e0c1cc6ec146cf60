//! What a value looks like, whatever its key.

/// The form that a value has. Each allows at least one character, and no control characters.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Format {
    /// One word: no white space.
    Identifier,
    /// Any text.
    #[default]
    Text,
    /// A route without values: `/orders/{id}`, `/orders/:id`, `/files/*path`, `orders.Orders/Place`.
    ///
    /// It holds no query and no fragment, and no segment that is plainly a value: a number of two digits
    /// or more, a date or another number in groups, a UUID, 16 or more hex digits, an e-mail address. A
    /// version such as `v2` or `1.0` is none, nor is `2024-01` at the start.
    Template,
    /// A digest, with or without its algorithm: letters, digits and `+ - . / : = _`.
    Digest,
    /// Decimal digits, with a sign or without.
    Number,
}

impl Format {
    /// The name in the registry and in a policy file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identifier => "identifier",
            Self::Text => "text",
            Self::Template => "template",
            Self::Digest => "digest",
            Self::Number => "number",
        }
    }

    /// The rule that `value` breaks.
    pub(super) fn broken_rule(self, value: &str) -> Option<Rule> {
        let is_kept = match self {
            Self::Identifier => !value.contains(char::is_whitespace),
            Self::Text => true,
            Self::Template => is_template(value),
            Self::Digest => value.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-./:=_".contains(&b)),
            Self::Number => is_number(value),
        };
        match value {
            "" => Some(Rule::Empty),
            _ if holds_control(value) => Some(Rule::Control),
            _ => (!is_kept).then_some(Rule::Format(self)),
        }
    }

    /// Whether each value of this form also has the form `other`.
    pub(super) fn is_within(self, other: Self) -> bool {
        self == other
            || match other {
                Self::Text => true,
                Self::Identifier => matches!(self, Self::Digest | Self::Number),
                _ => false,
            }
    }
}

/// The rule that a value breaks.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Rule {
    /// There is nothing in it.
    #[error("is empty")]
    Empty,
    /// It is longer than this, in bytes.
    #[error("is longer than {0} bytes")]
    Length(usize),
    /// It holds control characters, or such as turn the direction of text.
    #[error("holds control characters")]
    Control,
    /// It has not this form.
    #[error("{}", match .0 {
        Format::Identifier => "holds white space",
        Format::Text => "is no text",
        Format::Template => "is no template: it holds a query, a fragment or a value",
        Format::Digest => "is no digest",
        Format::Number => "is no number",
    })]
    Format(Format),
    /// It is none of the values that are allowed.
    #[error("is none of the values that are allowed")]
    Values,
}

/// Values are judged in the way of every operation, and nearly all are ASCII.
fn holds_control(value: &str) -> bool {
    match value.is_ascii() {
        true => value.bytes().any(|b| b.is_ascii_control()),
        false => value.contains(|c: char| c.is_control() || is_direction(c)),
    }
}

/// Characters that are not seen, and turn the text around them.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn is_template(route: &str) -> bool {
    let mut before = "";
    route.split('/').all(|segment| {
        let is_version = matches!(before, "" | "api") && is_date(segment);
        before = segment;
        is_version || is_placeholder(segment) || !segment.contains(['?', '#']) && !is_value(stem(segment))
    })
}

/// Whether a segment stands for values: `{id}`, `<id>`, `:id`, `:id?`. What a pattern in it holds is no value.
fn is_placeholder(segment: &str) -> bool {
    let name = segment.strip_suffix('?').unwrap_or(segment);
    name.starts_with('{') && name.ends_with('}')
        || name.starts_with('<') && name.ends_with('>')
        || name.starts_with(':') && !name.contains(['?', '#'])
}

/// `2010-04-01` or `2024-01`: the version of an interface, where it stands at the start.
fn is_date(segment: &str) -> bool {
    let lengths = segment.split('-').map(|part| if is_number(part) { part.len() } else { 0 });
    matches!(lengths.collect::<Vec<_>>().as_slice(), [4, 2] | [4, 2, 2])
}

/// A segment without what follows its name: `42.json`, `42;v=1`.
fn stem(segment: &str) -> &str {
    let stem = segment.split(';').next().unwrap_or(segment);
    let extended =
        stem.rsplit_once('.').filter(|(_, extension)| extension.bytes().all(|b| b.is_ascii_alphabetic()));
    extended.map_or(stem, |(stem, _)| stem)
}

/// Whether a segment of a path is plainly a value.
fn is_value(segment: &str) -> bool {
    let digits = segment.bytes().filter(u8::is_ascii_digit).count();
    let is_number = digits >= 2 && digits == segment.len();
    let is_grouped = digits >= 6 && segment.bytes().all(|b| b.is_ascii_digit() || b"+-._:".contains(&b));
    // A UUID too, once its dashes are gone.
    let is_hex = segment.bytes().filter(u8::is_ascii_hexdigit).count() >= 16
        && segment.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    is_number || is_grouped || is_hex || is_email(segment)
}

fn is_email(segment: &str) -> bool {
    // Most segments end here, before a search that has to be prepared.
    if !segment.bytes().any(|b| matches!(b, b'@' | b'%')) {
        return false;
    }
    let parts = segment.split_once('@').or_else(|| segment.split_once("%40"));
    parts.is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty() && !segment.contains('{'))
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_a_route() {
        for route in [
            "/",
            "/orders",
            "/orders/{id}",
            "/orders/:id/items/*rest",
            "/orders/<int:id>",
            "/files/{path:[0-9]{16}}",
            "/api/churn/v2/predict",
            "/rest/api/2/issue",
            "/api/1.0/users",
            "/users/@me",
            "/users/{name}@{domain}",
            "/oauth2/token",
            "/v1/projects/{project}:undelete",
            "/facade/decade",
            "/.well-known/jwks.json",
            "orders.Orders/Place",
            "_OTHER",
            "/commandes/{numéro}",
            "/users/:id?",
            "/{id:[^?#]+}",
            "/2010-04-01/Accounts/{Sid}",
            "/api/2024-01/x",
            "/robots.txt",
        ] {
            assert_eq!(Format::Template.broken_rule(route), None, "{route}");
        }
    }

    #[test]
    fn a_path_is_no_route() {
        for path in [
            "/orders/42",
            "/orders/42/items",
            "/orders?id=7",
            "/orders#top",
            "/orders/0f8fad5b-d9cb-469f-a165-70867728950e",
            "/orders/0F8FAD5BD9CB469FA16570867728950E",
            "/traces/00f067aa0ba902b7",
            "/users/ada@example.com",
            "/users/ada%40example.com",
            "/people/123.456.789-09",
            "/days/2026-11-21",
            "/calls/+5511999999999",
            "/orders/42.json",
            "/orders/42;v=1",
            "/orders/{id}?full=1",
        ] {
            assert_eq!(Format::Template.broken_rule(path), Some(Rule::Format(Format::Template)), "{path}");
        }
        assert_eq!(Format::Template.broken_rule("/a\n"), Some(Rule::Control));
        assert_eq!(Format::Text.broken_rule("a\u{202e}b"), Some(Rule::Control));
    }

    #[test]
    fn each_form_refuses_what_it_is_not() {
        for (format, good, bad) in [
            (Format::Identifier, "banking-core", "two words"),
            (Format::Identifier, "São", "São\u{a0}Paulo"),
            (Format::Digest, "sha256:ab+/=_.-9", "sha256 ab"),
            (Format::Digest, "abc", "é"),
            (Format::Number, "-20", "2e3"),
            (Format::Number, "0", "-"),
        ] {
            assert_eq!(format.broken_rule(good), None, "{good}");
            assert_eq!(format.broken_rule(bad), Some(Rule::Format(format)), "{bad}");
        }
        assert_eq!(Format::Text.broken_rule("two words"), None);
        assert_eq!(Format::Text.broken_rule("two\u{85}lines"), Some(Rule::Control));
        assert_eq!(Format::Text.broken_rule(""), Some(Rule::Empty));
    }

    #[test]
    fn what_is_within_a_form_has_it() {
        let all = [Format::Identifier, Format::Text, Format::Template, Format::Digest, Format::Number];
        for value in ["a", "a b", "7", "-20", "/orders/{id}", "/orders/42", "sha256:ab", "é", "a\tb"] {
            for (narrow, wide) in all.iter().flat_map(|one| all.map(|other| (*one, other))) {
                if narrow.is_within(wide) && narrow.broken_rule(value).is_none() {
                    assert_eq!(wide.broken_rule(value), None, "{narrow:?} within {wide:?}: {value}");
                }
            }
        }
    }
}
