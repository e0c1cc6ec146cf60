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
//! - A request is sent again only where the receiver says that it did not take it (429, 502, 503, 504 and the
//!   gRPC codes that OTLP calls retryable), or where nothing had left yet. One that was sent and not answered is
//!   counted as unacknowledged, and not sent twice. 502, 504, and the gRPC codes but `UNAVAILABLE` and
//!   `RESOURCE_EXHAUSTED`, leave open whether it was taken: such a batch is never called lost, only
//!   unacknowledged. 503 and `UNAVAILABLE` are taken at their word.
//! - A full queue drops what matters least: steps inside of a process first, entries and roots next, failures
//!   last ([`PipelineConfig::queue_spans`]).
//! - A batch that the receiver refuses for what is in it (400, 413, 422, `INVALID_ARGUMENT`, or
//!   `RESOURCE_EXHAUSTED` without a time to come back) is sent again in halves, until the span that it does
//!   not want is alone and counted as rejected: within a minute, and at most 256 requests; what is left then
//!   counts as given up. Where no part is taken, all of it is rejected after 31 requests, and the next 15 batches
//!   are sent once, unless one is taken.
//! - Loss is logged, by `tracing` at the target `trilha`: a warning with the reason when it starts, a line
//!   with the number once there was none for half a minute, or before a shutdown returns, and nothing in between.
//! - A span that never ends is not lost in silence: after a bound it counts as overdue
//!   ([`PipelineConfig::overdue_after`]), and the log says when there is the first and when there is none any more.
//! - Flush, shutdown and drop keep their deadline under any executor, or none.
//! - The pipeline's own traffic is not traced: neither by Trilha nor by a `tracing` subscriber.
//!
//! # Fork
//! A child of `fork` has its parent's [`Pipeline`] and none of its threads. What it inherited is the parent's to
//! deliver: spans that wait, and those that are open, which do nothing when they end in the child. Once the child
//! uses it, by its first span for instance, a pipeline of its own begins: an empty queue, a thread, connections, and
//! counts from zero. All else is as in the parent, which notices nothing; ids differ. What was shut down before the
//! fork stays so.
//!
//! What no library can mend: a lock that another thread held at the moment of the fork stays held in the child. Here
//! that concerns an open span that another thread was writing to, the moment in which memory is taken or a thread
//! sleeps, and whatever locks the program and its subscriber have. Who forks does so before there are threads, or
//! starts the pipeline in the child. The parent's connections stay open until the child ends, too.
//!
//! # Features
//! | feature | adds |
//! |---|---|
//! | `http` (default) | [`Endpoint::http`]: OTLP/HTTP with protobuf |
//! | `grpc` | [`Endpoint::grpc`]: OTLP/gRPC |
//! | `json` | [`Endpoint::stdout`], [`Endpoint::file`]: lines of JSON, for development |
//! | `gzip` | [`Endpoint::gzip`]: compressed requests |
//! | `tls` | [`Endpoint::tls`]: `https://`, with the roots of the system or your own |
//!
//! # What this crate does not do
//! - It reads no environment variables: whoever builds a [`PipelineConfig`] does.
//! - Metrics and logs.
//! - A spool on disk: what waits is lost with the process.
//! - HTTP proxies: the receiver is reached directly.
#![cfg_attr(
    not(any(feature = "http", feature = "grpc")),
    allow(
        dead_code,
        unreachable_code,
        unused_imports,
        unused_variables,
        reason = "without a receiver to send to, much of what is checked and kept has no use"
    )
)]

mod config;
mod delivery;
mod encode;
mod error;
mod pipeline;
mod queue;
mod record;
mod transport;
mod worker;

#[cfg(feature = "tls")]
pub use crate::config::Tls;
pub use crate::{
    config::{Endpoint, PipelineConfig},
    error::SetupError,
    pipeline::{Pipeline, Report},
    record::{Limits, OtlpRecorder},
};
