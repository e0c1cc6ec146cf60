//! Fields of `tracing` spans and events as attributes.
//!
//! Integers stay integers, also unsigned ones; what does not fit becomes text.

use std::{error::Error, fmt::Debug};

use opentelemetry::trace::SpanKind;
use tracing_core::{
    Event,
    field::{Field, Visit},
    span::{Attributes, Record},
};
use trilha_core::{
    Span,
    recorder::{Attribute, Status, Value},
};

/// What a span's fields say about the span itself, read before it starts.
#[derive(Debug)]
pub(crate) struct SpanSettings {
    pub(crate) name: Option<String>,
    pub(crate) kind: SpanKind,
}

impl SpanSettings {
    pub(crate) fn of(attributes: &Attributes<'_>) -> Self {
        let mut settings = Self { name: None, kind: SpanKind::Internal };
        attributes.record(&mut EachField(|name: &str, value: Value<'_>| match (name, value) {
            ("otel.name", Value::Str(name)) => settings.name = Some(name.to_owned()),
            ("otel.kind", Value::Str(name)) => settings.kind = kind(name),
            _ => {}
        }));
        settings
    }
}

/// Writes the fields that a span starts with. Its [settings](SpanSettings) are no attributes.
pub(crate) fn write_new(attributes: &Attributes<'_>, span: &Span) {
    attributes.record(&mut EachField(|name: &str, value: Value<'_>| {
        if name != "otel.name" {
            write_field(name, value, span);
        }
    }));
}

/// Writes fields that are recorded later, the name among them.
pub(crate) fn write_later(values: &Record<'_>, span: &Span) {
    values.record(&mut EachField(|name: &str, value: Value<'_>| match (name, value) {
        ("otel.name", Value::Str(name)) => span.set_name(name),
        _ => write_field(name, value, span),
    }));
}

fn write_field(name: &str, value: Value<'_>, span: &Span) {
    match (name, value) {
        ("otel.kind", _) => {}
        ("otel.status_code", Value::Str(code)) => span.set_status(status(code)),
        ("otel.status_description", Value::Str(text)) => span.set_status(Status::Error(text)),
        _ => span.set_attribute(name, value),
    }
}

fn kind(name: &str) -> SpanKind {
    match name.to_ascii_lowercase().as_str() {
        "server" => SpanKind::Server,
        "client" => SpanKind::Client,
        "producer" => SpanKind::Producer,
        "consumer" => SpanKind::Consumer,
        _ => SpanKind::Internal,
    }
}

fn status(code: &str) -> Status<'static> {
    match code.to_ascii_lowercase().as_str() {
        "ok" => Status::Ok,
        "error" => Status::Error(""),
        _ => Status::Unset,
    }
}

/// The fields of an event, kept until all are known: the message becomes the event's name.
#[derive(Debug, Default)]
pub(crate) struct EventFields {
    pub(crate) message: Option<String>,
    pub(crate) others: Vec<(&'static str, opentelemetry::Value)>,
}

impl EventFields {
    pub(crate) fn of(event: &Event<'_>) -> Self {
        let mut fields = Self::default();
        event.record(&mut EachField(|name: &'static str, value: Value<'_>| match (name, value) {
            ("message", Value::Str(message)) => fields.message = Some(message.to_owned()),
            _ => fields.others.push((name, value.into())),
        }));
        fields
    }

    /// The fields without the message.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = Attribute<'_>> {
        self.others.iter().map(|(name, value)| (*name, value.into()))
    }
}

/// Calls its function with each field that it visits.
pub(crate) struct EachField<F>(pub(crate) F);

impl<F: FnMut(&'static str, Value<'_>)> Visit for EachField<F> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        (self.0)(field.name(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        (self.0)(field.name(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match i64::try_from(value) {
            Ok(value) => (self.0)(field.name(), value.into()),
            Err(_) => (self.0)(field.name(), (&value.to_string()).into()),
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        (self.0)(field.name(), value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        (self.0)(field.name(), value.into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        (self.0)(field.name(), (&value.to_string()).into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        (self.0)(field.name(), (&format!("{value:?}")).into());
    }
}
