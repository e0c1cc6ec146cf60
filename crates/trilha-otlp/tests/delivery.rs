//! Spans arrive as they were made, over both protocols; nothing else is sent.

mod support;

use std::time::{Duration, SystemTime};

use opentelemetry::{Array, Context, trace::TraceContextExt};
use support::{BOTH, ENOUGH, Protocol, SCOPE, assert_honest, config, spans, start};
use trilha_core::{
    Handle, Operation, Outcome, Recorder, Scope, SpanKind, TraceContext,
    recorder::{SpanStart, Value},
    sampling::Sampler,
};
use trilha_otlp::{Limits, Pipeline};
use trilha_testing::{Fault, Receiver};

#[test]
fn a_trace_arrives_as_it_was_made() {
    for protocol in BOTH {
        let receiver = Receiver::start();
        let (pipeline, handle) = start(protocol.endpoint(&receiver).header("x-key", "sesame"));

        let mut server = Operation::builder(&SCOPE, "GET /orders", SpanKind::Server)
            .handle(handle.clone())
            .attributes(&[("http.request.method", Value::Str("GET"))])
            .root()
            .start();
        let cause = TraceContext::of_child(None, |_| true);
        server.enter(|| {
            let other = Scope::foreign("other-scope".to_owned(), "");
            let client = Operation::builder(&other, "SELECT", SpanKind::Client)
                .link(cause.clone(), &[("n", Value::Int(1))])
                .start();
            client.set_attribute("db.rows", 3);
            client.set_attribute("db.rows", 4);
            let list = Array::String(vec!["a".into(), "b".into()]);
            client.set_attribute("list", Value::Array(&list));
            client.span().unwrap().add_event("fetched", None, &[("ratio", Value::Float(0.5))]);
            client.finish(Outcome::Error("timeout"));
        });
        server.set_name("GET /orders/{id}");
        let trace_id = server.trace_context().trace_id();
        server.finish(Outcome::Ok);

        let report = pipeline.flush_blocking(ENOUGH);
        assert!(report.is_complete);
        assert_eq!((report.counts.created, report.counts.delivered), (2, 2));

        let trace = receiver.trace(trace_id).blocking();
        let server = trace.span("GET /orders/{id}");
        assert_eq!(server.kind, SpanKind::Server);
        assert_eq!(server.str("http.request.method"), Some("GET"));
        assert_eq!(server.service(), "pipeline-test");
        assert_eq!((server.scope.name.as_str(), server.scope.version.as_str()), ("test-scope", "1.2.3"));
        assert!(server.start <= server.end && server.end <= SystemTime::now());
        assert_eq!(server.flags, 0x103); // sampled, random, and known to have no remote parent

        let client = trace.span("SELECT");
        client.is_child_of("GET /orders/{id}");
        assert_eq!(client.kind, SpanKind::Client);
        assert_eq!(client.int("db.rows"), Some(4));
        assert_eq!(client.str("error.type"), Some("timeout"));
        assert_eq!(client.scope.name, "other-scope");
        assert_eq!(client.events[0].name, "fetched");
        assert_eq!(client.links[0].trace_id, cause.trace_id());

        let [request] = &receiver.requests()[..] else { panic!("one request") };
        assert_eq!(request.header("x-key"), Some("sesame"));
        assert!(request.header("user-agent").unwrap().starts_with("trilha-otlp/"));
        assert_honest(&pipeline.counts(), &receiver);
    }
}

#[cfg(feature = "gzip")]
#[test]
fn compressed_requests_arrive() {
    for protocol in BOTH {
        let receiver = Receiver::start();
        let (pipeline, handle) = start(protocol.endpoint(&receiver).gzip());
        spans(&handle, 100);
        let counts = pipeline.flush_blocking(ENOUGH).counts;
        assert_eq!(counts.delivered, 100, "{protocol:?}");
        assert_honest(&counts, &receiver);
        let [request] = &receiver.requests()[..] else { panic!("one request") };
        let header = match protocol {
            Protocol::Http => "content-encoding",
            Protocol::Grpc => "grpc-encoding",
        };
        assert_eq!(request.header(header), Some("gzip"));
    }
}

#[test]
fn a_span_leaves_after_the_interval_without_a_flush() {
    for protocol in BOTH {
        let receiver = Receiver::start();
        let config = config(protocol.endpoint(&receiver)).batch_interval(Duration::from_millis(1));
        let pipeline = Pipeline::start(config).unwrap();
        spans(&Handle::builder(pipeline.recorder()).build(), 1);
        receiver.received_when(|received| received.spans == 1).blocking();
    }
}

#[test]
fn many_spans_arrive_once_each_in_batches() {
    for protocol in BOTH {
        let receiver = Receiver::start();
        let (pipeline, handle) = start(protocol.endpoint(&receiver));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| spans(&handle, 1_000));
            }
        });
        let counts = pipeline.flush_blocking(ENOUGH).counts;
        let received = receiver.received();
        assert_eq!((counts.delivered, received.spans, received.repeated_spans), (4_000, 4_000, 0));
        assert!((8..100).contains(&received.requests), "{received:?}");
    }
}

