//! A service, a channel and a queue of their own for each test.

use std::{future::Future, time::Duration};

use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties, Consumer, PublisherConfirm, Result,
    message::Delivery,
    options::{BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable, ShortString},
};
use opentelemetry::trace::SpanKind;
use trilha_core::{Handle, Operation, Outcome, Scope, TraceContext, Traceparent};
use trilha_lapin::{ChannelExt, ConsumerExt};

pub(crate) use trilha_testing::{Fixture, server};

const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const SCOPE: Scope = Scope::new("test", "");

/// A service with a queue, which is gone with its connection.
pub(crate) struct Shop {
    pub(crate) fixture: Fixture,
    pub(crate) connection: Connection,
    pub(crate) channel: Channel,
    pub(crate) queue: String,
    consumer: Consumer,
}

impl Shop {
    /// None where there is no server to test against.
    pub(crate) async fn open() -> Option<Self> {
        static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let next = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let queue = format!("queue-{}-{next}", std::process::id());
        Self::open_with(&queue).await
    }

    /// With a queue of this name; of a name that the broker makes up if it is empty.
    pub(crate) async fn open_with(queue: &str) -> Option<Self> {
        let url = server("TRILHA_TEST_AMQP_URL")?;
        let connection = Connection::connect(&url, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
        let options = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
        let queue = channel.queue_declare(short(queue), options, FieldTable::default()).await.unwrap();
        let queue = queue.name().as_str().to_owned();
        let consumer = consume(&channel, &queue).await;
        Some(Self { fixture: Fixture::start("shop"), connection, channel, queue, consumer })
    }

    pub(crate) fn handle(&self) -> Handle {
        self.fixture.handle().clone()
    }

    /// A request that the shop serves: the root of a trace.
    pub(crate) fn request(&self) -> Operation {
        Operation::builder(&SCOPE, "request", SpanKind::Internal).handle(self.handle()).root().start()
    }

    /// Publishes to the queue within a request, and returns the request's trace.
    pub(crate) async fn publish(&self, properties: BasicProperties) -> TraceContext {
        self.publish_through("", &self.queue, properties).await
    }

    pub(crate) async fn publish_through(
        &self,
        exchange: &str,
        routing_key: &str,
        properties: BasicProperties,
    ) -> TraceContext {
        let mut request = self.request();
        let (exchange, routing_key) = (short(exchange), short(routing_key));
        let options = BasicPublishOptions::default();
        let publish =
            self.channel.basic_publish_traced(exchange, routing_key, options, b"the body", properties);
        let confirm = request.drive(publish).await.unwrap();
        assert!(confirm.await.unwrap().is_ack());
        let context = request.trace_context();
        request.finish(Outcome::Ok);
        context
    }

    /// Publishes a message to the queue once more, with all that it came with.
    pub(crate) async fn forward(&self, delivery: &Delivery) -> Result<PublisherConfirm> {
        let (exchange, queue) = (short(""), short(&self.queue));
        let (options, properties) = (BasicPublishOptions::default(), delivery.properties.clone());
        self.channel.basic_publish_traced(exchange, queue, options, &delivery.data, properties).await
    }

    /// Publishes as somebody who does not trace.
    pub(crate) async fn publish_untraced(&self, properties: BasicProperties) {
        let options = BasicPublishOptions::default();
        let publish =
            self.channel.basic_publish(short(""), short(&self.queue), options, b"the body", properties);
        assert!(publish.await.unwrap().await.unwrap().is_ack());
    }

    pub(crate) async fn receive(&mut self) -> (Delivery, Operation) {
        let handle = self.handle();
        in_time(self.consumer.traced().handle(handle).recv()).await.unwrap().unwrap()
    }

    pub(crate) async fn receive_untraced(&mut self) -> Delivery {
        use futures_util::StreamExt as _;
        in_time(self.consumer.next()).await.unwrap().unwrap()
    }

    pub(crate) fn consumer(&mut self) -> &mut Consumer {
        &mut self.consumer
    }

    pub(crate) fn span(&self, operation: &str) -> String {
        format!("{operation} {}", self.queue)
    }
}

async fn consume(channel: &Channel, queue: &str) -> Consumer {
    let (options, arguments) = (BasicConsumeOptions::default(), FieldTable::default());
    channel.basic_consume(short(queue), short(""), options, arguments).await.unwrap()
}

pub(crate) async fn in_time<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future).await.expect("nothing came in time")
}

/// The context of a sender that nobody here knows.
pub(crate) fn foreign() -> Traceparent {
    *TraceContext::of_child(None, |_| true).traceparent().unwrap()
}

pub(crate) fn short(text: &str) -> ShortString {
    ShortString::try_new(text).unwrap()
}

pub(crate) fn text(text: &str) -> AMQPValue {
    AMQPValue::LongString(text.into())
}

/// Properties with these headers.
pub(crate) fn with_headers<const N: usize>(headers: [(&str, AMQPValue); N]) -> BasicProperties {
    let mut table = FieldTable::default();
    for (key, value) in headers {
        table.insert(short(key), value);
    }
    BasicProperties::default().with_headers(table)
}
