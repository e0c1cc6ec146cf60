//! On real servers: the same traces as on embedded parts, also at a receiver that others wrote.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use rdkafka::{
    ClientConfig,
    consumer::{BaseConsumer, Consumer},
};
use sqlx::Connection;
use trilha_testing::server;

use crate::{
    forest::{Tree, printed},
    program::run,
    rotel::received,
};

const UNKNOWN: &str = "unknown to its client";

fn embedded() -> Vec<Tree> {
    printed(&run(&["--orders", "1"]).succeeded().stdout)
}

#[tokio::test]
async fn postgresql_and_amqp_give_the_same_traces_and_forget_the_run() {
    let Some(database) = server("TRILHA_TEST_POSTGRES_URL") else { return };
    let Some(broker) = server("TRILHA_TEST_AMQP_URL") else { return };
    let real = run(&["--orders", "1", "--database", &database, "--broker", &broker]).succeeded();
    assert_same(&printed(&real.stdout), &embedded());

    let queue = queue_in(&real.stdout);
    let connection = lapin::Connection::connect(&broker, Default::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let options = lapin::options::QueueDeclareOptions { passive: true, ..Default::default() };
    let found = channel.queue_declare(queue.into(), options, Default::default()).await;
    assert!(found.unwrap_err().to_string().contains("NOT_FOUND"));
    let mut connection = sqlx::PgConnection::connect(&database).await.unwrap();
    let schemas: Vec<String> =
        sqlx::query_scalar("SELECT schema_name::text FROM information_schema.schemata")
            .fetch_all(&mut connection)
            .await
            .unwrap();
    assert!(!schemas.contains(&queue.replace("payment_needed", "orders")), "{schemas:?}");
}

#[tokio::test]
async fn mysql_and_kafka_give_the_same_traces_and_forget_the_run() {
    let Some(database) = server("TRILHA_TEST_MYSQL_URL") else { return };
    let Some(broker) = server("TRILHA_TEST_KAFKA_URL") else { return };
    let url = format!("kafka://{broker}");
    let real = run(&["--orders", "1", "--database", &database, "--broker", &url]).succeeded();
    assert_same(&printed(&real.stdout), &embedded());

    let queue = queue_in(&real.stdout);
    let consumer: BaseConsumer = ClientConfig::new().set("bootstrap.servers", &broker).create().unwrap();
    let metadata = consumer.fetch_metadata(None, Duration::from_secs(10)).unwrap();
    assert!(!metadata.topics().iter().any(|topic| topic.name() == queue));
    let mut connection = sqlx::MySqlConnection::connect(&database).await.unwrap();
    let schemas: Vec<String> = sqlx::query_scalar("SELECT schema_name FROM information_schema.schemata")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    assert!(!schemas.contains(&queue.replace("payment_needed", "orders")), "{schemas:?}");
}

/// The name that the run gave its first queue.
fn queue_in(stdout: &str) -> &str {
    let queue = stdout.split_whitespace().find(|word| word.starts_with("payment_needed"));
    queue.filter(|queue| *queue != "payment_needed").unwrap()
}

#[test]
fn the_same_traces_arrive_at_a_receiver_that_others_wrote() {
    let Some(receiver) = server("TRILHA_TEST_OTLP_HTTP_URL") else { return };
    let Some(log) = server("TRILHA_TEST_OTLP_LOG") else { return };
    let before = fs::read(&log).unwrap().len();
    let there = run(&["--orders", "1", "--otlp", &receiver]).succeeded();
    assert!(there.stdout.contains("were not checked here"), "{}", there.stdout);

    let expected = embedded();
    let ids: Vec<_> = there.stdout.lines().filter_map(|line| line.strip_prefix("trace ")).collect();
    assert_eq!(ids.len(), expected.len());
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        // Others may write to the log at the same time: a trace is found by its id, the abandoned
        // one, whose id nobody was told, by its form.
        let log = fs::read(&log).unwrap();
        let log = String::from_utf8_lossy(&log[before..]);
        let received = received(&log);
        let is_there = |(id, tree): (&&str, &Tree)| match *id {
            UNKNOWN => received.values().any(|found| found == tree),
            id => received.get(id) == Some(tree),
        };
        if ids.iter().zip(&expected).all(is_there) {
            return;
        }
        assert!(Instant::now() < deadline, "{ids:?} in\n{}", all(received.values()));
        thread::sleep(Duration::from_millis(50));
    }
}

#[track_caller]
fn assert_same(actual: &[Tree], expected: &[Tree]) {
    assert!(actual == expected, "{}is not\n{}", all(actual), all(expected));
}

fn all<'t>(trees: impl IntoIterator<Item = &'t Tree>) -> String {
    trees.into_iter().map(|tree| format!("{tree}\n")).collect()
}
