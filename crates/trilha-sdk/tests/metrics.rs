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

/// Nobody speaks TLS there: connections stand open, and no time limit of the exporter's covers that.
#[cfg(feature = "tls")]
#[test]
fn an_export_to_a_silent_peer_ends_in_time_and_is_counted_as_failed() {
    use std::{net::TcpListener, sync::Arc};

    use rustls::{ClientConfig, RootCertStore, crypto::ring};

    let silent = TcpListener::bind("127.0.0.1:0").unwrap(); // the system takes connections for it
    let address = silent.local_addr().unwrap();
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let to_silent = [
        Metrics::http(format!("https://{address}/v1/metrics")),
        #[cfg(feature = "grpc")]
        Metrics::grpc(format!("https://{address}")),
    ];
    for metrics in to_silent {
        let metrics = metrics.tls(tls.clone()).timeout(Duration::from_millis(50)).start().unwrap();
        metrics.meter_provider().meter("test").u64_counter("orders").build().add(1, &[]);
        assert!(metrics.flush_blocking(SOON));
        let counts = metrics.export_counts();
        assert_eq!((counts.delivered, counts.failed), (0, 1));
    }
}

#[tokio::test]
async fn metrics_that_cannot_start_say_so_inside_a_runtime_too() {
    let headers = vec![("a b".to_owned(), "c".to_owned())];
    let error = Metrics::http("http://localhost").headers(headers).start().unwrap_err();
    assert_eq!(error.option(), Some("headers"));
}
