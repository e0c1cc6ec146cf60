//! The settings under which a producer, a consumer or a message is traced.

use trilha_core::{
    Handle, Scope, Trust,
    messaging::{Client, System},
};

/// Kafka, as rdkafka speaks to it.
#[derive(Debug)]
pub(crate) enum Kafka {}

impl System for Kafka {
    const NAME: &'static str = "kafka";
    const SCOPE: Scope = Scope::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
}

/// A producer, a consumer or messages of rdkafka, with settings for their spans.
///
/// Made by `traced()`, of any of the traits in this crate. Its methods are called as the host's, take
/// what the host's take, and return what the host's return; `…_traced` on the host itself is the same
/// with all defaults. Holds a reference, and does nothing by itself.
///
/// ```no_run
/// # async fn example(consumer: rdkafka::consumer::StreamConsumer) -> rdkafka::error::KafkaResult<()> {
/// use trilha_rdkafka::ConsumerExt;
///
/// let consumer = consumer.traced().consumer_group("billing").server("kafka.internal", 9092);
/// let (message, operation) = consumer.recv().await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Traced<H> {
    pub(crate) host: H,
    pub(crate) client: Client<Kafka>,
}

impl<H> Traced<H> {
    pub(crate) fn new(host: H) -> Self {
        Self { host, client: Client::default() }
    }

    /// The handle to record with. Defaults to [`Handle::current`] at the time of each call.
    #[must_use]
    pub fn handle(self, handle: Handle) -> Self {
        Self { client: self.client.handle(handle), ..self }
    }

    /// `server.address` and `server.port`. Defaults to not known, as rdkafka does not tell.
    #[must_use]
    pub fn server(self, address: impl Into<String>, port: u16) -> Self {
        Self { client: self.client.server(address, port), ..self }
    }

    /// Whether those who send the messages that are received are believed. Defaults to
    /// [`Trust::Internal`], in every zone: a broker is one's own.
    ///
    /// At an edge, work starts a trace of its own that is linked to the sender's, and takes nothing else
    /// over: no sampling decision, no baggage, no tenant. A message that is committed on its own, after
    /// it was processed, is a stranger's too: say so there as well.
    #[must_use]
    pub fn trust(self, trust: Trust) -> Self {
        Self { client: self.client.trust(trust), ..self }
    }

    /// `messaging.consumer.group.name`. Defaults to not known, as rdkafka does not tell.
    #[must_use]
    pub fn consumer_group(self, name: impl Into<String>) -> Self {
        Self { client: self.client.consumer_group(name), ..self }
    }
}
