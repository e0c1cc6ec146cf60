//! What every adapter promises: to send is a call that goes out, to process is work that comes in.

use std::{net::TcpListener, panic::AssertUnwindSafe};

use futures_util::FutureExt as _;
use rdkafka::{
    ClientConfig, Message as _, Offset, TopicPartitionList,
    consumer::{Consumer, StreamConsumer},
    message::{Header, Headers as _, OwnedHeaders},
    producer::{FutureProducer, FutureRecord, future_producer::Delivery},
};
use trilha_core::{CarrierKind, Handle};
use trilha_rdkafka::{ConsumerExt, FutureProducerExt};
use trilha_testing::contract::{
    Answer, Call, CallError, Handler, Headers, Inbound, Outbound, Seen, inbound, outbound,
};

use crate::support::{Broker, PATIENCE, on_both_brokers};

on_both_brokers! {
    sending_keeps_the_contract,
    processing_keeps_the_contract,
}

async fn sending_keeps_the_contract(broker: Broker) {
    outbound(&Kafka::open(&broker).await).await;
}

async fn processing_keeps_the_contract(broker: Broker) {
    inbound(&Kafka::open(&broker).await).await;
}

struct Kafka {
    config: ClientConfig,
    topic: String,
    producer: FutureProducer,
    unanswered: FutureProducer,
    _listener: TcpListener, // whose connections nobody accepts
}

impl Kafka {
    async fn open(broker: &Broker) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        Self {
            config: broker.config(),
            topic: broker.topic().await,
            producer: broker.producer(),
            unanswered: broker.config().set("bootstrap.servers", address).create().unwrap(),
            _listener: listener,
        }
    }

    fn record(&self, headers: Headers) -> FutureRecord<'_, str, str> {
        let headers = headers.iter().fold(OwnedHeaders::new(), |headers, (key, value)| {
            headers.insert(Header { key, value: Some(value) })
        });
        FutureRecord::to(&self.topic).payload("the body").headers(headers)
    }

    /// A consumer whose next message is this one.
    fn consumer(&self, delivery: &Delivery) -> StreamConsumer {
        let consumer: StreamConsumer = self.config.clone().set("group.id", "contract").create().unwrap();
        let mut assignment = TopicPartitionList::new();
        let offset = Offset::Offset(delivery.offset);
        assignment.add_partition_offset(&self.topic, delivery.partition, offset).unwrap();
        consumer.assign(&assignment).unwrap();
        consumer
    }
}

impl Outbound for Kafka {
    const CARRIER: CarrierKind = CarrierKind::Messaging;
    type Returned = Delivery;

    async fn call(&self, handle: Handle, call: Call) -> Result<Delivery, CallError> {
        let record = self.record(call.headers);
        let (producer, record) = match call.answer {
            Answer::Ok => (&self.producer, record),
            Answer::Fails => (&self.producer, record.partition(7)), // which the topic does not have
            Answer::Never => (&self.unanswered, record),
        };
        let sent = producer.traced().handle(handle).send(record, PATIENCE).await;
        sent.map_err(|(error, _)| CallError(error.to_string()))
    }

    async fn seen(&self, delivery: Delivery) -> Seen {
        let consumer = self.consumer(&delivery);
        let message = consumer.recv().await.unwrap();
        let headers = message.headers().unwrap().iter();
        let seen = headers.map(|header| (header.key.to_owned(), header.value.unwrap().to_vec()));
        Some(seen.collect())
    }
}

impl Inbound for Kafka {
    const CARRIER: CarrierKind = CarrierKind::Messaging;

    async fn deliver(&self, handle: Handle, headers: Headers, handler: Handler) {
        let delivery = self.producer.send(self.record(headers), PATIENCE).await.unwrap();
        let consumer = self.consumer(&delivery);
        let (_message, operation) = consumer.traced().handle(handle).recv().await.unwrap();
        let _ = AssertUnwindSafe(operation.run(handler.run())).catch_unwind().await;
    }
}
