//! What Trilha takes from the OpenTelemetry SDK: metrics over OTLP, and a way to keep a tracer
//! provider that a team already has.
//!
//! - [`Metrics`] is a meter provider that exports over OTLP, on HTTP or gRPC.
//! - [`ApiRecorder`] records the spans of all adapters through any OpenTelemetry `TracerProvider`.
//! - [`GuardedExporter`] and [`GuardedProcessor`] put guard, fence and counts around what sends there.
//! - [`observe_counts`] publishes the counts of a service as metrics.
//!
//! # A pipeline of the SDK
//! Trilha's adapters record into it:
//!
//! ```
//! use std::sync::Arc;
//!
//! use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
//! use trilha_core::{Handle, guard::PiiGuard};
//! use trilha_sdk::{ApiRecorder, GuardedExporter};
//!
//! # let exporter = InMemorySpanExporter::default();
//! let exporter = GuardedExporter::new(exporter, PiiGuard::default()); // around your own
//! let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build();
//! let handle = Handle::builder(Arc::new(ApiRecorder::new(provider))).build();
//! # let _ = handle;
//! ```
//!
//! Or there is none of Trilha's recorders, and the spans are those of `tracing-opentelemetry`:
//!
//! ```
//! use opentelemetry::trace::TracerProvider;
//! use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
//! use tracing_subscriber::layer::SubscriberExt;
//! use trilha_core::guard::PiiGuard;
//! use trilha_sdk::GuardedExporter;
//!
//! # let own = InMemorySpanExporter::default();
//! # let sent = own.clone();
//! let exporter = GuardedExporter::new(own, PiiGuard::default());
//! let stats = exporter.stats();
//! let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build();
//! let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("orders"));
//! tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
//!     tracing::info_span!("paid", by = "ana@example.com").in_scope(|| {});
//! });
//! provider.force_flush()?;
//! assert_eq!(stats.counts().exported, 1);
//! # let spans = sent.get_finished_spans()?;
//! # assert!(spans[0].attributes.iter().any(|it| it.value.as_str() == "[redacted:email]"), "{spans:?}");
//! # Ok::<(), opentelemetry_sdk::error::OTelSdkError>(())
//! ```
//!
//! # Features
//! | feature | adds |
//! |---|---|
//! | `grpc` | [`Metrics::grpc`]: OTLP/gRPC, beside HTTP |
//! | `gzip` | [`MetricsBuilder::gzip`]: compressed exports |
//! | `tls` | [`MetricsBuilder::tls`]: export to `https://` |
//!
//! # What this crate does not do
//! - It exports no spans: `trilha-otlp` does, without the SDK.
//! - It brings no thread of the SDK's back in a child of a fork: neither [`Metrics`] nor a batch processor export
//!   there. Start them in the child.

mod counts;
mod guarded;
mod headers;
mod metrics;
mod quiet;
mod recorder;
mod runtime;
#[cfg(feature = "tls")]
mod tls;

pub use crate::{
    counts::{Component, SpanPipeline, observe_counts},
    guarded::{
        ExporterCounts, ExporterStats, GuardedExporter, GuardedProcessor, ProcessorCounts, ProcessorStats,
    },
    metrics::{ExportCounts, Metrics, MetricsBuilder, SetupError},
    recorder::ApiRecorder,
};
