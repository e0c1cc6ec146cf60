//! The counts: what became of every span, and what was refused, under a reason that a user can read.

mod broken;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use self::broken::Broken;
pub(crate) use self::broken::Notify;
pub use self::broken::{BrokenPropagation, BrokenReason};
use crate::{carrier::CarrierKind, fence::Panics, trust::Sender};

/// What became of every span that a recorder was asked to keep.
///
/// At any time, and exactly: `created = delivered + dropped + queued + in_flight + unacknowledged + open`.
/// Spans that were sampled out are not created; they are counted apart.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct SpanCounts {
    /// Spans that were started and are to be kept.
    pub created: u64,
    /// Spans that were not kept, by decision of the sampler.
    pub sampled_out: u64,
    /// Started, not ended.
    pub open: u64,
    /// Those of the open ones that have been open for longer than the pipeline's bound: most will never end. A part of
    /// `open`, not of the sum.
    pub overdue: u64,
    /// Ended, waiting to be sent.
    pub queued: u64,
    /// Sent, not answered.
    pub in_flight: u64,
    /// The receiver took them.
    pub delivered: u64,
    /// Sent over a connection that broke before the answer: the receiver may or may not have them.
    pub unacknowledged: u64,
    /// Lost, by reason.
    pub dropped: DroppedSpans,
}

/// Lost spans, by reason.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct DroppedSpans {
    /// The queue was full when the span ended, or when one ended that matters more.
    pub queue_full: u64,
    /// The receiver could not be reached, or kept refusing, until the retries were used up.
    pub export_failed: u64,
    /// The receiver answered that it does not want them.
    pub rejected: u64,
    /// A single span was larger than the pipeline sends.
    pub too_large: u64,
    /// They ended after shutdown, or were still waiting at its deadline.
    pub shutdown: u64,
}

impl DroppedSpans {
    /// Each reason, by its name in metrics, and its count.
    pub fn by_reason(&self) -> [(&'static str, u64); 5] {
        [
            ("queue_full", self.queue_full),
            ("export_failed", self.export_failed),
            ("rejected", self.rejected),
            ("too_large", self.too_large),
            ("shutdown", self.shutdown),
        ]
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.by_reason().iter().map(|(_, count)| count).sum()
    }
}

/// Something that was not taken over, or not passed on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Refusal {
    /// A `traceparent`, or a trace context in another format, that is malformed, or stands there twice.
    Traceparent,
    /// A `tracestate` list that is malformed or too long.
    Tracestate,
    /// Members of a `baggage` that are malformed, or more than are carried.
    Baggage,
    /// A context attribute that breaks its rule, or that the schema does not know.
    Attribute,
    /// A context that a carrier could not take, such as headers that are full.
    Carrier,
    /// The sampling decision of a stranger, at an edge.
    UntrustedDecision,
    /// The baggage of a stranger, at an edge.
    UntrustedBaggage,
    /// A context attribute, such as a tenant, that a stranger named at an edge.
    UntrustedAttribute,
    /// Baggage or a correlation id that was not sent, since the recipient is no allowed destination.
    WithheldBaggage,
    /// A `tracestate` of which members were left out, to send no more than is allowed.
    ShortenedTracestate,
    /// A `baggage` of which members were left out, to send no more than is allowed.
    ShortenedBaggage,
    /// A metric's attribute that became `_other`, since its key has as many values as it may have.
    Cardinality,
}

impl Refusal {
    const ALL: [Self; 12] = [
        Self::Traceparent,
        Self::Tracestate,
        Self::Baggage,
        Self::Attribute,
        Self::Carrier,
        Self::UntrustedDecision,
        Self::UntrustedBaggage,
        Self::UntrustedAttribute,
        Self::WithheldBaggage,
        Self::ShortenedTracestate,
        Self::ShortenedBaggage,
        Self::Cardinality,
    ];

    /// The name in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Traceparent => "traceparent",
            Self::Tracestate => "tracestate",
            Self::Baggage => "baggage",
            Self::Attribute => "attribute",
            Self::Carrier => "carrier",
            Self::UntrustedDecision => "untrusted_decision",
            Self::UntrustedBaggage => "untrusted_baggage",
            Self::UntrustedAttribute => "untrusted_attribute",
            Self::WithheldBaggage => "withheld_baggage",
            Self::ShortenedTracestate => "shortened_tracestate",
            Self::ShortenedBaggage => "shortened_baggage",
            Self::Cardinality => "cardinality",
        }
    }
}

/// Counters of a [`Handle`](crate::Handle) that do not concern single spans.
#[derive(Debug, Default)]
pub struct Stats {
    refused: [AtomicU64; Refusal::ALL.len()],
    broken: Broken,
    panics: Panics,
}

impl Stats {
    /// Counts something that was not taken over.
    pub fn refuse(&self, what: Refusal) {
        if let Some(counter) = self.refused.get(what as usize) {
            counter.fetch_add(1, Relaxed);
        }
    }

    /// How often this was refused.
    pub fn refused(&self, what: Refusal) -> u64 {
        self.refused.get(what as usize).map_or(0, |counter| counter.load(Relaxed))
    }

    /// Each kind of refusal and its count.
    pub fn refusals(&self) -> impl Iterator<Item = (Refusal, u64)> {
        Refusal::ALL.into_iter().map(|what| (what, self.refused(what)))
    }

    /// Counts work of one of us that came in without a trace to continue.
    pub(crate) fn count_broken(
        &self,
        reason: BrokenReason,
        carrier: CarrierKind,
        sender: Option<Sender<'_>>,
    ) {
        self.broken.count(reason, carrier, sender.map(Sender::name).as_deref(), &self.panics);
    }

    pub(crate) fn notify(&self, notify: Notify) {
        self.broken.notify(notify);
    }

    /// Where propagation broke, and how often.
    pub fn broken_propagation(&self) -> Vec<BrokenPropagation> {
        self.broken.snapshot()
    }

    /// The panics of foreign code, and the fence around it.
    pub fn panics(&self) -> &Panics {
        &self.panics
    }
}
