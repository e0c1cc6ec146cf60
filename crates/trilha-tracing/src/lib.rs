//! The bridge from the `tracing` crate: its spans take part in the trace, its events mark them, and
//! log lines carry the ids.
//!
//! [`TraceLayer`] makes a span of each `tracing` span. [`JsonLog`] and [`TextLog`] are event formats
//! for `tracing_subscriber`'s own `fmt` layer, which keeps its writers and filters.
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
//! # What this crate does not do
//! It installs nothing and filters nothing. It does not export logs over OTLP.

mod entered;
mod fields;
mod layer;
mod logs;

pub use crate::{
    layer::TraceLayer,
    logs::{JsonLog, TextFields, TextLog},
};
