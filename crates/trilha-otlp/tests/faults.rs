//! A receiver that misbehaves: what arrives, what is counted, and that it is never more than the truth.

mod support;

use std::time::Duration;

use support::{
    BOTH, BlackHole, ENOUGH, Gate, Protocol, SCOPE, answer_once, assert_adds_up, assert_honest, config,
    dead_address, spans, start,
};
use trilha_core::{Handle, Operation, Outcome, SpanKind, TraceContext};
use trilha_otlp::Pipeline;
use trilha_testing::{Fault, Receiver};

#[test]
fn a_receiver_that_fails_for_a_while_gets_everything() {
    for protocol in BOTH {
        for fault in [Fault::Status(503), Fault::Status(429), Fault::Throttle(Duration::from_millis(10))] {
            // gRPC's RESOURCE_EXHAUSTED is retryable only with a time to come back.
            if matches!((protocol, fault), (Protocol::Grpc, Fault::Status(429))) {
                continue;
            }
            let receiver = Receiver::start();
            receiver.respond_times(fault, 2);
            let (pipeline, handle) = start(protocol.endpoint(&receiver));
            spans(&handle, 3);
            let report = pipeline.flush_blocking(ENOUGH);
            assert_eq!((report.is_complete, report.counts.delivered), (true, 3), "{protocol:?} {fault:?}");
            assert_eq!(receiver.received().requests, 3);
            assert_honest(&report.counts, &receiver);
        }
    }
}

#[test]
fn a_receiver_that_wants_nothing_is_asked_once() {
    for protocol in BOTH {
        let receiver = Receiver::start();
        receiver.respond(Fault::Status(403));
        let (pipeline, handle) = start(protocol.endpoint(&receiver));
        spans(&handle, 3);
        let counts = pipeline.flush_blocking(ENOUGH).counts;
        assert_eq!(counts.dropped.rejected, 3, "{protocol:?}");
        assert_eq!(receiver.received().requests, 1);
        assert_honest(&counts, &receiver);
    }
}

#[test]
fn a_batch_is_split_until_each_bad_span_is_alone() {
    for protocol in BOTH {
        let receiver = Receiver::start();
        receiver.respond(Fault::RefuseSpan("span 77"));
        let (pipeline, handle) = start(protocol.endpoint(&receiver));
        (0..5).for_each(|_| spans(&handle, 100));
        let counts = pipeline.flush_blocking(ENOUGH).counts;
        assert_eq!((counts.delivered, counts.dropped.rejected), (495, 5), "{protocol:?}");
        assert!(receiver.received().requests < 100);
        assert_eq!(receiver.received().repeated_spans, 0);
        assert_honest(&counts, &receiver);
    }
}

#[test]
fn a_batch_that_is_too_large_for_the_receiver_is_split() {
    let receiver = Receiver::builder().max_request_bytes(2_000).start().unwrap();
    let (pipeline, handle) = start(Protocol::Http.endpoint(&receiver));
    spans(&handle, 100);
    assert_eq!(pipeline.flush_blocking(ENOUGH).counts.delivered, 100);
}

#[test]
fn a_partial_success_is_read() {
    for protocol in BOTH {
        let receiver = Receiver::start();
        receiver.respond(Fault::Refuse(2));
        let (pipeline, handle) = start(protocol.endpoint(&receiver));
        spans(&handle, 5);
        let counts = pipeline.flush_blocking(ENOUGH).counts;
        assert_eq!((counts.delivered, counts.dropped.rejected), (3, 2), "{protocol:?}");
        assert_adds_up(&counts);
    }
}

#[test]
fn a_lost_answer_leaves_spans_unacknowledged_and_nothing_is_sent_twice() {
    for protocol in BOTH {
        for fault in [Fault::LoseAnswer, Fault::Disconnect] {
            let receiver = Receiver::start();
            receiver.respond_times(fault, 1);
            let (pipeline, handle) = start(protocol.endpoint(&receiver));
            spans(&handle, 3);
            let counts = pipeline.flush_blocking(ENOUGH).counts;
            assert_eq!(counts.unacknowledged, 3, "{protocol:?} {fault:?}");
            spans(&handle, 2);
            let counts = pipeline.flush_blocking(ENOUGH).counts;
            assert_eq!((counts.delivered, counts.unacknowledged), (2, 3), "{protocol:?} {fault:?}");
            assert_eq!(receiver.received().repeated_spans, 0);
            assert_honest(&counts, &receiver);
        }
    }
}

