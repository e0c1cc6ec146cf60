//! What is sent along: the trace to everybody, baggage and a correlation id where they may go.

use std::sync::Arc;

use opentelemetry::{Context, baggage::BaggageExt};

use super::{
    Baggage, Bounded, Encoded, Format, ParsedBaggage, Propagation, TraceContext, Traceparent, b3,
    receive::correlation_fields, x_trace,
};
use crate::{
    ContextAttributes, Handle, Refusal, Stats,
    carrier::{CarrierKind, CarrierMut},
    current,
    fence::Callback,
    guard::{PiiGuard, Place},
    operation::Work,
    schema::{Exit, Key},
    trust::Recipient,
};

/// What one operation has to send.
pub(crate) struct Outgoing<'a> {
    pub(crate) trace: &'a TraceContext,
    pub(crate) context: &'a Context,
    pub(crate) attributes: &'a ContextAttributes,
    pub(crate) guard: &'a PiiGuard,
}

/// Writes what the work of `context` has to send to a carrier, in place of what stood there: the trace for
/// whoever reads it, baggage and the correlation id only where `recipient` may have them.
///
/// For work that is no [`Operation`](crate::Operation), such as a job that is handed on.
pub fn inject(context: &Context, carrier: &mut dyn CarrierMut, recipient: Recipient<'_>) {
    inject_by(&Handle::of(context), context, carrier, recipient);
}

/// As [`inject`], by this handle.
pub(crate) fn inject_by(
    handle: &Handle,
    context: &Context,
    carrier: &mut dyn CarrierMut,
    recipient: Recipient<'_>,
) {
    let trace = TraceContext::of(context).unwrap_or_else(TraceContext::none);
    let attributes = ContextAttributes::of(context).unwrap_or_default();
    let guard = handle.guard();
    let trace = guard.judge_trace(&trace).unwrap_or(trace); // it may be foreign code's
    let outgoing = Outgoing { trace: &trace, context, attributes: &attributes, guard };
    handle.propagation().send(&outgoing, recipient, carrier, handle.stats());
}

impl Propagation {
    /// Writes a trace and nothing else, in place of what the carrier held before: a copied header names
    /// another span. What the carrier cannot take is counted in `stats`.
    pub fn inject(&self, trace: &TraceContext, carrier: &mut dyn CarrierMut, stats: &Stats) {
        stats.panics().fence(Callback::Carrier, || {
            if self.is_enabled(carrier.kind()) {
                let mut fields = Fields { carrier, stats };
                self.put_trace(trace, &mut fields);
                self.put_baggage(&Baggage::default(), &mut fields);
            }
        });
    }

    /// Writes all that `recipient` may get.
    pub(crate) fn send(
        &self,
        outgoing: &Outgoing<'_>,
        recipient: Recipient<'_>,
        carrier: &mut dyn CarrierMut,
        stats: &Stats,
    ) {
        stats.panics().fence(Callback::Carrier, || self.put_all(outgoing, recipient, carrier, stats));
    }

    fn put_all(
        &self,
        outgoing: &Outgoing<'_>,
        recipient: Recipient<'_>,
        carrier: &mut dyn CarrierMut,
        stats: &Stats,
    ) {
        if !self.is_enabled(carrier.kind()) {
            return;
        }
        if let Some(work) = Work::of(outgoing.context) {
            work.inbound.remove_copies(carrier);
        }
        let mut fields = Fields { carrier, stats };
        // Nobody continues in a database. First what not everybody may have: a carrier may panic, and then a copy
        // of it must not stay.
        if fields.carrier.kind() != CarrierKind::Database && !self.write.is_empty() {
            self.put_reserved(outgoing, recipient, &mut fields);
        }
        self.put_trace(outgoing.trace, &mut fields);
    }

