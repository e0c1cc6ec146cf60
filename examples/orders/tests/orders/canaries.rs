//! Canaries in all that a client, a neighbour and a producer can send: none is in what leaves the services.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Stdio},
    thread::{self, JoinHandle},
    time::Duration,
};

use rdkafka::{
    ClientConfig, Message as _, Offset, TopicPartitionList,
    consumer::{Consumer, StreamConsumer},
    message::{BorrowedMessage, Header, Headers as _, OwnedHeaders},
    mocking::MockCluster,
    producer::{DefaultProducerContext, FutureProducer, FutureRecord},
};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row, SqliteConnection};
use trilha_testing::{Canaries, Hunt, Receiver, canaries, server};

use crate::program::orders;

const ORDERS: usize = 120;
const PATIENCE: Duration = Duration::from_secs(60);
const NEEDED: &str = "payment_needed";
const COMPLETE: &str = "payment_complete";
const DRY_RUN: &str = "version = 1\n[guard]\ndry_run = true\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_canary_leaves_the_services() {
    let hunt = hunted("version = 1\n").await;
    hunt.assert_none();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_services_hide_nothing_canaries_are_everywhere() {
    let hunt = hunted(DRY_RUN).await;
    for place in ["spans", "log lines", "headers of the queue"] {
        let seen = hunt.sightings().iter().filter(|sighting| sighting.place() == place).count();
        assert!(seen > ORDERS / 2, "only {seen} in {place}");
    }
}