#[test]
fn a_receiver_that_does_not_answer_in_time_is_not_waited_for() {
    for protocol in BOTH {
        let receiver = Receiver::start();
        receiver.respond_times(Fault::Hang, 1);
        let (pipeline, handle) = start(protocol.endpoint(&receiver).timeout(Duration::from_millis(200)));
        spans(&handle, 1);
        assert_eq!(pipeline.flush_blocking(ENOUGH).counts.unacknowledged, 1, "{protocol:?}");
        spans(&handle, 1);
        let counts = pipeline.flush_blocking(ENOUGH).counts;
        assert_eq!((counts.delivered, counts.unacknowledged), (1, 1), "{protocol:?}");
        assert_honest(&counts, &receiver);
    }
}

#[test]
fn a_dead_receiver_costs_the_queue_and_no_more() {
    for protocol in BOTH {
        let config = config(protocol.at(dead_address())).queue_spans(10).batch_spans(4);
        let pipeline = Pipeline::start(config).unwrap();
        let handle = Handle::builder(pipeline.recorder()).build();
        spans(&handle, 100);
        let counts = pipeline.counts();
        assert_adds_up(&counts);
        assert!(counts.queued <= 10 && counts.in_flight <= 4, "{counts:?}");
        assert!(counts.dropped.queue_full >= 86, "{counts:?}");
        let report = pipeline.shutdown_blocking(Duration::ZERO);
        assert!(!report.is_complete);
        assert_eq!(report.counts.dropped.total(), 100, "{protocol:?}");
    }
}

#[test]
fn of_a_full_queue_steps_go_first_then_entries_and_errors_last() {
    let receiver = Receiver::start();
    receiver.respond(Fault::Status(503));
    let config = config(Protocol::Http.endpoint(&receiver)).queue_spans(6).batch_spans(1);
    let pipeline = Pipeline::start(config).unwrap();
    let handle = Handle::builder(pipeline.recorder()).build();
    let root = |name, outcome| {
        let handle = handle.clone();
        Operation::builder(&SCOPE, name, SpanKind::Internal).handle(handle).root().start().finish(outcome);
    };
    let remote = |name, outcome| {
        Operation::builder(&SCOPE, name, SpanKind::Internal)
            .handle(handle.clone())
            .remote_parent(Some(TraceContext::of_child(None, |_| true)))
            .start()
            .finish(outcome);
    };
    let mut open =
        Operation::builder(&SCOPE, "open", SpanKind::Internal).handle(handle.clone()).root().start();
    let mut step = |name, kind, outcome| {
        open.enter(|| Operation::builder(&SCOPE, name, kind).start().finish(outcome));
    };

    step("under way", SpanKind::Internal, Outcome::Ok);
    receiver.received_when(|received| received.requests > 0).blocking();
    for _ in 0..6 {
        step("step", SpanKind::Client, Outcome::Ok);
    }
    root("root", Outcome::Ok);
    step("server", SpanKind::Server, Outcome::Ok);
    step("consumer", SpanKind::Consumer, Outcome::Ok);
    remote("remote", Outcome::Ok);
    step("failed step", SpanKind::Internal, Outcome::Error("e"));
    root("failed root", Outcome::Error("e"));
    // All steps are gone, and these are worth no more than what waits.
    step("late step", SpanKind::Internal, Outcome::Ok);
    root("late root", Outcome::Ok);
    let counts = pipeline.counts();
    assert_eq!((counts.queued, counts.dropped.queue_full), (6, 8));

    receiver.recover();
    pipeline.flush_blocking(ENOUGH);
    let traces = receiver.traces();
    let mut names: Vec<_> =
        traces.iter().flat_map(|trace| trace.spans()).map(|span| span.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["consumer", "failed root", "failed step", "remote", "root", "server", "under way"]);
}

