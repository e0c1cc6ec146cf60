//! Spans as lines of JSON in a file.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::{fs, path::Path, time::Duration};

use opentelemetry::Array;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use serde_json::{Value, json};
use support::{ENOUGH, SCOPE, assert_adds_up, config, spans, start};
use trilha_core::{Handle, Operation, Outcome, SpanKind, recorder::Value as Attribute};
use trilha_otlp::{Endpoint, Pipeline};

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn each_batch_is_a_line_of_otlp_s_json() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spans.jsonl");
    for _ in 0..2 {
        let (pipeline, handle) = start(Endpoint::file(&path));
        spans(&handle, 2);
        let report = pipeline.shutdown_blocking(ENOUGH);
        assert_eq!((report.is_complete, report.counts.delivered), (true, 2));
    }
    let lines = lines(&path);
    assert_eq!(lines.len(), 2); // the second pipeline appended
    let resource = &lines[0]["resourceSpans"][0];
    assert_eq!(resource["resource"]["attributes"][0]["value"]["stringValue"], "pipeline-test");
    let span = &resource["scopeSpans"][0]["spans"][0];
    assert_eq!(span["name"], "span 0");
    assert_eq!(span["traceId"].as_str().unwrap().len(), 32);
    assert!(span["startTimeUnixNano"].is_string()); // as protobuf's JSON writes 64 bits
    let request: ExportTraceServiceRequest = serde_json::from_value(lines[0].clone()).unwrap();
    assert_eq!(request.resource_spans[0].scope_spans[0].spans.len(), 2);
}

#[test]
fn numbers_that_json_does_not_have_are_text() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spans.jsonl");
    let (pipeline, handle) = start(Endpoint::file(&path));
    let work = Operation::builder(&SCOPE, "work", SpanKind::Internal).handle(handle).start();
    let list = Array::F64(vec![0.5, f64::NEG_INFINITY]);
    work.set_attribute("ratio", f64::NAN);
    work.set_attribute("list", Attribute::Array(&list));
    work.span().unwrap().add_event("event", None, &[("ratio", Attribute::Float(f64::INFINITY))]);
    work.finish(Outcome::Ok);
    assert_eq!(pipeline.shutdown_blocking(ENOUGH).counts.delivered, 1);
    let line = &lines(&path)[0];
    let span = &line["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
    assert_eq!(span["attributes"][0]["value"], json!({"stringValue": "NaN"}));
    let list = &span["attributes"][1]["value"]["arrayValue"]["values"];
    assert_eq!(*list, json!([{"doubleValue": 0.5}, {"stringValue": "-Infinity"}]));
    assert_eq!(span["events"][0]["attributes"][0]["value"], json!({"stringValue": "Infinity"}));
}

#[test]
fn a_file_that_cannot_be_opened_is_refused() {
    let error = Pipeline::start(config(Endpoint::file("/nowhere/at/all"))).unwrap_err();
    assert_eq!(error.option(), Some("endpoint"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_counted() {
    let (pipeline, handle) = start(Endpoint::file("/dev/full"));
    spans(&handle, 3);
    let counts = pipeline.flush_blocking(ENOUGH).counts;
    assert_eq!(counts.unacknowledged, 3);
    assert_adds_up(&counts);
}

#[cfg(unix)]
#[test]
fn a_reader_that_does_not_read_holds_up_neither_flush_nor_shutdown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    // Both ways open: it opens without a reader, and what it holds is soon full.
    let _reader = fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
    let pipeline = Pipeline::start(config(Endpoint::file(&path))).unwrap();
    let handle = Handle::builder(pipeline.recorder()).build();
    spans(&handle, 1_000);
    assert!(!pipeline.flush_blocking(Duration::from_millis(100)).is_complete);
    let report = pipeline.shutdown_blocking(Duration::from_millis(100));
    assert!(!report.is_complete && report.counts.unacknowledged > 0);
    assert_adds_up(&report.counts);
}
