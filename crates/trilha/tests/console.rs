//! Traces on standard output: of this test's own binary, started again.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::{env, process::Command, time::Duration};

use trilha::{Operation, Outcome, Scope, SpanKind, Telemetry};

/// Does nothing unless `traces_are_written_to_standard_output` starts it.
#[test]
fn service() {
    if env::var_os("OTEL_TRACES_EXPORTER").is_some() {
        let telemetry = Telemetry::builder("orders").build().unwrap();
        let scope = Scope::new("test", "");
        let operation = Operation::builder(&scope, "work", SpanKind::Internal);
        operation.handle(telemetry.handle().clone()).start().finish(Outcome::Ok);
        let report = telemetry.shutdown_blocking(Duration::from_secs(20));
        assert_eq!(report.counts.spans.delivered, 1);
    }
}

#[test]
fn traces_are_written_to_standard_output() {
    let service = Command::new(env::current_exe().unwrap())
        .args(["--exact", "service", "--nocapture"])
        .envs([("OTEL_TRACES_EXPORTER", "console"), ("OTEL_METRICS_EXPORTER", "none")])
        .output()
        .unwrap();
    assert!(service.status.success());
    let output = String::from_utf8(service.stdout).unwrap();
    // What the test's own harness writes may stand before it on the line.
    let traces: Vec<serde_json::Value> = output
        .lines()
        .filter_map(|line| serde_json::from_str(line.get(line.find("{\"resourceSpans\"")?..)?).ok())
        .collect();
    let [trace] = &traces[..] else { panic!("one line of JSON in {output}") };
    assert_eq!(trace["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["name"], "work");
}
