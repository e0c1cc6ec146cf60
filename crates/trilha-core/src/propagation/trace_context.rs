//! What one span hands to the next: ids, flags and tracestate.

use std::num::{NonZeroU64, NonZeroU128};

use opentelemetry::{
    Context, SpanId, TraceFlags, TraceId,
    trace::{SpanContext, TraceState},
};

use super::{RANDOM_FLAG, Traceparent, Tracestate};
use crate::{
    operation::Descent,
    random::{quick_random, random},
};

/// The identity of a span, as its children and other processes see it.
///
/// Empty where no trace exists, as under a recorder that is switched off.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TraceContext {
    traceparent: Option<Traceparent>,
    tracestate: Tracestate,
}

impl TraceContext {
    /// A context of these parts.
    pub fn new(traceparent: Traceparent, tracestate: Tracestate) -> Self {
        Self { traceparent: Some(traceparent), tracestate }
    }

    /// No trace at all.
    pub fn none() -> Self {
        Self { traceparent: None, tracestate: Tracestate::default() }
    }

    /// The context of a new span: in the trace of `parent`, or in a new one with a random id.
    ///
    /// `is_sampled` is asked with the trace's id.
    #[inline]
    pub fn of_child(parent: Option<&Self>, is_sampled: impl FnOnce(TraceId) -> bool) -> Self {
        let inherited = parent.and_then(|parent| Some((parent.traceparent?, &parent.tracestate)));
        let (trace_id, random_flag, tracestate) = match inherited {
            Some((parent, tracestate)) => {
                (parent.trace_id(), parent.flags() & RANDOM_FLAG, tracestate.clone())
            }
            None => (random_trace_id(), RANDOM_FLAG, Tracestate::default()),
        };
        let span_id = SpanId::from(quick_random::<NonZeroU64>().get()); // nobody gains by foreseeing it
        let flags = random_flag.with_sampled(is_sampled(trace_id));
        Self { traceparent: Traceparent::new(trace_id, span_id, flags), tracestate }
    }

    /// The same ids and flags with another tracestate.
    pub(crate) fn with_tracestate(&self, tracestate: Tracestate) -> Self {
        Self { traceparent: self.traceparent, tracestate }
    }

    /// The same ids without flags and tracestate: both may hold a sampler's decision.
    pub(crate) fn ids_alone(&self) -> Self {
        let unmarked =
            |ids: Traceparent| Traceparent::new(ids.trace_id(), ids.parent_id(), TraceFlags::NOT_SAMPLED);
        Self { traceparent: self.traceparent.and_then(unmarked), tracestate: Tracestate::default() }
    }

    /// The identity of the current span of `context`, unless there is none.
    pub fn of(context: &Context) -> Option<Self> {
        Descent::of(context).parent
    }

    /// The ids and flags, unless there is no trace.
    pub fn traceparent(&self) -> Option<&Traceparent> {
        self.traceparent.as_ref()
    }

    /// The vendors' members that travel along.
    pub fn tracestate(&self) -> &Tracestate {
        &self.tracestate
    }

    /// The trace's id; zero where there is none.
    #[inline]
    pub fn trace_id(&self) -> TraceId {
        self.traceparent.map_or(TraceId::INVALID, |value| value.trace_id())
    }

    /// The span's id; zero where there is none.
    #[inline]
    pub fn span_id(&self) -> SpanId {
        self.traceparent.map_or(SpanId::INVALID, |value| value.parent_id())
    }

    /// Whether a trace exists and its spans are recorded.
    #[inline]
    pub fn is_sampled(&self) -> bool {
        self.traceparent.is_some_and(|value| value.is_sampled())
    }

    /// The same identity in the API's type, for foreign code. It cannot hold every valid tracestate.
    pub fn to_api(&self, is_remote: bool) -> SpanContext {
        let state = match self.tracestate.is_empty() {
            true => TraceState::NONE,
            false => self.tracestate.as_str().parse().unwrap_or_default(),
        };
        self.api_with(state, is_remote)
    }

    /// The same ids and flags in the API's type.
    pub(crate) fn to_api_without_tracestate(&self, is_remote: bool) -> SpanContext {
        self.api_with(TraceState::NONE, is_remote)
    }

    fn api_with(&self, state: TraceState, is_remote: bool) -> SpanContext {
        let flags = self.traceparent.map_or(TraceFlags::NOT_SAMPLED, |value| value.flags());
        SpanContext::new(self.trace_id(), self.span_id(), flags, is_remote, state)
    }

    /// The identity of a span that foreign code made, unless it is invalid.
    pub fn from_api(context: &SpanContext) -> Option<Self> {
        let traceparent = Traceparent::new(context.trace_id(), context.span_id(), context.trace_flags())?;
        let tracestate = match context.trace_state() {
            state if *state == TraceState::NONE => Tracestate::default(),
            state => Tracestate::parse([state.header().as_bytes()]).unwrap_or_default(),
        };
        Some(Self::new(traceparent, tracestate))
    }
}

/// A trace id by chance.
pub(crate) fn random_trace_id() -> TraceId {
    TraceId::from(random::<NonZeroU128>().get())
}
