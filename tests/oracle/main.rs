//! The oracle: one program through tracing-opentelemetry with the SDK and its OTLP exporter, and through our
//! layer and pipeline, must arrive as the same OTLP.
//!
//! What is meant to differ is listed in `crates/trilha-tracing/docs/differences.md`, which users read, and in
//! `differences.rs`, which says how. A difference that is not listed fails; so does one that is listed and no
//! longer there.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod callsites;
mod differences;
mod directed;
mod generated;
mod program;
mod run;
mod seen;
mod stacks;
