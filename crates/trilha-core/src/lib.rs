//! The core of Trilha: what every adapter needs, and nothing that only one of them does.
//!
//! An adapter for a library makes an [`Operation`] of everything that crosses a boundary, reads and
//! writes its context through a [`Carrier`], and is done. A pipeline implements [`Recorder`]. A
//! [`Handle`] joins the two, and carries the meters, the propagation and the counts of one service.
//!
//! | to … | look at |
//! |---|---|
//! | instrument a library | [`Operation`], [`Outcome`], [`Carrier`], [`Handle`] |
//! | keep or send spans | [`recorder`] |
//! | say on whose behalf work is done | [`ContextAttributes`], [`schema`] |
//! | take the context along to another thread | [`carry`] |
//! | cross to another process | [`propagation`] |
//! | say who is believed, and who gets baggage | [`trust`] |
//! | let foreign code take part through the OpenTelemetry API | [`api`] |
//! | instrument a messaging client | [`messaging`] |
//! | know what was lost or refused | [`SpanCounts`], [`Stats`] |
//! | call foreign code that may panic | [`fence`] |
//! | keep what a fork must not share | [`Process`] |
//!
//! # Features
//! | feature | adds |
//! |---|---|
//! | `http` | [`http`]: HTTP headers as a carrier, and the names that HTTP spans share |
//! | `policy` | [`policy`]: the rules of a platform in one file |
//! | `render` | [`schema::render`]: the schema as a table, Markdown, or a file for other tools |
//! | `serde` | `Serialize` and `Deserialize` for what the schema holds |
//!
//! # What this crate does not do
//! No I/O, no runtime, no SDK. It sends nothing, and starts no thread.

pub mod api;
pub mod carrier;
pub mod current;
pub mod fence;
pub mod guard;
#[cfg(feature = "http")]
pub mod http;
pub mod messaging;
#[cfg(feature = "policy")]
pub mod policy;
pub mod propagation;
pub mod recorder;
pub mod sampling;
pub mod schema;
pub mod trust;

mod attributes;
mod carry;
mod enum_set;
mod handle;
mod operation;
mod process;
mod random;
mod stats;

pub use crate::{
    attributes::{ContextAttributes, MatchedRoute},
    carrier::{Carrier, CarrierKind, CarrierMut},
    carry::carry,
    handle::{Handle, HandleBuilder, Instruments, Service},
    operation::{
        DURATION_BOUNDARIES, Entered, Operation, OperationBuilder, Outcome, Run, duration_histogram,
    },
    process::Process,
    propagation::{
        Baggage, InvalidBaggage, InvalidTraceparent, InvalidTracestate, Propagation, TraceContext,
        Traceparent, Tracestate,
    },
    recorder::{NoopRecorder, Recorder, Scope, Span, SpanKind},
    stats::{BrokenPropagation, BrokenReason, DroppedSpans, Refusal, SpanCounts, Stats},
    trust::{Recipient, Sender, Trust},
};
