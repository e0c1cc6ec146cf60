//! `trilha receive` as a process: what it prints about what it is sent.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "helpers of tests")]

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

/// Longer than any step takes, unless it hangs.
const LIMIT: Duration = Duration::from_secs(20);

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const OTHER_TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[tokio::test]
async fn a_trace_is_printed_as_a_tree_when_it_is_complete() {
    let mut trilha = Trilha::start(&["--slow", "500ms"]).await;
    let root = span(TRACE, 1, 0, "POST /orders", 20, "");
    let failed = r#","status":{"code":2,"message":"no answer"},
        "attributes":[{"key":"error.type","value":{"stringValue":"timeout"}},
                      {"key":"tenant","value":{"stringValue":"acme"}}],
        "links":[{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7"}]"#;
    let failed = span(TRACE, 2, 1, "charge", 600, failed);
    // In one request: between two, the trace would be complete for a moment.
    trilha.send(&[("gateway", root), ("payment", failed)]).await;

    let tree = trilha.paragraph().await;
    assert_eq!(
        tree,
        [
            "trace 0af7651916cd43dd8448eb211c80319c  2 spans  2 services  600.0ms  1 error  1 slow",
            "└─ gateway  SERVER  POST /orders  20.0ms",
            "   └─ payment  SERVER  charge  600.0ms  SLOW  ERROR timeout: no answer  tenant=acme",
            "           ⇢ link to span 00f067aa0ba902b7 of trace 4bf92f3577b34da6a3ce929d0e0e4736",
        ]
    );
    let (status, stderr) = trilha.interrupt().await;
    assert_eq!(status.code(), Some(0));
    assert_eq!(stderr, "trilha: 1 trace(s), 2 span(s), 1 error(s)\n");
}

#[tokio::test]
async fn a_trace_that_stays_incomplete_is_marked_and_a_late_span_shows_it_again() {
    let mut trilha = Trilha::start(&[]).await;
    trilha.send(&[("payment", span(TRACE, 2, 1, "charge", 1, ""))]).await;
    let tree = trilha.paragraph().await;
    assert!(tree[0].ends_with("1 without parent  INCOMPLETE"), "{tree:#?}");
    assert_eq!(tree[1], "└─ missing parent 0000000000000001");

    trilha.send(&[("gateway", span(TRACE, 1, 0, "POST /orders", 1, ""))]).await;
    let tree = trilha.paragraph().await;
    assert!(tree[0].ends_with("  UPDATED"), "{tree:#?}");
    assert_eq!(tree.len(), 3, "{tree:#?}");

    let (_, stderr) = trilha.interrupt().await;
    assert_eq!(stderr, "trilha: 1 trace(s), 2 span(s), 0 error(s)\n");
}

#[tokio::test]
async fn what_was_not_shown_yet_is_shown_at_the_end() {
    let mut trilha = Trilha::start(&["--idle", "1m"]).await;
    trilha.send(&[("gateway", span(TRACE, 1, 0, "POST /orders", 1, ""))]).await;
    trilha.signal();
    let tree = trilha.paragraph().await;
    assert!(tree[0].starts_with("trace 0af7"), "{tree:#?}");
    assert_eq!(trilha.ended().await.0.code(), Some(0));
}

#[tokio::test]
async fn filters_by_service_and_text_choose_whole_traces() {
    let mut trilha = Trilha::start(&["--service", "payment", "--service", "x", "--grep", "charge"]).await;
    trilha.send(&[("gateway", span(TRACE, 1, 0, "POST /orders", 1, ""))]).await;
    trilha.send(&[("payment", span(OTHER_TRACE, 3, 0, "refund", 1, ""))]).await;
    trilha.send(&[("payment", span("ab".repeat(16).as_str(), 4, 0, "charge card", 1, ""))]).await;
    let tree = trilha.paragraph().await;
    assert!(tree[0].starts_with("trace abab"), "{tree:#?}");
    let (_, stderr) = trilha.interrupt().await;
    assert_eq!(stderr, "trilha: 1 trace(s), 1 span(s), 0 error(s)\n");
}

#[tokio::test]
async fn a_trace_that_passes_the_filters_later_is_shown_as_new() {
    let mut trilha = Trilha::start(&["--service", "payment"]).await;
    trilha.send(&[("gateway", span(TRACE, 1, 0, "POST /orders", 1, ""))]).await;
    // Shown after the first trace was looked at, as it came later.
    trilha.send(&[("payment", span(OTHER_TRACE, 3, 0, "refund", 1, ""))]).await;
    assert!(trilha.paragraph().await[0].starts_with("trace 4bf9"));
    trilha.send(&[("payment", span(TRACE, 2, 1, "charge", 1, ""))]).await;
    let tree = trilha.paragraph().await;
    assert!(tree[0].starts_with("trace 0af7") && !tree[0].contains("UPDATED"), "{tree:#?}");
    let (_, stderr) = trilha.interrupt().await;
    assert_eq!(stderr, "trilha: 2 trace(s), 3 span(s), 0 error(s)\n");
}

#[tokio::test]
async fn json_is_one_object_per_line() {
    let mut trilha = Trilha::start(&["--json"]).await;
    trilha.send(&[("gateway", span(TRACE, 1, 0, "POST /orders\n", 1, ""))]).await;
    let line = trilha.line().await.unwrap();
    let json: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(json["trace_id"], TRACE);
    assert_eq!(json["state"], "complete");
    assert_eq!(json["updated"], false);
    assert_eq!(json["spans"][0]["name"], "POST /orders\n");
    assert_eq!(json["spans"][0]["kind"], "server");
}

#[tokio::test]
async fn colour_is_for_terminals_unless_asked_for() {
    let one = [("gateway", span(TRACE, 1, 0, "root", 1, ""))];
    let mut plain = Trilha::start(&[]).await;
    plain.send(&one).await;
    assert!(!plain.paragraph().await[0].contains('\u{1b}'));

    let mut coloured = Trilha::start(&["--color", "always"]).await;
    coloured.send(&one).await;
    assert!(coloured.paragraph().await[0].contains('\u{1b}'));
}

#[tokio::test]
async fn a_port_in_use_is_one_line_that_names_the_option() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (option, other) in [("--http", "--grpc"), ("--grpc", "--http")] {
        let output = trilha(&[option, &address, other, "127.0.0.1:0"]).output().await.unwrap();
        assert_eq!(output.status.code(), Some(2));
        let stderr = String::from_utf8(output.stderr).unwrap();
        let expected = format!("trilha: cannot listen on {address} (option {option}): ");
        assert!(stderr.starts_with(&expected), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
}

#[tokio::test]
async fn a_reader_that_goes_away_ends_it_quietly() {
    let mut trilha = Trilha::start(&[]).await;
    trilha.stdout = None;
    trilha.send(&[("gateway", span(TRACE, 1, 0, "root", 1, ""))]).await;
    let (status, stderr) = trilha.ended().await;
    assert_eq!(status.code(), Some(0));
    assert_eq!(stderr, "");
}

#[tokio::test]
async fn wrong_arguments_are_refused_and_help_names_every_option() {
    for wrong in [&["--idle", "5"][..], &["--http", "nowhere"], &["--unknown"]] {
        let output = trilha(wrong).output().await.unwrap();
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
    }
    let output = trilha(&["--help"]).output().await.unwrap();
    assert!(output.status.success());
    let help = String::from_utf8(output.stdout).unwrap();
    for option in [
        "--http",
        "--grpc",
        "--service",
        "--grep",
        "--slow",
        "--idle",
        "--events",
        "--json",
        "--color",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
    ] {
        assert!(help.contains(option), "{option}: {help}");
    }
}

/// A running `trilha receive` on free ports, killed when dropped.
struct Trilha {
    child: Child,
    stdout: Option<Lines<BufReader<ChildStdout>>>,
    stderr: BufReader<ChildStderr>,
    endpoint: String,
}

impl Trilha {
    async fn start(args: &[&str]) -> Self {
        let mut command = trilha(&["--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0"]);
        if !args.contains(&"--idle") {
            command.args(["--idle", "100ms"]);
        }
        let mut child = command.args(args).spawn().unwrap();
        let stdout = child.stdout.take().map(|stdout| BufReader::new(stdout).lines());
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut ready = String::new();
        in_time(stderr.read_line(&mut ready)).await.unwrap();
        let endpoint = ready
            .strip_prefix("trilha: ready; set OTEL_EXPORTER_OTLP_ENDPOINT=")
            .and_then(|rest| rest.split_whitespace().next())
            .unwrap_or_else(|| panic!("{ready}"));
        let endpoint = endpoint.to_owned();
        Self { child, stdout, stderr, endpoint }
    }

    /// Sends spans, each with its service, as JSON in one request.
    async fn send(&self, spans: &[(&str, String)]) {
        let groups = spans.iter().map(|(service, span)| {
            format!(
                r#"{{"resource":{{"attributes":[{{"key":"service.name",
                "value":{{"stringValue":"{service}"}}}}]}},"scopeSpans":[{{"spans":[{span}]}}]}}"#
            )
        });
        let groups: Vec<String> = groups.collect();
        let body = format!(r#"{{"resourceSpans":[{}]}}"#, groups.join(","));
        let response = reqwest::Client::new()
            .post(format!("{}/v1/traces", self.endpoint))
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
    }

    /// The next line on stdout.
    async fn line(&mut self) -> Option<String> {
        let stdout = self.stdout.as_mut().unwrap();
        in_time(stdout.next_line()).await.unwrap()
    }

    /// The lines on stdout up to the next empty one.
    async fn paragraph(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(line) = self.line().await.filter(|line| !line.is_empty()) {
            lines.push(line);
        }
        lines
    }

    fn signal(&self) {
        let pid = self.child.id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    }

    /// Presses Ctrl-C.
    async fn interrupt(self) -> (ExitStatus, String) {
        self.signal();
        self.ended().await
    }

    /// The status, and what is left on stderr.
    async fn ended(mut self) -> (ExitStatus, String) {
        let status = in_time(self.child.wait()).await.unwrap();
        let mut stderr = String::new();
        in_time(self.stderr.read_to_string(&mut stderr)).await.unwrap();
        (status, stderr)
    }
}

fn trilha(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trilha"));
    command.arg("receive").args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// A server span as OTLP JSON; parent 0 is none, `more` further fields.
fn span(trace: &str, id: u64, parent: u64, name: &str, millis: u64, more: &str) -> String {
    let parent = if parent == 0 { String::new() } else { format!("{parent:016x}") };
    let name = Value::from(name);
    let end = millis * 1_000_000;
    format!(
        r#"{{"traceId":"{trace}","spanId":"{id:016x}","parentSpanId":"{parent}","name":{name},
        "kind":2,"startTimeUnixNano":"0","endTimeUnixNano":"{end}"{more}}}"#
    )
}

async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, future).await.expect("in time")
}