#[test]
fn retries_end_and_are_counted() {
    for protocol in BOTH {
        let config = config(protocol.at(dead_address())).retry_for(Duration::from_millis(1));
        let pipeline = Pipeline::start(config).unwrap();
        spans(&Handle::builder(pipeline.recorder()).build(), 3);
        let report = pipeline.flush_blocking(ENOUGH);
        assert!(report.is_complete);
        assert_eq!(report.counts.dropped.export_failed, 3, "{protocol:?}");
    }
}

#[test]
fn a_receiver_that_comes_back_gets_what_waited() {
    for protocol in BOTH {
        while !is_served_after_a_restart(protocol) {}
    }
}

/// False where another process took the receiver's port while it was away.
fn is_served_after_a_restart(protocol: Protocol) -> bool {
    let receiver = Receiver::start();
    let (http, grpc) = (receiver.http_addr(), receiver.grpc_addr());
    let (pipeline, handle) = start(protocol.endpoint(&receiver));
    spans(&handle, 1);
    assert_eq!(pipeline.flush_blocking(ENOUGH).counts.delivered, 1);

    receiver.stop();
    spans(&handle, 5);
    assert!(!pipeline.flush_blocking(Duration::from_millis(50)).is_complete, "{protocol:?}");

    let Ok(receiver) = Receiver::builder().http_addr(http).grpc_addr(grpc).start() else {
        pipeline.shutdown_blocking(Duration::ZERO);
        return false;
    };
    let report = pipeline.flush_blocking(ENOUGH);
    assert_eq!((report.is_complete, report.counts.delivered), (true, 6), "{protocol:?}");
    assert_eq!(receiver.received().spans, 5);
    true
}

#[test]
fn a_black_hole_holds_up_neither_flush_nor_shutdown() {
    for protocol in BOTH {
        let hole = BlackHole::open();
        let (pipeline, handle) = start(protocol.at(hole.address()));
        spans(&handle, 3);
        let report = pipeline.flush_blocking(Duration::from_millis(100));
        assert!(!report.is_complete, "{protocol:?}");
        assert_eq!(report.counts.in_flight + report.counts.queued, 3);
        let report = pipeline.shutdown_blocking(Duration::from_millis(100));
        assert!(!report.is_complete);
        let counts = report.counts;
        assert_eq!(counts.unacknowledged + counts.dropped.shutdown, 3, "{protocol:?} {counts:?}");
        assert_adds_up(&counts);
    }
}

#[test]
fn a_connection_that_was_forgotten_on_the_way_is_replaced() {
    for protocol in BOTH {
        let receiver = Receiver::start();
        let gate = Gate::before(protocol.address(&receiver));
        let (pipeline, handle) = start(protocol.at(gate.address()).timeout(Duration::from_millis(300)));
        spans(&handle, 1);
        assert_eq!(pipeline.flush_blocking(ENOUGH).counts.delivered, 1);
        gate.forget();
        spans(&handle, 1);
        assert_eq!(pipeline.flush_blocking(ENOUGH).counts.unacknowledged, 1, "{protocol:?}");
        spans(&handle, 1);
        let counts = pipeline.flush_blocking(ENOUGH).counts;
        assert_eq!((counts.delivered, counts.unacknowledged), (2, 1), "{protocol:?}");
        assert_honest(&counts, &receiver);
    }
}

#[test]
fn an_answer_that_breaks_off_or_is_a_stranger_s_proves_nothing() {
    for answer in [
        b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 9\r\n\r\n\x0a"
            .as_slice(),
        b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 7\r\n\r\nwelcome",
        b"HTTP/1.1 200",
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ] {
        let (pipeline, handle) = start(Protocol::Http.at(answer_once(answer)));
        let operation = Operation::builder(&SCOPE, "fails", SpanKind::Internal).handle(handle).root().start();
        operation.finish(Outcome::Error("e"));
        let counts = pipeline.flush_blocking(ENOUGH).counts;
        assert_eq!(counts.unacknowledged, 1, "{}", answer.escape_ascii());
    }
}
