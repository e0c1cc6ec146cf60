//! The pipeline of Trilha: spans written once as OTLP, queued, exported and counted.
//!
//! [`Pipeline::start`] gives an [`OtlpRecorder`] for a [`trilha_core::Handle`]. What is set on a span
//! is written at once as the bytes that are sent; its end hands them to a bounded queue; a thread with
//! a runtime of its own sends them in batches, tries again where OTLP allows it, and counts what became
//! of each.
//!
//! ```no_run
//! use std::time::Duration;
//! use opentelemetry::KeyValue;
//! use trilha_core::{Handle, Operation, Outcome, Scope, SpanKind};
//! use trilha_otlp::{Endpoint, Pipeline, PipelineConfig};
//!
//! const SCOPE: Scope = Scope::new("my-service", "1.0.0");
//!
//! let config = PipelineConfig::new(Endpoint::http("http://localhost:4318/v1/traces"))
//!     .resource([KeyValue::new("service.name", "my-service")]);
//! let pipeline = Pipeline::start(config)?;
//! let handle = Handle::builder(pipeline.recorder()).build();
//!
//! let work = Operation::builder(&SCOPE, "work", SpanKind::Internal).handle(handle).start();
//! work.finish(Outcome::Ok);
//!
//! let report = pipeline.shutdown_blocking(Duration::from_secs(5));
//! println!("{} delivered, {} lost", report.counts.delivered, report.counts.dropped.total());
//! # Ok::<(), trilha_otlp::SetupError>(())
//! ```
//!
//! # What can be relied on
//! - Whoever starts, writes or ends a span is never blocked by the network, and never sees an error.
//! - [`Pipeline::counts`] adds up in every snapshot. The receiver's number of distinct spans lies
//!   between `delivered` and `delivered + unacknowledged`.
//! - A request is sent again only where the receiver cannot have taken it: it said so (429, 502, 503,
//!   504 and the gRPC codes that OTLP calls retryable), or nothing had left yet. One that was sent
//!   and not answered is counted as unacknowledged, and not sent twice. (502 and 504 are a gateway's:
//!   a batch that one of them answered is never called lost, only unacknowledged.)
//! - Flush, shutdown and drop keep their deadline under any executor, or none.
//! - The pipeline's own traffic is not traced: neither by Trilha nor by a `tracing` subscriber.
//!
//! # Features
//! | feature | adds |
//! |---|---|
//! | `http` (default) | [`Endpoint::http`]: OTLP/HTTP with protobuf |
//! | `grpc` | [`Endpoint::grpc`]: OTLP/gRPC |
//!
//! # What this crate does not do
//! - It reads no environment variables: whoever builds a [`PipelineConfig`] does.
//! - Metrics and logs.
//! - TLS, compression and a spool on disk. `https://` is refused when the pipeline starts.
//! - Splitting a batch that is refused as a whole: it is counted as rejected.
#![cfg_attr(
    not(any(feature = "http", feature = "grpc")),
    allow(
        dead_code,
        unreachable_code,
        unused_imports,
        unused_variables,
        reason = "without a transport there is no endpoint, and no pipeline can start"
    )
)]

mod config;
mod encode;
mod error;
mod pipeline;
mod queue;
mod record;
mod transport;
mod worker;

pub use crate::{
    config::{Endpoint, PipelineConfig},
    error::SetupError,
    pipeline::{Pipeline, Report},
    record::{Limits, OtlpRecorder},
};
