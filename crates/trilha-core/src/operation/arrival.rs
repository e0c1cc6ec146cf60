//! What came in with an operation, and what of it is believed.

use std::{fmt, mem};

use opentelemetry::{Context, baggage::BaggageExt, trace::TraceContextExt};

use super::{
    descent::KnownTrace,
    inbound::{Inbound, Work},
    site::Site,
};
use crate::{
    BrokenReason, ContextAttributes, Handle, Refusal, TraceContext, Trust,
    carrier::{Carrier, CarrierKind},
    fence::Callback,
    propagation::{Baggage, Member, Received, Remote},
    recorder::{Decision, Span},
    schema::Exit,
    trust::Sender,
};

/// The event that marks a span of which propagation was broken.
const BROKEN: &str = "trilha.propagation.broken";

/// A carrier that came in, and what is known of its sender.
pub(crate) struct Arrival<'a> {
    pub(super) carrier: &'a dyn Carrier,
    pub(super) trust: Trust,
    pub(super) sender: Option<Sender<'a>>,
    /// Whether it is a stranger for want of an address.
    pub(super) is_unknown: bool,
    /// Asked where a trace is missing.
    pub(super) is_probe: &'a (dyn Fn() -> bool + 'a),
}

impl fmt::Debug for Arrival<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrival")
            .field("trust", &self.trust)
            .field("sender", &self.sender)
            .finish_non_exhaustive()
    }
}

/// What is taken over of an arrival.
#[derive(Debug, Default)]
pub(super) struct Accepted {
    pub(super) parent: Option<TraceContext>,
    pub(super) decision: Decision,
    pub(super) link: Option<TraceContext>,
    inbound: Inbound,
    baggage: Baggage,
    broken: Option<Broken>,
}

impl<'a> Arrival<'a> {
    pub(crate) fn new(carrier: &'a dyn Carrier, trust: Trust) -> Self {
        Self { carrier, trust, sender: None, is_unknown: false, is_probe: &|| false }
    }

    /// `context` with what of it is taken over, for foreign code, which starts its spans itself and knows
    /// the API's baggage. A trace that is missing is not missed: nobody knows what the code reads.
    pub(crate) fn in_context(self, context: &Context, handle: &Handle) -> Context {
        let mut accepted = Accepted::default();
        accepted.take_over(&Self { is_probe: &|| true, ..self }, handle);
        let Accepted { parent, decision, inbound, baggage, .. } = accepted;
        let mut context = context.clone();
        if !inbound.is_empty() {
            context = context.with_value(Work { span: Work::span_of(&context).cloned(), inbound });
        }
        if let Some(trace) = parent {
            let span = trace.to_api(true);
            context = context.with_value(KnownTrace { trace, decision }).with_remote_span_context(span);
        }
        if !baggage.is_empty() {
            context = context.with_value(Baggage::default()).with_baggage(baggage.to_api());
        }
        context
    }
}

impl Accepted {
    /// Takes over what is believed of an arrival. All that is not is counted.
    pub(super) fn take_over(&mut self, arrival: &Arrival<'_>, handle: &Handle) {
        let (propagation, stats) = (handle.propagation(), handle.stats());
        stats.panics().fence(Callback::Carrier, || {
            if let Some(received) = propagation.receive(arrival.carrier, stats) {
                self.take_received(received, arrival, handle);
            }
        });
    }

    fn take_received(&mut self, received: Received, arrival: &Arrival<'_>, handle: &Handle) {
        let Arrival { carrier, trust, .. } = *arrival;
        let propagation = handle.propagation();
        let remote = received.trace.as_ref().and_then(|trace| trace.as_ref().ok());
        // One of us sends one format; a stranger may send one beside another.
        if !received.is_plain
            && (trust.is_edge() || remote.is_some_and(|remote| !propagation.writes(remote.format)))
        {
            self.inbound.add_fields_of(carrier, trust, propagation);
        }
        if let Some(remote) = remote {
            self.inbound.add_context(&remote.context);
        }
        if trust.is_edge() {
            if arrival.is_unknown && !(arrival.is_probe)() {
                self.broken = handle.count_broken(BrokenReason::UnknownSender, received.kind, None);
            }
            self.of_stranger(received, trust, handle);
        } else {
            self.of_friend(received, arrival, handle);
        }
    }

    fn of_friend(&mut self, received: Received, arrival: &Arrival<'_>, handle: &Handle) {
        match received.trace {
            Some(Ok(remote)) => {
                let has_ids = remote.context.traceparent().is_some();
                self.decision = match remote.sampled {
                    Some(false) if !has_ids => Decision::Denied,
                    Some(_) => Decision::Parent,
                    None => Decision::TraceId,
                };
                self.parent = Some(remote.context).filter(|_| has_ids);
            }
            Some(Err(reason)) if !(arrival.is_probe)() => {
                self.broken = handle.count_broken(reason, received.kind, arrival.sender);
            }
            _ => {}
        }
        self.baggage = received.baggage;
        if let Some(id) = received.correlation_id {
            self.inbound.set_correlation_id(id);
        }
    }

