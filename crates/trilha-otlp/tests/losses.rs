//! Loss is logged when it starts and when it ends, or telemetry does; and so are overdue spans. A binary of its own:
//! the subscriber is the process's.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::{
    sync::mpsc::{Receiver as Lines, Sender, channel},
    time::Duration,
};

use parking_lot::Mutex;
use support::{
    BOTH, BlackHole, ENOUGH, Protocol, SCOPE, config,
    proxy::{Proxy, Way},
    spans, start,
};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use trilha_core::{Handle, Operation, Outcome, SpanCounts, SpanKind};
use trilha_otlp::Pipeline;
use trilha_testing::{Fault, Receiver};

#[derive(Debug, Eq, PartialEq)]
struct Line {
    level: Level,
    thread: String,
    reason: Option<String>,
    count: Option<u64>,
}

/// Passes on what is logged at our target.
struct Log(Mutex<Sender<Line>>);

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "trilha"
    }

    fn event(&self, event: &Event<'_>) {
        let thread = std::thread::current().name().unwrap_or_default().to_owned();
        let mut line = Line { level: *event.metadata().level(), thread, reason: None, count: None };
        event.record(&mut line);
        self.0.lock().send(line).unwrap();
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        panic!("no span is made at this target")
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

impl Visit for Line {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if ["lost", "spans"].contains(&field.name()) {
            self.count = Some(value);
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "reason" {
            self.reason = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

fn next(lines: &Lines<Line>) -> (Level, Option<String>, Option<u64>) {
    let line = lines.recv_timeout(ENOUGH).unwrap();
    assert_eq!(line.thread, "trilha-notices");
    (line.level, line.reason, line.count)
}

fn lost(counts: &SpanCounts) -> u64 {
    counts.dropped.total() + counts.unacknowledged
}

#[test]
fn loss_and_overdue_spans_are_logged_when_they_start_and_when_they_end() {
    let (sender, lines) = channel();
    tracing::subscriber::set_global_default(Log(Mutex::new(sender))).unwrap();
    lose_spans_and_go_on(&lines);
    lose_spans_by_shutdown(&lines);
    lose_all_spans_and_end(&lines);
    leave_a_span_open(&lines);
    assert!(lines.try_recv().is_err());
}

fn lose_spans_and_go_on(lines: &Lines<Line>) {
    let receiver = Receiver::start();
    let proxy = Proxy::before(receiver.http_addr());
    let pipeline =
        Pipeline::start(config(Protocol::Http.at(proxy.address())).queue_spans(10).batch_spans(4)).unwrap();
    let handle = Handle::builder(pipeline.recorder()).build();
    proxy.change(Way::IsDead);
    spans(&handle, 100);
    assert_eq!(next(lines), (Level::WARN, Some("queue_full".to_owned()), None));
    for _ in 0..3 {
        // Neither what is delivered in between nor further loss is a line of its own.
        proxy.change(Way::Passes);
        assert!(pipeline.flush_blocking(ENOUGH).is_complete);
        proxy.change(Way::IsDead);
        spans(&handle, 100);
    }
    proxy.change(Way::Passes);
    let counts = pipeline.shutdown_blocking(ENOUGH).counts;
    assert_eq!(next(lines), (Level::WARN, None, Some(lost(&counts))));
}

fn lose_spans_by_shutdown(lines: &Lines<Line>) {
    let hole = BlackHole::open();
    let (pipeline, handle) = start(Protocol::Http.at(hole.address()));
    spans(&handle, 3);
    let counts = pipeline.shutdown_blocking(Duration::ZERO).counts;
    assert_eq!(lost(&counts), 3);
    let (level, reason, _) = next(lines);
    assert!(level == Level::WARN && ["shutdown", "unacknowledged"].contains(&reason.unwrap().as_str()));
    assert_eq!(next(lines), (Level::WARN, None, Some(3)));
}

/// As a short program does whose key the receiver does not know.
fn lose_all_spans_and_end(lines: &Lines<Line>) {
    for protocol in BOTH {
        let receiver = Receiver::start();
        receiver.respond(Fault::Status(401));
        let (pipeline, handle) = start(protocol.endpoint(&receiver));
        spans(&handle, 3);
        drop(pipeline);
        let lines: Vec<_> = lines.try_iter().map(|line| (line.reason, line.count)).collect();
        assert_eq!(lines, [(Some("rejected".to_owned()), None), (None, Some(3))], "{protocol:?}");
    }
}

fn leave_a_span_open(lines: &Lines<Line>) {
    let receiver = Receiver::start();
    let pipeline =
        Pipeline::start(config(Protocol::Http.endpoint(&receiver)).overdue_after(Duration::from_secs(1)))
            .unwrap();
    let handle = Handle::builder(pipeline.recorder()).build();
    let open = Operation::builder(&SCOPE, "open", SpanKind::Internal).handle(handle).start();
    assert_eq!(next(lines), (Level::WARN, None, Some(1)));
    assert_eq!(pipeline.counts().overdue, 1);
    open.finish(Outcome::Ok);
    assert_eq!(next(lines), (Level::INFO, None, None));
    let report = pipeline.shutdown_blocking(ENOUGH);
    assert_eq!((report.counts.overdue, report.counts.delivered), (0, 1));
}
