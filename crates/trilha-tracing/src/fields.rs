//! Fields of `tracing` spans and events as attributes.
//!
//! Integers stay integers, also unsigned ones; what does not fit becomes text.

use std::{error::Error, fmt::Debug};

use opentelemetry::trace::SpanKind;
use tracing_core::field::{Field, Visit};
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

impl Default for SpanSettings {
    fn default() -> Self {
        Self { name: None, kind: SpanKind::Internal }
    }
}

impl Visit for SpanSettings {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "otel.name" => self.name = Some(value.to_owned()),
            "otel.kind" => self.kind = kind(value),
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if matches!(field.name(), "otel.name" | "otel.kind") {
            self.record_str(field, &format!("{value:?}"));
        }
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

/// Writes fields to a span as they are visited.
#[derive(Debug)]
pub(crate) struct ToSpan<'a> {
    pub(crate) span: &'a Span,
    /// Whether the span was just started with the name and kind that its fields gave.
    pub(crate) is_new: bool,
}

impl ToSpan<'_> {
    fn record(&self, field: &Field, value: Value<'_>) {
        match (field.name(), value) {
            ("otel.kind", _) => {}
            ("otel.name", Value::Str(name)) if !self.is_new => self.span.set_name(name),
            ("otel.name", _) => {}
            ("otel.status_code", Value::Str(code)) => self.span.set_status(status(code)),
            ("otel.status_description", Value::Str(text)) => {
                self.span.set_status(Status::Error(text));
            }
            (name, value) => self.span.set_attribute(name, value),
        }
    }
}

impl Visit for ToSpan<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.record(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.record(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        with_unsigned(value, |value| self.record(field, value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.record(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record(field, value.into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.record(field, (&value.to_string()).into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record(field, (&format!("{value:?}")).into());
    }
}

fn status(code: &str) -> Status<'static> {
    match code.to_ascii_lowercase().as_str() {
        "ok" => Status::Ok,
        "error" => Status::Error(""),
        _ => Status::Unset,
    }
}

fn with_unsigned(value: u64, record: impl FnOnce(Value<'_>)) {
    match i64::try_from(value) {
        Ok(value) => record(value.into()),
        Err(_) => record((&value.to_string()).into()),
    }
}

/// The fields of an event, kept until all are known: the message becomes the event's name.
#[derive(Debug, Default)]
pub(crate) struct EventFields {
    pub(crate) message: Option<String>,
    fields: Vec<(&'static str, opentelemetry::Value)>,
}

impl EventFields {
    /// The fields without the message.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = Attribute<'_>> {
        self.fields.iter().map(|(name, value)| (*name, value.into()))
    }

    fn record(&mut self, field: &Field, value: Value<'_>) {
        match (field.name(), value) {
            ("message", Value::Str(message)) => self.message = Some(message.to_owned()),
            (name, value) => self.fields.push((name, value.into())),
        }
    }
}

impl Visit for EventFields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.record(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.record(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        with_unsigned(value, |value| self.record(field, value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.record(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record(field, value.into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.record(field, (&value.to_string()).into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record(field, (&format!("{value:?}")).into());
    }
}
