//! A process that another one starts: its trace and its baggage come in by the environment.
//!
//! The test starts itself as the child, as the only test of this process.

#![allow(clippy::unwrap_used, reason = "helpers of tests, too, say what they expect in the shortest way")]

use std::{env, process::Command, time::Duration};

use trilha::{Baggage, Recipient, prelude::*, schema::Key, task};
use trilha_testing::Fixture;

static SCOPE: Scope = Scope::new("test", "");

const ENDPOINT: &str = "TRILHA_JOB_TEST_ENDPOINT";

#[tokio::test]
async fn a_child_process_continues_the_trace_and_knows_the_baggage() {
    if let Ok(endpoint) = env::var(ENDPOINT) {
        return child(endpoint).await;
    }
    let fixture = Fixture::start("scheduler");
    let schedule = Operation::builder(&SCOPE, "schedule", SpanKind::Internal);
    let mut schedule = schedule.handle(fixture.handle().clone()).start();
    schedule.attributes().tenant("acme");
    let mut command = Command::new(env::current_exe().unwrap());
    command.env(ENDPOINT, fixture.receiver().http_endpoint()).env("TRACESTATE", "stale=1");
    schedule.inject(&mut command, Recipient::Process);
    let output = schedule.enter(|| command.output().unwrap());
    assert!(output.status.success(), "{output:?}");
    schedule.finish(Outcome::Ok);
    fixture.flush().await;
    let trace = fixture.receiver().trace_where(|trace| trace.spans().len() == 2).await;
    trace.span("nightly export").is_child_of("schedule").has("tenant", "acme").lacks("tracestate");
}

/// What the child process does.
async fn child(endpoint: String) {
    let telemetry = trilha::Telemetry::builder("export").zone(Zone::Z4).endpoint(endpoint).build().unwrap();
    telemetry.set_default();
    task::job("nightly export", async {
        assert_eq!(Baggage::current().get("tenant").as_deref(), Some("acme"));
        assert_eq!(trilha::attributes().value(Key::Tenant).as_deref(), Some("acme"));
    })
    .await;
    assert_eq!(telemetry.stats().broken_propagation, []);
    let report = telemetry.shutdown(Duration::from_secs(10)).await;
    assert_eq!(report.counts.spans.delivered, 1, "{report}");
}