/// Runs the services under a policy, plants, and searches all that left them.
async fn hunted(policy: &str) -> Hunt {
    let folder = tempfile::tempdir().unwrap();
    let (receiver, database, broker) =
        (Receiver::start(), Database::create(folder.path()).await, Broker::start());
    let path = folder.path().join("policy.toml");
    fs::write(&path, policy).unwrap();
    let settings = [
        ("TRILHA_POLICY", path.to_str().unwrap().to_owned()),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.http_endpoint()),
        ("ORDERS_DATABASE", database.url.clone()),
        ("ORDERS_BROKER", format!("kafka://{}", broker.servers)),
        ("RUST_LOG", "info".to_owned()),
    ];
    let start = |role, more: &[(&'static str, String)]| Service::start(role, &[&settings, more].concat());
    let json = ("TRILHA_LOGS", "json".to_owned());
    let order = start("order", std::slice::from_ref(&json));
    let gateway = start("gateway", &[("ORDERS_ORDER_URL", order.url.clone())]);
    let services = [start("payment", &[json]), start("notification", &[])];

    let mut plants = Plants(canaries(), Vec::new());
    for number in 0..ORDERS {
        send(&gateway.url, number, &mut plants).await; // strangers
        send(&order.url, number, &mut plants).await; // neighbours, who are believed
        broker.send(&mut plants).await;
    }
    let mut hunt = Hunt::new(plants.1);
    // Each is asked to be paid, and three of four are.
    let queue = [broker.headers(NEEDED, 2 * ORDERS).await, broker.headers(COMPLETE, ORDERS * 3 / 2).await];
    hunt.search("headers of the queue", queue.concat());
    for service in [gateway, order].into_iter().chain(services) {
        hunt.search("log lines", service.stop());
    }
    let traces = receiver.traces();
    assert!(traces.iter().map(|trace| trace.spans().len()).sum::<usize>() > 10 * ORDERS);
    hunt.search("spans", format!("{traces:?}"));
    for name in ["http.server.request.duration", "db.client.operation.duration"] {
        hunt.search("metrics", format!("{:?}", receiver.metric(name).await));
    }
    hunt.search("comments in the database", database.comments().await);
    database.remove().await;
    hunt
}

struct Plants(Canaries, Vec<trilha_testing::Canary>);

impl Plants {
    fn text(&mut self) -> String {
        self.fit(|_| true)
    }

    /// What a header can hold.
    fn line(&mut self) -> String {
        self.fit(|value| value.bytes().all(|byte| (b' '..=b'~').contains(&byte)))
    }

    /// What a member of a list, and a column of 64 characters, can hold.
    fn token(&mut self) -> String {
        self.fit(|value| {
            value.len() <= 64 && value.bytes().all(|b| b.is_ascii_graphic() && !b",;=\"\\%".contains(&b))
        })
    }

    /// Others are passed over: there is no end of them.
    fn fit(&mut self, fits: impl Fn(&str) -> bool) -> String {
        let canary = self.0.find(|canary| fits(canary.value())).unwrap();
        let value = canary.value().to_owned();
        self.1.push(canary);
        value
    }
}

/// Places an order twice: the second one fails in the database. Then asks for what is not there, and sends what is
/// no order.
async fn send(url: &str, number: usize, plants: &mut Plants) {
    let client = reqwest::Client::new();
    let trace = format!("{:032x}", number + 1);
    let id = plants.token();
    let request = || client.post(format!("{url}/orders")).timeout(PATIENCE);
    let headers = [
        ("traceparent", format!("00-{trace}-b7ad6b7169203331-01")),
        ("tracestate", format!("shop={}", plants.token())),
        ("baggage", format!("note={},tenant={},use_case={}", plants.token(), plants.token(), plants.token())),
        ("x-tenant", plants.token()),
        ("x-correlation-id", plants.token()),
        ("x-request-id", plants.token()),
        ("authorization", plants.line()),
        ("cookie", plants.line()),
        ("user-agent", plants.line()),
        ("x-note", plants.line()),
    ];
    let with_headers = |request: reqwest::RequestBuilder| {
        headers.iter().fold(request, |request, (name, value)| request.header(*name, value))
    };
    let order = json!({
        "id": id, "total": number, "is_declined": number % 4 == 3, "slow_in": null, "note": plants.text()
    });
    let placed = with_headers(request()).json(&order).send().await.unwrap();
    assert!(placed.status().is_success(), "{}", placed.status());
    assert!(with_headers(request()).json(&order).send().await.unwrap().status().is_server_error());
    let mut unknown = reqwest::Url::parse(&format!("{url}/orders")).unwrap();
    unknown.path_segments_mut().unwrap().push(&plants.text());
    unknown.query_pairs_mut().append_pair("note", &plants.text());
    assert!(with_headers(client.get(unknown)).send().await.unwrap().status().is_client_error());
    let wrong = json!({"id": plants.text(), "total": plants.text()});
    assert!(with_headers(request()).json(&wrong).send().await.unwrap().status().is_client_error());
}

/// The built program as one of the services.
struct Service {
    child: Child,
    url: String,
    lines: JoinHandle<String>,
    errors: JoinHandle<String>,
}

impl Service {
    fn start(role: &str, settings: &[(&str, String)]) -> Self {
        let mut command = orders(&["service", role]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.envs(settings.iter().map(|(name, value)| (name, value))).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let errors = child.stderr.take().unwrap();
        let mut first = String::new();
        let url = loop {
            first.clear();
            assert!(lines.read_line(&mut first).unwrap() > 0, "{role} does not start");
            if let Some(word) = first.trim().strip_prefix("@{\"Ready\":\"") {
                break word.trim_end_matches("\"}").to_owned();
            }
        };
        let rest = |mut from: Box<dyn Read + Send>| {
            thread::spawn(move || {
                let mut text = Vec::new();
                from.read_to_end(&mut text).unwrap();
                String::from_utf8_lossy(&text).into_owned()
            })
        };
        Self { url, lines: rest(Box::new(lines)), errors: rest(Box::new(errors)), child }
    }

    /// Lets it finish, and gives all that it wrote.
    fn stop(mut self) -> String {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
        let lines = self.lines.join().unwrap();
        assert!(lines.contains("@{\"Delivered\":"), "{lines}");
        lines + &self.errors.join().unwrap()
    }
}

/// A broker of the test's own, in which it reads along.
struct Broker {
    _cluster: MockCluster<'static, DefaultProducerContext>,
    servers: String,
}

impl Broker {
    fn start() -> Self {
        let cluster = MockCluster::new(1).unwrap();
        for topic in [NEEDED, COMPLETE] {
            cluster.create_topic(topic, 1, 1).unwrap();
        }
        Self { servers: cluster.bootstrap_servers(), _cluster: cluster }
    }

    fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.servers);
        config
    }

    /// A message of somebody else's that holds no order.
    async fn send(&self, plants: &mut Plants) {
        let producer: FutureProducer = self.config().create().unwrap();
        let state = format!("shop={}", plants.token());
        let (baggage, note) = (format!("note={}", plants.token()), plants.text());
        let headers = [
            ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
            ("tracestate", &state),
            ("baggage", &baggage),
            ("x-note", &note),
        ];
        let headers = headers.into_iter().fold(OwnedHeaders::new(), |headers, (key, value)| {
            headers.insert(Header { key, value: Some(value) })
        });
        let body = json!({"tenant": plants.token(), "order": plants.text()}).to_string();
        let key = plants.text();
        let record = FutureRecord::to(NEEDED).key(&key).payload(&body).headers(headers);
        producer.send(record, PATIENCE).await.unwrap();
    }

    /// What the services added to `count` messages of a topic at least. The payload arrives as it was sent.
    async fn headers(&self, topic: &str, count: usize) -> String {
        let consumer: StreamConsumer = self.config().set("group.id", "test").create().unwrap();
        let mut assignment = TopicPartitionList::new();
        assignment.add_partition_offset(topic, 0, Offset::Beginning).unwrap();
        consumer.assign(&assignment).unwrap();
        let (mut added, mut bodies, mut seen) = (String::new(), 0, 0);
        while seen < count {
            let message = tokio::time::timeout(PATIENCE, consumer.recv()).await.unwrap().unwrap();
            // Not those of the test itself.
            if message.key().is_none() {
                added += &text(&message);
                bodies +=
                    usize::from(message.payload().is_some_and(|body| body.starts_with(b"{\"tenant\":")));
                seen += 1;
            }
        }
        assert_eq!(bodies, seen);
        added
    }
}

