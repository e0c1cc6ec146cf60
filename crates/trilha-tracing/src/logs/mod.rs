//! Log lines that name the trace they belong to.
//!
//! Specification: [OpenTelemetry, trace context in non-OTLP log formats](https://opentelemetry.io/docs/specs/otel/compatibility/logging_trace_context/).

mod json;
mod text;

use opentelemetry::{Context, trace::TraceContextExt};
use trilha_core::{ContextAttributes, schema::Exit};

pub use self::{json::JsonLog, text::TextLog};

/// Calls `visit` with the ids of the current span, and with the context attributes that may be logged.
fn for_each_correlation(mut visit: impl FnMut(&str, &str)) {
    let context = Context::current();
    let span = context.span();
    let ids = span.span_context();
    if ids.is_valid() {
        visit("trace_id", &ids.trace_id().to_string());
        visit("span_id", &ids.span_id().to_string());
        visit("trace_flags", &format!("{:02x}", ids.trace_flags().to_u8()));
    }
    ContextAttributes::current().for_each_to(Exit::Log, visit);
}
