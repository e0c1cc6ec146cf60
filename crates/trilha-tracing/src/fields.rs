//! Fields of `tracing` spans and events as attributes.
//!
//! Integers stay integers, also unsigned and wide ones; what does not fit becomes text, and so do bytes.

use std::{
    error::Error,
    fmt::{self, Debug, Write},
    iter,
};

use opentelemetry::{Value as Owned, trace::SpanKind};
use tracing_core::{
    Event,
    field::{Field, Visit},
    span::{Attributes, Record},
};
use trilha_core::{
    fence::{Callback, Panics},
    recorder::{Attribute, Callsite, FieldWriter, SpanWriter, Status, Value},
};

use crate::text::{Bounded, Text};

/// The field of an event's text.
const MESSAGE: &str = "message";

const EXCEPTION_MESSAGE: &str = "exception.message";
const EXCEPTION_STACKTRACE: &str = "exception.stacktrace";

/// The name of an event that holds an error and no message.
///
/// Specification: [semantic conventions 1.42, exceptions](https://github.com/open-telemetry/semantic-conventions/blob/v1.42.0/docs/exceptions/exceptions-spans.md).
const EXCEPTION: &str = "exception";

/// Errors behind an error: a chain may be a ring.
const MAX_SOURCES: usize = 32;

/// Stands for what panicked while it was written.
const PANICKED: &str = "[panicked]";

/// What a span's fields say about the span itself, read before it starts.
#[derive(Debug)]
pub(crate) struct SpanSettings {
    pub(crate) name: Option<String>,
    pub(crate) kind: SpanKind,
}

impl SpanSettings {
    /// Of a span whose fields are none.
    pub(crate) const NONE: Self = Self { name: None, kind: SpanKind::Internal };

    #[inline(never)]
    pub(crate) fn of(attributes: &Attributes<'_>) -> Self {
        let mut settings = Self::NONE;
        let panics = Panics::default(); // counted when the fields are written
        attributes.record(&mut EachField::in_short(&panics, |name: &str, value: Value<'_>| {
            match (name, value) {
                ("otel.name", Value::Str(name)) => settings.name = Some(name.to_owned()),
                ("otel.kind", Value::Str(name)) => settings.kind = kind(name),
                _ => {}
            }
        }));
        settings
    }
}

/// Writes the fields that a span starts with, of which none are [settings](SpanSettings).
pub(crate) fn write_new(attributes: &Attributes<'_>, callsite: &Callsite, span: &mut SpanWriter<'_>) {
    let panics = span.handle().stats().panics();
    attributes.record(&mut EachField::in_full(panics, span.fields(callsite)));
}

/// As [`write_new`], of fields that may be settings, which are no attributes.
#[inline(never)]
pub(crate) fn write_any_new(attributes: &Attributes<'_>, span: &mut SpanWriter<'_>) {
    let panics = span.handle().stats().panics();
    attributes.record(&mut EachField::in_full(panics, |name: &str, value: Value<'_>| match (name, value) {
        ("otel.name", Value::Str(_)) => {}
        _ => write_field(name, value, span),
    }));
}

/// Writes fields that are recorded later, the name among them.
pub(crate) fn write_later(values: &Record<'_>, span: &mut SpanWriter<'_>) {
    let panics = span.handle().stats().panics();
    values.record(&mut EachField::in_full(panics, |name: &str, value: Value<'_>| match (name, value) {
        ("otel.name", Value::Str(name)) => span.set_name(name),
        _ => write_field(name, value, span),
    }));
}

