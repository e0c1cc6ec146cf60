//! `baggage`: members, decoded, and what the schema says of them.

use std::collections::HashSet;

use trilha_core::{
    Baggage,
    propagation::Member,
    schema::{Definition, Exit, Schema},
};

use super::{Fields, Section, members, open};

pub(super) fn explain(fields: &Fields) -> Option<Section> {
    let (headers, mut section) = open(fields, "baggage")?;
    let whole = Baggage::parse(headers.iter().map(|header| header.value.as_slice()));
    let mut seen = HashSet::new();
    for header in &headers {
        for (text, place) in members(&header.value) {
            let alone = Baggage::parse([text]).baggage;
            match alone.iter().next() {
                None => section.problem_at(
                    "a baggage member is key=value, maybe with ;properties, in the characters that are allowed",
                    &header.value,
                    place,
                ),
                Some(member) => {
                    let key = definition(member.key());
                    if !seen.insert(member.key().to_owned()) {
                        section.row("", format!("{} stands there twice: the last one counts", member.key()));
                    }
                    tell(&member, key.as_ref(), &mut section);
                    let counts = whole.baggage.get(member.key()) == Some(member.value());
                    let key = key.filter(|key| counts && key.travels(Exit::Baggage));
                    if let Some(Err(broken)) = key.map(|key| key.check(&member.value())) {
                        section.problem_at(format!("the schema's rule: {broken}"), &header.value, place);
                    }
                }
            }
        }
    }
    if whole.is_shortened {
        section.problem("baggage has at most 64 members and 8192 bytes: what is beyond is left out");
    }
    Some(section)
}

fn tell(member: &Member<'_>, key: Option<&Definition>, section: &mut Section) {
    let note = match key {
        Some(key) if key.travels(Exit::Baggage) => ", a key of the schema",
        Some(_) => ", a key of the schema that does not travel in baggage",
        None => "",
    };
    let value = member.value();
    let value = if value.is_empty() { "(empty)" } else { &*value };
    section.row(member.key(), format!("{value}{note}"));
    if !member.properties().is_empty() {
        section.row("", format!("with the properties {}", member.properties()));
    }
}

/// The context key of this name.
fn definition(key: &str) -> Option<Definition> {
    let schema = Schema::builtin();
    schema.context_keys().get(schema.position(key)?).cloned()
}
