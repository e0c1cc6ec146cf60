//! A messaging client's operations: what an adapter calls.

use std::{fmt, marker::PhantomData};

use super::{
    destination::Destination,
    lineage::{Processing, own_context, settle},
    metrics::Metrics,
};
use crate::{
    Carrier, CarrierMut, Handle, Operation, OperationBuilder, Scope, Sender, SpanKind, Trust,
    recorder::{Attribute, Link, to_key_value},
};

/// A messaging system, as an adapter speaks to it.
pub trait System: Send + Sync + 'static {
    /// `messaging.system`.
    const NAME: &'static str;

    /// The adapter's scope.
    const SCOPE: Scope;
}

/// A message that was received.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    /// Holds its context.
    pub carrier: &'a dyn Carrier,
    /// What belongs to it alone. On the span of a single message, on the link of one among several.
    pub attributes: &'a [Attribute<'a>],
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("attributes", &self.attributes).finish_non_exhaustive()
    }
}

/// A messaging client, as its spans describe it.
pub struct Client<S> {
    handle: Option<Handle>,
    server: Option<(String, u16)>,
    consumer_group: Option<String>,
    trust: Trust,
    system: PhantomData<fn() -> S>,
}

impl<S: System> Client<S> {
    /// The handle to record with. Defaults to [`Handle::current`] at the time of a call.
    #[must_use]
    pub fn handle(mut self, handle: Handle) -> Self {
        self.handle = Some(handle);
        self
    }

    /// The broker, `server.address` and `server.port`. Defaults to not known.
    #[must_use]
    pub fn server(mut self, address: impl Into<String>, port: u16) -> Self {
        self.server = Some((address.into(), port));
        self
    }

    /// The consumer group, `messaging.consumer.group.name`. Defaults to not known.
    #[must_use]
    pub fn consumer_group(mut self, name: impl Into<String>) -> Self {
        self.consumer_group = Some(name.into());
        self
    }

    /// Whether those who send the messages are believed. Defaults to [`Trust::Internal`], in every zone: a
    /// broker is one's own.
    ///
    /// A stranger's message is processed, and settled, in a trace of one's own that is linked to the
    /// stranger's.
    #[must_use]
    pub fn trust(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }

    /// Starts to send one message, and writes the context into it unless it carries one of its own. Whether
    /// the message gets baggage and a correlation id depends on the destination's template, or else its
    /// name.
    pub fn send(
        &self,
        destination: &Destination<'_>,
        carrier: &mut dyn CarrierMut,
        attributes: &[Attribute<'_>],
    ) -> Operation {
        let handle = self.current_handle();
        let metrics = handle.instruments::<Metrics<S>>();
        let own = own_context(handle.propagation().extract(carrier, handle.stats()));
        let kind = if own.is_some() { SpanKind::Client } else { SpanKind::Producer };
        let must_inject = own.is_none();
        let description = self.describe("send", "send", Some(destination)).with(attributes);
        let scope = S::SCOPE;
        let builder = description
            .builder(&scope, kind)
            .handle(handle)
            .duration(metrics.as_deref().map(|metrics| &metrics.operation_duration))
            .count(metrics.as_deref().map(|metrics| &metrics.sent));
        let builder = match own {
            Some(own) => builder.link(own, &[]),
            None => builder,
        };
        let operation = builder.start();
        if must_inject {
            operation.inject(carrier, destination.recipient());
        }
        operation
    }

    /// Starts to ask the broker for a message.
    pub fn receive(&self, destination: &Destination<'_>) -> Operation {
        let handle = self.current_handle();
        let metrics = handle.instruments::<Metrics<S>>();
        let description = self.describe("receive", "receive", Some(destination));
        let scope = S::SCOPE;
        let builder = description.builder(&scope, SpanKind::Client);
        builder.handle(handle).duration(metrics.as_deref().map(|metrics| &metrics.operation_duration)).start()
    }

    /// Says which message a [`receive`](Self::receive) brought.
    pub fn received(&self, operation: &Operation, message: &Message<'_>) {
        let handle = operation.handle();
        let Some(span) = operation.span() else { return };
        for (key, value) in message.attributes {
            span.set_attribute(key, *value);
        }
        if let Some(context) = handle.propagation().peek(message.carrier) {
            span.add_link(&Link { context: &context, attributes: &[] });
        }
    }

    /// Starts to process messages, which are thereby counted as consumed.
    pub fn process(&self, destination: Option<&Destination<'_>>, messages: &[Message<'_>]) -> Operation {
        let handle = self.current_handle();
        let metrics = handle.instruments::<Metrics<S>>();
        if let Some(metrics) = &metrics {
            let consumed = self.dimensions("receive", destination);
            let consumed: Vec<_> = consumed.into_iter().map(to_key_value).collect();
            metrics.consumed.add(count(messages), &consumed);
        }

        let description = self.describe("process", "process", destination).of_messages(messages);
        let scope = S::SCOPE;
        let builder = description.builder(&scope, SpanKind::Consumer);
        let builder = builder
            .handle(handle.clone())
            .duration(metrics.as_deref().map(|metrics| &metrics.process_duration));
        let sender = destination.and_then(Destination::dimension).map(|(_, name)| Sender::Topic(name));
        Processing { handle: &handle, trust: self.trust, sender, messages }.start(builder)
    }