fn write_field(name: &str, value: Value<'_>, span: &mut SpanWriter<'_>) {
    match (name, value) {
        ("otel.kind", Value::Str(_)) => {}
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
    pub(crate) message: Option<Text>,
    pub(crate) others: Vec<(&'static str, Owned)>,
}

impl EventFields {
    /// The fields of a line in a log: an error is its text.
    pub(crate) fn in_short(event: &Event<'_>, panics: &Panics) -> Self {
        let mut fields = Self::default();
        event.record(&mut EachField::in_short(panics, &mut fields));
        fields
    }

    /// The fields of a span's event: an error is spelled out.
    pub(crate) fn in_full(event: &Event<'_>, panics: &Panics) -> Self {
        let mut fields = Self::default();
        event.record(&mut EachField::in_full(panics, &mut fields));
        if fields.message.is_none() && fields.error().is_none() {
            // `#[instrument(err)]` and the like: the error's text, and nothing beside.
            let error = fields.others.iter_mut().find(|field| matches!(field, ("error", Owned::String(_))));
            error.into_iter().for_each(|(name, _)| *name = EXCEPTION_MESSAGE);
        }
        fields
    }

    /// What an event is called that has no other name than the one `tracing` made up.
    pub(crate) fn name(&self) -> Option<&str> {
        self.message.as_deref().or_else(|| self.error().map(|_| EXCEPTION))
    }

    /// The text of the error that the event is about: it has no message of its own.
    pub(crate) fn only_error(&self) -> Option<&str> {
        self.error().filter(|_| self.message.is_none())
    }

    fn error(&self) -> Option<&str> {
        self.others.iter().find_map(|field| match field {
            (EXCEPTION_MESSAGE, Owned::String(text)) => Some(text.as_str()),
            _ => None,
        })
    }

    /// The fields without the message.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = Attribute<'_>> {
        self.others.iter().map(|(name, value)| (*name, value.into()))
    }
}

/// Who is told the fields, one by one.
pub(crate) trait TakeField {
    fn take(&mut self, name: &'static str, value: Value<'_>);

    /// Takes the value of a field as it is.
    #[inline(always)]
    fn take_field(&mut self, field: &Field, value: Value<'_>) {
        self.take(field.name(), value);
    }

    /// Takes text that was written for it.
    fn take_text(&mut self, name: &'static str, text: Text) {
        self.take(name, (&*text).into());
    }
}

impl<F: FnMut(&'static str, Value<'_>)> TakeField for F {
    #[inline(always)] // so that the kind of value is known where it is written
    fn take(&mut self, name: &'static str, value: Value<'_>) {
        self(name, value);
    }
}

impl TakeField for FieldWriter<'_, '_> {
    #[inline(always)] // so that the kind of value is known where it is written
    fn take_field(&mut self, field: &Field, value: Value<'_>) {
        self.set(field.index(), value);
    }

    fn take(&mut self, name: &'static str, value: Value<'_>) {
        self.span().set_attribute(name, value);
    }
}

impl TakeField for &mut EventFields {
    fn take(&mut self, name: &'static str, value: Value<'_>) {
        match (name, value) {
            (MESSAGE, Value::Str(message)) => self.take_text(name, message.into()),
            (MESSAGE, value) => self.take_text(name, (&*Owned::from(value).as_str()).into()),
            _ => self.others.push((name, value.into())),
        }
    }

    fn take_text(&mut self, name: &'static str, text: Text) {
        match name {
            MESSAGE if text.is_empty() => {} // it says nothing
            MESSAGE => self.message = Some(text),
            _ => self.take(name, (&*text).into()),
        }
    }
}

/// Hands on each field that it visits.
pub(crate) struct EachField<'p, T> {
    to: T,
    panics: &'p Panics,
    are_errors_in_full: bool,
}

impl<'p, T: TakeField> EachField<'p, T> {
    /// An error is its text.
    pub(crate) fn in_short(panics: &'p Panics, to: T) -> Self {
        Self { to, panics, are_errors_in_full: false }
    }

    /// An error is its text, and an exception: its message, and its sources in the place of a stack trace.
    pub(crate) fn in_full(panics: &'p Panics, to: T) -> Self {
        Self { to, panics, are_errors_in_full: true }
    }

    #[inline(always)]
    fn visit<'v>(&mut self, field: &Field, value: impl Into<Value<'v>>) {
        self.to.take_field(field, value.into());
    }

    fn visit_integer<I: TryInto<i64> + ToString + Copy>(&mut self, field: &Field, value: I) {
        match value.try_into() {
            Ok(value) => self.visit(field, value),
            Err(_) => self.visit(field, &value.to_string()),
        }
    }
}

impl<T: TakeField> Visit for EachField<'_, T> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.visit(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.visit(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.visit_integer(field, value);
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.visit_integer(field, value);
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.visit_integer(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.visit(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.visit(field, value);
    }

    fn record_error(&mut self, field: &Field, error: &(dyn Error + 'static)) {
        let text = written(self.panics, |out| write!(out, "{error}"));
        self.visit(field, &*text);
        if self.are_errors_in_full {
            self.to.take(EXCEPTION_MESSAGE, (&*text).into());
            let sources = written(self.panics, |out| write_sources(error, out));
            if !sources.is_empty() {
                self.to.take_text(EXCEPTION_STACKTRACE, sources);
            }
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.to.take_text(field.name(), written(self.panics, |out| write!(out, "{value:?}")));
    }
}

/// The errors behind an error, one a line.
fn write_sources(error: &(dyn Error + 'static), out: &mut Bounded<'_>) -> fmt::Result {
    let sources = iter::successors(error.source(), |error: &&(dyn Error + 'static)| (*error).source());
    sources.take(MAX_SOURCES).enumerate().try_for_each(|(at, source)| {
        let separator = if at == 0 { "" } else { "\n" };
        write!(out, "{separator}{source}")
    })
}

/// What foreign code writes. A panic in it does not reach the instrumented call.
fn written(panics: &Panics, write: impl FnOnce(&mut Bounded<'_>) -> fmt::Result) -> Text {
    panics.fence(Callback::Field, || Text::written(write)).unwrap_or_else(|| PANICKED.into())
}
