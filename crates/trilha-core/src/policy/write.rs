//! A policy as a file: what it says and no more, always in the same order and form.

use std::fmt::Write;

use super::Rules;
use crate::{
    CarrierKind,
    guard::{self, Action, Detect, Detector, Detectors, Pattern},
    propagation::Formats,
    schema::{Definition, ZoneDefinition},
};

/// A key and its value, if there is something to say.
type Line<'a> = Option<(&'a str, String)>;

pub(super) fn write(rules: &Rules) -> String {
    let mut file = "version = 1\n".to_owned();
    for zone in rules.zones() {
        write_zone(&mut file, zone);
    }
    for key in rules.keys() {
        write_key(&mut file, key);
    }
    let formats = |formats: Formats| list(formats.iter().map(|format| format.name()));
    let switch = |kind: CarrierKind| {
        let is_off = rules.switched_off.contains(&kind);
        is_off.then(|| (kind.name(), "false".to_owned()))
    };
    let destinations = rules.destinations.as_ref();
    table(
        &mut file,
        "trust",
        [
            rules.peers.as_ref().map(|peers| ("peers", list(peers.rules()))),
            rules.edge_keeps_trace.then(|| ("edge", text("same_trace"))),
        ],
    );
    table(
        &mut file,
        "propagation",
        [
            rules.read.map(|read| ("read", formats(read))),
            rules.write.map(|write| ("write", formats(write))),
            rules.tracestate_bytes.map(|bytes| ("tracestate_bytes", bytes.to_string())),
            rules.baggage_bytes.map(|bytes| ("baggage_bytes", bytes.to_string())),
        ]
        .into_iter()
        .chain(CarrierKind::ALL.map(switch)),
    );
    table(
        &mut file,
        "baggage",
        [
            destinations.map(|destinations| ("destinations", list(destinations.host_rules()))),
            destinations.map(|destinations| ("topics", list(destinations.topic_rules()))),
        ],
    );
    write_guard(&mut file, &rules.guard, &rules.patterns);
    table(&mut file, "names", [rules.schema.has_former_names().then(|| ("former", "true".to_owned()))]);
    file
}

fn write_zone(file: &mut String, zone: &ZoneDefinition) {
    table(
        file,
        &format!("zones.{}", zone.zone()),
        [Some(("meaning", text(zone.brief()))), zone.is_edge().then(|| ("edge", "true".to_owned()))],
    );
}

fn write_guard(file: &mut String, guard: &guard::Rules, patterns: &[Pattern]) {
    let default = guard::Rules::new();
    let names = |detectors: Detectors| {
        list(Detector::SWITCHABLE.into_iter().filter(|one| detectors.contains(*one)).map(Detector::name))
    };
    let action = |action: &Action| text(action.name());
    table(
        file,
        "guard",
        [
            (guard.mode != default.mode).then(|| ("mode", text(guard.mode.name()))),
            guard.is_dry_run.then(|| ("dry_run", "true".to_owned())),
            (guard.value_bytes != default.value_bytes)
                .then(|| ("value_bytes", guard.value_bytes.to_string())),
            (!guard.off.is_empty()).then(|| ("off", names(guard.off))),
            (!guard.purposes.is_empty()).then(|| ("purposes", list(guard.purposes.iter()))),
        ],
    );
    let detectors = guard.detectors.iter().filter(|(one, _)| !matches!(one, Detector::Own(_)));
    table(file, "guard.detectors", detectors.map(|(one, of)| Some((one.name(), action(of)))));
    table(file, "guard.classes", guard.classes.iter().map(|(class, of)| Some((class.name(), action(of)))));
    table(file, "guard.exits", guard.places.iter().map(|(place, of)| Some((place.name(), action(of)))));
    for (key, of) in &guard.keys {
        section(
            file,
            &format!("guard.keys.{}", text(key)),
            [
                of.action.as_ref().map(|of| ("action", action(of))),
                (!of.allowed.is_empty()).then(|| ("allow", names(of.allowed))),
                of.purposes.as_ref().map(|these| ("purposes", list(these.iter()))),
            ],
        );
    }
    for (number, pattern) in (0..).zip(patterns) {
        table(
            file,
            &format!("guard.patterns.{}", text(pattern.name())),
            [
                Some(("regex", text(pattern.expression()))),
                guard.detectors.get(&Detector::Own(number)).map(|of| ("action", action(of))),
            ],
        );
    }
}

fn write_key(file: &mut String, key: &Definition) {
    // A name with dots would be a table in a table.
    table(
        file,
        &format!("keys.{}", text(key.name())),
        [
            Some(("meaning", text(key.brief()))),
            Some(("format", text(key.format().name()))),
            (key.values().len() > 0).then(|| ("values", list(key.values()))),
            Some(("max_length", key.max_length().to_string())),
            key.cardinality().map(|most| ("cardinality", most.to_string())),
            Some(("pii", text(key.pii().name()))),
            Some(("travels", list(key.exits().iter().map(|exit| exit.name())))),
            Some(("stability", text(key.stability().name()))),
            key.formerly().map(|name| ("formerly", text(name))),
            (key.examples().len() > 0).then(|| ("examples", list(key.examples()))),
        ],
    );
}

/// Writes a table, unless there is nothing to say in it.
fn table<'a>(file: &mut String, name: &str, lines: impl IntoIterator<Item = Line<'a>>) {
    let mut lines = lines.into_iter().flatten().peekable();
    if lines.peek().is_some() {
        section(file, name, lines.map(Some));
    }
}

/// Writes a table, an empty one too: that it is there says something.
fn section<'a>(file: &mut String, name: &str, lines: impl IntoIterator<Item = Line<'a>>) {
    file.push_str(&format!("\n[{name}]\n"));
    file.extend(lines.into_iter().flatten().map(|(key, value)| format!("{key} = {value}\n")));
}

fn list(texts: impl Iterator<Item: AsRef<str>>) -> String {
    format!("[{}]", texts.map(|item| text(item.as_ref())).collect::<Vec<_>>().join(", "))
}

/// A basic string.
fn text(text: &str) -> String {
    let mut quoted = "\"".to_owned();
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            // Writing to a string does not fail.
            c if c.is_control() => drop(write!(quoted, "\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}
