//! OTLP over gRPC: what is accepted, and how the rest is answered.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_client::MetricsServiceClient;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use support::*;
use tonic::codec::CompressionEncoding;
use tonic::transport::Channel;
use tonic::{Code, Request};
use trilha_testing::{Protocol, Receiver, Signal};

async fn client(receiver: &Receiver) -> TraceServiceClient<Channel> {
    TraceServiceClient::connect(receiver.grpc_endpoint()).await.unwrap()
}

#[tokio::test]
async fn all_three_signals_are_received() {
    let receiver = Receiver::start();
    let mut message = Request::new(request(vec![span(1, 1, None, "root")]));
    message.metadata_mut().insert("x-api-key", "secret".parse().unwrap());
    let response = client(&receiver).await.export(message).await.unwrap();
    assert_eq!(response.into_inner().partial_success, None);

    let endpoint = receiver.grpc_endpoint();
    let mut metrics = MetricsServiceClient::connect(endpoint.clone()).await.unwrap();
    metrics.export(ExportMetricsServiceRequest::default()).await.unwrap();
    let mut logs = LogsServiceClient::connect(endpoint).await.unwrap();
    logs.export(ExportLogsServiceRequest::default()).await.unwrap();

    receiver.trace(trace_id(1)).await.span("root").is_of_service("shop");
    let requests = receiver.requests();
    let signals: Vec<_> = requests.iter().map(|request| request.signal).collect();
    assert_eq!(signals, [Signal::Traces, Signal::Metrics, Signal::Logs]);
    assert_eq!(requests[0].protocol, Protocol::Grpc);
    assert_eq!(requests[0].header("x-api-key"), Some("secret"));
}

#[tokio::test]
async fn gzip_is_received() {
    let receiver = Receiver::start();
    let client = client(&receiver).await;
    let message = request(vec![span(1, 1, None, &"long ".repeat(1000))]);
    client.send_compressed(CompressionEncoding::Gzip).export(message).await.unwrap();
    receiver.trace(trace_id(1)).await.has_spans(1);
    assert_eq!(receiver.requests()[0].header("grpc-encoding"), Some("gzip"));
}

#[tokio::test]
async fn a_refused_span_is_told() {
    let receiver = Receiver::start();
    let response = client(&receiver).await.export(request(vec![span(0, 1, None, "zero")])).await;
    let partial = response.unwrap().into_inner().partial_success.unwrap();
    assert_eq!(partial.rejected_spans, 1);
}

#[tokio::test]
async fn a_message_that_is_too_large_is_refused_and_counted() {
    let receiver = Receiver::builder().max_request_bytes(1_000).start().unwrap();
    let message = || request(vec![span(1, 1, None, &"x".repeat(2_000))]);
    let plain = client(&receiver).await.export(message()).await.unwrap_err();
    assert_eq!(plain.code(), Code::OutOfRange);
    let client = client(&receiver).await.send_compressed(CompressionEncoding::Gzip);
    let compressed = { client }.export(message()).await.unwrap_err();
    assert_eq!(compressed.code(), Code::ResourceExhausted);
    assert_eq!(receiver.received().malformed_requests, 2);
    assert!(receiver.traces().is_empty());
}

#[tokio::test]
async fn a_message_that_cannot_be_decoded_is_an_invalid_argument() {
    let receiver = Receiver::start();
    // One gRPC frame of four bytes that are no message.
    let frame = b"\x00\x00\x00\x00\x04\xff\xff\xff\xff".to_vec();
    let response = reqwest::Client::builder()
        .http2_prior_knowledge()
        .build()
        .unwrap()
        .post(receiver.grpc_endpoint() + "/opentelemetry.proto.collector.trace.v1.TraceService/Export")
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(frame)
        .send()
        .await
        .unwrap();
    let code = Code::InvalidArgument as i32;
    assert_eq!(response.headers()["grpc-status"], code.to_string());
    assert_eq!(receiver.received().malformed_requests, 1);
}

#[tokio::test]
async fn other_services_are_unimplemented() {
    let receiver = Receiver::start();
    let response = reqwest::Client::builder()
        .http2_prior_knowledge()
        .build()
        .unwrap()
        .post(receiver.grpc_endpoint() + "/other.Service/Export")
        .header("content-type", "application/grpc")
        .send()
        .await
        .unwrap();
    let code = Code::Unimplemented as i32;
    assert_eq!(response.headers()["grpc-status"], code.to_string());
}
