//! The bridge from the `tracing` crate: its spans take part in the trace, its events mark them, and
//! log lines carry the ids.
//!
//! [`TraceLayer`] makes a span of each `tracing` span; [`SpanExt`] says of one what the OpenTelemetry API can and
//! `tracing` cannot. [`JsonLog`] and [`TextLog`] are event formats for `tracing_subscriber`'s own `fmt` layer, which
//! keeps its writers and filters.
//!
//! ```
//! use tracing_subscriber::prelude::*;
//! use trilha_core::Handle;
//! use trilha_tracing::{JsonLog, TraceLayer};
//!
//! let subscriber = tracing_subscriber::registry()
//!     .with(TraceLayer::new(Handle::disabled()))
//!     .with(tracing_subscriber::fmt::layer().event_format(JsonLog::new()));
//! # drop(subscriber);
//! ```
//!
//! # Which span is the parent
//! A `tracing` span is a child of the *current OpenTelemetry context*, whatever its `tracing` parent
//! is: a handler that runs for a message belongs to the message's trace, not to the loop that received
//! it. `parent: &span` and `parent: None` are followed where they are written out. A span that a filter
//! switches off leaves no gap: its children hang on what is above it.
//!
//! # From tracing-opentelemetry
//! | there | here |
//! |---|---|
//! | `layer().with_tracer(…)` | [`TraceLayer::new`] |
//! | `with_location`, `with_threads`, `with_target`, `with_level`, `with_tracked_inactivity` | [`TraceLayer::details`] |
//! | `with_counting_event_filter` | [`TraceLayer::event_level`]; nothing is counted |
//! | `OpenTelemetrySpanExt` | [`SpanExt`], with the same methods except for `set_parent` |
//! | `span.set_parent(context)` | `let _attached = context.attach();` while the span is made |
//! | `otel.name`, `otel.kind`, `otel.status_code`, `otel.status_description` | the same |
//!
//! Code that needs `set_parent` afterwards can have that layer on our tracer, by the feature `tracing-opentelemetry`.
//!
#![doc = include_str!("../docs/differences.md")]
//!
//! # Features
//! | feature | adds |
//! |---|---|
//! | `tracing-opentelemetry` | `opentelemetry_layer`: the layer of that crate on our tracer |
//!
//! # What this crate does not do
//! It installs nothing and filters no spans. It does not export logs over OTLP. The type of an error is not known to
//! `tracing`: there is no `exception.type`. What came from the `log` crate keeps the target `log` and its fields
//! `log.*`, as with tracing-opentelemetry without its feature `tracing-log`.

mod callsite;
mod detail;
mod entered;
mod event;
mod fields;
mod layer;
mod logs;
mod named;
mod open;
mod span_ext;
mod text;
#[cfg(feature = "tracing-opentelemetry")]
mod theirs;
mod timing;

#[cfg(feature = "tracing-opentelemetry")]
pub use tracing_opentelemetry;

#[cfg(feature = "tracing-opentelemetry")]
pub use crate::theirs::opentelemetry_layer;
pub use crate::{
    detail::Detail,
    layer::TraceLayer,
    logs::{JsonLog, TextFields, TextLog},
    span_ext::SpanExt,
};
