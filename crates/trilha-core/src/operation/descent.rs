//! Whose child a span is that starts in a `Context`.

use opentelemetry::{
    Context,
    trace::{SpanContext, TraceContextExt},
};

use super::inbound::Work;
use crate::{
    TraceContext,
    recorder::{Decision, Span},
};

/// The parent of a span.
#[derive(Debug, Default)]
pub(crate) struct Descent {
    /// A span without one starts a new trace.
    pub(crate) parent: Option<TraceContext>,
    /// Whether it ran in another process.
    pub(crate) is_remote: bool,
    pub(crate) decision: Decision,
}

/// A trace in whose `Context` no operation of it runs: one that came in for foreign code, or that of a span
/// of `tracing` which was entered elsewhere. It holds more than the API's own type can.
#[derive(Debug)]
pub(crate) struct KnownTrace {
    pub(crate) trace: TraceContext,
    /// Of a sender.
    pub(crate) decision: Decision,
}

impl Descent {
    /// That of a span whose parent ran in another process, where it has one.
    pub(crate) fn of_remote(parent: Option<TraceContext>, decision: Decision) -> Self {
        Self { parent, is_remote: true, decision }
    }

    /// That of a span which starts in `context`.
    pub(crate) fn of(context: &Context) -> Self {
        Self::inside(Work::span_of(context), context)
    }

    /// That of a span which starts in `context`, where `operation` runs.
    pub(crate) fn inside(operation: Option<&Span>, context: &Context) -> Self {
        let span = context.span();
        let current = span.span_context();
        let is_in_trace = |known: &&TraceContext| known.trace_id() == current.trace_id();
        let without = || context.get::<KnownTrace>().map(|known| &known.trace);
        let known = operation.map(Span::trace_context).filter(is_in_trace);
        let parent = match known.or_else(|| without().filter(is_in_trace)) {
            Some(known) if known.span_id() == current.span_id() => {
                known.traceparent().is_some().then(|| known.clone())
            }
            // A span of `tracing` or of foreign code inside the operation: its ids, our tracestate.
            Some(known) if !known.tracestate().is_empty() => TraceContext::from_api(current)
                .and_then(|inner| Some(TraceContext::new(*inner.traceparent()?, known.tracestate().clone()))),
            _ => TraceContext::from_api(current),
        };
        // That of a span which is not kept stands there as if it were remote.
        let is_remote = current.is_remote()
            && !operation.is_some_and(|span| span.trace_context().span_id() == current.span_id());
        Self { parent, is_remote, decision: decision(context, current) }
    }
}

fn decision(context: &Context, current: &SpanContext) -> Decision {
    if !current.is_remote() {
        return Decision::Parent;
    }
    match context.get::<KnownTrace>() {
        Some(known) if known.trace.span_id() == current.span_id() => known.decision,
        _ => Decision::Parent,
    }
}
