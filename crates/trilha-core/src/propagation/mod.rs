//! How a trace crosses from one process to the next: the trace context, and how it is read from and
//! written to a carrier.
//!
//! Reading refuses what the specification refuses, counts it, and never fails the call.

mod format;
mod baggage;
mod list;
mod trace_context;
mod traceparent;
mod tracestate;

pub use self::{
    format::{Format, Formats, InvalidFormat},
    baggage::{Baggage, BaggageReader, InvalidBaggage, Member, ParsedBaggage},
    list::Bounded,
    trace_context::TraceContext,
    traceparent::{EncodedTraceparent, InvalidTraceparent, RANDOM_FLAG, Traceparent},
    tracestate::{InvalidTracestate, Tracestate},
};
use crate::{
    Refusal, Stats,
    carrier::{Carrier, CarrierKind, CarrierMut},
};

pub(crate) const TRACEPARENT: &str = "traceparent";
pub(crate) const TRACESTATE: &str = "tracestate";

/// Which kinds of carrier take part. Defaults to all of them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Propagation {
    http: bool,
    grpc: bool,
    messaging: bool,
    database: bool,
}

impl Default for Propagation {
    fn default() -> Self {
        Self { http: true, grpc: true, messaging: true, database: true }
    }
}

impl Propagation {
    /// Switches one kind of carrier on or off.
    #[must_use]
    pub fn with(mut self, kind: CarrierKind, enabled: bool) -> Self {
        *match kind {
            CarrierKind::Http => &mut self.http,
            CarrierKind::Grpc => &mut self.grpc,
            CarrierKind::Messaging => &mut self.messaging,
            CarrierKind::Database => &mut self.database,
        } = enabled;
        self
    }

    /// Whether a context is read from and written to this kind of carrier.
    pub fn is_enabled(&self, kind: CarrierKind) -> bool {
        match kind {
            CarrierKind::Http => self.http,
            CarrierKind::Grpc => self.grpc,
            CarrierKind::Messaging => self.messaging,
            CarrierKind::Database => self.database,
        }
    }

    /// Reads a remote context as [`extract`](Self::extract) does, where that was or will be called for
    /// the same carrier: what is malformed is counted once.
    pub fn peek(&self, carrier: &dyn Carrier) -> Option<TraceContext> {
        self.extract(carrier, &Stats::default())
    }

    /// Reads a remote context. What is malformed is counted in `stats` and ignored.
    pub fn extract(&self, carrier: &dyn Carrier, stats: &Stats) -> Option<TraceContext> {
        if !self.is_enabled(carrier.kind()) {
            return None;
        }
        let mut traceparent = None;
        carrier.for_each(TRACEPARENT, &mut |value| {
            traceparent = Some(match traceparent {
                None => Traceparent::parse(value),
                Some(_) => Err(InvalidTraceparent::Repeated),
            });
        });
        let traceparent = traceparent?.inspect_err(|_| stats.refuse(Refusal::Traceparent)).ok()?;
        Some(TraceContext::new(traceparent, extract_tracestate(carrier, stats)))
    }

    /// Writes `context`, and removes what the carrier held before: a copied header names another span.
    /// What the carrier cannot take is counted in `stats`.
    pub fn inject(&self, context: &TraceContext, carrier: &mut dyn CarrierMut, stats: &Stats) {
        if !self.is_enabled(carrier.kind()) {
            return;
        }
        let mut is_taken = true;
        match context.traceparent() {
            Some(traceparent) => is_taken &= carrier.set(TRACEPARENT, traceparent.encode().as_str()),
            None => carrier.remove(TRACEPARENT),
        }
        if context.tracestate().is_empty() {
            carrier.remove(TRACESTATE);
        } else {
            is_taken &= carrier.set(TRACESTATE, context.tracestate().as_str());
        }
        if !is_taken {
            stats.refuse(Refusal::Carrier);
        }
    }
}

fn extract_tracestate(carrier: &dyn Carrier, stats: &Stats) -> Tracestate {
    let mut headers: Vec<Vec<u8>> = Vec::new();
    carrier.for_each(TRACESTATE, &mut |value| headers.push(value.to_vec()));
    Tracestate::parse(headers.iter().map(Vec::as_slice)).unwrap_or_else(|_| {
        stats.refuse(Refusal::Tracestate);
        Tracestate::default()
    })
}
