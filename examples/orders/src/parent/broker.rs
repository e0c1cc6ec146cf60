//! The broker: an embedded one, or topics or queues of this run alone on somebody's own.

use std::{fmt, time::Duration};

use lapin::{
    Channel, Connection, ConnectionProperties,
    options::{QueueDeclareOptions, QueueDeleteOptions},
    types::FieldTable,
};
use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    mocking::MockCluster,
    producer::DefaultProducerContext,
    types::RDKafkaErrorCode,
};

use super::{Error, parts::reach};
use crate::queue::NAMES;

/// A broker with the queues that the services need.
pub(super) struct Broker {
    kind: Kind,
    url: String,
    names: Names,
}

/// What it calls things.
pub(super) struct Names {
    /// Stands behind the names of queues.
    pub(super) suffix: String,
    /// Its word for telling it that a message needs not come again.
    settle: &'static str,
}

impl Names {
    /// A span's name as it reads on every broker: without suffix, and with `settle` for its own word.
    pub(super) fn plain(&self, span_name: &str) -> String {
        let name = span_name.strip_suffix(&self.suffix).unwrap_or(span_name);
        match name.split_once(' ') {
            Some((operation, queue)) if operation == self.settle => format!("settle {queue}"),
            _ => name.to_owned(),
        }
    }
}

enum Kind {
    Embedded { _cluster: MockCluster<'static, DefaultProducerContext> },
    Kafka(AdminClient<DefaultClientContext>),
    Amqp(Channel),
}

impl Broker {
    pub(super) async fn prepare(url: Option<&str>, run: &str) -> Result<Self, Error> {
        let suffix = format!("_{run}");
        match (url, url.and_then(|url| url.strip_prefix("kafka://"))) {
            (None, _) => {
                let cluster = MockCluster::new(1)?;
                for name in NAMES {
                    cluster.create_topic(name, 1, 1)?;
                }
                let url = format!("kafka://{}", cluster.bootstrap_servers());
                let names = Names { suffix: String::new(), settle: "commit" };
                Ok(Self { kind: Kind::Embedded { _cluster: cluster }, url, names })
            }
            (Some(url), Some(servers)) => {
                reach(servers.split(',').next().unwrap_or_default()).await?;
                let client: AdminClient<_> =
                    ClientConfig::new().set("bootstrap.servers", servers).create()?;
                let names = queues(&suffix);
                let topics = names.iter().map(|name| NewTopic::new(name, 1, TopicReplication::Fixed(1)));
                let created = client.create_topics(&topics.collect::<Vec<_>>(), &options()).await?;
                succeeded(created)?;
                Ok(Self {
                    kind: Kind::Kafka(client),
                    url: url.to_owned(),
                    names: Names { suffix, settle: "commit" },
                })
            }
            (Some(url), None) => {
                let connection = Connection::connect(url, ConnectionProperties::default()).await?;
                let channel = connection.create_channel().await?;
                for name in queues(&suffix) {
                    let options = QueueDeclareOptions::default();
                    channel.queue_declare(name.into(), options, FieldTable::default()).await?;
                }
                Ok(Self {
                    kind: Kind::Amqp(channel),
                    url: url.to_owned(),
                    names: Names { suffix, settle: "ack" },
                })
            }
        }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    pub(super) async fn clean_up(&self) -> Result<(), Error> {
        let names = queues(&self.names.suffix);
        match &self.kind {
            Kind::Embedded { .. } => {}
            Kind::Kafka(client) => {
                let names: Vec<_> = names.iter().map(String::as_str).collect();
                succeeded(client.delete_topics(&names, &options()).await?)?;
            }
            Kind::Amqp(channel) => {
                for name in names {
                    channel.queue_delete(name.into(), QueueDeleteOptions::default()).await?;
                }
            }
        }
        Ok(())
    }
}

impl fmt::Display for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            Kind::Embedded { .. } => "an embedded Kafka broker",
            Kind::Kafka(_) => "your Kafka broker",
            Kind::Amqp(_) => "your AMQP broker",
        })
    }
}

fn queues(suffix: &str) -> [String; 2] {
    NAMES.map(|name| format!("{name}{suffix}"))
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(Duration::from_secs(10)))
}

fn succeeded(topics: Vec<rdkafka::admin::TopicResult>) -> Result<(), Error> {
    let is_failure =
        |(_, code): &(String, RDKafkaErrorCode)| *code != RDKafkaErrorCode::UnknownTopicOrPartition;
    match topics.into_iter().filter_map(Result::err).find(is_failure) {
        Some((topic, code)) => Err(format!("topic {topic}: {code}").into()),
        None => Ok(()),
    }
}
