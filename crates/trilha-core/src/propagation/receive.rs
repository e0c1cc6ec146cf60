//! What a carrier brought: the trace of the sender, its baggage, its correlation id.
//!
//! Nothing is believed here, and nothing is applied; [`crate::operation`] does both.

use super::{
    Baggage, BaggageReader, ForeignContext, Format, InvalidTraceparent, ParsedBaggage, Propagation,
    TraceContext, Traceparent, Tracestate, b3,
    x_trace::{self, InvalidXTrace, XTraceReader},
};
use crate::{
    BrokenReason, Refusal, Stats,
    carrier::{Carrier, CarrierKind},
    fence::Callback,
};

/// What a carrier brought.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) kind: CarrierKind,
    /// Whether it holds no other field than `traceparent`.
    pub(crate) is_plain: bool,
    /// `None` where no format of a trace is read.
    pub(crate) trace: Option<Result<Remote, BrokenReason>>,
    pub(crate) baggage: Baggage,
    pub(crate) correlation_id: Option<String>,
}

/// The trace of a sender.
#[derive(Clone, Debug)]
pub(crate) struct Remote {
    /// Empty where the sender sent a sampling decision alone, as B3 allows.
    pub(crate) context: TraceContext,
    pub(crate) format: Format,
    /// The sampling decision; not every format knows one.
    pub(crate) sampled: Option<bool>,
}

impl Propagation {
    /// Reads the sender's trace, in the first format of which the carrier holds something. What is
    /// malformed is counted in `stats` and ignored.
    pub fn extract(&self, carrier: &dyn Carrier, stats: &Stats) -> Option<TraceContext> {
        let received = stats.panics().fence(Callback::Carrier, || self.receive_trace(carrier, stats));
        let remote = received??.ok()?;
        Some(remote.context).filter(|context| context.traceparent().is_some())
    }

    /// Reads the sender's trace as [`extract`](Self::extract) does, where that was or will be called for
    /// the same carrier: what is malformed is counted once.
    pub(crate) fn peek(&self, carrier: &dyn Carrier) -> Option<TraceContext> {
        self.extract(carrier, &Stats::default())
    }

    /// Reads all that the carrier brought. `None` where the carrier is switched off, or no format is read.
    pub(crate) fn receive(&self, carrier: &dyn Carrier, stats: &Stats) -> Option<Received> {
        if !self.is_enabled(carrier.kind()) || self.read.is_empty() {
            return None;
        }
        let kind = carrier.kind();
        if carrier.is_plain() {
            let trace = self.receive_traceparent(carrier, stats);
            let baggage = Baggage::default();
            return Some(Received { kind, is_plain: true, trace, baggage, correlation_id: None });
        }
        let trace = self.receive_trace(carrier, stats);
        let baggage = match self.reads(Format::Baggage) {
            true => receive_baggage(carrier, stats),
            false => Baggage::default(),
        };
        Some(Received { kind, is_plain: false, trace, baggage, correlation_id: correlation_id(carrier) })
    }

    /// [`receive_trace`](Self::receive_trace) where there is no other field than `traceparent`.
    fn receive_traceparent(
        &self,
        carrier: &dyn Carrier,
        stats: &Stats,
    ) -> Option<Result<Remote, BrokenReason>> {
        let found = match self.reads(Format::TraceContext) {
            true => receive_trace_context(carrier, Tracestate::default),
            false => None,
        };
        let is_read = |format: &Format| *format != Format::Baggage && self.reads(*format);
        match found {
            Some(found) => Some(found.inspect_err(|_| stats.refuse(Refusal::Traceparent))),
            None => Format::ALL.iter().any(is_read).then_some(Err(BrokenReason::Missing)),
        }
    }

    /// Reads the trace alone. `None` where nobody looks.
    pub(crate) fn receive_trace(
        &self,
        carrier: &dyn Carrier,
        stats: &Stats,
    ) -> Option<Result<Remote, BrokenReason>> {
        if !self.is_enabled(carrier.kind()) {
            return None;
        }
        let mut is_read = false;
        for format in Format::ALL {
            if format == Format::Baggage || !self.reads(format) {
                continue;
            }
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
        Format::TraceContext => receive_trace_context(carrier, || receive_tracestate(carrier, stats)),
        Format::B3 => {
            let mut read = None;
            carrier.for_each(b3::B3, &mut |value| {
                read.get_or_insert_with(|| b3::parse(value));
            });
            Some(foreign(read?, format))
        }
        Format::B3Multi => {
            let mut reader = b3::B3Reader::default();
            carrier.for_each(b3::TRACE_ID, &mut |value| reader.trace_id(value));
            carrier.for_each(b3::SPAN_ID, &mut |value| reader.span_id(value));
            carrier.for_each(b3::SAMPLED, &mut |value| reader.sampled(value));
            carrier.for_each(b3::FLAGS, &mut |value| reader.flags(value));
            Some(foreign(reader.finish()?, format))
        }
        Format::XTrace => {
            let [trace_id, span_id, _] = *x_trace::fields(carrier.kind());
            let mut reader = XTraceReader::default();
            carrier.for_each(trace_id, &mut |value| reader.trace_id(value));
            carrier.for_each(span_id, &mut |value| reader.span_id(value));
            // Names that so many use for something else: what does not fit was not meant for us.
            Some(foreign(Ok::<_, InvalidXTrace>(reader.finish()?.ok()?), format))
        }
        Format::Baggage => None,
    }
}

fn receive_trace_context(
    carrier: &dyn Carrier,
    tracestate: impl FnOnce() -> Tracestate,
) -> Option<Result<Remote, BrokenReason>> {
    let mut traceparent = None;
    carrier.for_each("traceparent", &mut |value| {
        traceparent = Some(match traceparent {
            None => Traceparent::parse(value),
            Some(_) => Err(InvalidTraceparent::Repeated),
        });
    });
    Some(match traceparent? {
        Ok(traceparent) => {
            let context = TraceContext::new(traceparent, tracestate());
            let sampled = Some(traceparent.is_sampled());
            Ok(Remote { context, format: Format::TraceContext, sampled })
        }
        Err(InvalidTraceparent::Repeated) => Err(BrokenReason::Repeated),
        Err(_) => Err(BrokenReason::Malformed),
    })
}

fn foreign<E>(read: Result<ForeignContext, E>, format: Format) -> Result<Remote, BrokenReason> {
    let ForeignContext { traceparent, sampled } = read.map_err(|_| BrokenReason::Malformed)?;
    let context = match traceparent {
        Some(traceparent) => TraceContext::new(traceparent, Tracestate::default()),
        None => TraceContext::none(),
    };
    Ok(Remote { context, format, sampled })
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
    let mut reader = None;
    carrier.for_each("baggage", &mut |header| reader.get_or_insert_with(BaggageReader::default).push(header));
    let Some(reader) = reader else { return Baggage::default() };
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

/// Where a correlation id stands in a carrier of this kind: the first is the one that is written.
pub const fn correlation_fields(kind: CarrierKind) -> &'static [&'static str] {
    match kind {
        CarrierKind::Http | CarrierKind::Grpc => &["x-correlation-id", "x-request-id"],
        CarrierKind::Messaging => &["correlation_id"],
        CarrierKind::Database | CarrierKind::Environment => &[],
    }
}
