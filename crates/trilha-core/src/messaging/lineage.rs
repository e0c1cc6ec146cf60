//! Whose child a messaging span is, and to whom it is linked.

use opentelemetry::{Context, ContextGuard, trace::TraceContextExt};

use super::Message;
use crate::{Handle, OperationBuilder, TraceContext, operation::parent_in};

/// The contexts that messages carried, in their order.
pub(super) struct Lineage(Vec<Option<TraceContext>>);

impl Lineage {
    pub(super) fn of(messages: &[Message<'_>], handle: &Handle) -> Self {
        let extract = |message: &Message<'_>| handle.propagation().extract(message.carrier, handle.stats());
        Self(messages.iter().map(extract).collect())
    }

    /// One message: its context is the parent. Several: each of them is a link.
    pub(super) fn process<'a>(
        &self,
        builder: OperationBuilder<'a>,
        messages: &'a [Message<'a>],
    ) -> OperationBuilder<'a> {
        match self.0.as_slice() {
            [message] => follow(builder, message.clone()),
            _ => self.link(builder, messages),
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

    /// Lets what starts from here on know which contexts came in.
    pub(super) fn attach(self) -> ContextGuard {
        Context::current().with_value(Inbound(self.0.into_iter().flatten().collect())).attach()
    }
}

/// The contexts that came in with the messages in process.
struct Inbound(Vec<TraceContext>);

/// The context that an outgoing message carries of its own: not one that came in and was copied.
pub(super) fn own_context(carried: Option<TraceContext>) -> Option<TraceContext> {
    carried.filter(|carried| {
        let is_copy = |inbound: &Inbound| inbound.0.iter().any(|known| is_same(known, carried));
        !Context::map_current(|context| context.get::<Inbound>().is_some_and(is_copy))
    })
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

fn is_same(one: &TraceContext, other: &TraceContext) -> bool {
    one.trace_id() == other.trace_id() && one.span_id() == other.span_id()
}
