//! Consumers: what is received continues the trace, and what is committed belongs to it.

use std::{future::Future, slice};

use rdkafka::{
    TopicPartitionList,
    consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, StreamConsumer},
    error::KafkaResult,
    message::BorrowedMessage,
    util::{AsyncRuntime, Timeout},
};
use trilha_core::{Operation, messaging::Destination};

use crate::{
    Traced,
    error::finish,
    message::{common, process, settle},
};

/// Any consumer, and its commits as operations.
pub trait ConsumerExt<C: ConsumerContext>: Consumer<C> {
    /// The consumer with settings: a handle, its group, a server.
    fn traced(&self) -> Traced<&Self> {
        Traced::new(self)
    }

    /// [`Consumer::commit_message`] as the operation `commit {topic}`, with all defaults.
    ///
    /// # Errors
    /// As the host's method.
    fn commit_message_traced(&self, message: &BorrowedMessage<'_>, mode: CommitMode) -> KafkaResult<()>
    where
        Self: Sized,
    {
        self.traced().commit_message(message, mode)
    }

    /// [`Consumer::commit`] as the operation `commit {topic}`, with all defaults.
    ///
    /// # Errors
    /// As the host's method.
    fn commit_traced(&self, offsets: &TopicPartitionList, mode: CommitMode) -> KafkaResult<()>
    where
        Self: Sized,
    {
        self.traced().commit(offsets, mode)
    }

    /// [`Consumer::commit_consumer_state`] as the operation `commit`, with all defaults.
    ///
    /// # Errors
    /// As the host's method.
    fn commit_consumer_state_traced(&self, mode: CommitMode) -> KafkaResult<()>
    where
        Self: Sized,
    {
        self.traced().commit_consumer_state(mode)
    }
}

impl<T, C> ConsumerExt<C> for T
where
    T: Consumer<C>,
    C: ConsumerContext,
{
}

/// Receives from a [`StreamConsumer`] together with the operation that processes the message.
pub trait StreamConsumerExt {
    /// [`StreamConsumer::recv`] and the operation of its message, with all defaults; see
    /// [`Traced::recv`].
    ///
    /// ```no_run
    /// # use rdkafka::{consumer::StreamConsumer, error::KafkaError, message::BorrowedMessage};
    /// # async fn handle(_: &BorrowedMessage<'_>) -> Result<(), KafkaError> { Ok(()) }
    /// # async fn example(consumer: StreamConsumer) -> Result<(), KafkaError> {
    /// use trilha_rdkafka::StreamConsumerExt;
    ///
    /// while let Ok((message, operation)) = consumer.recv_traced().await {
    ///     operation.run(handle(&message)).await?; // its outcome is the handler's
    /// }
    /// # Ok(()) }
    /// ```
    fn recv_traced(&self) -> impl Future<Output = KafkaResult<(BorrowedMessage<'_>, Operation)>>;
}

impl<C, R> StreamConsumerExt for StreamConsumer<C, R>
where
    C: ConsumerContext + 'static,
    R: AsyncRuntime,
{
    async fn recv_traced(&self) -> KafkaResult<(BorrowedMessage<'_>, Operation)> {
        self.traced().recv().await
    }
}

/// Polls a [`BaseConsumer`] for a message together with the operation that processes it.
pub trait BaseConsumerExt {
    /// [`BaseConsumer::poll`] and the operation of its message, with all defaults; see
    /// [`Traced::poll`].
    fn poll_traced<T: Into<Timeout>>(
        &self,
        timeout: T,
    ) -> Option<KafkaResult<(BorrowedMessage<'_>, Operation)>>;
}

impl<C: ConsumerContext> BaseConsumerExt for BaseConsumer<C> {
    fn poll_traced<T: Into<Timeout>>(
        &self,
        timeout: T,
    ) -> Option<KafkaResult<(BorrowedMessage<'_>, Operation)>> {
        self.traced().poll(timeout)
    }
}

impl<'a, C, R> Traced<&'a StreamConsumer<C, R>>
where
    C: ConsumerContext + 'static,
    R: AsyncRuntime,
{
    /// [`StreamConsumer::recv`], and the operation that [processes](Traced::process) the message.
    ///
    /// The operation starts when the message is there: waiting is no part of it. Dropping the future
    /// loses no message.
    ///
    /// # Errors
    /// As the host's method.
    pub async fn recv(&self) -> KafkaResult<(BorrowedMessage<'a>, Operation)> {
        let message = self.host.recv().await?;
        let operation = process(&self.client, slice::from_ref(&message));
        Ok((message, operation))
    }
}

impl<'a, C: ConsumerContext> Traced<&'a BaseConsumer<C>> {
    /// [`BaseConsumer::poll`], and the operation that [processes](Traced::process) the message.
    ///
    /// The operation starts when the message is there: waiting is no part of it.
    ///
    /// # Errors
    /// As the host's method.
    pub fn poll<T: Into<Timeout>>(
        &self,
        timeout: T,
    ) -> Option<KafkaResult<(BorrowedMessage<'a>, Operation)>> {
        Some(self.host.poll(timeout)?.map(|message| {
            let operation = process(&self.client, slice::from_ref(&message));
            (message, operation)
        }))
    }
}

impl<T> Traced<&T> {
    /// [`Consumer::commit_message`] as the operation `commit {topic}` of kind `CLIENT`, in the message's
    /// trace.
    ///
    /// With [`CommitMode::Async`] it ends when the commit is queued.
    ///
    /// # Errors
    /// As the host's method.
    pub fn commit_message<C>(&self, message: &BorrowedMessage<'_>, mode: CommitMode) -> KafkaResult<()>
    where
        T: Consumer<C>,
        C: ConsumerContext,
    {
        let operation = settle(&self.client, COMMIT, message);
        run(operation, || self.host.commit_message(message, mode))
    }

    /// [`Consumer::commit`] as the operation `commit {topic}` of kind `CLIENT`, under the current span.
    ///
    /// # Errors
    /// As the host's method.
    pub fn commit<C>(&self, offsets: &TopicPartitionList, mode: CommitMode) -> KafkaResult<()>
    where
        T: Consumer<C>,
        C: ConsumerContext,
    {
        let elements = offsets.elements();
        let destination = common(elements.iter().map(|element| element.topic())).map(Destination::new);
        let operation = self.client.settle(COMMIT, destination.as_ref(), &[]);
        run(operation, || self.host.commit(offsets, mode))
    }

    /// [`Consumer::commit_consumer_state`] as the operation `commit` of kind `CLIENT`, under the current
    /// span.
    ///
    /// # Errors
    /// As the host's method.
    pub fn commit_consumer_state<C>(&self, mode: CommitMode) -> KafkaResult<()>
    where
        T: Consumer<C>,
        C: ConsumerContext,
    {
        let operation = self.client.settle(COMMIT, None, &[]);
        run(operation, || self.host.commit_consumer_state(mode))
    }
}

const COMMIT: &str = "commit";

fn run(mut operation: Operation, call: impl FnOnce() -> KafkaResult<()>) -> KafkaResult<()> {
    let result = operation.enter(call);
    finish(operation, result.as_ref().err());
    result
}
