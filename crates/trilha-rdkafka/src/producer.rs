//! Producers: what is sent carries the trace.

// The large error is the host's own: the record that could not be queued.
#![allow(clippy::result_large_err)]

use std::future::Future;

use rdkafka::{
    ClientContext,
    error::{KafkaError, RDKafkaErrorCode},
    message::{OwnedHeaders, ToBytes},
    producer::{
        BaseProducer, BaseRecord, FutureProducer, FutureRecord, Partitioner, ProducerContext,
        ThreadedProducer, future_producer::OwnedDeliveryResult,
    },
    util::{AsyncRuntime, IntoOpaque, Timeout},
};
use trilha_core::{
    CarrierMut as _, Operation, Refusal,
    messaging::{Client, Destination},
};

use crate::{
    Traced,
    error::finish,
    headers::{HeadersMut, Written},
    traced::Kafka,
};

/// Sends records of a [`FutureProducer`] that carry the trace.
pub trait FutureProducerExt {
    /// The producer with settings: a handle, a server.
    fn traced(&self) -> Traced<&Self> {
        Traced::new(self)
    }

    /// [`FutureProducer::send`] as the operation `send {topic}`, with all defaults.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use rdkafka::producer::{FutureProducer, FutureRecord};
    /// # async fn example(producer: FutureProducer) -> Result<(), rdkafka::error::KafkaError> {
    /// use trilha_rdkafka::FutureProducerExt;
    ///
    /// let record = FutureRecord::to("payment_needed").key("42").payload("{}");
    /// producer.send_traced(record, Duration::from_secs(5)).await.map_err(|(error, _)| error)?;
    /// # Ok(()) }
    /// ```
    fn send_traced<K, P, T>(
        &self,
        record: FutureRecord<'_, K, P>,
        queue_timeout: T,
    ) -> impl Future<Output = OwnedDeliveryResult>
    where
        K: ToBytes + ?Sized,
        P: ToBytes + ?Sized,
        T: Into<Timeout>;
}

impl<C, R> FutureProducerExt for FutureProducer<C, R>
where
    C: ClientContext + 'static,
    R: AsyncRuntime,
{
    async fn send_traced<K, P, T>(
        &self,
        record: FutureRecord<'_, K, P>,
        queue_timeout: T,
    ) -> OwnedDeliveryResult
    where
        K: ToBytes + ?Sized,
        P: ToBytes + ?Sized,
        T: Into<Timeout>,
    {
        self.traced().send(record, queue_timeout).await
    }
}

impl<C, R> Traced<&FutureProducer<C, R>>
where
    C: ClientContext + 'static,
    R: AsyncRuntime,
{
    /// [`FutureProducer::send`] as the operation `send {topic}`, which ends when the broker has answered.
    ///
    /// The record gets the operation's context as headers, in place of old ones; where the topic may have
    /// them, also its baggage and, unless there is one, its `correlation_id`. All its other headers
    /// stay as they are. A record that carries a context of its own keeps it: the operation is then of
    /// kind `CLIENT` instead of `PRODUCER`, and linked to it. A record that only these headers make too
    /// large goes without any of them, which is counted.
    ///
    /// - **Attributes:** topic; where it was delivered, partition and offset. Never its key or body.
    /// - **Errors:** `error.type` is the code's name, such as `MessageTimedOut`; the call's error is
    ///   returned as it is, with the headers that were to be sent.
    /// - **Dropped:** before its end, it was cancelled; the record may have been sent.
    pub async fn send<K, P, T>(&self, record: FutureRecord<'_, K, P>, queue_timeout: T) -> OwnedDeliveryResult
    where
        K: ToBytes + ?Sized,
        P: ToBytes + ?Sized,
        T: Into<Timeout>,
    {
        let FutureRecord { topic, partition, payload, key, timestamp, mut headers } = record;
        let queue_timeout = queue_timeout.into();
        let send = |headers| {
            let record = FutureRecord { topic, partition, payload, key, timestamp, headers };
            self.host.send(record, queue_timeout)
        };
        let (mut operation, written) = start(&self.client, topic, partition, payload.is_none(), &mut headers);
        let result = match operation.drive(send(headers)).await {
            Err((error, mut message)) if is_too_large_with(&written, &error) => {
                let headers = without(written, &operation, message.detach_headers());
                operation.drive(send(headers)).await
            }
            result => result,
        };
        if let Ok(delivery) = &result {
            let partition = delivery.partition.to_string();
            operation.set_attribute("messaging.destination.partition.id", &partition);
            operation.set_attribute("messaging.kafka.offset", delivery.offset);
        }
        finish(operation, result.as_ref().err().map(|(error, _)| error));
        result
    }
}

/// Queues records of a [`BaseProducer`] or a [`ThreadedProducer`] that carry the trace.
pub trait ProducerExt: Queue {
    /// The producer with settings: a handle, a server.
    fn traced(&self) -> Traced<&Self> {
        Traced::new(self)
    }

    /// [`BaseProducer::send`] as the operation `send {topic}`, with all defaults.
    ///
    /// # Errors
    /// As [`BaseProducer::send`].
    fn send_traced<'a, K, P>(
        &self,
        record: BaseRecord<'a, K, P, Self::DeliveryOpaque>,
    ) -> SendResult<'a, K, P, Self::DeliveryOpaque>
    where
        K: ToBytes + ?Sized,
        P: ToBytes + ?Sized,
    {
        self.traced().send(record)
    }
}

