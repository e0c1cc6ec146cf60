//! Whose child a messaging span is, and to whom it is linked.

use super::Message;
use crate::{
    Handle, Operation, OperationBuilder, TraceContext, current,
    operation::Inbound,
    trust::{Sender, Trust},
};

/// Starts to process: one message's context is the parent, of several each is a link. What broke is
/// counted under `sender`; of several messages the first one marks the span.
pub(super) struct Processing<'a> {
    pub(super) handle: &'a Handle,
    pub(super) trust: Trust,
    pub(super) sender: Option<Sender<'a>>,
    pub(super) messages: &'a [Message<'a>],
}

impl<'a> Processing<'a> {
    pub(super) fn start(&self, builder: OperationBuilder<'a>) -> Operation {
        if let [message] = self.messages {
            let elsewhere = current().filter(|current| {
                let message = self.handle.propagation().peek(message.carrier);
                !is_in_trace(current, message.as_ref())
            });
            let builder = builder.extract(message.carrier, self.trust).sender(self.sender);
            return elsewhere.into_iter().fold(builder, |builder, span| builder.link(span, &[])).start();
        }
        let (mut broken, mut inbound, mut contexts) = (None, Inbound::default(), Vec::new());
        let propagation = self.handle.propagation();
        for message in self.messages {
            let received = self.handle.receive_trace(message.carrier, self.trust, self.sender);
            if received.as_ref().is_ok_and(|remote| !propagation.writes(remote.format)) {
                inbound.add_fields_of(message.carrier, self.trust, propagation);
            }
            contexts.push(match received {
                Ok(remote) => Some(remote.context),
                Err(problem) => {
                    broken = broken.or(problem);
                    None
                }
            });
        }
        contexts.iter().flatten().for_each(|context| inbound.add_context(context));
        let builder = builder.inbound(inbound);
        let operation = link(builder, &contexts, self.messages).start();
        if let (Some(span), Some(broken)) = (operation.span(), broken) {
            broken.mark(span);
        }
        operation
    }
}

/// Settles messages: as processing, but under a span that is in the message's trace already, or that
/// processes it. The trace of a stranger is not continued.
pub(super) fn settle<'a>(
    handle: &Handle,
    trust: Trust,
    messages: &'a [Message<'a>],
    builder: OperationBuilder<'a>,
) -> Operation {
    let peek = |message: &Message<'_>| handle.propagation().peek(message.carrier);
    let contexts: Vec<_> = messages.iter().map(peek).collect();
    let builder = match contexts.as_slice() {
        [Some(message)] => match current() {
            Some(current) if is_in_trace(&current, Some(message)) => builder,
            // Whoever processes it has decided whether its trace is continued.
            _ if trust.is_edge() || Inbound::holds(message) => builder.link(message.clone(), &[]),
            Some(current) => builder.remote_parent(Some(message.clone())).link(current, &[]),
            None => builder.remote_parent(Some(message.clone())),
        },
        [None] => builder,
        contexts => link(builder, contexts, messages),
    };
    builder.start()
}

fn link<'a>(
    builder: OperationBuilder<'a>,
    contexts: &[Option<TraceContext>],
    messages: &'a [Message<'a>],
) -> OperationBuilder<'a> {
    contexts.iter().zip(messages).fold(builder, |builder, (context, message)| match context {
        Some(context) => builder.link(context.clone(), message.attributes),
        None => builder,
    })
}

/// The context that an outgoing message carries of its own: not one that came in and was copied.
pub(super) fn own_context(carried: Option<TraceContext>) -> Option<TraceContext> {
    carried.filter(|carried| !Inbound::holds(carried))
}

fn current() -> Option<TraceContext> {
    current::map(TraceContext::of)
}

fn is_in_trace(one: &TraceContext, other: Option<&TraceContext>) -> bool {
    other.is_some_and(|other| one.trace_id() == other.trace_id())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::{Scope, recorder::SpanKind};

    const CAME_IN: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const OTHER: &str = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";

    fn headers(traceparent: &str) -> HashMap<String, String> {
        HashMap::from([("traceparent".to_owned(), traceparent.to_owned())])
    }

    /// Whether this is a message's own context while a request is served that came in with another one.
    fn is_own(traceparent: &str, trust: Trust) -> bool {
        let scope = Scope::new("test", "");
        let served = Operation::builder(&scope, "served", SpanKind::Server);
        let came_in = headers(CAME_IN);
        let mut served = served.extract(&came_in, trust).start();
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
