//! Spans and metrics over TLS, compressed, by both protocols.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "../../trilha-otlp/tests/support/tls.rs"]
#[allow(dead_code, reason = "a part is used")]
mod front;

use std::time::Duration;

use front::{Authority, TlsFront, server};
use trilha::{Operation, Outcome, Protocol, Scope, SpanKind, Telemetry, Tls};
use trilha_testing::{Receiver, Signal};

#[test]
fn spans_and_metrics_arrive_compressed_over_tls() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let own = clients.identity_of("orders");
    for (protocol, header) in [(Protocol::Http, "content-encoding"), (Protocol::Grpc, "grpc-encoding")] {
        let receiver = Receiver::start();
        let behind = match protocol {
            Protocol::Grpc => receiver.grpc_addr(),
            _ => receiver.http_addr(),
        };
        let front = TlsFront::before(behind, server(&authority.identity_of("localhost"), Some(&clients)));
        let tls = Tls::new().roots(authority.pem());
        let telemetry = Telemetry::builder("orders")
            .endpoint(format!("https://localhost:{}", front.address().port()))
            .protocol(protocol)
            .gzip()
            .tls(tls.client_certificate(own.certificate.clone()).client_key(own.key.clone()))
            .build()
            .unwrap();
        let scope = Scope::new("test", "");
        let operation = Operation::builder(&scope, "work", SpanKind::Internal);
        operation.handle(telemetry.handle().clone()).start().finish(Outcome::Ok);
        let report = telemetry.shutdown_blocking(Duration::from_secs(20));
        assert_eq!(report.counts.spans.delivered, 1, "{protocol:?} {report}");
        assert_eq!(report.counts.metric_exports.failed, 0, "{protocol:?}");
        let requests = receiver.requests();
        for signal in [Signal::Traces, Signal::Metrics] {
            let request = requests.iter().find(|request| request.signal == signal);
            assert_eq!(request.unwrap().header(header), Some("gzip"), "{protocol:?} {signal:?}");
        }
    }
}

#[test]
fn a_certificate_that_is_none_is_refused_by_its_name() {
    let error = Telemetry::builder("orders")
        .endpoint("https://localhost")
        .tls(Tls::new().roots("none"))
        .build()
        .unwrap_err();
    assert_eq!(error.option(), "tls");
}
