//! Deliveries: received messages, one or several, as the operation that processes them, and what the
//! broker is told of them.

use std::{future::Future, slice};

use lapin::{
    Result,
    message::Delivery,
    options::{BasicAckOptions, BasicNackOptions, BasicRejectOptions},
};
use trilha_core::{
    Operation, Outcome,
    messaging::{Client, Destination, Message},
    recorder::Attribute,
};

use crate::{Traced, channel, destination, error::finish, headers::Headers, traced::RabbitMq};

/// Received messages that can be processed as a trace's next step: one, or a slice of several.
///
/// For messages that come by other ways than [`recv_traced`](crate::ConsumerExt::recv_traced): delegates,
/// streams, batches.
///
/// ```no_run
/// # use lapin::message::Delivery;
/// # async fn store(_: &[Delivery]) -> lapin::Result<()> { Ok(()) }
/// # async fn example(batch: Vec<Delivery>) -> lapin::Result<()> {
/// use trilha_lapin::MessageExt;
///
/// let operation = batch.process_traced(); // linked to every message
/// operation.run(store(&batch)).await
/// # }
/// ```
pub trait MessageExt: Messages {
    /// The messages with settings: a handle, their queue, a server.
    fn traced(&self) -> Traced<&Self> {
        Traced::new(self)
    }

    /// Starts to process them, as [`Traced::process`] with all defaults.
    fn process_traced(&self) -> Operation {
        self.traced().process()
    }
}

impl<M: Messages + ?Sized> MessageExt for M {}

impl<M: Messages + ?Sized> Traced<&M> {
    /// The queue that they were taken from. Defaults to not known, as a delivery does not tell.
    #[must_use]
    pub fn queue(self, name: impl Into<String>) -> Self {
        Self { queue: name.into(), ..self }
    }

    /// Starts the operation `process {queue}` of kind `CONSUMER`.
    ///
    /// One message: it continues the message's trace, whatever span is current; without a context in
    /// the message it starts a new trace. Several: it is a child of the current span, and linked to
    /// every message; the recorder keeps as many links as a span may hold, and counts the rest.
    ///
    /// One message's baggage, and its header `correlation_id`, are those of the work: its `tenant` is a
    /// context attribute there, and what the work calls gets them too. Those of several stay in the
    /// messages. Where there is no trace to continue, that is counted as broken propagation, under the
    /// queue or exchange.
    ///
    /// - **Attributes:** exchange, routing key and queue, server; of each message its routing key,
    ///   delivery tag, message id and correlation id, on the span of one or on the link of several.
    ///   Never its body or other headers. A queue's name that the broker generated stands in no span's
    ///   name and on no metric.
    /// - **Dropped:** without an outcome, it was cancelled.
    pub fn process(&self) -> Operation {
        process(&self.client, &self.queue, self.host.messages())
    }
}

/// Settles a delivery as an operation of its trace.
pub trait DeliveryExt {
    /// [`Acker::ack`](lapin::Acker::ack) as the operation `ack`, with all defaults; see [`Traced::ack`].
    fn ack_traced(&self, options: BasicAckOptions) -> impl Future<Output = Result<bool>>;

    /// As [`ack_traced`](Self::ack_traced), to give the message back or up.
    fn nack_traced(&self, options: BasicNackOptions) -> impl Future<Output = Result<bool>>;

    /// As [`ack_traced`](Self::ack_traced), to give the message back or up.
    fn reject_traced(&self, options: BasicRejectOptions) -> impl Future<Output = Result<bool>>;
}

impl DeliveryExt for Delivery {
    async fn ack_traced(&self, options: BasicAckOptions) -> Result<bool> {
        self.traced().ack(options).await
    }

    async fn nack_traced(&self, options: BasicNackOptions) -> Result<bool> {
        self.traced().nack(options).await
    }

    async fn reject_traced(&self, options: BasicRejectOptions) -> Result<bool> {
        self.traced().reject(options).await
    }
}

