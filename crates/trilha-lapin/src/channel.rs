//! Channels: what is published carries the trace.

use std::{future::Future, slice};

use lapin::{
    BasicProperties, Channel, PublisherConfirm, Result,
    message::BasicGetMessage,
    options::{BasicGetOptions, BasicPublishOptions},
    types::ShortString,
};
use trilha_core::{Operation, recorder::Attribute};

use crate::{
    Traced,
    delivery::{process, with_message},
    destination,
    error::finish,
    headers::HeadersMut,
};

/// Publishes and fetches messages that carry the trace.
pub trait ChannelExt {
    /// The channel with settings: a handle, a server.
    fn traced(&self) -> Traced<&Self> {
        Traced::new(self)
    }

    /// [`Channel::basic_publish`] as an operation, with all defaults; see [`Traced::basic_publish`].
    fn basic_publish_traced(
        &self,
        exchange: ShortString,
        routing_key: ShortString,
        options: BasicPublishOptions,
        payload: &[u8],
        properties: BasicProperties,
    ) -> impl Future<Output = Result<PublisherConfirm>>;

    /// [`Channel::basic_get`] as an operation, and the operation of its message, with all defaults; see
    /// [`Traced::basic_get`].
    fn basic_get_traced(
        &self,
        queue: ShortString,
        options: BasicGetOptions,
    ) -> impl Future<Output = Result<Option<(BasicGetMessage, Operation)>>>;
}

impl ChannelExt for Channel {
    async fn basic_publish_traced(
        &self,
        exchange: ShortString,
        routing_key: ShortString,
        options: BasicPublishOptions,
        payload: &[u8],
        properties: BasicProperties,
    ) -> Result<PublisherConfirm> {
        self.traced().basic_publish(exchange, routing_key, options, payload, properties).await
    }

    async fn basic_get_traced(
        &self,
        queue: ShortString,
        options: BasicGetOptions,
    ) -> Result<Option<(BasicGetMessage, Operation)>> {
        self.traced().basic_get(queue, options).await
    }
}

impl Traced<&Channel> {
    /// [`Channel::basic_publish`] as the operation `send {exchange}`, or `send {queue}` through the
    /// default exchange.
    ///
    /// The message gets the operation's context as headers, in place of old ones; where the exchange or
    /// queue may have them, also its baggage and, unless there is one, its `correlation_id`. All its other
    /// headers and properties stay as they are, also the property `correlation_id`, which belongs to
    /// request and reply. A message that carries a context of its own keeps it: the operation is then of
    /// kind `CLIENT` instead of `PRODUCER`, and linked to it.
    ///
    /// It ends when lapin has taken the message, as this future does; what the broker confirms is in
    /// the [`PublisherConfirm`], and no part of it.
    ///
    /// - **Attributes:** exchange and routing key, message id, correlation id. Never the body.
    /// - **Errors:** `error.type` is the AMQP code's name, such as `NOT-FOUND`, or lapin's kind of error.
    /// - **Dropped:** before its end, it was cancelled; the message may have been sent.
    ///
    /// # Errors
    /// As the host's method.
    pub async fn basic_publish(
        &self,
        exchange: ShortString,
        routing_key: ShortString,
        options: BasicPublishOptions,
        payload: &[u8],
        mut properties: BasicProperties,
    ) -> Result<PublisherConfirm> {
        let mut operation = self.start(&exchange, &routing_key, &mut properties);
        let publish = self.host.basic_publish(exchange, routing_key, options, payload, properties);
        let result = operation.drive(publish).await;
        finish(operation, result.as_ref().err());
        result
    }

    fn start(
        &self,
        exchange: &ShortString,
        routing_key: &ShortString,
        properties: &mut BasicProperties,
    ) -> Operation {
        let (message_id, correlation_id) =
            (properties.message_id().clone(), properties.correlation_id().clone());
        let attributes = attributes(routing_key, &message_id, &correlation_id);
        let destination = destination::published(exchange.as_str(), routing_key.as_str());
        self.client.send(&destination, &mut HeadersMut::new(properties), &attributes)
    }

    /// [`Channel::basic_get`] as the operation `receive {queue}` of kind `CLIENT`, linked to the message
    /// that it brought; with the message comes the operation that [processes](Traced::process) it.
    ///
    /// Dropped before its end, the first is cancelled.
    ///
    /// # Errors
    /// As the host's method.
    pub async fn basic_get(
        &self,
        queue: ShortString,
        options: BasicGetOptions,
    ) -> Result<Option<(BasicGetMessage, Operation)>> {
        let mut receive = self.client.receive(&destination::queue(queue.as_str()));
        let result = receive.drive(self.host.basic_get(queue.clone(), options)).await;
        if let Ok(Some(message)) = &result {
            with_message(message, |message| self.client.received(&receive, message));
        }
        finish(receive, result.as_ref().err());
        Ok(result?.map(|message| {
            let operation = process(&self.client, queue.as_str(), slice::from_ref(&message.delivery));
            (message, operation)
        }))
    }
}

/// What a message's span says of the message itself.
pub(crate) fn attributes<'a>(
    routing_key: &'a ShortString,
    message_id: &'a Option<ShortString>,
    correlation_id: &'a Option<ShortString>,
) -> Vec<Attribute<'a>> {
    [
        ("messaging.rabbitmq.destination.routing_key", Some(routing_key)),
        ("messaging.message.id", message_id.as_ref()),
        ("messaging.message.conversation_id", correlation_id.as_ref()),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key, value?.as_str())))
    .filter(|(_, value)| !value.is_empty())
    .map(|(key, value)| (key, value.into()))
    .collect()
}
