//! The queue between the services: Kafka or AMQP, traced. It creates no topic and no queue.

use std::time::Duration;

use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties, Consumer,
    message::Delivery,
    options::{BasicAckOptions, BasicConsumeOptions, BasicPublishOptions},
    types::{FieldTable, ShortString},
};
use rdkafka::{
    ClientConfig, Message as _,
    consumer::{CommitMode, Consumer as _, StreamConsumer},
    message::BorrowedMessage,
    producer::{FutureProducer, FutureRecord},
};
use serde::{Serialize, de::DeserializeOwned};
use trilha::prelude::*;

pub(crate) const PAYMENT_NEEDED: &str = "payment_needed";
pub(crate) const PAYMENT_COMPLETE: &str = "payment_complete";

/// All queues.
pub(crate) const NAMES: [&str; 2] = [PAYMENT_NEEDED, PAYMENT_COMPLETE];

/// Publishes to queues, and makes consumers.
#[derive(Clone)]
pub(crate) struct Queue {
    broker: Broker,
    suffix: String,
}

#[derive(Clone)]
enum Broker {
    Kafka { client: ClientConfig, producer: FutureProducer },
    Amqp(Channel),
}

impl Queue {
    /// Connects to `kafka://host:port` or `amqp://…`.
    pub(crate) async fn connect(url: &str, suffix: &str) -> Result<Self, Error> {
        let broker = match url.strip_prefix("kafka://") {
            Some(servers) => {
                let mut client = ClientConfig::new();
                client.set("bootstrap.servers", servers);
                Broker::Kafka { producer: client.create()?, client }
            }
            None => {
                let connection = Connection::connect(url, ConnectionProperties::default()).await?;
                Broker::Amqp(connection.create_channel().await?)
            }
        };
        Ok(Self { broker, suffix: suffix.to_owned() })
    }

    pub(crate) async fn publish(&self, name: &str, body: &impl Serialize) -> Result<(), Error> {
        let name = format!("{name}{}", self.suffix);
        let body = serde_json::to_vec(body)?;
        match &self.broker {
            Broker::Kafka { producer, .. } => {
                let record = FutureRecord::<(), _>::to(&name).payload(&body);
                producer.send_traced(record, Duration::from_secs(5)).await.map_err(|(error, _)| error)?;
            }
            Broker::Amqp(channel) => {
                let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
                channel.basic_publish_traced("".into(), name.into(), options, &body, properties).await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn consume(&self, name: &str) -> Result<Messages, Error> {
        let name = format!("{name}{}", self.suffix);
        match &self.broker {
            Broker::Kafka { client, .. } => {
                let consumer: StreamConsumer = client
                    .clone()
                    .set("group.id", &name)
                    .set("auto.offset.reset", "earliest")
                    .set("enable.auto.commit", "false")
                    .create()?;
                consumer.subscribe(&[&name])?;
                Ok(Messages::Kafka(consumer))
            }
            Broker::Amqp(channel) => {
                let (options, arguments) = (BasicConsumeOptions::default(), FieldTable::default());
                let consumer =
                    channel.basic_consume(name.into(), ShortString::default(), options, arguments).await?;
                Ok(Messages::Amqp(consumer))
            }
        }
    }
}

/// The messages of one queue.
pub(crate) enum Messages {
    Kafka(StreamConsumer),
    Amqp(Consumer),
}

impl Messages {
    /// The next message, and the operation that processes it. Dropping the future loses no message.
    pub(crate) async fn recv(&mut self) -> Result<(Message<'_>, Operation), Error> {
        match self {
            Self::Kafka(consumer) => {
                let (message, operation) = consumer.recv_traced().await?;
                Ok((Message::Kafka(message, consumer), operation))
            }
            Self::Amqp(consumer) => {
                let (delivery, operation) = consumer.recv_traced().await.ok_or(Error::Closed)??;
                Ok((Message::Amqp(Box::new(delivery)), operation))
            }
        }
    }
}

/// A message that was received.
pub(crate) enum Message<'a> {
    Kafka(BorrowedMessage<'a>, &'a StreamConsumer),
    Amqp(Box<Delivery>),
}

impl Message<'_> {
    pub(crate) fn body<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let body = match self {
            Self::Kafka(message, _) => message.payload().unwrap_or_default(),
            Self::Amqp(delivery) => &delivery.data,
        };
        Ok(serde_json::from_slice(body)?)
    }

    /// Tells the broker that the message needs not come again.
    pub(crate) async fn settle(self) -> Result<(), Error> {
        match self {
            Self::Kafka(message, consumer) => consumer.commit_message_traced(&message, CommitMode::Async)?,
            Self::Amqp(delivery) => {
                delivery.ack_traced(BasicAckOptions::default()).await?;
            }
        }
        Ok(())
    }
}

/// Why a message was not published or received.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Kafka(#[from] rdkafka::error::KafkaError),
    #[error(transparent)]
    Amqp(#[from] lapin::Error),
    #[error("the message's body: {0}")]
    Body(#[from] serde_json::Error),
    #[error("the broker has closed the consumer")]
    Closed,
}
