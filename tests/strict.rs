//! What Trilha itself logs is readable under a strict guard, which drops text of fields that nobody declared.
//!
//! The log and the guard are a process's own: it is this program again, as a child.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::{
    env,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use tracing::{info, info_span};
use trilha::{LogFormat, Telemetry, policy::Policy};
use trilha_testing::Receiver;

const IS_CHILD: &str = "TRILHA_TEST_IS_CHILD";
const SOON: Duration = Duration::from_secs(20);

/// What the child does. Elsewhere it is a test that has nothing to do.
#[test]
fn child() {
    if env::var_os(IS_CHILD).is_none() {
        return;
    }
    let policy = Policy::parse("version = 1\n[guard]\nmode = 'strict'").unwrap();
    let telemetry = Telemetry::builder("child").policy(policy).logs(LogFormat::Json).install().unwrap();
    telemetry.shutdown_on_signal(SOON).unwrap();
    drop(info_span!("span", free.text = "unseen"));
    info!("it has ended");
    loop {
        thread::park();
    }
}

/// A child that a test which fails does not leave behind.
struct Playing(Child);

impl Drop for Playing {
    fn drop(&mut self) {
        let _ = self.0.kill();
    }
}

#[test]
fn hints_and_the_last_report_are_logged() {
    let receiver = Receiver::start();
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(IS_CHILD, "1")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.http_endpoint())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut child = Playing(child);
    let lines = BufReader::new(child.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut lines = lines.filter(|line| line.contains("level"));

    // The hint, and that the span has ended, in whatever order.
    let said: Vec<_> = lines.by_ref().take(2).collect();
    let hint = "text under `free.text` is dropped as span_attribute";
    assert!(said.iter().any(|line| line.contains("WARN") && line.contains(hint)), "{said:?}");
    assert!(Command::new("kill").arg(child.0.id().to_string()).status().unwrap().success());
    let report = lines.find(|line| line.contains("INFO")).unwrap();
    assert!(report.contains("telemetry is shut down: 1 of 1 spans delivered"), "{report}");
    assert!(!child.0.wait().unwrap().success());
}