    fn put_trace(&self, trace: &TraceContext, fields: &mut Fields<'_>) {
        let traceparent = trace.traceparent();
        if self.writes(Format::TraceContext) {
            fields.put("traceparent", traceparent.map(Traceparent::encode).as_ref().map(Encoded::as_bytes));
            match trace.tracestate() {
                none if none.is_empty() => fields.put("tracestate", None),
                some => {
                    let some = some.bounded(self.tracestate_bytes);
                    fields.put_list("tracestate", &some, Refusal::ShortenedTracestate);
                }
            }
        }
        // Queries and environments have names for Trace Context alone.
        let kind = fields.carrier.kind();
        let has_others = !matches!(kind, CarrierKind::Database | CarrierKind::Environment);
        let writes = |format| has_others && self.writes(format);
        if writes(Format::B3) {
            fields.put(b3::B3, traceparent.map(b3::encode).as_ref().map(Encoded::as_bytes));
        }
        if writes(Format::B3Multi) || writes(Format::XTrace) {
            let trace_id = traceparent.map(Traceparent::encode_trace_id);
            let span_id = traceparent.map(Traceparent::encode_parent_id);
            let (trace_id, span_id) =
                (trace_id.as_ref().map(Encoded::as_bytes), span_id.as_ref().map(Encoded::as_bytes));
            if writes(Format::B3Multi) {
                fields.put(b3::TRACE_ID, trace_id);
                fields.put(b3::SPAN_ID, span_id);
                fields.put(b3::SAMPLED, traceparent.map(b3::encode_sampled).map(str::as_bytes));
                fields.put(b3::PARENT_ID, None);
                fields.put(b3::FLAGS, None);
            }
            if writes(Format::XTrace) {
                let [of_trace, of_span, of_parent] = *x_trace::fields(kind);
                fields.put(of_trace, trace_id);
                fields.put(of_span, span_id);
                fields.put(of_parent, None);
            }
        }
    }

    /// Baggage and the correlation id, which not everybody may have.
    fn put_reserved(&self, outgoing: &Outgoing<'_>, recipient: Recipient<'_>, fields: &mut Fields<'_>) {
        let (baggage, correlation_id) = outgoing.reserved(self.writes(Format::Baggage), fields.stats);
        let copied_id = Work::of(outgoing.context).and_then(|work| work.inbound.correlation_id());
        if baggage.is_empty() && correlation_id.is_none() && copied_id.is_none() {
            self.put_baggage(&baggage, fields);
        } else if self.allows(recipient) {
            let is_own = |key: &str| outgoing.attributes.may_travel(key, Exit::Baggage).is_some();
            match baggage.as_str().len() > self.baggage_bytes {
                // Others' members do not crowd ours out.
                true => self.put_baggage(&baggage.with_first(is_own), fields),
                false => self.put_baggage(&baggage, fields),
            }
            if let Some(id) = correlation_id {
                fields.put_correlation_id(&id);
            }
        } else {
            if !baggage.is_empty() || correlation_id.is_some() {
                fields.stats.refuse(Refusal::WithheldBaggage);
            }
            self.put_baggage(&Baggage::default(), fields);
            for id in [correlation_id.as_deref(), copied_id].into_iter().flatten() {
                fields.withhold_correlation_id(id);
            }
        }
    }

    fn put_baggage(&self, baggage: &Baggage, fields: &mut Fields<'_>) {
        match self.writes(Format::Baggage) {
            false => {}
            true if baggage.is_empty() => fields.put("baggage", None),
            true => {
                let some = baggage.bounded(self.baggage_bytes);
                fields.put_list("baggage", &some, Refusal::ShortenedBaggage);
            }
        }
    }
}

