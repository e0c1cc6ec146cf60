//! Received messages, one or several, as the operation that processes them.

use std::slice;

use rdkafka::{
    Message as _,
    message::{BorrowedHeaders, BorrowedMessage, OwnedHeaders, OwnedMessage},
};
use trilha_core::{
    Operation,
    messaging::{Client, Destination, Message},
    recorder::Attribute,
};

use crate::{Traced, headers::Headers, traced::Kafka};

/// Received messages that can be processed as a trace's next step: one, or a slice of several.
///
/// For messages that come by other ways than [`recv_traced`](crate::StreamConsumerExt::recv_traced) and
/// [`poll_traced`](crate::BaseConsumerExt::poll_traced): streams, partition queues, batches.
///
/// ```no_run
/// # use rdkafka::{error::KafkaError, message::BorrowedMessage};
/// # async fn store(_: &[BorrowedMessage<'_>]) -> Result<(), KafkaError> { Ok(()) }
/// # async fn example(batch: Vec<BorrowedMessage<'_>>) -> Result<(), KafkaError> {
/// use trilha_rdkafka::MessageExt;
///
/// let operation = batch.process_traced(); // linked to every message
/// operation.run(store(&batch)).await
/// # }
/// ```
pub trait MessageExt: Messages {
    /// The messages with settings: a handle, a consumer group.
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
    /// Starts the operation `process {topic}` of kind `CONSUMER`.
    ///
    /// One message: it continues the message's trace, whatever span is current; without a context in
    /// the message it starts a new trace. Several: it is a child of the current span, and linked to
    /// every message; the recorder keeps as many links as a span may hold, and counts the rest.
    ///
    /// One message's baggage, and its header `correlation_id`, are those of the work: its `tenant` is a
    /// context attribute there, and what the work calls gets them too. Those of several stay in the
    /// messages. Where there is no trace to continue, that is counted as broken propagation, under the
    /// topic.
    ///
    /// - **Attributes:** topic, consumer group, server; of each message its partition and offset, on the
    ///   span of one or on the link of several. Never its key, body, or other headers.
    /// - **Dropped:** without an outcome, it was cancelled.
    pub fn process(&self) -> Operation {
        process(&self.client, self.host.messages())
    }
}

pub(crate) fn process<M: Received>(client: &Client<Kafka>, messages: &[M]) -> Operation {
    let described: Vec<_> = messages.iter().map(Described::new).collect();
    with_messages(&described, |destination, messages| client.process(destination, messages))
}

/// Calls `start` with what the core needs to know of messages and of the topic that they share.
fn with_messages(
    described: &[Described<'_>],
    start: impl FnOnce(Option<&Destination<'_>>, &[Message<'_>]) -> Operation,
) -> Operation {
    let attributes: Vec<_> = described.iter().map(Described::attributes).collect();
    let messages: Vec<_> = (described.iter().zip(&attributes))
        .map(|(described, attributes)| Message { carrier: &described.headers, attributes })
        .collect();
    let topic = common(described.iter().map(|described| described.topic));
    start(topic.map(Destination::new).as_ref(), &messages)
}

pub(crate) fn settle(client: &Client<Kafka>, name: &'static str, message: &BorrowedMessage<'_>) -> Operation {
    with_messages(&[Described::new(message)], |destination, messages| {
        client.settle(name, destination, messages)
    })
}

/// The topic of all of them, if it is the same.
pub(crate) fn common<'a>(mut topics: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let first = topics.next()?;
    topics.all(|topic| topic == first).then_some(first)
}

struct Described<'a> {
    headers: Headers<'a>,
    topic: &'a str,
    partition: String,
    offset: i64,
    is_tombstone: bool,
}

impl<'a> Described<'a> {
    fn new<M: Received>(message: &'a M) -> Self {
        Self {
            headers: Headers(message.native_headers()),
            topic: message.topic(),
            partition: message.partition().to_string(),
            offset: message.offset(),
            is_tombstone: message.payload().is_none(),
        }
    }

    fn attributes(&self) -> Vec<Attribute<'_>> {
        let mut attributes = vec![
            ("messaging.destination.partition.id", (&self.partition).into()),
            ("messaging.kafka.offset", self.offset.into()),
        ];
        if self.is_tombstone {
            attributes.push(("messaging.kafka.message.tombstone", true.into()));
        }
        attributes
    }
}

mod sealed {
    use rdkafka::message::BorrowedHeaders;

    /// A message of rdkafka's own, whose headers are librdkafka's.
    pub trait Received: rdkafka::Message {
        fn native_headers(&self) -> Option<&BorrowedHeaders>;
    }

    /// One message or several.
    pub trait Messages {
        type Message: Received;

        fn messages(&self) -> &[Self::Message];
    }
}

use sealed::{Messages, Received};

impl Received for BorrowedMessage<'_> {
    fn native_headers(&self) -> Option<&BorrowedHeaders> {
        self.headers()
    }
}

impl Received for OwnedMessage {
    fn native_headers(&self) -> Option<&BorrowedHeaders> {
        self.headers().map(OwnedHeaders::as_borrowed)
    }
}

impl Messages for BorrowedMessage<'_> {
    type Message = Self;

    fn messages(&self) -> &[Self] {
        slice::from_ref(self)
    }
}

impl Messages for OwnedMessage {
    type Message = Self;

    fn messages(&self) -> &[Self] {
        slice::from_ref(self)
    }
}

impl<M: Received> Messages for [M] {
    type Message = M;

    fn messages(&self) -> &[M] {
        self
    }
}
