//! Waiting: by condition, with a deadline that explains itself, from any kind of test.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use opentelemetry::trace::SpanId;
use support::*;
use trilha_testing::Receiver;

const SHORT: Duration = Duration::from_millis(50);

/// Sends spans from a thread and a runtime of its own, as an exporter does.
fn send_elsewhere(receiver: &Receiver, batches: Vec<Vec<opentelemetry_proto::tonic::trace::v1::Span>>) {
    let endpoint = receiver.http_endpoint();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            for spans in batches {
                send(&endpoint, spans).await.unwrap();
            }
        });
    });
}

#[test]
fn a_test_without_a_runtime_may_block() {
    let receiver = Receiver::start();
    send_elsewhere(&receiver, vec![vec![span(1, 1, None, "root")]]);
    receiver.trace(trace_id(1)).blocking().has_spans(1);
}

#[tokio::test]
async fn what_runs_on_the_same_runtime_goes_on_while_a_test_waits() {
    let receiver = Receiver::start();
    let endpoint = receiver.http_endpoint();
    tokio::spawn(async move { send(&endpoint, vec![span(1, 1, None, "root")]).await });
    receiver.trace(trace_id(1)).await.has_spans(1);
}

#[tokio::test(start_paused = true)]
async fn paused_time_does_not_pass_the_deadline() {
    let receiver = Receiver::start();
    send_elsewhere(&receiver, vec![vec![span(1, 1, None, "root")]]);
    receiver.trace(trace_id(1)).await.has_spans(1);
}

#[test]
fn any_executor_will_do() {
    let receiver = Receiver::start();
    send_elsewhere(&receiver, vec![vec![span(1, 1, None, "root")]]);
    block_on(async { receiver.trace(trace_id(1)).await.has_spans(1).clone() });
}

#[tokio::test]
async fn a_trace_is_waited_for_until_no_parent_is_missing() {
    let receiver = Receiver::start();
    send_elsewhere(
        &receiver,
        vec![
            vec![span(1, 3, Some(2), "leaf")],
            vec![span(1, 2, Some(1), "middle")],
            vec![span(1, 1, None, "root")],
        ],
    );
    let trace = receiver.trace(trace_id(1)).await;
    trace.has_spans(3).span("leaf").is_child_of("middle").is_descendant_of("root");
}

#[tokio::test]
async fn a_condition_asks_for_more_than_whole() {
    let receiver = Receiver::start();
    send_elsewhere(&receiver, vec![vec![span(1, 1, None, "root")], vec![span(1, 2, Some(1), "late")]]);
    let trace = receiver.trace(trace_id(1)).with(|trace| trace.spans().len() == 2).await;
    trace.span("late").is_child_of("root");
}

#[tokio::test]
async fn a_trace_may_hang_under_a_parent_that_nobody_sends() {
    let receiver = Receiver::start();
    send(&receiver.http_endpoint(), vec![span(1, 2, Some(1), "server")]).await.unwrap();
    let parent = SpanId::from_bytes([1; 8]);
    let trace = receiver.trace_under(trace_id(1), parent).await;
    trace.span("server").has_parent_id(parent);
    assert!(receiver.trace(trace_id(1)).within(SHORT).result().await.is_err());
}

#[tokio::test]
async fn a_trace_is_found_without_its_id() {
    let receiver = Receiver::start();
    let spans = vec![span(1, 1, None, "one"), span(2, 1, None, "two")];
    send(&receiver.http_endpoint(), spans).await.unwrap();
    let trace = receiver.trace_where(|trace| trace.root().name == "two").await;
    assert_eq!(trace.trace_id(), trace_id(2));
    let traces = receiver.wait_for(|traces| traces.len() == 2).await;
    assert_eq!(traces[0].trace_id(), trace_id(1));
    receiver.received_when(|counts| counts.spans == 2).await;
}

#[tokio::test]
async fn a_condition_may_ask_the_receiver_itself() {
    let receiver = Receiver::start();
    send(&receiver.http_endpoint(), vec![span(1, 1, None, "root")]).await.unwrap();
    let trace = receiver.trace(trace_id(1));
    trace.with(|_| receiver.received().spans == 1 && receiver.traces().len() == 1).await;
}

