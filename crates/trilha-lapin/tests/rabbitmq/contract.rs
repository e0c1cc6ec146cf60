//! What every adapter promises: to publish is a call that goes out, to process is work that comes in.

use std::panic::AssertUnwindSafe;

use futures_util::{FutureExt as _, StreamExt as _};
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties, Consumer, Error, Event,
    options::{BasicConsumeOptions, BasicPublishOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable, LongString},
    uri::AMQPUri,
};
use tokio::{
    io::{AsyncWriteExt, copy},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};
use trilha_core::{CarrierKind, Handle};
use trilha_lapin::{ChannelExt, ConsumerExt};
use trilha_testing::{
    contract::{Answer, Call, CallError, Handler, Headers, Inbound, Outbound, Seen, inbound, outbound},
    server,
};

use crate::support::short;

#[tokio::test]
async fn publishing_keeps_the_contract() {
    let Some(url) = server("TRILHA_TEST_AMQP_URL") else { return };
    outbound(&RabbitMq::open(url).await).await;
}

#[tokio::test]
async fn processing_keeps_the_contract() {
    let Some(url) = server("TRILHA_TEST_AMQP_URL") else { return };
    inbound(&RabbitMq::open(url).await).await;
}

struct RabbitMq {
    url: String,
    connection: Connection,
    channel: Channel,
}

impl RabbitMq {
    async fn open(url: String) -> Self {
        let connection = Connection::connect(&url, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        Self { url, connection, channel }
    }

    /// A queue of its own for one message, which is gone with the connection.
    async fn queue(&self) -> Consumer {
        let options = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
        let queue = self.channel.queue_declare(short(""), options, FieldTable::default()).await.unwrap();
        let (options, arguments) = (BasicConsumeOptions::default(), FieldTable::default());
        self.channel.basic_consume(queue.name().clone(), short(""), options, arguments).await.unwrap()
    }

    async fn closed_channel(&self) -> Channel {
        let channel = self.connection.create_channel().await.unwrap();
        channel.close(200, short("bye")).await.unwrap();
        channel
    }

    /// A channel to a broker that is out of memory: it says so, and from then on takes nothing.
    async fn blocked_channel(&self) -> (Connection, Channel) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut uri: AMQPUri = self.url.parse().unwrap();
        let broker = (uri.authority.host.clone(), uri.authority.port);
        uri.authority.port = listener.local_addr().unwrap().port();
        let (block, blocked) = oneshot::channel();
        tokio::spawn(pass_on(listener, broker, blocked));

        let connection = Connection::connect_uri(uri, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        let mut events = connection.events_listener();
        block.send(()).unwrap();
        while !matches!(events.next().await, Some(Event::ConnectionBlocked(_))) {}
        (connection, channel)
    }
}

/// Stands between a client and the broker, and adds a word of its own while the broker is silent.
async fn pass_on(listener: TcpListener, broker: (String, u16), blocked: oneshot::Receiver<()>) {
    // `connection.blocked` without a reason: a method frame on channel 0, with class 10 and method 60.
    const CONNECTION_BLOCKED: [u8; 13] = [1, 0, 0, 0, 0, 0, 5, 0, 10, 0, 60, 0, 0xCE];
    let (mut from_client, mut to_client) = listener.accept().await.unwrap().0.into_split();
    let (mut from_broker, mut to_broker) = TcpStream::connect(broker).await.unwrap().into_split();
    let answers = async {
        tokio::select! {
            _ = copy(&mut from_broker, &mut to_client) => return,
            _ = blocked => {}
        }
        to_client.write_all(&CONNECTION_BLOCKED).await.unwrap();
        let _ = copy(&mut from_broker, &mut to_client).await;
    };
    let _ = tokio::join!(copy(&mut from_client, &mut to_broker), answers);
}

impl Outbound for RabbitMq {
    const CARRIER: CarrierKind = CarrierKind::Messaging;
    type Returned = Consumer;

    async fn call(&self, handle: Handle, call: Call) -> Result<Consumer, CallError> {
        let peer = self.queue().await;
        let blocked; // has to live while the call does
        let channel = match call.answer {
            Answer::Ok => self.channel.clone(),
            Answer::Fails => self.closed_channel().await,
            Answer::Never => {
                blocked = self.blocked_channel().await;
                blocked.1.clone()
            }
        };
        let channel = channel.traced().handle(handle);
        let (options, properties) = (BasicPublishOptions::default(), properties(call.headers));
        let publish = channel.basic_publish(short(""), peer.queue(), options, b"the body", properties);
        publish.await.map_err(|error: Error| CallError(error.to_string()))?;
        Ok(peer)
    }

    async fn seen(&self, mut peer: Consumer) -> Seen {
        let delivery = peer.next().await.unwrap().unwrap();
        let table = delivery.properties.headers().clone().unwrap_or_default();
        let seen = table.into_iter().map(|(name, value)| match value {
            AMQPValue::LongString(value) => (name.to_string(), value.as_bytes().to_vec()),
            other => panic!("{name} is no text, but {other:?}"),
        });
        Some(seen.collect())
    }
}

impl Inbound for RabbitMq {
    const CARRIER: CarrierKind = CarrierKind::Messaging;

    async fn deliver(&self, handle: Handle, headers: Headers, handler: Handler) {
        let mut consumer = self.queue().await;
        let (options, properties) = (BasicPublishOptions::default(), properties(headers));
        let queue = consumer.queue();
        self.channel.basic_publish(short(""), queue, options, b"the body", properties).await.unwrap();
        let (_delivery, operation) = consumer.traced().handle(handle).recv().await.unwrap().unwrap();
        let _ = AssertUnwindSafe(operation.run(handler.run())).catch_unwind().await;
    }
}

fn properties(headers: Headers) -> BasicProperties {
    let mut table = FieldTable::default();
    for (name, value) in headers {
        table.insert(short(name), AMQPValue::LongString(LongString::from(value)));
    }
    BasicProperties::default().with_headers(table)
}