#[test]
fn a_remote_parent_is_continued_and_said_to_be_remote() {
    let receiver = Receiver::start();
    let (pipeline, handle) = start(Protocol::Http.endpoint(&receiver));
    let parent = TraceContext::of_child(None, |_| true);
    let operation = Operation::builder(&SCOPE, "process", SpanKind::Consumer)
        .handle(handle)
        .remote_parent(Some(parent.clone()))
        .start();
    operation.finish(Outcome::Ok);
    pipeline.flush_blocking(ENOUGH);

    let trace = receiver.trace_under(parent.trace_id(), parent.span_id()).blocking();
    assert_eq!(trace.span("process").flags, 0x303);
}

#[test]
fn a_span_that_is_sampled_out_has_ids_and_is_counted_apart() {
    let receiver = Receiver::start();
    let config = config(Protocol::Http.endpoint(&receiver)).sampler(Sampler::always_off().parent_based());
    let pipeline = Pipeline::start(config).unwrap();
    let handle = Handle::builder(pipeline.recorder()).build();

    let dropped =
        Operation::builder(&SCOPE, "dropped", SpanKind::Internal).handle(handle.clone()).root().start();
    assert!(!dropped.is_recording());
    assert!(dropped.trace_context().traceparent().is_some_and(|traceparent| !traceparent.is_sampled()));
    dropped.finish(Outcome::Ok);

    let parent = TraceContext::of_child(None, |_| true);
    let kept = Operation::builder(&SCOPE, "kept", SpanKind::Internal)
        .handle(handle)
        .remote_parent(Some(parent))
        .start();
    kept.finish(Outcome::Ok);

    let counts = pipeline.flush_blocking(ENOUGH).counts;
    assert_eq!((counts.created, counts.sampled_out, counts.delivered), (1, 1, 1));
}

#[test]
fn a_span_that_nobody_ended_is_sent_when_it_is_dropped() {
    let receiver = Receiver::start();
    let (pipeline, _) = start(Protocol::Http.endpoint(&receiver));
    let record = pipeline.recorder().start(&SpanStart::new(&SCOPE, "", &SpanKind::Internal));
    record.set_name("forgotten");
    record.set_attribute("k", Value::Bool(true));
    assert_eq!(pipeline.counts().open, 1);
    let trace_id = record.trace_context().trace_id();
    drop(record);
    let counts = pipeline.flush_blocking(ENOUGH).counts;
    assert_eq!((counts.open, counts.delivered), (0, 1));
    receiver.trace(trace_id).blocking().span("forgotten").has("k", true);
}

#[test]
fn limits_hold_for_what_arrives() {
    let receiver = Receiver::start();
    let config =
        config(Protocol::Http.endpoint(&receiver)).limits(Limits::default().attributes(2).value_chars(3));
    let pipeline = Pipeline::start(config).unwrap();
    let operation = Operation::builder(&SCOPE, "limited", SpanKind::Internal)
        .handle(Handle::builder(pipeline.recorder()).build())
        .root()
        .start();
    for key in ["a", "b", "c"] {
        operation.set_attribute(key, "12345");
    }
    let trace_id = operation.trace_context().trace_id();
    operation.finish(Outcome::Ok);
    pipeline.flush_blocking(ENOUGH);
    let trace = receiver.trace(trace_id).blocking();
    let span = trace.span("limited");
    assert_eq!((span.str("a"), span.str("b"), span.str("c")), (Some("123"), Some("123"), None));
    assert_eq!(span.dropped_attributes, 1);
}

#[test]
fn the_span_of_the_context_records() {
    let receiver = Receiver::start();
    let (pipeline, handle) = start(Protocol::Http.endpoint(&receiver));
    let mut operation = Operation::builder(&SCOPE, "work", SpanKind::Internal).handle(handle).root().start();
    operation.enter(|| {
        Context::current().span().set_attribute(opentelemetry::KeyValue::new("user.code", 7));
    });
    let trace_id = operation.trace_context().trace_id();
    operation.finish(Outcome::Ok);
    pipeline.flush_blocking(ENOUGH);
    assert_eq!(receiver.trace(trace_id).blocking().span("work").int("user.code"), Some(7));
}

#[test]
fn a_burst_waits_whole_where_the_receiver_is_slow_to_take_it() {
    let receiver = Receiver::start();
    receiver.respond(Fault::Status(503));
    let (pipeline, handle) = start(Protocol::Http.endpoint(&receiver));
    spans(&handle, 20_000);
    let counts = pipeline.counts();
    assert_eq!((counts.queued + counts.in_flight, counts.dropped.total()), (20_000, 0), "{counts:?}");
    receiver.recover();
    let report = pipeline.shutdown_blocking(ENOUGH);
    assert_eq!(report.counts.delivered, 20_000, "{report:?}");
    assert_honest(&report.counts, &receiver);
}
