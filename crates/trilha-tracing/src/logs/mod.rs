//! Log lines that name the trace they belong to.
//!
//! Specification: [OpenTelemetry, trace context in non-OTLP log formats](https://opentelemetry.io/docs/specs/otel/compatibility/logging_trace_context/).

mod fields;
mod json;
mod text;

use std::borrow::Cow;

use opentelemetry::trace::{SpanContext, TraceContextExt};
use tracing_core::Event;
use trilha_core::{
    ContextAttributes, Handle, current,
    guard::{Place, Verdict},
    schema::Exit,
};

pub use self::{fields::TextFields, json::JsonLog, text::TextLog};
use crate::named;

/// Calls `visit` with the ids of the span that the event belongs to, and with the context attributes that may be
/// logged.
fn for_each_correlation(event: &Event<'_>, mut visit: impl FnMut(&str, &str)) {
    let ids = match event.is_root() {
        true => SpanContext::NONE,
        false => named::ids(event).unwrap_or_else(|| current::map(|it| it.span().span_context().clone())),
    };
    if ids.is_valid() {
        visit("trace_id", &ids.trace_id().to_string());
        visit("span_id", &ids.span_id().to_string());
        visit("trace_flags", &format!("{:02x}", ids.trace_flags().to_u8()));
    }
    ContextAttributes::current().for_each_to(Exit::Log, visit);
}

/// What the guard leaves of a message. It stays in its place, empty if nothing may leave.
fn judged<'t>(handle: &Handle, message: &'t str) -> Cow<'t, str> {
    match handle.guard().judge(Place::LogBody, "", message) {
        Verdict::Clean(message) => Cow::Borrowed(message),
        Verdict::Replaced(message) => Cow::Owned(message),
        Verdict::Refused | Verdict::SpanRefused => Cow::Borrowed(""),
    }
}
