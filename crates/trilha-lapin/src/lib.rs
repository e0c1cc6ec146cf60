//! AMQP channels, consumers and deliveries of lapin whose messages carry the trace.
//!
//! lapin's own types stay: each trait adds methods beside those that you know.
//!
//! ```no_run
//! use lapin::{BasicProperties, Channel, Consumer, message::Delivery};
//! use lapin::options::{BasicAckOptions, BasicPublishOptions};
//! use trilha_lapin::{ChannelExt, ConsumerExt, DeliveryExt};
//!
//! async fn send(channel: &Channel) -> lapin::Result<()> {
//!     let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
//!     channel.basic_publish_traced("".into(), "orders".into(), options, b"{}", properties).await?;
//!     Ok(())
//! }
//!
//! async fn consume(mut consumer: Consumer) -> lapin::Result<()> {
//!     while let Some(received) = consumer.recv_traced().await {
//!         let (delivery, operation) = received?;
//!         operation.run(handle(&delivery)).await?; // its outcome is the handler's
//!         delivery.ack_traced(BasicAckOptions::default()).await?;
//!     }
//!     Ok(())
//! }
//! # async fn handle(_: &Delivery) -> lapin::Result<()> { Ok(()) }
//! ```
//!
//! | on a | call | from |
//! |---|---|---|
//! | `Channel` | `basic_publish_traced`, `basic_get_traced` | [`ChannelExt`] |
//! | `Consumer` | `recv_traced` | [`ConsumerExt`] |
//! | `Delivery`, or slice of them | `process_traced` | [`MessageExt`] |
//! | `Delivery` | `ack_traced`, `nack_traced`, `reject_traced` | [`DeliveryExt`] |
//!
//! `traced()`, of channels, consumers and deliveries, takes settings: a handle, the queue, the server. The spans, their
//! parents and links are those of [`trilha_core::messaging`].
//!
//! # What this crate does not do
//! - It records no body and no header of a message.
//! - It follows no message to its publisher confirm: the span ends when lapin has taken it.
//! - It does not speak to a broker by itself, and starts no task.

mod channel;
mod consumer;
mod delivery;
mod destination;
mod error;
mod headers;
mod traced;

pub use self::{
    channel::ChannelExt,
    consumer::ConsumerExt,
    delivery::{DeliveryExt, MessageExt},
    traced::Traced,
};
