//! The schema as a registry for weaver, OpenTelemetry's semantic-convention tooling.
//!
//! What OpenTelemetry defines is referred to and not repeated: such a registry needs OpenTelemetry's as a
//! dependency in its manifest. What the format has no field for stands in `annotations`.
//!
//! Specification: [weaver's definition language](https://github.com/open-telemetry/weaver/blob/08c60cbfe4011de3512d1f1351f0a455cbdf1ad6/schemas/semconv-syntax.md).

use std::fmt::{Result, Write};

use super::{exits, list, quoted};
use crate::schema::{Definition, Exit, Registry, ValueType};

/// The schema as YAML with `groups`.
pub fn semconv(registry: &Registry) -> String {
    let mut text = "groups:\n".to_owned();
    // A `String` takes all that is written.
    let _ = write(&mut text, registry);
    text
}

fn write(text: &mut String, registry: &Registry) -> Result {
    group(text, "registry.trilha", "The attributes that the platform defines")?;
    for definition in registry.definitions().filter(|one| !registry.opentelemetry.defines(one.name())) {
        attribute(text, definition)?;
    }
    for (exit, brief) in [
        (Exit::Resource, "What a service says of itself"),
        (Exit::Span, "What a span may say of the work"),
        (Exit::Metric, "What metrics may be split by"),
    ] {
        group(text, &format!("trilha.{exit}"), brief)?;
        for definition in registry.definitions().filter(|one| one.travels(exit)) {
            reference(text, definition.name())?;
        }
    }
    for event in &registry.events {
        writeln!(text, "  - id: {}", quoted(&format!("event.{}", event.name())))?;
        writeln!(text, "    type: event")?;
        writeln!(text, "    name: {}", quoted(event.name()))?;
        writeln!(text, "    stability: {}", event.stability().name())?;
        writeln!(text, "    brief: {}", quoted(event.brief()))?;
        writeln!(text, "    attributes:")?;
        for name in event.attributes() {
            reference(text, name)?;
        }
    }
    Ok(())
}

fn group(text: &mut String, id: &str, brief: &str) -> Result {
    writeln!(text, "  - id: {id}")?;
    writeln!(text, "    type: attribute_group")?;
    writeln!(text, "    brief: {}", quoted(brief))?;
    writeln!(text, "    attributes:")
}

fn reference(text: &mut String, name: &str) -> Result {
    writeln!(text, "      - ref: {}", quoted(name))?;
    writeln!(text, "        requirement_level: recommended")
}

fn attribute(text: &mut String, definition: &Definition) -> Result {
    let stability = definition.stability().name();
    writeln!(text, "      - id: {}", quoted(definition.name()))?;
    match definition.values().len() {
        0 => writeln!(text, "        type: {}", definition.value_type().name())?,
        _ => {
            writeln!(text, "        type:\n          members:")?;
            for value in definition.values() {
                let value = quoted(value);
                writeln!(text, "            - {{ id: {value}, value: {value}, stability: {stability} }}")?;
            }
        }
    }
    writeln!(text, "        stability: {stability}")?;
    writeln!(text, "        brief: {}", quoted(definition.brief()))?;
    if definition.examples().len() > 0 {
        let examples = match definition.value_type() {
            ValueType::Int => format!("[{}]", definition.examples().collect::<Vec<_>>().join(", ")),
            _ => list(definition.examples()),
        };
        writeln!(text, "        examples: {examples}")?;
    }
    writeln!(text, "        annotations:\n          trilha:")?;
    if let Some(unit) = definition.unit() {
        writeln!(text, "            unit: {}", quoted(unit))?;
    }
    if let Some(most) = definition.cardinality() {
        writeln!(text, "            cardinality: {most}")?;
    }
    writeln!(text, "            max_length: {}", definition.max_length())?;
    writeln!(text, "            format: {}", definition.format().name())?;
    writeln!(text, "            pii: {}", quoted(definition.pii().name()))?;
    writeln!(text, "            travels: [{}]", exits(definition))?;
    if let Some(name) = definition.formerly() {
        writeln!(text, "            formerly: {}", quoted(name))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schema;

    #[test]
    fn what_opentelemetry_defines_is_referred_to_and_not_repeated() {
        let text = semconv(Schema::builtin().registry());
        assert!(text.contains("- ref: \"service.name\"\n") && !text.contains("- id: \"service.name\"\n"));
        assert_eq!(text.matches("- id: \"tenant\"\n").count(), 1);
        assert!(
            text.contains("  - id: \"event.policy_denied\"\n    type: event\n    name: \"policy_denied\"\n")
        );
    }

    #[test]
    fn listed_values_are_members() {
        let key = Definition::builder("sales_channel", "Where from").values(["web", "app"]).build().unwrap();
        let text = semconv(Schema::builtin().with_key(key).unwrap().registry());
        assert!(text.contains("- { id: \"web\", value: \"web\", stability: stable }"), "{text}");
    }
}