#[tokio::test]
async fn the_deadline_tells_what_there_is_and_what_is_missing() {
    let receiver = Receiver::start();
    let spans = vec![span(1, 1, None, "root"), span(1, 3, Some(2), "orphan")];
    send(&receiver.http_endpoint(), spans).await.unwrap();

    let started = Instant::now();
    let error = receiver.trace(trace_id(1)).within(SHORT).result().await.unwrap_err().to_string();
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(error.starts_with("the whole trace 01010101"), "{error}");
    assert!(error.contains("within 50ms (waited for at "), "{error}");
    assert!(error.contains("tests/wait.rs"), "{error}");
    assert!(error.contains("some parents have not arrived"), "{error}");
    assert!(error.contains("missing parent 0202020202020202"), "{error}");

    let error = receiver.trace(trace_id(9)).within(SHORT).blocking_result().unwrap_err();
    let error = error.to_string();
    assert!(error.contains("nothing of it has arrived; 1 trace(s) have arrived"), "{error}");

    let error = receiver.metric("m").within(SHORT).blocking_result().unwrap_err().to_string();
    assert!(error.starts_with("the metric m did not arrive within 50ms"), "{error}");
}

#[tokio::test]
#[should_panic(expected = "that meets the condition did not arrive")]
async fn a_wait_that_is_awaited_panics_at_its_deadline() {
    let receiver = Receiver::start();
    receiver.trace(trace_id(1)).with(|_| true).within(SHORT).await;
}

#[tokio::test]
async fn a_stopped_receiver_keeps_what_it_has_and_ends_every_wait() {
    let receiver = Receiver::start();
    send(&receiver.http_endpoint(), vec![span(1, 1, None, "root")]).await.unwrap();

    let started = Instant::now();
    thread::scope(|scope| {
        let (looked, has_looked) = std::sync::mpsc::channel();
        let nothing = receiver.wait_for(move |_| looked.send(()).is_err());
        let waiting = scope.spawn(|| nothing.blocking_result());
        has_looked.recv().unwrap();
        receiver.stop();
        let error = waiting.join().unwrap().unwrap_err().to_string();
        assert!(error.contains("before the receiver was stopped"), "{error}");
    });
    assert!(receiver.trace(trace_id(2)).result().await.is_err());
    assert!(started.elapsed() < Duration::from_secs(5));
    receiver.trace(trace_id(1)).await.has_spans(1);
}

#[tokio::test]
async fn ports_are_free_after_stop_and_after_drop() {
    let receiver = Receiver::start();
    let (http, grpc) = (receiver.http_addr(), receiver.grpc_addr());
    send(&receiver.http_endpoint(), vec![span(1, 1, None, "root")]).await.unwrap();
    receiver.stop();
    assert!(send(&receiver.http_endpoint(), vec![span(1, 1, None, "root")]).await.is_err());

    let again = Receiver::builder().http_addr(http).grpc_addr(grpc).start().unwrap();
    send(&again.http_endpoint(), vec![span(2, 1, None, "root")]).await.unwrap();
    again.trace(trace_id(2)).await;
    drop(again);
    drop((TcpListener::bind(http).unwrap(), TcpListener::bind(grpc).unwrap()));
}

#[test]
fn a_port_in_use_names_the_option() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let error = Receiver::builder().grpc_addr(address).start().unwrap_err();
    assert_eq!(error.option(), "grpc_addr");
    assert_eq!(error.address(), Some(address));
    assert_eq!(error.to_string(), format!("cannot listen on {address} (option grpc_addr)"));
}

#[tokio::test]
async fn updates_tell_traces_that_gained_spans() {
    let receiver = Receiver::start();
    let mut updates = receiver.updates();
    let endpoint = receiver.http_endpoint();
    send(&endpoint, vec![span(1, 1, None, "a"), span(2, 1, None, "b")]).await.unwrap();
    assert_eq!(updates.next().await.len(), 2);
    send(&endpoint, vec![span(2, 2, Some(1), "c")]).await.unwrap();
    let changed = updates.next().await;
    assert_eq!(changed[0].trace_id(), trace_id(2));
    receiver.stop();
    assert!(updates.next().await.is_empty());
}

/// The smallest executor that is not tokio.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    use std::sync::Arc;
    use std::task::{Context, Poll, Wake, Waker};
    struct Unpark(thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
