//! RabbitMQ: routing keys, properties, headers and payloads, which arrive as they were given; what is added to them
//! holds nothing.

use futures_util::StreamExt as _;
use lapin::{
    BasicProperties, Connection, ConnectionProperties,
    options::{BasicConsumeOptions, BasicPublishOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable, ShortString},
};
use trilha::{
    Operation, Outcome, Scope, SpanKind,
    lapin::{ChannelExt, ConsumerExt},
};
use trilha_testing::server;

use crate::{plants::Plants, service::Service};

static SCOPE: Scope = Scope::new("test", "");
const ROUNDS: usize = 130;

pub(crate) async fn plant(service: &Service, plants: &mut Plants) {
    let Some(url) = server("TRILHA_TEST_AMQP_URL") else { return };
    let connection = Connection::connect(&url, ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let options = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
    let name = plants.fit_name();
    channel.queue_declare(short(&name), options, FieldTable::default()).await.unwrap();
    let (options, none) = (BasicConsumeOptions::default(), FieldTable::default());
    let mut consumer = channel.basic_consume(short(&name), short(""), options, none).await.unwrap();
    for round in 0..ROUNDS {
        let mut headers = FieldTable::default();
        headers.insert(short("x-note"), AMQPValue::LongString(plants.text().into()));
        headers.insert(short(&plants.token()), AMQPValue::LongString(plants.text().into()));
        let given = BasicProperties::default()
            .with_message_id(short(&plants.token()))
            .with_correlation_id(short(&plants.token()))
            .with_reply_to(short(&plants.token()))
            .with_headers(headers.clone());
        let payload = plants.text();
        let mut work = Operation::builder(&SCOPE, "work", SpanKind::Server).handle(service.handle()).start();
        work.attributes().tenant(plants.token()).use_case(plants.line()).correlation_id(plants.token());
        let lost = short(&plants.token());
        work.drive(async {
            let none = BasicPublishOptions::default();
            let publish = channel.basic_publish_traced(
                short(""),
                short(&name),
                none,
                payload.as_bytes(),
                given.clone(),
            );
            publish.await.unwrap();
            let (exchange, none) = (short("amq.topic"), BasicPublishOptions::default());
            channel
                .basic_publish_traced(exchange, lost, none, b"", BasicProperties::default())
                .await
                .unwrap();
        })
        .await;
        work.finish(Outcome::Ok);

        let delivery = match round % 2 {
            0 => consumer.next().await.unwrap().unwrap(),
            _ => {
                let (delivery, process) =
                    consumer.traced().handle(service.handle()).recv().await.unwrap().unwrap();
                process.finish(Outcome::Error(&plants.text()));
                delivery
            }
        };
        assert_eq!(delivery.data, payload.as_bytes());
        let mut added = delivery.properties.headers().clone().unwrap().inner().clone();
        for (key, value) in headers.inner() {
            assert_eq!(added.remove(key).as_ref(), Some(value));
        }
        assert!(added.contains_key("traceparent"));
        assert_eq!(delivery.properties.message_id(), given.message_id());
        assert_eq!(delivery.properties.correlation_id(), given.correlation_id());
        let text = |value: &AMQPValue| match value {
            AMQPValue::LongString(text) => String::from_utf8_lossy(text.as_bytes()).into_owned(),
            other => panic!("{other:?} is no text"),
        };
        let added: Vec<_> = added.iter().map(|(key, value)| (key.as_str(), text(value))).collect();
        service.saw("headers of RabbitMQ", format!("{added:?}"));
    }
    service.flush().await;
}

impl Plants {
    /// For the name of a queue.
    fn fit_name(&mut self) -> String {
        format!("orders-{}-{}", std::process::id(), self.token())
    }
}

fn short(text: &str) -> ShortString {
    ShortString::try_new(text).unwrap()
}
