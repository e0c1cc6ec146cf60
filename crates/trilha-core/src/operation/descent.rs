//! Whose child a span is that starts in a `Context`.

use opentelemetry::{
    Context,
    trace::{SpanContext, TraceContextExt},
};

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

/// What foreign code continues of a trace that came in, in the `Context` where it starts its spans: more
/// than the API's own type can hold.
#[derive(Debug)]
pub(super) struct RemoteParent {
    pub(super) trace: TraceContext,
    pub(super) decision: Decision,
}

impl Descent {
    /// That of a span which starts in `context`.
    pub(crate) fn of(context: &Context) -> Self {
        let span = context.span();
        let current = span.span_context();
        let parent = match known(context, current) {
            Some(known) if known.span_id() == current.span_id() => {
                known.traceparent().is_some().then(|| known.clone())
            }
            // A span of `tracing` or of foreign code inside the operation: its ids, our tracestate.
            Some(known) if !known.tracestate().is_empty() => TraceContext::from_api(current)
                .and_then(|inner| Some(TraceContext::new(*inner.traceparent()?, known.tracestate().clone()))),
            _ => TraceContext::from_api(current),
        };
        Self { parent, is_remote: current.is_remote(), decision: decision(context, current) }
    }
}

/// What we know of the current trace: of the operation, else of what came in.
fn known<'a>(context: &'a Context, current: &SpanContext) -> Option<&'a TraceContext> {
    let is_in_trace = |known: &&TraceContext| known.trace_id() == current.trace_id();
    let operation = context.get::<Span>().map(Span::trace_context);
    let came_in = || context.get::<RemoteParent>().map(|remote| &remote.trace);
    operation.filter(is_in_trace).or_else(|| came_in().filter(is_in_trace))
}

fn decision(context: &Context, current: &SpanContext) -> Decision {
    if !current.is_remote() {
        return Decision::Parent;
    }
    match context.get::<RemoteParent>() {
        Some(remote) if remote.trace.span_id() == current.span_id() => remote.decision,
        _ => Decision::Parent,
    }
}
