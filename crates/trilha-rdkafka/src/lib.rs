//! Kafka producers and consumers of rdkafka whose messages carry the trace.
//!
//! rdkafka's own types stay: each trait adds methods beside those that you know.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use rdkafka::{consumer::StreamConsumer, error::KafkaError, message::BorrowedMessage};
//! use rdkafka::producer::{FutureProducer, FutureRecord};
//! use trilha_rdkafka::{FutureProducerExt, StreamConsumerExt};
//!
//! async fn send(producer: &FutureProducer) -> Result<(), KafkaError> {
//!     let record = FutureRecord::to("payment_needed").key("42").payload("{}");
//!     producer.send_traced(record, Duration::from_secs(5)).await.map_err(|(error, _)| error)?;
//!     Ok(())
//! }
//!
//! async fn consume(consumer: &StreamConsumer) -> Result<(), KafkaError> {
//!     while let Ok((message, operation)) = consumer.recv_traced().await {
//!         operation.run(handle(&message)).await?; // its outcome is the handler's
//!     }
//!     Ok(())
//! }
//! # async fn handle(_: &BorrowedMessage<'_>) -> Result<(), KafkaError> { Ok(()) }
//! ```
//!
//! | on a | call | from |
//! |---|---|---|
//! | `FutureProducer` | `send_traced` | [`FutureProducerExt`] |
//! | `BaseProducer`, `ThreadedProducer` | `send_traced` | [`ProducerExt`] |
//! | `StreamConsumer` | `recv_traced` | [`StreamConsumerExt`] |
//! | `BaseConsumer` | `poll_traced` | [`BaseConsumerExt`] |
//! | any consumer | `commit_message_traced`, `commit_traced`, `commit_consumer_state_traced` | [`ConsumerExt`] |
//! | message, or slice of messages | `process_traced` | [`MessageExt`] |
//!
//! `traced()`, of producers, consumers and messages, takes settings: a handle, the consumer group, the server. The
//! spans, their parents and links are those of [`trilha_core::messaging`].
//!
//! # What this crate does not do
//! - It records no key, no body and no header of a message.
//! - No `poll` spans: a consumer's messages are fetched ahead, so receiving one is a wait, not a call.
//! - It follows no record after a `BaseProducer` or `ThreadedProducer` has queued it.
//! - It does not speak to a broker by itself, and starts no thread.

mod consumer;
mod error;
mod headers;
mod message;
mod producer;
mod traced;

pub use self::{
    consumer::{BaseConsumerExt, ConsumerExt, StreamConsumerExt},
    message::MessageExt,
    producer::{FutureProducerExt, ProducerExt, SendResult},
    traced::Traced,
};