fn text(message: &BorrowedMessage<'_>) -> String {
    let headers = message.headers().map(|headers| headers.iter().collect::<Vec<_>>()).unwrap_or_default();
    let text = |header: Header<'_, &[u8]>| {
        format!("{}: {}\n", header.key, String::from_utf8_lossy(header.value.unwrap_or_default()))
    };
    headers.into_iter().map(text).collect()
}

/// PostgreSQL where there is one, else a file.
struct Database {
    url: String,
    postgres: Option<(String, String)>,
}

const TABLES: [&str; 2] = [
    "CREATE TABLE orders (id VARCHAR(64) PRIMARY KEY, tenant VARCHAR(128) NOT NULL, total BIGINT NOT NULL, \
     state VARCHAR(16) NOT NULL)",
    "CREATE TABLE notifications (order_id VARCHAR(64) PRIMARY KEY, text VARCHAR(256) NOT NULL)",
];

impl Database {
    async fn create(folder: &Path) -> Self {
        let Some(server) = server("TRILHA_TEST_POSTGRES_URL") else {
            let url = format!("sqlite://{}/orders.db?mode=rwc", folder.display());
            let mut connection = SqliteConnection::connect(&url).await.unwrap();
            for table in TABLES {
                connection.execute(table).await.unwrap();
            }
            return Self { url, postgres: None };
        };
        let name = folder.file_name().unwrap().to_string_lossy().replace(['.', '-'], "").to_lowercase();
        let name = format!("canaries_{name}");
        let mut connection = PgConnection::connect(&server).await.unwrap();
        // One after the other: two that create an extension at once are one too many.
        let create = format!(
            "SELECT pg_advisory_xact_lock(7); CREATE EXTENSION IF NOT EXISTS pg_stat_statements; \
             CREATE SCHEMA {name}"
        );
        connection.execute(AssertSqlSafe(create)).await.unwrap();
        let mut url = reqwest::Url::parse(&server).unwrap();
        url.query_pairs_mut().append_pair("options[search_path]", &format!("{name},public"));
        let url = String::from(url);
        let mut connection = PgConnection::connect(&url).await.unwrap();
        for table in TABLES {
            connection.execute(table).await.unwrap();
        }
        Self { url, postgres: Some((server, name)) }
    }

    /// What the services wrote behind their statements.
    async fn comments(&self) -> String {
        let Some((server, _)) = &self.postgres else { return "no comments: it is a file".to_owned() };
        let mut connection = PgConnection::connect(server).await.unwrap();
        let sql = "SELECT query FROM pg_stat_statements WHERE query LIKE '%service=''order-service''%'";
        let rows = connection.fetch_all(sql).await.unwrap();
        let comments: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        assert!(!comments.is_empty());
        comments.join("\n")
    }

    async fn remove(self) {
        if let Some((server, name)) = self.postgres {
            let mut connection = PgConnection::connect(&server).await.unwrap();
            connection.execute(AssertSqlSafe(format!("DROP SCHEMA {name} CASCADE"))).await.unwrap();
        }
    }
}