    /// Starts to tell the broker what became of messages; `name` is the broker's word for it.
    pub fn settle(
        &self,
        name: &'static str,
        destination: Option<&Destination<'_>>,
        messages: &[Message<'_>],
    ) -> Operation {
        let handle = self.current_handle();
        let metrics = handle.instruments::<Metrics<S>>();
        let description = self.describe(name, "settle", destination).of_messages(messages);
        let scope = S::SCOPE;
        let builder = description.builder(&scope, SpanKind::Client);
        let builder = builder
            .handle(handle.clone())
            .duration(metrics.as_deref().map(|metrics| &metrics.operation_duration));
        settle(&handle, self.trust, messages, builder)
    }

    fn current_handle(&self) -> Handle {
        Handle::resolve(self.handle.as_ref())
    }

    fn dimensions<'a>(
        &'a self,
        name: &'static str,
        destination: Option<&'a Destination<'_>>,
    ) -> Vec<Attribute<'a>> {
        let mut dimensions = Vec::with_capacity(12);
        dimensions.push(("messaging.system", S::NAME.into()));
        dimensions.push(("messaging.operation.name", name.into()));
        if let Some((key, value)) = destination.and_then(Destination::dimension) {
            dimensions.push((key, value.into()));
        }
        if let Some(group) = &self.consumer_group {
            dimensions.push(("messaging.consumer.group.name", group.into()));
        }
        if let Some((address, port)) = &self.server {
            dimensions.push(("server.address", address.into()));
            dimensions.push(("server.port", (*port).into()));
        }
        dimensions
    }

    fn describe<'a>(
        &'a self,
        name: &'static str,
        operation_type: &'static str,
        destination: Option<&'a Destination<'_>>,
    ) -> Description<'a> {
        let mut attributes = self.dimensions(name, destination);
        attributes.push(("messaging.operation.type", operation_type.into()));
        let dimensions = attributes.len();
        attributes.extend(destination.into_iter().flat_map(Destination::span_attributes));
        let name = destination.map_or_else(|| name.to_owned(), |destination| destination.span_name(name));
        Description { name, attributes, dimensions }
    }
}

impl<S> Clone for Client<S> {
    fn clone(&self) -> Self {
        let Self { handle, server, consumer_group, trust, system } = self;
        let (handle, server, consumer_group) = (handle.clone(), server.clone(), consumer_group.clone());
        Self { handle, server, consumer_group, trust: *trust, system: *system }
    }
}

impl<S> Default for Client<S> {
    fn default() -> Self {
        let trust = Trust::Internal;
        Self { handle: None, server: None, consumer_group: None, trust, system: PhantomData }
    }
}

impl<S: System> fmt::Debug for Client<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("system", &S::NAME)
            .field("server", &self.server)
            .field("consumer_group", &self.consumer_group)
            .finish_non_exhaustive()
    }
}

/// A span's name and attributes, of which the first few are also the metrics'.
struct Description<'a> {
    name: String,
    attributes: Vec<Attribute<'a>>,
    dimensions: usize,
}

impl<'a> Description<'a> {
    fn with(mut self, attributes: &[Attribute<'a>]) -> Self {
        self.attributes.extend_from_slice(attributes);
        self
    }

    fn of_messages(mut self, messages: &[Message<'a>]) -> Self {
        match messages {
            [] => self,
            [message] => self.with(message.attributes),
            _ => {
                let count = i64::try_from(messages.len()).unwrap_or(i64::MAX);
                self.attributes.push(("messaging.batch.message_count", count.into()));
                self
            }
        }
    }

    fn builder<'b>(&'b self, scope: &'b Scope, kind: SpanKind) -> OperationBuilder<'b> {
        let dimensions = self.attributes.get(..self.dimensions).unwrap_or_default();
        Operation::builder(scope, &self.name, kind).attributes(&self.attributes).dimensions(dimensions)
    }
}

fn count(messages: &[Message<'_>]) -> u64 {
    u64::try_from(messages.len()).unwrap_or(u64::MAX)
}
