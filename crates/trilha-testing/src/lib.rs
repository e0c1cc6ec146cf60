//! Tests that look at what really left: an OTLP receiver inside the process, the traces that it
//! got, and sentences about them.
//!
//! ```
//! # fn send(_endpoint: &str) {}
//! use std::time::Duration;
//! use opentelemetry::trace::TraceId;
//! use trilha_testing::Receiver;
//!
//! let receiver = Receiver::start();
//! send(&receiver.http_endpoint()); // the code under test
//!
//! let trace_id = TraceId::from(0x4bf92f3577b34da6a3ce929d0e0e4736);
//! let trace = receiver.trace(trace_id).within(Duration::from_millis(1)).blocking_result();
//! match trace {
//!     Ok(trace) => {
//!         trace.span("GET /orders/{id}").is_child_of("POST /checkout").has("tenant", "acme");
//!     }
//!     Err(error) => assert!(error.to_string().contains("nothing of it has arrived")),
//! }
//! ```
//!
//! | you want | take |
//! |---|---|
//! | a receiver on free ports | [`Receiver::start`] |
//! | a whole trace, by id | [`Receiver::trace`], `.await` or `.blocking()` |
//! | one that starts under a made-up inbound parent | [`Receiver::trace_under`] |
//! | one that you do not know the id of | [`Receiver::trace_where`] |
//! | more than "whole" | [`Wait::with`] |
//! | a metric, a log record | [`Receiver::metric`], [`Receiver::log_where`] |
//! | what was counted, what headers came | [`Receiver::received`], [`Receiver::requests`] |
//! | a receiver that misbehaves or is dead | [`Receiver::respond`], [`Receiver::stop`] |
//! | spans of an adapter in a test | [`Fixture`] |
//! | to know that an adapter keeps its promises | [`contract`] |
//! | the address of a real server | [`server`] |
//! | to know that nothing personal leaves | [`canaries()`], [`Hunt`] |
//! | to see a trace | [`Trace::tree`], [`Trace::to_json`] |
//!
//! Every wait is by condition and has a deadline, [`DEFAULT_DEADLINE`] unless told otherwise; a
//! test that fails shows the tree of what there is.
//!
//! # What this crate does not do
//! - It is no collector: nothing is forwarded, nothing outlives the process, memory is bounded.
//! - It does not repair traces: what is broken is shown broken.
//! - TLS and authentication.

pub mod contract;

mod canaries;
mod error;
mod fixture;
mod logs;
mod metrics;
mod receiver;
mod servers;
mod trace;
mod tree;

pub use self::canaries::{Canaries, Canary, Encoding, Hunt, Sighting, canaries};
pub use self::error::{NotReceived, SetupError};
pub use self::fixture::Fixture;
pub use self::logs::LogRecord;
pub use self::metrics::{DataPoint, Metric, MetricKind, PointValue};
pub use self::receiver::{
    DEFAULT_DEADLINE, Fault, Protocol, Received, ReceivedRequest, Receiver, ReceiverBuilder, Signal, Updates,
    Wait,
};
pub use self::servers::server;
pub use self::trace::{Attributes, Event, Link, Scope, Span, SpanRef, Trace, Value};
pub use self::tree::Tree;