impl Outgoing<'_> {
    /// What only some recipients may have: the baggage that came in or was set, with the context attributes
    /// that travel so, and the correlation id.
    fn reserved(&self, has_baggage: bool, stats: &Stats) -> (Baggage, Option<Arc<str>>) {
        let gathered = if has_baggage { Baggage::gather(self.context) } else { ParsedBaggage::default() };
        let ParsedBaggage { mut baggage, refused, mut is_shortened } = gathered;
        let mut correlation_id = None;
        self.attributes.for_each_locked(|definition, value| {
            let key = definition.name();
            // What came in with properties keeps them, as long as nobody set another value.
            let is_new = || baggage.get(key).as_deref() != Some(value);
            let is_due = has_baggage && definition.travels(Exit::Baggage) && is_new();
            if is_due && baggage.set(key, value).is_err() {
                baggage.remove(key); // rather none than another value
                is_shortened = true;
            }
            if definition.travels(Exit::MessageHeader) && key == Key::CorrelationId.name() {
                correlation_id = Some(value.clone());
            }
        });
        if refused > 0 {
            stats.refuse(Refusal::Baggage);
        }
        if is_shortened {
            stats.refuse(Refusal::ShortenedBaggage);
        }
        if !self.context.baggage().is_empty() {
            self.remove_what_stays(&mut baggage, stats);
        }
        if !baggage.is_empty() {
            self.guard.judge_baggage(&mut baggage, self.attributes);
        }
        let is_fit =
            |id: &Arc<str>| self.guard.lets_pass(Place::MessageHeader, Key::CorrelationId.name(), id);
        (baggage, correlation_id.filter(is_fit))
    }

    /// Takes out the keys of the schema that may not travel as baggage, whoever set them.
    fn remove_what_stays(&self, baggage: &mut Baggage, stats: &Stats) {
        let keys: Vec<_> = baggage.iter().map(|member| member.key().to_owned()).collect();
        for key in keys.iter().filter(|key| self.attributes.may_travel(key, Exit::Baggage) == Some(false)) {
            baggage.remove(key);
            stats.refuse(Refusal::Attribute);
        }
    }
}

impl Baggage {
    /// The baggage of the current context.
    pub fn current() -> Self {
        current::map(Self::of)
    }

    /// The baggage of `context`: what came in, and what was set there through the OpenTelemetry API, which
    /// counts more.
    pub fn of(context: &Context) -> Self {
        Self::gather(context).baggage
    }

    fn gather(context: &Context) -> ParsedBaggage {
        let came_in = context.get::<Self>();
        let of_api = context.baggage();
        match came_in {
            _ if of_api.is_empty() => {
                ParsedBaggage { baggage: came_in.cloned().unwrap_or_default(), ..ParsedBaggage::default() }
            }
            None => Self::from_api(of_api),
            Some(came_in) => {
                let (of_api, mut others) = (Self::from_api(of_api), came_in.clone());
                for member in of_api.baggage.iter() {
                    others.remove(member.key());
                }
                let all = Self::parse([of_api.baggage.as_str(), others.as_str()].map(str::as_bytes));
                ParsedBaggage {
                    refused: of_api.refused,
                    is_shortened: all.is_shortened || of_api.is_shortened,
                    ..all
                }
            }
        }
    }
}

/// The fields of a carrier, each of which is replaced or removed.
struct Fields<'a> {
    carrier: &'a mut dyn CarrierMut,
    stats: &'a Stats,
}

impl Fields<'_> {
    fn put(&mut self, field: &'static str, value: Option<&[u8]>) {
        match value {
            Some(value) if self.carrier.set(field, value) => {}
            Some(_) => self.stats.refuse(Refusal::Carrier),
            None => self.carrier.remove(field),
        }
    }

    fn put_list(&mut self, field: &'static str, members: &Bounded<'_>, shortened: Refusal) {
        if members.left_out > 0 {
            self.stats.refuse(shortened);
        }
        self.put(field, Some(members.text.as_bytes()).filter(|members| !members.is_empty()));
    }

    /// An id that the caller has put there stays.
    fn put_correlation_id(&mut self, id: &str) {
        let Some(name) = correlation_fields(self.carrier.kind()).first() else { return };
        let mut is_there = false;
        self.carrier.for_each(name, &mut |_| is_there = true);
        if !is_there {
            self.put(name, Some(id.as_bytes()));
        }
    }

    /// Takes the id away where it was copied; another one is the caller's.
    fn withhold_correlation_id(&mut self, id: &str) {
        for name in correlation_fields(self.carrier.kind()) {
            let mut is_copy = false;
            self.carrier.for_each(name, &mut |value| is_copy |= value == id.as_bytes());
            if is_copy {
                self.carrier.remove(name);
            }
        }
    }
}
