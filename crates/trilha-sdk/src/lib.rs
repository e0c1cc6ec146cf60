//! What Trilha takes from the OpenTelemetry SDK: metrics over OTLP, and a way to keep a tracer
//! provider that a team already has.
//!
//! - [`Metrics`] is a meter provider that exports over OTLP, on HTTP or gRPC.
//! - [`ApiRecorder`] records the spans of all adapters through any OpenTelemetry `TracerProvider`.
//! - [`observe_counts`] publishes the counts of a service as metrics.
//!
//! ```
//! use std::sync::Arc;
//!
//! use opentelemetry_sdk::trace::SdkTracerProvider;
//! use trilha_core::Handle;
//! use trilha_sdk::ApiRecorder;
//!
//! let provider = SdkTracerProvider::builder().build(); // with processors of your own
//! let handle = Handle::builder(Arc::new(ApiRecorder::new(provider))).build();
//! # let _ = handle;
//! ```
//!
//! # Features
//! | feature | adds |
//! |---|---|
//! | `grpc` | [`Metrics::grpc`]: OTLP/gRPC, beside HTTP |
//!
//! # What this crate does not do
//! It exports no spans: `trilha-otlp` does, without the SDK.

mod counts;
mod headers;
mod metrics;
mod quiet;
mod recorder;
mod runtime;

pub use crate::{
    counts::observe_counts,
    metrics::{ExportCounts, Metrics, MetricsBuilder, SetupError},
    recorder::ApiRecorder,
};
