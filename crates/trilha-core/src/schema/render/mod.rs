//! The schema in forms for people and for other tools. It writes text, and no files.

mod collector;
mod markdown;
mod semconv;
mod table;

use super::{Definition, Exit, Registry};

pub use self::{collector::collector, markdown::markdown, semconv::semconv, table::table};

/// The attributes by where they stand, under the headings that each form uses. Each is in one part.
fn parts(registry: &Registry) -> [(&'static str, Vec<&Definition>); 4] {
    let (resource, others): (Vec<_>, Vec<_>) =
        registry.attributes.iter().partition(|definition| definition.travels(Exit::Resource));
    let (span, others) = others.into_iter().partition(|definition| definition.travels(Exit::Span));
    [
        ("Resource attributes", resource),
        ("Span attributes: the context of the work", registry.context.iter().collect()),
        ("Span attributes: what adapters know", span),
        ("Attributes of metrics and events alone", others),
    ]
}

/// `1000` as `1,000`.
fn thousands(number: impl ToString) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn joined<'a>(texts: impl Iterator<Item = &'a str>, separator: &str) -> String {
    texts.collect::<Vec<_>>().join(separator)
}

fn exits(definition: &Definition) -> String {
    joined(definition.exits().iter().map(Exit::name), ", ")
}

/// A text as YAML and OTTL read it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            // None is in a definition that was checked; a meaning may hold one.
            _ if character.is_control() => quoted.push(' '),
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

fn list<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let texts: Vec<_> = texts.map(quoted).collect();
    format!("[{}]", texts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schema;

    #[test]
    fn each_attribute_is_in_one_part() {
        let schema = Schema::builtin();
        let parts = parts(schema.registry());
        for definition in schema.definitions() {
            let times = parts.iter().flat_map(|(_, part)| part).filter(|one| **one == definition).count();
            assert_eq!(times, 1, "{}", definition.name());
        }
    }

    #[test]
    fn a_text_cannot_end_its_quotes() {
        assert_eq!(quoted(r#"a "b" \ c"#), r#""a \"b\" \\ c""#);
        assert_eq!(quoted("a\nb"), r#""a b""#);
    }

    #[test]
    fn numbers_have_their_thousands_apart() {
        for (number, text) in [(7, "7"), (500, "500"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(number), text);
        }
    }
}
