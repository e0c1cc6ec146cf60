//! How telemetry ends: with the process, by a signal or a panic; in a task, on a thread that unwinds, by several.
//!
//! What ends a process is tried in a child: this program again, with the part that it plays in a variable.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::{
    env,
    fs::File,
    io::{BufRead, BufReader, Read},
    iter,
    os::unix::process::ExitStatusExt,
    panic::{AssertUnwindSafe, catch_unwind},
    process::{self, Child, Command, ExitStatus, Stdio},
    thread,
    time::Duration,
};

use trilha::{Operation, SpanKind, Telemetry};
use trilha_testing::{Fault, Receiver};
use trilha_tests::{SCOPE, spans};

const SOON: Duration = Duration::from_secs(20);
const PART: &str = "TRILHA_TEST_PART";
const READY: &str = "ready";
const SIGINT: i32 = 2;
const SIGABRT: i32 = 6;
const SIGTERM: i32 = 15;

// The child.

/// What a child does. Without a part it is a test that has nothing to do.
#[test]
fn child() {
    let Ok(part) = env::var(PART) else { return };
    let telemetry = Telemetry::builder("child").build().unwrap();
    spans(telemetry.handle(), 3);
    match part.as_str() {
        "signal" => telemetry.shutdown_on_signal(Duration::from_secs(600)).unwrap(),
        "signal, beside tokio's" => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let _entered = runtime.enter();
            let mut terminate =
                tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).unwrap();
            telemetry.shutdown_on_signal(SOON).unwrap();
            say_ready();
            runtime.block_on(terminate.recv());
        }
        "signal, after the drop" => {
            telemetry.shutdown_on_signal(SOON).unwrap();
            drop(telemetry);
        }
        "signal that nobody can listen to" => {
            let taken: Vec<_> = iter::from_fn(|| File::open("/dev/null").ok()).collect();
            assert!(telemetry.shutdown_on_signal(SOON).is_err(), "with {} open files", taken.len());
            thread::spawn(|| {
                thread::sleep(SOON); // longer than it lives
                process::exit(1)
            });
        }
        "panic that is caught" => {
            telemetry.flush_on_panic(SOON);
            assert!(thread::spawn(|| panic!("of a handler")).join().is_err());
        }
        "panic that ends it" => {
            std::panic::set_hook(Box::new(|_| println!("the former hook")));
            telemetry.flush_on_panic(SOON);
            cannot_unwind();
        }
        _ => panic!("{part} is no part"),
    }
    say_ready();
    loop {
        thread::park();
    }
}

extern "C" fn cannot_unwind() {
    panic!("out of a function that cannot unwind");
}

#[allow(clippy::print_stdout, reason = "the parent reads it")]
fn say_ready() {
    println!("\n{READY}");
}

/// A child, and what it says.
struct Playing(Child, BufReader<std::process::ChildStdout>);

