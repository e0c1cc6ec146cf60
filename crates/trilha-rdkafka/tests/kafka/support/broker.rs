//! Where messages go: librdkafka's mock cluster, or a server.

use std::{
    process,
    sync::atomic::{AtomicU32, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    config::FromClientConfig,
    consumer::Consumer,
    mocking::MockCluster,
    producer::DefaultProducerContext,
};

use super::PATIENCE;

pub(crate) struct Broker {
    url: String,
    mock: Option<MockCluster<'static, DefaultProducerContext>>,
}

impl Broker {
    pub(crate) fn mock() -> Self {
        let mock = MockCluster::new(1).unwrap();
        Self { url: mock.bootstrap_servers(), mock: Some(mock) }
    }

    pub(crate) fn server() -> Option<Self> {
        trilha_testing::server("TRILHA_TEST_KAFKA_URL").map(|url| Self { url, mock: None })
    }

    /// Goes away; only a mock can.
    pub(crate) fn stop(&self) {
        self.mock.as_ref().unwrap().broker_down(1).unwrap();
    }

    /// A new topic of one partition.
    pub(crate) async fn topic(&self) -> String {
        let topic = unique("topic");
        match &self.mock {
            Some(mock) => mock.create_topic(&topic, 1, 1).unwrap(),
            None => {
                let admin: AdminClient<DefaultClientContext> = self.config().create().unwrap();
                let new = NewTopic::new(&topic, 1, TopicReplication::Fixed(1));
                let options = AdminOptions::new().request_timeout(Some(PATIENCE));
                admin.create_topics([&new], &options).await.unwrap().remove(0).unwrap();
            }
        }
        topic
    }

    pub(crate) fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.url);
        config
    }

    pub(crate) fn producer<P: FromClientConfig>(&self) -> P {
        self.config().create().unwrap()
    }

    /// A consumer of all of the topic, alone in its group, that need not wait to join it.
    pub(crate) fn consumer<C: FromClientConfig + Consumer>(&self, topic: &str) -> C {
        let mut config = self.config();
        config.set("group.id", unique("group")).set("enable.auto.commit", "false");
        let consumer: C = config.create().unwrap();
        let mut assignment = TopicPartitionList::new();
        assignment.add_partition_offset(topic, 0, Offset::Beginning).unwrap();
        consumer.assign(&assignment).unwrap();
        consumer
    }
}

fn unique(what: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    format!("{what}-{}-{}-{}", process::id(), since.as_millis(), NEXT.fetch_add(1, Ordering::Relaxed))
}
