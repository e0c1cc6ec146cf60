//! The registry as Rust: keys, typed values, setters, tables.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use trilha_core::schema::{Definition, EventDefinition, Exit, Registry, ZoneDefinition};

use crate::Result;

/// `generated.rs`, as rustfmt writes it.
pub(crate) fn render(registry: &Registry) -> Result<String> {
    let Registry { context, attributes, events, zones, opentelemetry, .. } = registry;
    let source = format!(
        r#"//! Keys, typed values, setters and tables of the schema. Made from `schema/registry.toml` by
//! `cargo run -p xtask -- generate`: change it there.

use std::borrow::Cow::Borrowed;

use super::{{
    Definition, EventDefinition, Exit, Exits, Format, OpenTelemetry, PiiClass, Stability, ValueType, Zone,
    ZoneDefinition, definition::Fields, value::typed_value,
}};
use crate::ContextAttributes;

/// A context-scoped attribute that is built in. [`definition`](Self::definition) tells its rules.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Key {{
    {variants}
}}

impl Key {{
    /// Every key, in the order of the schema.
    pub const ALL: [Self; {context_len}] = [{keys}];
}}

{typed_values}

impl ContextAttributes {{
    {setters}
}}

impl Zone {{
    {zone_constants}

    /// The built-in zones.
    pub const ALL: [Self; {zones_len}] = [{zone_names}];
}}

pub(super) static CONTEXT: [Definition; {context_len}] = [{context_table}];

pub(super) static ATTRIBUTES: [Definition; {attributes_len}] = [{attribute_table}];

pub(super) static EVENTS: [EventDefinition; {events_len}] = [{event_table}];

pub(super) static ZONES: [ZoneDefinition; {zones_len}] = [{zone_table}];

pub(super) const OPENTELEMETRY: OpenTelemetry = OpenTelemetry {{
    version: Borrowed({version:?}),
    resource: {resource},
    span: {span},
    metric: {metric},
}};
"#,
        variants =
            each(context, |key| format!("/// `{}`: {}.\n{},", key.name(), key.brief(), type_name(key))),
        keys = each(context, |key| format!("Self::{},", type_name(key))),
        context_len = context.len(),
        typed_values = each(context, typed_value),
        setters = each(context, setter),
        zone_constants = each(zones, zone_constant),
        zone_names = each(zones, |zone| format!("Self::{},", zone.zone())),
        zones_len = zones.len(),
        context_table = each(context, definition),
        attribute_table = each(attributes, definition),
        attributes_len = attributes.len(),
        event_table = each(events, event),
        events_len = events.len(),
        zone_table = each(zones, zone),
        version = opentelemetry.version(),
        resource = texts(opentelemetry.names(Exit::Resource)),
        span = texts(opentelemetry.names(Exit::Span)),
        metric = texts(opentelemetry.names(Exit::Metric)),
    );
    rustfmt(&source)
}

fn typed_value(key: &Definition) -> String {
    let cardinality = match key.cardinality() {
        Some(most) => format!("at most {most}"),
        None => "unbounded; never a metric attribute".to_owned(),
    };
    format!(
        "typed_value! {{
    /// {sentence}
    ///
    /// - **Values:** [`Format::{format:?}`], of at most {max_length} bytes.
    /// - **Cardinality:** {cardinality}.
    /// - **PII:** {pii}.
    {type_name}
}}

",
        sentence = sentence(key),
        format = key.format(),
        max_length = key.max_length(),
        pii = key.pii().name(),
        type_name = type_name(key),
    )
}

fn setter(key: &Definition) -> String {
    format!(
        "/// Sets {sentence}
    pub fn {name}(&self, value: impl AsRef<str>) -> &Self {{
        self.set(Key::{type_name}, value)
    }}
",
        sentence = sentence(key),
        name = key.name(),
        type_name = type_name(key),
    )
}

fn definition(definition: &Definition) -> String {
    let exits: Vec<_> = definition.exits().iter().map(|exit| format!("Exit::{exit:?}")).collect();
    format!(
        "Definition(Fields {{
            name: Borrowed({name:?}),
            brief: Borrowed({brief:?}),
            value_type: ValueType::{value_type:?},
            unit: {unit},
            stability: Stability::{stability:?},
            cardinality: {cardinality:?},
            max_length: {max_length},
            format: Format::{format:?},
            values: {values},
            pii: PiiClass::{pii:?},
            exits: Exits::of(&[{exits}]),
            formerly: {formerly},
            examples: {examples},
        }}),",
        name = definition.name(),
        brief = definition.brief(),
        value_type = definition.value_type(),
        unit = optional(definition.unit()),
        stability = definition.stability(),
        cardinality = definition.cardinality(),
        max_length = definition.max_length(),
        format = definition.format(),
        values = texts(definition.values()),
        pii = definition.pii(),
        exits = exits.join(", "),
        formerly = optional(definition.formerly()),
        examples = texts(definition.examples()),
    )
}

fn event(event: &EventDefinition) -> String {
    format!(
        "EventDefinition {{
            name: Borrowed({name:?}),
            brief: Borrowed({brief:?}),
            stability: Stability::{stability:?},
            attributes: {attributes},
        }},",
        name = event.name(),
        brief = event.brief(),
        stability = event.stability(),
        attributes = texts(event.attributes()),
    )
}

fn zone(definition: &ZoneDefinition) -> String {
    let (zone, brief, is_edge) = (definition.zone(), definition.brief(), definition.is_edge());
    format!("ZoneDefinition {{ zone: Zone::{zone}, brief: Borrowed({brief:?}), is_edge: {is_edge} }},")
}

fn zone_constant(definition: &ZoneDefinition) -> String {
    let (zone, brief) = (definition.zone(), definition.brief());
    let edge = if definition.is_edge() { ": an edge" } else { "" };
    format!("/// {brief}{edge}.\npub const {zone}: Self = Self::known({:?});\n", zone.as_str())
}

fn each<T>(items: &[T], write: impl Fn(&T) -> String) -> String {
    items.iter().map(write).collect::<Vec<_>>().join("\n")
}

fn texts<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let texts: Vec<_> = texts.map(|text| format!("Borrowed({text:?})")).collect();
    format!("Borrowed(&[{}])", texts.join(", "))
}

fn optional(text: Option<&str>) -> String {
    text.map_or_else(|| "None".to_owned(), |text| format!("Some(Borrowed({text:?}))"))
}

/// `` `tenant`: on whose behalf … ``
fn sentence(key: &Definition) -> String {
    let (first, rest) = key.brief().split_at_checked(1).unwrap_or_default();
    format!("`{}`: {}{rest}.", key.name(), first.to_lowercase())
}

/// `model_name` as `ModelName`.
fn type_name(key: &Definition) -> String {
    let capital =
        |word: &str| word.get(..1).unwrap_or_default().to_uppercase() + word.get(1..).unwrap_or_default();
    key.name().split('_').map(capital).collect()
}

fn rustfmt(source: &str) -> Result<String> {
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(crate::root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("rustfmt: {error}"))?;
    if let Some(mut input) = rustfmt.stdin.take() {
        input.write_all(source.as_bytes())?;
    }
    let output = rustfmt.wait_with_output()?;
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout)?),
        false => Err(format!("rustfmt: {}", output.status).into()),
    }
}