fn play(part: &str, receiver: &Receiver) -> Playing {
    // A few files alone: one part opens as many as there may be.
    let mut child = Command::new("sh")
        .args(["-c", r#"ulimit -n 128; exec "$0" --exact child --nocapture"#])
        .arg(env::current_exe().unwrap())
        .env(PART, part)
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.http_endpoint())
        .env("OTEL_BSP_SCHEDULE_DELAY", "3600000") // nothing leaves by itself
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let said = BufReader::new(child.stdout.take().unwrap());
    Playing(child, said)
}

impl Playing {
    fn until_ready(mut self) -> Self {
        let lines = self.1.by_ref().lines().map(Result::unwrap);
        assert!(lines.take_while(|line| line != READY).count() < 100);
        self
    }

    fn signal(&self, signal: i32) {
        let status = Command::new("kill").args([format!("-{signal}"), self.0.id().to_string()]).status();
        assert!(status.unwrap().success());
    }

    fn ends(mut self) -> (ExitStatus, String) {
        let mut said = String::new();
        self.1.read_to_string(&mut said).unwrap();
        (self.0.wait().unwrap(), said)
    }
}

impl Drop for Playing {
    fn drop(&mut self) {
        let _ = self.0.kill(); // a test that fails leaves no child behind
    }
}

#[test]
fn a_signal_shuts_telemetry_down_and_ends_the_process_as_ever() {
    for signal in [SIGTERM, SIGINT] {
        let receiver = Receiver::start();
        let child = play("signal", &receiver).until_ready();
        assert_eq!(receiver.received().spans, 0);
        child.signal(signal);
        assert_eq!(child.ends().0.signal(), Some(signal));
        assert_eq!(receiver.received().spans, 3);
    }
}

#[tokio::test]
async fn a_second_signal_does_not_wait_for_the_deadline() {
    let receiver = Receiver::start();
    receiver.respond(Fault::Hang);
    let child = play("signal", &receiver).until_ready();
    child.signal(SIGTERM);
    receiver.received_when(|received| received.requests == 1).await; // the shutdown is under way
    child.signal(SIGTERM);
    assert_eq!(child.ends().0.signal(), Some(SIGTERM));
}

#[test]
fn a_listener_of_tokios_is_no_hindrance() {
    let receiver = Receiver::start();
    let child = play("signal, beside tokio's", &receiver).until_ready();
    child.signal(SIGTERM);
    assert_eq!(child.ends().0.signal(), Some(SIGTERM));
    assert_eq!(receiver.received().spans, 3);
}

#[test]
fn without_telemetry_a_signal_still_ends_the_process() {
    let receiver = Receiver::start();
    let child = play("signal, after the drop", &receiver).until_ready();
    assert_eq!(receiver.received().spans, 3, "sent by the drop");
    child.signal(SIGTERM);
    assert_eq!(child.ends().0.signal(), Some(SIGTERM));
}

#[test]
fn a_signal_that_nobody_can_listen_to_ends_the_process_as_ever() {
    let receiver = Receiver::start();
    let child = play("signal that nobody can listen to", &receiver).until_ready();
    child.signal(SIGTERM);
    assert_eq!(child.ends().0.signal(), Some(SIGTERM));
}

#[test]
fn before_a_panic_that_ends_the_process_what_ended_is_sent() {
    let receiver = Receiver::start();
    let (status, said) = play("panic that ends it", &receiver).ends();
    assert_eq!(status.signal(), Some(SIGABRT));
    assert!(said.contains("the former hook"), "{said}");
    assert_eq!(receiver.received().spans, 3);
}

#[test]
fn a_panic_that_is_caught_waits_for_nothing() {
    let receiver = Receiver::start();
    let child = play("panic that is caught", &receiver).until_ready();
    assert_eq!(receiver.received().requests, 0);
    child.signal(SIGTERM);
    assert_eq!(child.ends().0.signal(), Some(SIGTERM));
}

// Inside the process.

fn service(receiver: &Receiver) -> Telemetry {
    Telemetry::builder("orders").endpoint(receiver.http_endpoint()).build().unwrap()
}

#[test]
fn dropped_inside_a_task_it_sends_what_is_left() {
    for runtime in [
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap(),
    ] {
        let receiver = Receiver::start();
        let telemetry = service(&receiver);
        let task = runtime.spawn(async move {
            spans(telemetry.handle(), 4);
            drop(telemetry);
        });
        runtime.block_on(task).unwrap();
        assert_eq!(receiver.received().spans, 4);
    }
}

#[test]
fn dropped_by_a_panic_it_sends_what_is_left() {
    let receiver = Receiver::start();
    let telemetry = service(&receiver);
    let caught = catch_unwind(AssertUnwindSafe(move || {
        spans(telemetry.handle(), 2);
        let _open =
            Operation::builder(&SCOPE, "open", SpanKind::Internal).handle(telemetry.handle().clone()).start();
        panic!("of the work");
    }));
    assert!(caught.is_err());
    assert_eq!(receiver.received().spans, 3, "the open one too: it goes first");
}

#[test]
fn the_programs_runtime_may_go_first() {
    let receiver = Receiver::start();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let telemetry = runtime.block_on(async { service(&receiver) });
    let handle = telemetry.handle().clone();
    let (started, is_started) = std::sync::mpsc::channel();
    runtime.spawn(async move {
        let _open = Operation::builder(&SCOPE, "open", SpanKind::Internal).handle(handle).start();
        started.send(()).unwrap();
        std::future::pending::<()>().await
    });
    is_started.recv().unwrap();
    drop(runtime); // and with it the task and its span
    let report = telemetry.shutdown_blocking(SOON);
    assert_eq!((report.is_complete, report.counts.spans.delivered), (true, 1), "{report}");
}

#[test]
fn several_may_shut_it_down_at_once() {
    let receiver = Receiver::start();
    let telemetry = service(&receiver);
    spans(telemetry.handle(), 100);
    let reports: Vec<_> = thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(|| telemetry.shutdown_blocking(SOON))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    for report in reports {
        assert!(report.is_complete, "{report}");
        assert_eq!(report.counts.spans.delivered, 100);
    }
    assert_eq!(receiver.received().spans, 100);
}