    fn of_stranger(&mut self, received: Received, trust: Trust, handle: &Handle) {
        if let Some(Ok(remote)) = received.trace {
            if remote.sampled.is_some() {
                handle.refuse(Refusal::UntrustedDecision);
            }
            if remote.context.traceparent().is_none() {
                // A decision alone.
            } else if trust == Trust::EdgeSameTrace {
                self.decision = Decision::Chance;
                self.parent = Some(remote.context.ids_alone());
            } else {
                self.link = Some(remote.context);
            }
        }
        if !received.baggage.is_empty() {
            handle.refuse(Refusal::UntrustedBaggage);
        }
        let is_attribute = |member: &Member<'_>| handle.schema().position(member.key()).is_some();
        let attributes = received.baggage.iter().filter(is_attribute).count();
        for _ in 0..attributes + usize::from(received.correlation_id.is_some()) {
            handle.refuse(Refusal::UntrustedAttribute);
        }
    }

    /// Sets what travels as context attributes. What breaks its key's rule, or may not travel so, goes no
    /// further as baggage either.
    #[inline]
    pub(super) fn set_attributes(&mut self, attributes: &ContextAttributes, handle: &Handle) {
        if !self.baggage.is_empty() {
            self.set_members(attributes, handle);
        }
        if let Some(id) = self.inbound.correlation_id() {
            attributes.correlation_id(id);
        }
    }

    fn set_members(&mut self, attributes: &ContextAttributes, handle: &Handle) {
        let schema = handle.schema();
        let members: Vec<_> = self
            .baggage
            .iter()
            .filter_map(|member| {
                Some((schema.position(member.key())?, member.key().to_owned(), member.value().into_owned()))
            })
            .collect();
        for (position, key, value) in members {
            if schema.context_keys().get(position).is_some_and(|it| !it.travels(Exit::Baggage)) {
                handle.refuse(Refusal::Attribute);
                self.baggage.remove(&key);
            } else if !attributes.set_at(Some(position), &value) {
                self.baggage.remove(&key);
            }
        }
    }

    /// Where the work of `span` runs: with the baggage that came in, and none of what was there before.
    pub(super) fn site(&mut self, around: &Context, span: &Span) -> Site {
        let context = Work::start(around, span, mem::take(&mut self.inbound));
        let context = match self.baggage.is_empty() && around.get::<Baggage>().is_none() {
            true => context,
            false => context.with_value(mem::take(&mut self.baggage)),
        };
        Site::Own(if around.baggage().is_empty() { context } else { context.with_cleared_baggage() })
    }

    /// Marks the operation's span where propagation was broken.
    #[inline]
    pub(super) fn mark(&self, span: &Span) {
        if let Some(broken) = &self.broken {
            broken.mark(span);
        }
    }
}

/// Broken propagation that was counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Broken {
    reason: BrokenReason,
    carrier: CarrierKind,
}

impl Broken {
    /// Marks the span of the work that came in.
    pub(crate) fn mark(self, span: &Span) {
        let attributes = [("reason", self.reason.name().into()), ("carrier", self.carrier.name().into())];
        span.add_event(BROKEN, None, &attributes);
    }
}

impl Handle {
    /// The trace that a carrier brought, and nothing else of it. Where one of us sent a broken one, that is
    /// counted; what then is to be marked is the error.
    pub(crate) fn receive_trace(
        &self,
        carrier: &dyn Carrier,
        trust: Trust,
        sender: Option<Sender<'_>>,
    ) -> Result<Remote, Option<Broken>> {
        let received = self.stats().panics().fence(Callback::Carrier, || {
            Some((self.propagation().receive_trace(carrier, self.stats())?, carrier.kind()))
        });
        let (trace, kind) = received.flatten().ok_or(None)?;
        let remote = trace.map_err(|reason| match trust.is_edge() {
            true => None,
            false => self.count_broken(reason, kind, sender),
        })?;
        if trust.is_edge() && remote.sampled.is_some() {
            self.refuse(Refusal::UntrustedDecision);
        }
        remote.context.traceparent().is_some().then_some(remote).ok_or(None)
    }

    /// Nothing at an edge, where work without a trace is expected.
    fn count_broken(
        &self,
        reason: BrokenReason,
        carrier: CarrierKind,
        sender: Option<Sender<'_>>,
    ) -> Option<Broken> {
        if self.is_edge() {
            return None;
        }
        self.stats().count_broken(reason, carrier, sender);
        Some(Broken { reason, carrier })
    }
}
