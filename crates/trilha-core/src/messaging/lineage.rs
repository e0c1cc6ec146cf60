//! Whose child a messaging span is, and to whom it is linked.

use opentelemetry::{Context, trace::TraceContextExt};

use super::Message;
use crate::{
    Carrier, OperationBuilder, TraceContext,
    operation::{Inbound, parent_in},
};

/// The contexts that messages carried, in their order.
pub(super) struct Lineage(Vec<Option<TraceContext>>);

impl Lineage {
    pub(super) fn of(
        messages: &[Message<'_>],
        extract: impl Fn(&dyn Carrier) -> Option<TraceContext>,
    ) -> Self {
        Self(messages.iter().map(|message| extract(message.carrier)).collect())
    }

    /// One message: its context is the parent. Several: each of them is a link.
    pub(super) fn process<'a>(
        &self,
        builder: OperationBuilder<'a>,
        messages: &'a [Message<'a>],
    ) -> OperationBuilder<'a> {
        match self.0.as_slice() {
            [message] => follow(builder, message.clone()),
            contexts => self.link(builder.inbound(contexts.iter().flatten().cloned()), messages),
        }
    }

    /// As [`process`](Self::process), but it stays under a span that is in the message's trace already:
    /// the one that processes it.
    pub(super) fn settle<'a>(
        &self,
        builder: OperationBuilder<'a>,
        messages: &'a [Message<'a>],
    ) -> OperationBuilder<'a> {
        match self.0.as_slice() {
            [Some(message)] if !is_in_trace(message, current().as_ref()) => {
                follow(builder, Some(message.clone()))
            }
            [_] => builder,
            _ => self.link(builder, messages),
        }
    }

    fn link<'a>(&self, builder: OperationBuilder<'a>, messages: &'a [Message<'a>]) -> OperationBuilder<'a> {
        self.0.iter().zip(messages).fold(builder, |builder, (context, message)| match context {
            Some(context) => builder.link(context.clone(), message.attributes),
            None => builder,
        })
    }
}

/// The context that an outgoing message carries of its own: not one that came in and was copied.
pub(super) fn own_context(carried: Option<TraceContext>) -> Option<TraceContext> {
    carried.filter(|carried| !Inbound::holds(carried))
}

/// Starts in the trace of `message`; a current span elsewhere is a link, so that it is found again.
fn follow(builder: OperationBuilder<'_>, message: Option<TraceContext>) -> OperationBuilder<'_> {
    let elsewhere = current().filter(|current| !is_in_trace(current, message.as_ref()));
    let builder = builder.remote_parent(message);
    match elsewhere {
        Some(current) => builder.link(current, &[]),
        None => builder,
    }
}

fn current() -> Option<TraceContext> {
    Context::map_current(|context| if context.has_active_span() { parent_in(context).0 } else { None })
}

fn is_in_trace(one: &TraceContext, other: Option<&TraceContext>) -> bool {
    other.is_some_and(|other| one.trace_id() == other.trace_id())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::{Handle, Scope, Trust, operation::Operation, recorder::SpanKind};

    const CAME_IN: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const OTHER: &str = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";

    fn headers(traceparent: &str) -> HashMap<String, String> {
        HashMap::from([("traceparent".to_owned(), traceparent.to_owned())])
    }

    /// Whether this is a message's own context while a request is served that came in with another one.
    fn is_own(traceparent: &str, trust: Trust) -> bool {
        let scope = Scope::new("test", "");
        let served = Operation::builder(&scope, "served", SpanKind::Server);
        let mut served = served.extract(&headers(CAME_IN), trust).start();
        served.enter(|| {
            let handle = Handle::current();
            own_context(handle.propagation().peek(&headers(traceparent))).is_some()
        })
    }

    #[test]
    fn a_context_that_came_in_with_a_request_is_not_a_messages_own() {
        for trust in [Trust::Internal, Trust::Edge] {
            assert!(!is_own(CAME_IN, trust));
            assert!(is_own(OTHER, trust));
        }
    }
}
