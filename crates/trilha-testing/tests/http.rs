//! OTLP over HTTP: what is accepted, and how the rest is answered.

mod support;

use opentelemetry::trace::{SpanKind, Status};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{
    Histogram, HistogramDataPoint, Metric, ResourceMetrics, ScopeMetrics, metric::Data,
};
use prost::Message;
use support::*;
use trilha_testing::{MetricKind, Protocol, Receiver, Signal};

#[tokio::test]
async fn protobuf_is_received() {
    let receiver = Receiver::start();
    let response = send(&receiver.http_endpoint(), vec![span(1, 1, None, "root")]).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], PROTOBUF);
    assert!(response.bytes().await.unwrap().is_empty());

    let trace = receiver.trace(trace_id(1)).await;
    trace.span("root").is_root().is_of_service("shop");
    let requests = receiver.requests();
    assert_eq!(requests[0].signal, Signal::Traces);
    assert_eq!(requests[0].protocol, Protocol::HttpProtobuf);
    assert_eq!(requests[0].header("content-type"), Some(PROTOBUF));
}

#[tokio::test]
async fn json_is_received_as_other_languages_write_it() {
    let receiver = Receiver::start();
    let body = r#"{"resourceSpans":[{
        "resource":{"attributes":[{"key":"service.name","value":{"stringValue":"node"}}]},
        "scopeSpans":[{"scope":{"name":"lib","version":"1.0"},"spans":[{
            "traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"eee19b7ec3c1b174",
            "name":"GET /","kind":2,
            "startTimeUnixNano":"1544712660000000000","endTimeUnixNano":1544712661000000000,
            "attributes":[{"key":"n","value":{"intValue":"7"}},
                          {"key":"l","value":{"arrayValue":{"values":[{"doubleValue":1.5}]}}}],
            "events":[{"timeUnixNano":"1544712660000000001","name":"e"}],
            "links":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b175"}],
            "status":{"code":2,"message":"bad"},"flags":257,"aFieldOfTomorrow":{"x":[1]}
        }]}]}]}"#;
    let response = post(&receiver.http_endpoint(), "/v1/traces", JSON, body.into()).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.text().await.unwrap(), "{}");

    let id = opentelemetry::TraceId::from_hex("5b8efff798038103d269b633813fc60c").unwrap();
    let trace = receiver.trace(id).await;
    let root = trace
        .root()
        .has_kind(SpanKind::Server)
        .has("n", 7)
        .has("l", [1.5])
        .has_event("e")
        .has_links(1)
        .has_scope("lib")
        .has_status(Status::error("bad"));
    assert_eq!(root.duration().as_secs(), 1);
    assert_eq!(root.has_remote_parent(), Some(false));
}

#[tokio::test]
async fn gzip_is_received() {
    let receiver = Receiver::start();
    let body = gzip(&request(vec![span(1, 1, None, "root")]).encode_to_vec());
    let response = reqwest::Client::new()
        .post(receiver.http_endpoint() + "/v1/traces")
        .header("content-type", PROTOBUF)
        .header("content-encoding", "gzip")
        .body(body)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    receiver.trace(trace_id(1)).await.has_spans(1);
}

#[tokio::test]
async fn metrics_are_received() {
    let receiver = Receiver::start();
    let name = "http.server.request.duration";
    let point = HistogramDataPoint {
        attributes: vec![text("route", "/orders")],
        count: 3,
        sum: Some(1.5),
        bucket_counts: vec![1, 2],
        explicit_bounds: vec![0.5],
        ..Default::default()
    };
    let metric = Metric {
        name: name.into(),
        unit: "s".into(),
        data: Some(Data::Histogram(Histogram { data_points: vec![point], aggregation_temporality: 2 })),
        ..Default::default()
    };
    let request = ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(resource("shop")),
            scope_metrics: vec![ScopeMetrics { metrics: vec![metric], ..Default::default() }],
            ..Default::default()
        }],
    };
    let endpoint = receiver.http_endpoint();
    let json = serde_json::to_vec(&request).unwrap();
    for (content_type, body) in [(PROTOBUF, request.encode_to_vec()), (JSON, json)] {
        let response = post(&endpoint, "/v1/metrics", content_type, body).await.unwrap();
        assert_eq!(response.status(), 200, "{content_type}");
    }

    let metric = receiver.metric(name).with(|metric| metric.count() == 3).await;
    assert_eq!((metric.unit.as_str(), metric.kind), ("s", MetricKind::Histogram));
    assert_eq!(metric.points.len(), 1, "the same series twice");
    assert_eq!(metric.points[0].service(), "shop");
    assert_eq!(metric.points_with(&[("route", "/orders".into())]).count(), 1);
    assert_eq!(metric.points_with(&[("route", "/".into())]).count(), 0);
    assert_eq!(metric.total(), 1.5);
}

