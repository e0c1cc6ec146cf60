//! The schema as a table in a terminal.

use super::{exits, joined, parts, thousands};
use crate::schema::{Definition, Registry};

const COLUMNS: [&str; 8] = ["key", "type", "format", "bytes", "values", "PII", "travels", "meaning"];

/// The schema as a table, of columns that are as wide as what is in them.
pub fn table(registry: &Registry) -> String {
    let mut text = String::new();
    for (title, part) in parts(registry) {
        section(&mut text, title, COLUMNS, part.into_iter().map(row).collect());
    }
    let events = registry
        .events
        .iter()
        .map(|event| [event.name().to_owned(), joined(event.attributes(), ", "), event.brief().to_owned()]);
    section(&mut text, "Events of spans", ["event", "attributes", "meaning"], events.collect());
    let zones = registry.zones.iter().map(|zone| {
        let edge = if zone.is_edge() { "yes" } else { "" };
        [zone.zone().to_string(), edge.to_owned(), zone.brief().to_owned()]
    });
    section(&mut text, "Zones", ["zone", "edge", "meaning"], zones.collect());
    text
}

fn row(definition: &Definition) -> [String; COLUMNS.len()] {
    let format = match definition.values().len() {
        0 => definition.format().name().to_owned(),
        _ => joined(definition.values(), "|"),
    };
    let meaning = match definition.formerly() {
        Some(name) => format!("{} (formerly {name})", definition.brief()),
        None => definition.brief().to_owned(),
    };
    [
        definition.name().to_owned(),
        definition.value_type().name().to_owned(),
        format,
        thousands(definition.max_length()),
        definition.cardinality().map_or_else(|| "unbounded".to_owned(), thousands),
        definition.pii().name().to_owned(),
        exits(definition),
        meaning,
    ]
}

fn section<const N: usize>(text: &mut String, title: &str, columns: [&str; N], rows: Vec<[String; N]>) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(title);
    text.push('\n');
    let rows: Vec<_> = std::iter::once(columns.map(str::to_owned)).chain(rows).collect();
    let mut widths = [0; N];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_their_names() {
        let mut text = String::new();
        let rows = vec![["é".to_owned(), "b".to_owned()], ["long name".to_owned(), String::new()]];
        section(&mut text, "Title", ["key", "type"], rows);
        assert_eq!(text, "Title\nkey        type\né          b\nlong name\n");
    }
}
