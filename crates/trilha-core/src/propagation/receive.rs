//! What a carrier brought: the trace of the sender, its baggage, its correlation id.
//!
//! Nothing is believed here, and nothing is applied; [`crate::operation`] does both.

use super::{
    Baggage, BaggageReader, Format, InvalidTraceparent, ParsedBaggage, Propagation, TraceContext,
    Traceparent, Tracestate,
};
use crate::{
    BrokenReason, Refusal, Stats,
    carrier::{Carrier, CarrierKind},
};

/// What a carrier brought.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) kind: CarrierKind,
    pub(crate) trace: Result<Remote, BrokenReason>,
    pub(crate) baggage: Baggage,
    pub(crate) correlation_id: Option<String>,
}

/// The trace of a sender.
#[derive(Clone, Debug)]
pub(crate) struct Remote {
    pub(crate) context: TraceContext,
    pub(crate) format: Format,
    /// Whether the sender said if it samples; not every format can.
    pub(crate) is_decided: bool,
}

impl Propagation {
    /// Reads the sender's trace, in the first format of which the carrier holds something. What is
    /// malformed is counted in `stats` and ignored.
    pub fn extract(&self, carrier: &dyn Carrier, stats: &Stats) -> Option<TraceContext> {
        self.receive_trace(carrier, stats)?.ok().map(|remote| remote.context)
    }

    /// Reads the sender's trace as [`extract`](Self::extract) does, where that was or will be called for
    /// the same carrier: what is malformed is counted once.
    pub fn peek(&self, carrier: &dyn Carrier) -> Option<TraceContext> {
        self.extract(carrier, &Stats::default())
    }

    /// Reads all that the carrier brought. `None` where nobody looks.
    pub(crate) fn receive(&self, carrier: &dyn Carrier, stats: &Stats) -> Option<Received> {
        let trace = self.receive_trace(carrier, stats)?;
        let baggage = match self.reads(Format::Baggage) {
            true => receive_baggage(carrier, stats),
            false => Baggage::default(),
        };
        Some(Received { kind: carrier.kind(), trace, baggage, correlation_id: correlation_id(carrier) })
    }

    fn receive_trace(&self, carrier: &dyn Carrier, stats: &Stats) -> Option<Result<Remote, BrokenReason>> {
        let formats =
            Format::ALL.into_iter().filter(|format| *format != Format::Baggage && self.reads(*format));
        if !self.is_enabled(carrier.kind()) {
            return None;
        }
        let mut is_read = false;
        for format in formats {
            is_read = true;
            if let Some(found) = receive_in(format, carrier, stats) {
                return Some(found.inspect_err(|_| stats.refuse(Refusal::Traceparent)));
            }
        }
        is_read.then_some(Err(BrokenReason::Missing))
    }
}

/// `None` where the carrier holds nothing in this format.
fn receive_in(format: Format, carrier: &dyn Carrier, stats: &Stats) -> Option<Result<Remote, BrokenReason>> {
    match format {
        Format::TraceContext => {
            let mut traceparent = None;
            carrier.for_each("traceparent", &mut |value| {
                traceparent = Some(match traceparent {
                    None => Traceparent::parse(value),
                    Some(_) => Err(InvalidTraceparent::Repeated),
                });
            });
            Some(match traceparent? {
                Ok(traceparent) => {
                    let context = TraceContext::new(traceparent, receive_tracestate(carrier, stats));
                    Ok(Remote { context, format, is_decided: true })
                }
                Err(InvalidTraceparent::Repeated) => Err(BrokenReason::Repeated),
                Err(_) => Err(BrokenReason::Malformed),
            })
        }
        _ => None,
    }
}

fn receive_tracestate(carrier: &dyn Carrier, stats: &Stats) -> Tracestate {
    let mut tracestate = Ok(Tracestate::default());
    carrier.for_each("tracestate", &mut |header| {
        if let Ok(known) = &tracestate {
            tracestate = known.join(header);
        }
    });
    tracestate.unwrap_or_else(|_| {
        stats.refuse(Refusal::Tracestate);
        Tracestate::default()
    })
}

fn receive_baggage(carrier: &dyn Carrier, stats: &Stats) -> Baggage {
    let mut reader = BaggageReader::default();
    carrier.for_each("baggage", &mut |header| reader.push(header));
    let ParsedBaggage { baggage, refused, is_shortened } = reader.finish();
    if refused > 0 || is_shortened {
        stats.refuse(Refusal::Baggage);
    }
    baggage
}

/// The first that is set. Where there are several of one name, nobody knows which is meant.
fn correlation_id(carrier: &dyn Carrier) -> Option<String> {
    correlation_fields(carrier.kind()).iter().find_map(|name| {
        let mut found = None;
        carrier.for_each(name, &mut |value| {
            found = Some(match found {
                None => std::str::from_utf8(value).unwrap_or_default().to_owned(),
                Some(_) => String::new(), // which no rule accepts
            });
        });
        found
    })
}

/// Where a correlation id stands: the first is the one that is written.
pub(super) const fn correlation_fields(kind: CarrierKind) -> &'static [&'static str] {
    match kind {
        CarrierKind::Http | CarrierKind::Grpc => &["x-correlation-id", "x-request-id"],
        CarrierKind::Messaging => &["correlation_id"],
        CarrierKind::Database | CarrierKind::Environment => &[],
    }
}
