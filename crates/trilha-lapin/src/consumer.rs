//! Consumers: what is received continues the trace.

use std::{future::Future, slice};

use futures_util::StreamExt as _;
use lapin::{Consumer, Result, message::Delivery};
use trilha_core::Operation;

use crate::{Traced, delivery::process};

/// Receives messages together with the operations that process them.
pub trait ConsumerExt {
    /// The consumer with settings: a handle, a server.
    fn traced(&mut self) -> Traced<&mut Self> {
        Traced::new(self)
    }

    /// The consumer's next message and its operation, with all defaults; see [`Traced::recv`].
    ///
    /// ```no_run
    /// # use lapin::{Consumer, message::Delivery, options::BasicAckOptions};
    /// # async fn handle(_: &Delivery) -> lapin::Result<()> { Ok(()) }
    /// # async fn example(mut consumer: Consumer) -> lapin::Result<()> {
    /// use trilha_lapin::{ConsumerExt, DeliveryExt};
    ///
    /// while let Some(received) = consumer.recv_traced().await {
    ///     let (delivery, operation) = received?;
    ///     operation.run(handle(&delivery)).await?; // its outcome is the handler's
    ///     delivery.ack_traced(BasicAckOptions::default()).await?;
    /// }
    /// # Ok(()) }
    /// ```
    fn recv_traced(&mut self) -> impl Future<Output = Option<Result<(Delivery, Operation)>>>;
}

impl ConsumerExt for Consumer {
    async fn recv_traced(&mut self) -> Option<Result<(Delivery, Operation)>> {
        self.traced().recv().await
    }
}

impl Traced<&mut Consumer> {
    /// The consumer's next message, and the operation that [processes](Traced::process) it; nothing
    /// once the consumer is cancelled.
    ///
    /// The operation starts when the message is there: waiting is no part of it. Dropping the future
    /// loses no message.
    pub async fn recv(&mut self) -> Option<Result<(Delivery, Operation)>> {
        Some(self.host.next().await?.map(|delivery| {
            let queue = self.host.queue();
            let operation = process(&self.client, queue.as_str(), slice::from_ref(&delivery));
            (delivery, operation)
        }))
    }
}
