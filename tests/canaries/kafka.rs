//! Kafka: keys, headers and payloads, which arrive as they were given; what is added to them holds nothing.

use std::time::Duration;

use rdkafka::{
    ClientConfig, Message as _,
    consumer::{Consumer, StreamConsumer},
    message::{Header, Headers as _, OwnedHeaders},
    mocking::MockCluster,
    producer::{FutureProducer, FutureRecord},
};
use trilha::{
    Operation, Outcome, Scope, SpanKind,
    rdkafka::{ConsumerExt, FutureProducerExt},
};

use crate::{plants::Plants, service::Service};

static SCOPE: Scope = Scope::new("test", "");
const ROUNDS: usize = 130;
const PATIENCE: Duration = Duration::from_secs(30);
const TOPIC: &str = "orders";

pub(crate) async fn plant(service: &Service, plants: &mut Plants) {
    let broker = MockCluster::new(1).unwrap();
    broker.create_topic(TOPIC, 1, 1).unwrap();
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", broker.bootstrap_servers()).set("auto.offset.reset", "earliest");
    let producer: FutureProducer = config.create().unwrap();
    let consumer: StreamConsumer =
        config.set("group.id", "orders").set("fetch.wait.max.ms", "10").create().unwrap();
    let mut assignment = rdkafka::TopicPartitionList::new();
    assignment.add_partition_offset(TOPIC, 0, rdkafka::Offset::Beginning).unwrap();
    consumer.assign(&assignment).unwrap();
    for round in 0..ROUNDS {
        let [key, payload, note, other] = [(); 4].map(|()| plants.text());
        let name = plants.token();
        let header = |key, value| Header { key, value: Some(value) };
        let given = OwnedHeaders::new().insert(header("x-note", &note)).insert(header(&name, &other));
        let mut work = Operation::builder(&SCOPE, "work", SpanKind::Server).handle(service.handle()).start();
        work.attributes().tenant(plants.token()).use_case(plants.line()).correlation_id(plants.token());
        let record = FutureRecord::to(TOPIC).key(&key).payload(&payload).headers(given.clone());
        work.drive(producer.send_traced(record, PATIENCE)).await.unwrap();
        let too_large = payload.clone() + &" ".repeat(2_000_000);
        let record = FutureRecord::to(TOPIC).key(&key).payload(&too_large);
        assert!(work.drive(producer.send_traced(record, PATIENCE)).await.is_err());
        work.finish(Outcome::Ok);

        let traced = consumer.traced().handle(service.handle()).consumer_group(plants.line());
        let message = match round % 2 {
            0 => consumer.recv().await.unwrap(),
            _ => {
                let (message, process) = traced.recv().await.unwrap();
                process.finish(Outcome::Error(&plants.text()));
                message
            }
        };
        assert_eq!((message.key(), message.payload()), (Some(key.as_bytes()), Some(payload.as_bytes())));
        let all: Vec<_> = message.headers().unwrap().iter().collect();
        let (kept, added) = all.split_at(given.count());
        assert!(kept.iter().eq(&given.iter().collect::<Vec<_>>()));
        assert!(added.iter().any(|header| header.key == "traceparent"));
        let text = |value: Option<&[u8]>| String::from_utf8_lossy(value.unwrap_or_default()).into_owned();
        let added: Vec<_> = added.iter().map(|header| (header.key, text(header.value))).collect();
        service.saw("headers of Kafka", format!("{added:?}"));
    }
    service.flush().await;
}
