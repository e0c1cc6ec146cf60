//! A broker, a service, and a topic of their own for each test.

mod broker;
use std::{future::Future, time::Duration};

use opentelemetry::trace::SpanKind;
use rdkafka::{
    Message as _,
    consumer::StreamConsumer,
    message::{BorrowedMessage, Headers as _, OwnedHeaders},
    producer::{FutureProducer, FutureRecord},
};
use trilha_core::{Handle, Operation, Scope, TraceContext, Traceparent};
use trilha_rdkafka::{ConsumerExt, FutureProducerExt};

pub(crate) use trilha_testing::Fixture;

pub(crate) use self::broker::Broker;

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

const SCOPE: Scope = Scope::new("test", "");

/// Runs each scenario against both brokers.
macro_rules! on_both_brokers {
    ($($scenario:ident),* $(,)?) => {
        mod mock {
            $(
                #[tokio::test]
                async fn $scenario() {
                    super::$scenario(crate::support::Broker::mock()).await;
                }
            )*
        }

        mod server {
            $(
                #[tokio::test]
                async fn $scenario() {
                    if let Some(broker) = crate::support::Broker::server() {
                        super::$scenario(broker).await;
                    }
                }
            )*
        }
    };
}

pub(crate) use on_both_brokers;

/// A service with a topic.
pub(crate) struct Shop {
    pub(crate) broker: Broker,
    pub(crate) fixture: Fixture,
    pub(crate) topic: String,
    pub(crate) producer: FutureProducer,
    pub(crate) consumer: StreamConsumer,
}

impl Shop {
    pub(crate) async fn open(broker: Broker) -> Self {
        let topic = broker.topic().await;
        let producer = broker.producer();
        let consumer = broker.consumer(&topic);
        Self { broker, fixture: Fixture::start("shop"), topic, producer, consumer }
    }

    pub(crate) fn handle(&self) -> Handle {
        self.fixture.handle().clone()
    }

    /// A request that the shop serves: the root of a trace.
    pub(crate) fn request(&self) -> Operation {
        Operation::builder(&SCOPE, "request", SpanKind::Internal).handle(self.handle()).root().start()
    }

    /// A record with some body, and a key that is personal.
    pub(crate) fn record(&self) -> FutureRecord<'_, str, str> {
        FutureRecord::to(&self.topic).key("ana@example.com").payload("the body")
    }

    /// Sends the record within a request, and returns the request's trace.
    pub(crate) async fn send(&self, record: FutureRecord<'_, str, str>) -> TraceContext {
        let request = self.request();
        let context = request.trace_context();
        let sent =
            request.run_with(self.producer.send_traced(record, PATIENCE), |_| trilha_core::Outcome::Ok);
        sent.await.unwrap();
        context
    }

    /// Sends a record as somebody who does not trace.
    pub(crate) async fn send_untraced(&self, headers: Option<OwnedHeaders>) {
        let record = FutureRecord { headers, ..self.record() };
        self.producer.send(record, PATIENCE).await.unwrap();
    }

    pub(crate) async fn receive(&self) -> (BorrowedMessage<'_>, Operation) {
        in_time(self.consumer.traced().handle(self.handle()).recv()).await.unwrap()
    }

    pub(crate) async fn receive_untraced(&self) -> BorrowedMessage<'_> {
        in_time(self.consumer.recv()).await.unwrap()
    }

    pub(crate) fn span(&self, operation: &str) -> String {
        format!("{operation} {}", self.topic)
    }
}

pub(crate) async fn in_time<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future).await.expect("nothing came in time")
}

/// The context of a sender that nobody here knows.
pub(crate) fn foreign() -> Traceparent {
    *TraceContext::of_child(None, |_| true).traceparent().unwrap()
}

pub(crate) fn headers(message: &BorrowedMessage<'_>) -> Vec<(String, Option<String>)> {
    let text = |value: &[u8]| String::from_utf8(value.to_vec()).unwrap();
    let headers = message.headers().map(|headers| headers.iter().collect::<Vec<_>>()).unwrap_or_default();
    headers.into_iter().map(|header| (header.key.to_owned(), header.value.map(text))).collect()
}

pub(crate) fn header<'a>(key: &'a str, value: &'a str) -> rdkafka::message::Header<'a, &'a str> {
    rdkafka::message::Header { key, value: Some(value) }
}
