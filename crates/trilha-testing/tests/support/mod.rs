//! OTLP requests, and ways to send them.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use opentelemetry::trace::TraceId;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;

pub(crate) const PROTOBUF: &str = "application/x-protobuf";
pub(crate) const JSON: &str = "application/json";

pub(crate) fn trace_id(number: u8) -> TraceId {
    TraceId::from_bytes([number; 16])
}

pub(crate) fn span(trace: u8, id: u8, parent: Option<u8>, name: &str) -> Span {
    Span {
        trace_id: vec![trace; 16],
        span_id: vec![id; 8],
        parent_span_id: parent.map(|id| vec![id; 8]).unwrap_or_default(),
        name: name.to_owned(),
        start_time_unix_nano: u64::from(id) * 1_000_000,
        end_time_unix_nano: u64::from(id) * 1_000_000 + 500_000,
        ..Default::default()
    }
}

pub(crate) fn request(spans: Vec<Span>) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource("shop")),
            scope_spans: vec![ScopeSpans { spans, ..Default::default() }],
            ..Default::default()
        }],
    }
}

pub(crate) fn resource(service: &str) -> Resource {
    Resource { attributes: vec![text("service.name", service)], ..Default::default() }
}

pub(crate) fn text(key: &str, value: &str) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(Value::StringValue(value.to_owned())) }),
        ..Default::default()
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Sends spans as protobuf over HTTP.
pub(crate) async fn send(endpoint: &str, spans: Vec<Span>) -> reqwest::Result<reqwest::Response> {
    post(endpoint, "/v1/traces", PROTOBUF, request(spans).encode_to_vec()).await
}

pub(crate) async fn post(
    endpoint: &str,
    path: &str,
    content_type: &str,
    body: Vec<u8>,
) -> reqwest::Result<reqwest::Response> {
    reqwest::Client::new()
        .post(format!("{endpoint}{path}"))
        .header("content-type", content_type)
        .body(body)
        .send()
        .await
}
