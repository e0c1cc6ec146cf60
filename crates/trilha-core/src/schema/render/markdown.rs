//! The schema as Markdown: tables that a platform team can read.

use std::fmt::{Result, Write};

use super::{exits, parts, thousands};
use crate::schema::{Definition, Exit, Registry};

const INTRODUCTION: &str = "\
# Schema

The attributes that all services of the platform share. A value of the work's context that breaks its bounds
is not written, and is counted as refused.
";

const LEGEND: &str = "
## How to read the bounds

- **Format:** `identifier` has no white space; `text` is any; `template` is a route without values, such as
  `/orders/{id}` or `orders.Orders/Place`; `digest` is made of letters, digits and `+ - . / : = _`; `number`
  of digits. None holds control characters.
- **Length:** in bytes.
- **Cardinality:** how many values a service may see. Past it, new values of the work's context
  are `_other` in metrics. Where there is none, the attribute is never one of a metric.
- **PII:** `none`; `pseudonymous` tells something to who holds the key to it; `personal` never leaves in
  metrics, baggage, message headers or SQL comments; `secret` leaves by no exit.
- **Travels:** the only exits by which a value leaves: the resource, spans, their events, metrics, log lines,
  baggage, SQL comments, message headers.
- **Formerly:** the name under which older readers know it. It is written too where that is asked for.
";

/// The schema as Markdown.
pub fn markdown(registry: &Registry) -> String {
    let mut text = INTRODUCTION.to_owned();
    // A `String` takes all that is written.
    let _ = write(&mut text, registry);
    text + LEGEND
}

fn write(text: &mut String, registry: &Registry) -> Result {
    for (title, part) in parts(registry) {
        writeln!(text, "\n## {title}\n")?;
        writeln!(text, "| key | type | meaning | bounds | PII | travels | formerly |")?;
        writeln!(text, "|---|---|---|---|---|---|---|")?;
        for definition in part {
            row(text, definition)?;
        }
    }

    writeln!(text, "\n## Events of spans\n\n| event | meaning | attributes |\n|---|---|---|")?;
    for event in &registry.events {
        let attributes: Vec<_> = event.attributes().map(code).collect();
        let (name, brief) = (event.name(), cell(event.brief()));
        writeln!(text, "| `{name}` | {brief} | {} |", attributes.join(", "))?;
    }

    writeln!(text, "\n## Zones\n\n| zone | meaning | edge |\n|---|---|---|")?;
    for zone in &registry.zones {
        let edge = if zone.is_edge() { "yes: it continues nobody's trace" } else { "" };
        writeln!(text, "| `{}` | {} | {edge} |", zone.zone(), cell(zone.brief()))?;
    }

    let opentelemetry = &registry.opentelemetry;
    writeln!(text, "\n## What OpenTelemetry defines\n")?;
    writeln!(text, "Adapters also write these, by the semantic conventions {}.\n", opentelemetry.version())?;
    for exit in [Exit::Resource, Exit::Span, Exit::Metric] {
        let names: Vec<_> = opentelemetry.names(exit).map(code).collect();
        writeln!(text, "- **{exit}:** {}", names.join(", "))?;
    }
    Ok(())
}

fn row(text: &mut String, definition: &Definition) -> Result {
    let examples: Vec<_> = definition.examples().map(code).collect();
    let examples = if examples.is_empty() { String::new() } else { format!(" ({})", examples.join(", ")) };
    writeln!(
        text,
        "| `{name}` | {value_type}{unit} | {brief}{examples} | {bounds} | {pii} | {exits} | {formerly} |",
        name = definition.name(),
        value_type = definition.value_type().name(),
        unit = definition.unit().map(|unit| format!(", {}", code(unit))).unwrap_or_default(),
        brief = cell(definition.brief()),
        bounds = bounds(definition),
        pii = definition.pii().name(),
        exits = exits(definition),
        formerly = definition.formerly().map(code).unwrap_or_default(),
    )
}

fn bounds(definition: &Definition) -> String {
    let values: Vec<_> = definition.values().map(code).collect();
    let format = match values.is_empty() {
        true => definition.format().name().to_owned(),
        false => values.join(" or "),
    };
    let length = thousands(definition.max_length());
    match definition.cardinality() {
        Some(most) => format!("{format}, {length} bytes, {} values", thousands(most)),
        None => format!("{format}, {length} bytes"),
    }
}

/// A text inside a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(char::is_control, " ")
}

fn code(text: &str) -> String {
    format!("`{}`", cell(text).replace('`', ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Definition, Schema};

    #[test]
    fn each_attribute_event_and_zone_has_its_row() {
        let schema = Schema::builtin();
        let text = markdown(schema.registry());
        let names = schema.definitions().map(Definition::name);
        let names = names.chain(schema.events().iter().map(|event| event.name()));
        for name in names.chain(schema.zones().iter().map(|zone| zone.zone().as_str())) {
            assert_eq!(text.matches(&format!("\n| `{name}` |")).count(), 1, "{name}");
        }
    }

    #[test]
    fn a_platforms_text_stays_in_its_cell() {
        let key = Definition::builder("mine", "a | b").values(["x|y"]).build().unwrap();
        let text = markdown(Schema::builtin().with_key(key).unwrap().registry());
        assert!(
            text.contains(r"| `mine` | string | a \| b | `x\|y`, 128 bytes, 1 values | none |"),
            "{text}"
        );
    }
}