#[tokio::test]
async fn logs_are_received() {
    let receiver = Receiver::start();
    let record = LogRecord {
        severity_number: 17,
        severity_text: "ERROR".into(),
        body: text("", "it broke").value,
        attributes: vec![text("tenant", "acme")],
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        ..Default::default()
    };
    let request = ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource: Some(resource("shop")),
            scope_logs: vec![ScopeLogs { log_records: vec![record], ..Default::default() }],
            ..Default::default()
        }],
    };
    let body = request.encode_to_vec();
    post(&receiver.http_endpoint(), "/v1/logs", PROTOBUF, body).await.unwrap();

    let record = receiver.log_where(|record| record.severity == 17).await;
    assert_eq!(record.message(), Some("it broke"));
    assert_eq!(record.trace_id, Some(trace_id(1)));
    assert_eq!(record.attributes.str("tenant"), Some("acme"));
    assert_eq!(record.service(), "shop");
}

#[tokio::test]
async fn what_cannot_be_read_is_answered_and_counted() {
    let receiver = Receiver::builder().max_request_bytes(10_000).start().unwrap();
    let endpoint = receiver.http_endpoint();
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let cases = [
        (PROTOBUF, b"\xff\xff\xff\xff".to_vec(), 400),
        (JSON, b"{\"resourceSpans\": 7}".to_vec(), 400),
        (JSON, b"{".to_vec(), 400),
        (JSON, deep.into_bytes(), 400),
        ("text/plain", b"hello".to_vec(), 415),
        (PROTOBUF, vec![0; 10_001], 413),
    ];
    let count = cases.len() as u64;
    for (content_type, body, status) in cases {
        let response = post(&endpoint, "/v1/traces", content_type, body).await.unwrap();
        assert_eq!(response.status(), status, "{content_type}");
        assert!(!response.bytes().await.unwrap().is_empty(), "an error has a body");
    }
    assert_eq!(receiver.received().malformed_requests, count);
    assert!(receiver.traces().is_empty());

    send(&endpoint, vec![span(1, 1, None, "root")]).await.unwrap();
    receiver.trace(trace_id(1)).await;
}

#[tokio::test]
async fn a_compressed_message_is_bounded_too() {
    let receiver = Receiver::builder().max_request_bytes(100_000).start().unwrap();
    for (encoding, body, status) in [
        ("gzip", gzip(&vec![0; 10_000_000]), 413),
        ("gzip", b"not gzip".to_vec(), 400),
        ("br", b"x".to_vec(), 415),
    ] {
        let response = reqwest::Client::new()
            .post(receiver.http_endpoint() + "/v1/traces")
            .header("content-type", PROTOBUF)
            .header("content-encoding", encoding)
            .body(body)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), status);
    }
}

#[tokio::test]
async fn spans_without_valid_ids_are_refused_and_the_others_kept() {
    let receiver = Receiver::start();
    let spans = vec![span(0, 1, None, "zero"), span(1, 1, None, "root")];
    let response = send(&receiver.http_endpoint(), spans).await.unwrap();
    assert_eq!(response.status(), 200);
    let body = response.bytes().await.unwrap();
    let partial = ExportTraceServiceResponse::decode(body).unwrap().partial_success.unwrap();
    assert_eq!(partial.rejected_spans, 1);
    assert_eq!(partial.error_message, "invalid trace id");
    receiver.trace(trace_id(1)).await.has_spans(1);
}

#[tokio::test]
async fn other_paths_and_methods_are_not_served() {
    let receiver = Receiver::start();
    let endpoint = receiver.http_endpoint();
    assert_eq!(reqwest::get(format!("{endpoint}/v1/traces")).await.unwrap().status(), 405);
    let response = post(&endpoint, "/v1/profiles", PROTOBUF, vec![]).await.unwrap();
    assert_eq!(response.status(), 404);
}
