//! How a trace crosses from one process to the next, and what crosses with it: the codecs, and how they
//! are read from and written to a carrier.
//!
//! Reading refuses what the specifications refuse, counts it, and never fails the call. Whether what
//! was read is believed is a question of [`trust`](crate::trust).

pub mod b3;
pub mod x_trace;

mod baggage;
mod environment;
mod foreign;
mod format;
mod hex;
mod list;
mod receive;
mod send;
mod trace_context;
mod traceparent;
mod tracestate;

pub(crate) use self::trace_context::random_trace_id;
pub use self::{
    baggage::{Baggage, BaggageReader, InvalidBaggage, Member, ParsedBaggage},
    environment::Environment,
    foreign::ForeignContext,
    format::{Format, Formats, InvalidFormat},
    hex::Encoded,
    list::Bounded,
    receive::correlation_fields,
    send::inject,
    trace_context::TraceContext,
    traceparent::{EncodedTraceparent, InvalidTraceparent, RANDOM_FLAG, Traceparent},
    tracestate::{InvalidTracestate, Tracestate},
};
pub(crate) use self::{
    receive::{Received, Remote},
    send::{Outgoing, inject_by},
};
use crate::{
    carrier::CarrierKind,
    trust::{Destinations, Recipient},
};

/// What is propagated, and by which carriers.
///
/// | setting | defaults to |
/// |---|---|
/// | [formats](Self::formats) that are read | all, the first that a carrier holds, in the order of [`Format`] |
/// | formats that are written | `traceparent` and `tracestate`, `baggage` |
/// | [carriers](Self::with) | all |
/// | [tracestate](Self::tracestate_bytes), [baggage](Self::baggage_bytes) | at most 512 and 2,048 bytes are sent |
/// | [destinations](Self::destinations) of baggage | private hosts, all topics |
#[derive(Clone, Debug, PartialEq)]
pub struct Propagation {
    read: Formats,
    write: Formats,
    switched_off: Vec<CarrierKind>,
    tracestate_bytes: usize,
    baggage_bytes: usize,
    destinations: Destinations,
}

impl Default for Propagation {
    fn default() -> Self {
        Self {
            read: Formats::of(&Format::ALL),
            write: Formats::of(&[Format::TraceContext, Format::Baggage]),
            switched_off: Vec::new(),
            tracestate_bytes: 512,
            baggage_bytes: 2048,
            destinations: Destinations::default(),
        }
    }
}

impl Propagation {
    /// Switches one kind of carrier on or off.
    #[must_use]
    pub fn with(mut self, kind: CarrierKind, enabled: bool) -> Self {
        self.switched_off.retain(|off| *off != kind);
        if !enabled {
            self.switched_off.push(kind);
        }
        self
    }

    /// Which formats are read and which are written.
    #[must_use]
    pub fn formats(self, read: Formats, write: Formats) -> Self {
        Self { read, write, ..self }
    }

    /// The longest `tracestate` that is sent, in bytes. Members beyond are left out and counted.
    #[must_use]
    pub fn tracestate_bytes(self, max: usize) -> Self {
        Self { tracestate_bytes: max, ..self }
    }

    /// The longest `baggage` that is sent, in bytes. Members beyond are left out and counted.
    #[must_use]
    pub fn baggage_bytes(self, max: usize) -> Self {
        Self { baggage_bytes: max, ..self }
    }

    /// Who gets baggage and correlation ids.
    #[must_use]
    pub fn destinations(self, destinations: Destinations) -> Self {
        Self { destinations, ..self }
    }

    /// Whether a context is read from and written to this kind of carrier.
    pub fn is_enabled(&self, kind: CarrierKind) -> bool {
        !self.switched_off.contains(&kind)
    }

    /// The formats that are read.
    pub fn read(&self) -> Formats {
        self.read
    }

    /// The formats that are written.
    pub fn written(&self) -> Formats {
        self.write
    }

    /// Whether this format is read.
    pub fn reads(&self, format: Format) -> bool {
        self.read.contains(format)
    }

    /// Whether this format is written.
    pub fn writes(&self, format: Format) -> bool {
        self.write.contains(format)
    }

    /// Whether `recipient` may get baggage and correlation ids.
    pub fn allows(&self, recipient: Recipient<'_>) -> bool {
        match recipient {
            Recipient::Host(host) => self.destinations.allows_host(host),
            Recipient::Topic(topic) => self.destinations.allows_topic(topic),
            Recipient::Process => true,
            Recipient::Unknown => self.destinations.allows_host(""), // by the rule for everybody alone
        }
    }
}
