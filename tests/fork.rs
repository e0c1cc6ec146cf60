//! A process that forks with its telemetry: what each of the two has, sends and counts.
//!
//! The one that forks is a child itself: this program again, with one thread that runs the part in a variable.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::{
    collections::BTreeMap,
    env,
    io::{BufRead, BufReader, Read, Write, stdin, stdout},
    process::{self, Command, Stdio},
    thread,
    time::Duration,
};

use fork::{Fork, fork};
use trilha::{Handle, Operation, Outcome, SpanKind, Telemetry};
use trilha_testing::{Fault, Receiver};

static SCOPE: trilha::Scope = trilha::Scope::new("test", "");
const SOON: Duration = Duration::from_secs(20);
const PART: &str = "TRILHA_TEST_PART";

fn start(handle: &Handle, name: &'static str) -> Operation {
    Operation::builder(&SCOPE, name, SpanKind::Internal).handle(handle.clone()).start()
}

fn spans(telemetry: &Telemetry, name: &'static str, count: usize) {
    for _ in 0..count {
        start(telemetry.handle(), name).finish(Outcome::Ok);
    }
}

// The process that forks.

/// What it does. Without a part it is a test that has nothing to do.
#[test]
fn forking() {
    let Ok(part) = env::var(PART) else { return };
    let telemetry = Telemetry::builder("forking").build().unwrap();
    spans(&telemetry, "before", 3);
    match part.as_str() {
        "both make spans" => {
            let open = start(telemetry.handle(), "open");
            // The parent's ends with the work that it does not do.
            let child = child(|| {
                spans(&telemetry, "child", 2);
                say("child, flushed", telemetry.flush_blocking(SOON));
                spans(&telemetry, "child", 2);
                open.finish(Outcome::Ok);
                say("child", telemetry.shutdown_blocking(SOON));
            });
            spans(&telemetry, "parent", 2);
            child.ends();
            say("parent", telemetry.shutdown_blocking(SOON));
        }
        "a child of a child" => {
            let first = child(|| {
                spans(&telemetry, "child", 1);
                let second = child(|| {
                    spans(&telemetry, "grandchild", 2);
                    say("grandchild", telemetry.shutdown_blocking(SOON));
                });
                second.ends();
                say("child", telemetry.shutdown_blocking(SOON));
            });
            first.ends();
            say("parent", telemetry.shutdown_blocking(SOON));
        }
        "the child ends by its drop" => {
            let child = child(|| {
                spans(&telemetry, "child", 2);
                drop(telemetry);
            });
            child.ends();
        }
        "the child has no spans" => {
            let child = child(|| {
                let report = telemetry.shutdown_blocking(Duration::MAX);
                spans(&telemetry, "late", 1);
                say("child", report);
                say("child, later", telemetry.flush_blocking(SOON));
            });
            child.ends();
        }
        "telemetry was shut down" => {
            let _ = telemetry.shutdown_blocking(SOON);
            let child = child(|| {
                spans(&telemetry, "late", 2);
                say("child", telemetry.shutdown_blocking(SOON));
            });
            child.ends();
        }
        "the receiver hangs" => {
            let child = child(|| {
                spans(&telemetry, "child", 2);
                say("child", telemetry.shutdown_blocking(Duration::from_millis(50)));
            });
            child.ends();
            process::exit(0); // without the parent's shutdown
        }
        "the child goes on" => {
            let child = child(|| {
                spans(&telemetry, "child", 2);
                stdin().read_to_end(&mut Vec::new()).unwrap(); // until the test has seen them
            });
            child.ends();
        }
        "the child is asked to end" => {
            telemetry.shutdown_on_signal(SOON).unwrap();
            let child = child(|| {
                telemetry.shutdown_on_signal(SOON).unwrap();
                spans(&telemetry, "child", 2);
                kill(process::id());
                thread::sleep(SOON); // longer than it lives
            });
            child.ends();
            spans(&telemetry, "parent", 1);
            say("parent", telemetry.shutdown_blocking(SOON));
        }
        _ => panic!("{part} is no part"),
    }
}

/// A child that was forked off, in its parent.
struct Forked(i32);

/// Forks; the child does `work` and ends.
fn child(work: impl FnOnce()) -> Forked {
    match fork().unwrap() {
        Fork::Parent(pid) => Forked(pid),
        Fork::Child => {
            work();
            process::exit(0)
        }
    }
}

impl Forked {
    fn ends(self) {
        fork::waitpid(self.0).unwrap();
    }
}

fn kill(process: u32) {
    assert!(Command::new("kill").args(["-TERM", &process.to_string()]).status().unwrap().success());
}

/// In one write, as two processes share the pipe.
fn say(who: &str, report: trilha::Report) {
    let line = format!("\n{SAID}{who}: {report}\n");
    stdout().write_all(line.as_bytes()).unwrap();
}

const SAID: &str = "said ";

