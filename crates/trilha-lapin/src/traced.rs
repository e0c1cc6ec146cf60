//! The settings under which a channel, a consumer or a delivery is traced.

use trilha_core::{
    Handle, Scope, Trust,
    messaging::{Client, System},
};

/// RabbitMQ, as lapin speaks to it.
#[derive(Debug)]
pub(crate) enum RabbitMq {}

impl System for RabbitMq {
    const NAME: &'static str = "rabbitmq";
    const SCOPE: Scope = Scope::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
}

/// A channel, a consumer or deliveries of lapin, with settings for their spans.
///
/// Made by `traced()`, of any of the traits in this crate. Its methods are called as the host's, take
/// what the host's take, and return what the host's return; `…_traced` on the host itself is the same
/// with all defaults. Holds a reference, and does nothing by itself.
///
/// ```no_run
/// # async fn example(channel: lapin::Channel, handle: trilha_core::Handle) -> lapin::Result<()> {
/// use lapin::{BasicProperties, options::BasicPublishOptions};
/// use trilha_lapin::ChannelExt;
///
/// let channel = channel.traced().handle(handle).server("rabbit.internal", 5672);
/// let options = BasicPublishOptions::default();
/// channel.basic_publish("".into(), "orders".into(), options, b"{}", BasicProperties::default()).await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Traced<H> {
    pub(crate) host: H,
    pub(crate) client: Client<RabbitMq>,
    pub(crate) queue: String,
}

impl<H> Traced<H> {
    pub(crate) fn new(host: H) -> Self {
        Self { host, client: Client::default(), queue: String::new() }
    }

    /// The handle to record with. Defaults to [`Handle::current`] at the time of each call.
    #[must_use]
    pub fn handle(self, handle: Handle) -> Self {
        Self { client: self.client.handle(handle), ..self }
    }

    /// `server.address` and `server.port`. Defaults to not known, as lapin does not tell.
    #[must_use]
    pub fn server(self, address: impl Into<String>, port: u16) -> Self {
        Self { client: self.client.server(address, port), ..self }
    }

    /// Whether those who send the messages that are received are believed. Defaults to
    /// [`Trust::Internal`], in every zone: a broker is one's own.
    ///
    /// At an edge, work starts a trace of its own that is linked to the sender's, and takes nothing else
    /// over: no sampling decision, no baggage, no tenant. A delivery that is settled after it was
    /// processed is a stranger's too: say so there as well.
    #[must_use]
    pub fn trust(self, trust: Trust) -> Self {
        Self { client: self.client.trust(trust), ..self }
    }
}
