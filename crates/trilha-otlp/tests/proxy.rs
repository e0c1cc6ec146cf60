//! Whatever stands between us and the receiver: nobody who ends a span waits for it, what waits stays within
//! its bounds, every span is counted, and what comes later arrives without help.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::{
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    thread,
    time::{Duration, Instant},
};

use support::{
    BOTH, ENOUGH, Protocol, assert_adds_up, assert_honest, config,
    proxy::{Proxy, Way},
    spans,
};
use trilha_core::{Handle, SpanCounts};
use trilha_otlp::Pipeline;
use trilha_testing::{Fault, Receiver};

const QUEUE: usize = 50;
const BATCH: usize = 10;

/// More than the queue and the batch under way can hold.
const SPANS: usize = 400;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\n";

const OK_AND_BODY: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\n\r\n";

const WELCOME: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 7\r\n\r\nwelcome";

/// Ends spans from two threads as long as the fault lasts, lifts it, and waits until a span gets through.
fn survive(protocol: Protocol, what: &str, way: Way, fault: Option<Fault>) -> SpanCounts {
    let receiver = Receiver::start();
    let proxy = Proxy::before(protocol.address(&receiver));
    let config = config(protocol.at(proxy.address()).timeout(Duration::from_millis(200)))
        .queue_spans(QUEUE)
        .batch_spans(BATCH)
        .batch_interval(Duration::from_millis(1))
        .retry_for(Duration::from_millis(500));
    let pipeline = Pipeline::start(config).unwrap();
    let handle = Handle::builder(pipeline.recorder()).build();
    let assert_true = |counts: &SpanCounts| match fault {
        Some(Fault::Refuse(_)) => assert_adds_up(counts), // the receiver keeps what it says it refused
        _ => assert_honest(counts, &receiver),
    };
    // A connection that is there when the fault begins.
    spans(&handle, 1);
    assert_eq!(pipeline.flush_blocking(ENOUGH).counts.delivered, 1, "{protocol:?} {what}");

    proxy.change(way);
    if let Some(fault) = fault {
        receiver.respond(fault);
    }
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let watch = scope.spawn(|| {
            while !is_over.load(SeqCst) {
                let counts = pipeline.counts();
                assert_adds_up(&counts);
                assert!(counts.queued <= QUEUE as u64 && counts.in_flight <= BATCH as u64, "{counts:?}");
            }
        });
        // The fault is lifted only after all of them have ended: an end that waited would never return.
        for ender in [(); 2].map(|()| scope.spawn(|| spans(&handle, SPANS / 2))) {
            ender.join().unwrap();
        }
        is_over.store(true, SeqCst);
        watch.join().unwrap();
    });
    // One batch at least has met the fault to its end.
    assert_adds_up(&pipeline.flush_blocking(Duration::from_millis(600)).counts);

    proxy.change(Way::Passes);
    receiver.recover();
    let (before, deadline) = (pipeline.counts().delivered, Instant::now() + ENOUGH);
    while pipeline.counts().delivered <= before {
        assert!(Instant::now() < deadline, "{protocol:?} {what}: nothing gets through again");
        spans(&handle, 1);
        pipeline.flush_blocking(Duration::from_millis(100));
    }
    let report = pipeline.shutdown_blocking(ENOUGH);
    assert!(report.is_complete, "{protocol:?} {what}");
    let counts = report.counts;
    assert_eq!((counts.queued, counts.in_flight, counts.open), (0, 0, 0));
    assert_true(&counts);
    assert_eq!(receiver.received().repeated_spans, 0, "{protocol:?} {what}");
    counts
}

/// Each protocol on a thread of its own: they wait more than they work.
fn both(what: &str, way: Way, fault: Option<Fault>, check: impl Fn(Protocol, &SpanCounts) + Sync) {
    thread::scope(|scope| {
        for protocol in BOTH {
            let check = &check;
            scope.spawn(move || check(protocol, &survive(protocol, what, way, fault)));
        }
    });
}

macro_rules! faults {
    ($($name:ident: $way:expr, $fault:expr, $check:expr;)*) => {$(
        #[test]
        fn $name() {
            both(stringify!($name), $way, $fault, $check);
        }
    )*};
}

faults! {
    a_dead_receiver: Way::IsDead, None, |_, counts| {
        assert!(counts.unacknowledged <= BATCH as u64); // what the connection broke under
        assert!(counts.dropped.queue_full > 0);
    };
    one_that_refuses_connections: Way::Refuses, None, |_, _| {};
    a_black_hole: Way::IsBlackHole, None, |_, counts| assert!(counts.dropped.queue_full > 0);
    one_that_reads_and_never_answers: Way::Swallows, None, |_, counts| assert!(counts.unacknowledged > 0);
    one_that_resets: Way::Resets, None, |_, _| {};
    one_that_answers_a_byte_a_second: Way::Trickles, None, |_, counts| assert!(counts.unacknowledged > 0);
    one_that_is_half_closed: Way::HalfCloses, None, |_, _| {};
    one_with_the_wrong_content_type: Way::Answers(WELCOME), None, |_, _| {};
    one_that_speaks_tls_where_we_do_not: Way::Answers(b"\x15\x03\x03\x00\x02\x02\x28"), None, |_, _| {};
    one_whose_answer_never_ends: Way::Floods(OK_AND_BODY, &[0; 1_024]), None, |_, counts| {
        assert!(counts.unacknowledged > 0);
    };
    one_whose_head_never_ends: Way::Floods(OK, b"x-more: and more of the same\r\n"), None, |_, counts| {
        assert!(counts.unacknowledged > 0);
    };
    one_that_throttles: Way::Passes, Some(Fault::Throttle(Duration::from_secs(1))), |_, counts| {
        assert_eq!(counts.unacknowledged, 0);
    };
    one_that_fails: Way::Passes, Some(Fault::Status(500)), |protocol, counts| match protocol {
        Protocol::Http => assert!(counts.dropped.export_failed > 0),
        Protocol::Grpc => assert!(counts.unacknowledged > 0), // INTERNAL is also what a broken answer is called
    };
    one_that_is_unavailable: Way::Passes, Some(Fault::Status(503)), |_, counts| {
        assert_eq!(counts.unacknowledged, 0);
        assert!(counts.dropped.export_failed > 0);
    };
    one_that_takes_a_part: Way::Passes, Some(Fault::Refuse(1)), |_, counts| {
        assert!(counts.dropped.rejected > 0);
    };
    one_that_wants_nothing_of_it: Way::Passes, Some(Fault::Status(400)), |_, counts| {
        assert!(counts.dropped.rejected > 0);
        assert_eq!(counts.unacknowledged, 0);
    };
    one_that_may_not_be_asked: Way::Passes, Some(Fault::Status(401)), |_, counts| {
        assert!(counts.dropped.rejected > 0);
        assert_eq!(counts.unacknowledged, 0);
    };
    one_whose_answers_get_lost: Way::Passes, Some(Fault::LoseAnswer), |_, counts| {
        assert!(counts.unacknowledged > 0);
    };
}
