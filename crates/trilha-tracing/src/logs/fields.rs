//! The fields of spans and events in a log line for people: the message, then `name=value`.

use std::{borrow::Cow, fmt};

use tracing_subscriber::{
    field::RecordFields,
    fmt::{FormatFields, format::Writer},
};
use trilha_core::{
    Handle,
    guard::Place,
    recorder::{Attribute, Value},
};

use super::judged;
use crate::fields::EachField;

/// The fields of a [`TextLog`](super::TextLog), as the guard lets them through: a message as it is, text with
/// spaces in quotes.
#[derive(Clone, Copy, Debug, Default)]
pub struct TextFields(());

impl TextFields {
    /// The format.
    pub fn new() -> Self {
        Self(())
    }
}

impl<'w> FormatFields<'w> for TextFields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'w>, fields: R) -> fmt::Result {
        let handle = Handle::current();
        let (mut result, mut separator) = (Ok(()), "");
        fields.record(&mut EachField::in_short(
            handle.stats().panics(),
            |name: &'static str, value: Value<'_>| {
                let mut write = |text: &str| write!(writer, "{separator}{text}");
                let written = match (name, value) {
                    ("message", Value::Str(message)) => write(&escaped(&judged(&handle, message))),
                    _ => {
                        let mut text = None;
                        handle.guard().judge_attributes(Place::LogField, &[(name, value)], |left| {
                            text = left.first().map(|field| shown(*field));
                        });
                        text.map_or(Ok(()), |text| write(&text))
                    }
                };
                separator = " ";
                result = result.and(written);
            },
        ));
        result
    }
}

fn shown((name, value): Attribute<'_>) -> String {
    let value = opentelemetry::Value::from(value);
    let text = value.as_str();
    let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '"';
    match !text.is_empty() && text.chars().all(is_plain) {
        true => format!("{name}={text}"),
        false => format!("{name}={text:?}"),
    }
}

/// A message that does not speak to the terminal. Its lines stay lines.
fn escaped(message: &str) -> Cow<'_, str> {
    let is_command = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    match message.contains(is_command) {
        true => Cow::Owned(message.replace(is_command, "\u{fffd}")),
        false => Cow::Borrowed(message),
    }
}
