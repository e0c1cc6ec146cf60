//! Metrics as a receiver gets them, and what is told where it does not take them.

use std::time::Duration;

use trilha_sdk::{Metrics, MetricsBuilder};
use trilha_testing::{Fault, Receiver};

const SOON: Duration = Duration::from_secs(10);

fn over_http(receiver: &Receiver) -> MetricsBuilder {
    Metrics::http(format!("{}/v1/metrics", receiver.http_endpoint()))
}

async fn count_once(metrics: &Metrics, receiver: &Receiver) {
    metrics.meter_provider().meter("test").u64_counter("orders").build().add(1, &[]);
    assert!(metrics.flush_blocking(SOON));
    receiver.metric("orders").await;
}

#[tokio::test]
async fn a_header_arrives_once_and_as_it_was_given() {
    let receiver = Receiver::start();
    let header = ("X-Key".to_owned(), "100%25".to_owned()); // what was decoded is not decoded again
    let metrics = over_http(&receiver).headers(vec![header]).start().unwrap();
    count_once(&metrics, &receiver).await;
    assert_one_header(&receiver, "100%25");
}

#[cfg(feature = "grpc")]
#[tokio::test]
async fn a_header_arrives_once_over_grpc() {
    let receiver = Receiver::start();
    let header = ("X-Key".to_owned(), "k".to_owned());
    let metrics = Metrics::grpc(receiver.grpc_endpoint()).headers(vec![header]).start().unwrap();
    count_once(&metrics, &receiver).await;
    assert_one_header(&receiver, "k");
}

fn assert_one_header(receiver: &Receiver, expected: &str) {
    let requests = receiver.requests();
    let headers = requests.iter().flat_map(|request| &request.headers);
    let values: Vec<_> = headers.filter(|(name, _)| name == "x-key").map(|(_, value)| value).collect();
    assert_eq!(values, [expected]);
}

#[test]
fn a_refused_export_is_in_time_and_counted_as_failed() {
    let receiver = Receiver::start();
    receiver.respond(Fault::Status(400));
    let metrics = over_http(&receiver).start().unwrap();
    metrics.meter_provider().meter("test").u64_counter("orders").build().add(1, &[]);
    assert!(metrics.shutdown_blocking(SOON));
    let counts = metrics.export_counts();
    assert_eq!((counts.delivered, counts.failed), (0, 1));
}