impl<H: Queue + ?Sized> ProducerExt for H {}

impl<H: Queue + ?Sized> Traced<&H> {
    /// [`BaseProducer::send`] or [`ThreadedProducer::send`] as the operation `send {topic}`, which ends
    /// when the record is queued: whether it is delivered, the producer's context alone gets to know.
    ///
    /// Headers, attributes and errors are those of a `FutureProducer`'s, but for the place of delivery.
    ///
    /// # Errors
    /// As the host's method; the record comes back with the headers that were to be sent.
    pub fn send<'a, K, P>(
        &self,
        mut record: BaseRecord<'a, K, P, H::DeliveryOpaque>,
    ) -> SendResult<'a, K, P, H::DeliveryOpaque>
    where
        K: ToBytes + ?Sized,
        P: ToBytes + ?Sized,
    {
        let is_tombstone = record.payload.is_none();
        let (mut operation, written) =
            start(&self.client, record.topic, record.partition, is_tombstone, &mut record.headers);
        let result = match operation.enter(|| self.host.queue(record)) {
            Err((error, mut record)) if is_too_large_with(&written, &error) => {
                record.headers = without(written, &operation, record.headers);
                operation.enter(|| self.host.queue(record))
            }
            result => result,
        };
        finish(operation, result.as_ref().err().map(|(error, _)| error));
        result
    }
}

/// What [`BaseProducer::send`] returns: the record comes back where it could not be queued.
pub type SendResult<'a, K, P, D> = Result<(), (KafkaError, BaseRecord<'a, K, P, D>)>;

mod sealed {
    use super::*;

    /// The two producers that only queue.
    pub trait Queue {
        /// What the producer's context gets back with a delivery.
        type DeliveryOpaque: IntoOpaque;

        fn queue<'a, K, P>(
            &self,
            record: BaseRecord<'a, K, P, Self::DeliveryOpaque>,
        ) -> SendResult<'a, K, P, Self::DeliveryOpaque>
        where
            K: ToBytes + ?Sized,
            P: ToBytes + ?Sized;
    }
}

use sealed::Queue;

impl<C: ProducerContext<Part>, Part: Partitioner> Queue for BaseProducer<C, Part> {
    type DeliveryOpaque = C::DeliveryOpaque;

    fn queue<'a, K, P>(
        &self,
        record: BaseRecord<'a, K, P, C::DeliveryOpaque>,
    ) -> SendResult<'a, K, P, C::DeliveryOpaque>
    where
        K: ToBytes + ?Sized,
        P: ToBytes + ?Sized,
    {
        self.send(record)
    }
}

impl<C: ProducerContext<Part> + 'static, Part: Partitioner> Queue for ThreadedProducer<C, Part> {
    type DeliveryOpaque = C::DeliveryOpaque;

    fn queue<'a, K, P>(
        &self,
        record: BaseRecord<'a, K, P, C::DeliveryOpaque>,
    ) -> SendResult<'a, K, P, C::DeliveryOpaque>
    where
        K: ToBytes + ?Sized,
        P: ToBytes + ?Sized,
    {
        self.send(record)
    }
}

fn start(
    client: &Client<Kafka>,
    topic: &str,
    partition: Option<i32>,
    is_tombstone: bool,
    headers: &mut Option<OwnedHeaders>,
) -> (Operation, Written) {
    let partition = partition.map(|partition| partition.to_string());
    let mut attributes = Vec::with_capacity(2);
    if let Some(partition) = &partition {
        attributes.push(("messaging.destination.partition.id", partition.into()));
    }
    if is_tombstone {
        attributes.push(("messaging.kafka.message.tombstone", true.into()));
    }
    let mut headers = HeadersMut::new(headers);
    let operation = client.send(&Destination::new(topic), &mut headers, &attributes);
    (operation, headers.written())
}

/// Whether a record was refused for its size, which may be that of the headers which were written.
fn is_too_large_with(written: &Written, error: &KafkaError) -> bool {
    !written.is_empty() && error.rdkafka_error_code() == Some(RDKafkaErrorCode::MessageSizeTooLarge)
}

/// The headers without those that were written, for a record that is small enough only so.
fn without(
    written: Written,
    operation: &Operation,
    mut headers: Option<OwnedHeaders>,
) -> Option<OwnedHeaders> {
    let mut carrier = HeadersMut::new(&mut headers);
    written.into_iter().for_each(|key| carrier.remove(key));
    operation.handle().refuse(Refusal::Carrier);
    headers
}