impl Traced<&Delivery> {
    /// Acknowledges the delivery as the operation `ack {exchange}`, or `ack {queue}` where the queue is
    /// known, of kind `CLIENT`, in the message's trace.
    ///
    /// - **Errors:** as in publishing; a delivery that could no longer be settled, `Ok(false)`, is
    ///   `not_settled`.
    /// - **Dropped:** before its end, it was cancelled.
    ///
    /// # Errors
    /// As the host's method.
    pub async fn ack(&self, options: BasicAckOptions) -> Result<bool> {
        self.settle("ack", self.host.acker.ack(options)).await
    }

    /// As [`ack`](Self::ack), to give the message back or up.
    ///
    /// # Errors
    /// As the host's method.
    pub async fn nack(&self, options: BasicNackOptions) -> Result<bool> {
        self.settle("nack", self.host.acker.nack(options)).await
    }

    /// As [`ack`](Self::ack), to give the message back or up.
    ///
    /// # Errors
    /// As the host's method.
    pub async fn reject(&self, options: BasicRejectOptions) -> Result<bool> {
        self.settle("reject", self.host.acker.reject(options)).await
    }

    async fn settle(&self, name: &'static str, call: impl Future<Output = Result<bool>>) -> Result<bool> {
        let destination = destination_of(self.host, &self.queue);
        let mut operation = with_message(self.host, |message| {
            self.client.settle(name, Some(&destination), slice::from_ref(message))
        });
        let result = operation.drive(call).await;
        match &result {
            Ok(false) => operation.finish(Outcome::Error("not_settled")),
            result => finish(operation, result.as_ref().err()),
        }
        result
    }
}

pub(crate) fn process(client: &Client<RabbitMq>, queue: &str, deliveries: &[Delivery]) -> Operation {
    let carriers: Vec<_> = deliveries.iter().map(|delivery| Headers(&delivery.properties)).collect();
    let attributes: Vec<_> = deliveries.iter().map(attributes).collect();
    let messages: Vec<_> = (carriers.iter().zip(&attributes))
        .map(|(carrier, attributes)| Message { carrier, attributes })
        .collect();
    client.process(common(deliveries, queue).as_ref(), &messages)
}

/// Calls `f` with what the core needs to know of a message.
pub(crate) fn with_message<R>(delivery: &Delivery, f: impl FnOnce(&Message<'_>) -> R) -> R {
    f(&Message { carrier: &Headers(&delivery.properties), attributes: &attributes(delivery) })
}

fn attributes(delivery: &Delivery) -> Vec<Attribute<'_>> {
    let properties = &delivery.properties;
    let mut attributes =
        channel::attributes(&delivery.routing_key, properties.message_id(), properties.correlation_id());
    if let Ok(tag) = i64::try_from(delivery.delivery_tag) {
        attributes.push(("messaging.rabbitmq.message.delivery_tag", tag.into()));
    }
    attributes
}

fn destination_of<'a>(delivery: &'a Delivery, queue: &'a str) -> Destination<'a> {
    destination::delivered(delivery.exchange.as_str(), delivery.routing_key.as_str(), queue)
}

/// The destination of all of them, if it is the same; else the queue, if it is known.
fn common<'a>(deliveries: &'a [Delivery], queue: &'a str) -> Option<Destination<'a>> {
    let (first, rest) = deliveries.split_first()?;
    let is_same =
        |other: &Delivery| other.exchange == first.exchange && other.routing_key == first.routing_key;
    if rest.iter().all(is_same) {
        return Some(destination_of(first, queue));
    }
    (!queue.is_empty()).then(|| destination::queue(queue))
}

mod sealed {
    use lapin::message::Delivery;

    /// One delivery or several.
    pub trait Messages {
        fn messages(&self) -> &[Delivery];
    }
}

use sealed::Messages;

impl Messages for Delivery {
    fn messages(&self) -> &[Delivery] {
        slice::from_ref(self)
    }
}

impl Messages for [Delivery] {
    fn messages(&self) -> &[Delivery] {
        self
    }
}