// The test.

/// Who said what, and how many spans of which name arrived.
#[derive(Debug, Eq, PartialEq)]
struct Seen {
    said: Vec<String>,
    spans: BTreeMap<String, usize>,
}

/// It is the same over each protocol.
fn seen_of(part: &str) -> Seen {
    let [http, grpc] = ["http/protobuf", "grpc"].map(|protocol| {
        let receiver = Receiver::start();
        let said = play(command(part, &receiver, protocol));
        Seen { said, spans: spans_at(&receiver) }
    });
    assert_eq!(http, grpc);
    http
}

fn play(mut forking: Command) -> Vec<String> {
    let mut forking = forking.spawn().unwrap();
    let lines = BufReader::new(forking.stdout.take().unwrap()).lines().map(Result::unwrap);
    let said = lines.filter_map(|line| line.strip_prefix(SAID).map(str::to_owned)).collect();
    assert!(forking.wait().unwrap().success());
    said
}

/// Its spans wait for the end.
fn command(part: &str, receiver: &Receiver, protocol: &str) -> Command {
    let endpoint = if protocol == "grpc" { receiver.grpc_endpoint() } else { receiver.http_endpoint() };
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args(["--exact", "forking", "--nocapture"])
        .env(PART, part)
        .env("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        .env("OTEL_BSP_SCHEDULE_DELAY", "3600000")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}

fn spans_at(receiver: &Receiver) -> BTreeMap<String, usize> {
    let mut names = BTreeMap::new();
    for trace in receiver.traces() {
        assert_eq!(trace.spans().len(), 1, "a trace of each: {trace:?}");
        for span in trace.spans() {
            *names.entry(span.name.clone()).or_default() += 1;
        }
    }
    assert_eq!(receiver.received().repeated_spans, 0);
    names
}

fn seen(said: &[&str], spans: &[(&str, usize)]) -> Seen {
    Seen {
        said: said.iter().map(|line| (*line).to_owned()).collect(),
        spans: spans.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect(),
    }
}

#[test]
fn each_span_arrives_once_from_the_process_that_made_it_and_is_counted_there() {
    assert_eq!(
        seen_of("both make spans"),
        seen(
            &[
                "child, flushed: 2 of 2 spans delivered",
                "child: 4 of 4 spans delivered",
                "parent: 6 of 6 spans delivered",
            ],
            &[("before", 3), ("child", 4), ("open", 1), ("parent", 2)],
        )
    );
}

#[test]
fn a_child_of_a_child_has_its_own_too() {
    assert_eq!(
        seen_of("a child of a child"),
        seen(
            &[
                "grandchild: 2 of 2 spans delivered",
                "child: 1 of 1 spans delivered",
                "parent: 3 of 3 spans delivered",
            ],
            &[("before", 3), ("child", 1), ("grandchild", 2)],
        )
    );
}

#[test]
fn dropped_in_the_child_it_sends_what_is_left() {
    let spans = [("before", 3), ("child", 2)];
    assert_eq!(seen_of("the child ends by its drop"), seen(&[], &spans));
}

#[test]
fn a_child_without_spans_waits_for_nothing() {
    assert_eq!(
        seen_of("the child has no spans"),
        seen(
            &["child: 0 of 0 spans delivered", "child, later: 0 of 1 spans delivered, 1 shutdown"],
            &[("before", 3)],
        )
    );
}

#[test]
fn what_was_shut_down_is_so_in_the_child() {
    assert_eq!(
        seen_of("telemetry was shut down"),
        seen(&["child: 0 of 2 spans delivered, 2 shutdown"], &[("before", 3)])
    );
}

#[test]
fn the_child_s_shutdown_keeps_its_deadline() {
    let receiver = Receiver::start();
    receiver.respond(Fault::Hang);
    let said = play(command("the receiver hangs", &receiver, "http/protobuf"));
    assert!(said[0].starts_with("child: 0 of 2 spans delivered, 2 "), "{said:?}");
    assert!(said[0].ends_with(" (the deadline passed first)"), "{said:?}");
}

#[tokio::test]
async fn the_child_s_spans_leave_by_themselves() {
    let receiver = Receiver::start();
    let mut command = command("the child goes on", &receiver, "http/protobuf");
    let mut forking = command.env("OTEL_BSP_SCHEDULE_DELAY", "50").spawn().unwrap();
    receiver.received_when(|received| received.spans == 5).await;
    assert_eq!(spans_at(&receiver), seen(&[], &[("before", 3), ("child", 2)]).spans);
    drop(forking.stdin.take());
    assert!(forking.wait().unwrap().success());
}

#[test]
fn a_signal_to_the_child_is_the_child_s() {
    assert_eq!(
        seen_of("the child is asked to end"),
        seen(&["parent: 4 of 4 spans delivered"], &[("before", 3), ("child", 2), ("parent", 1)])
    );
}
