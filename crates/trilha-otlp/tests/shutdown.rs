//! Flush and shutdown in every shape of runtime, and without any.

mod support;

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

use support::{BlackHole, ENOUGH, Protocol, assert_adds_up, assert_honest, spans, start};
use trilha_core::{Operation, Outcome, SpanKind};
use trilha_testing::Receiver;

/// Runs a future on this thread, with nothing that a runtime offers.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        thread::park();
    }
}

async fn delivers_at_flush_and_shutdown() {
    let receiver = Receiver::start();
    let (pipeline, handle) = start(Protocol::Grpc.endpoint(&receiver));
    spans(&handle, 2);
    let report = pipeline.flush(ENOUGH).await;
    assert_eq!((report.is_complete, report.counts.delivered), (true, 2));
    spans(&handle, 2);
    let report = pipeline.shutdown(ENOUGH).await;
    assert_eq!((report.is_complete, report.counts.delivered), (true, 4));
    assert_honest(&report.counts, &receiver);
}

async fn keeps_its_deadline() {
    let hole = BlackHole::open();
    let (pipeline, handle) = start(Protocol::Http.at(hole.address()));
    spans(&handle, 2);
    assert!(!pipeline.flush(Duration::from_millis(50)).await.is_complete);
    let report = pipeline.shutdown(Duration::from_millis(50)).await;
    assert!(!report.is_complete);
    assert_eq!(report.counts.in_flight + report.counts.queued, 0);
    assert_adds_up(&report.counts);
}

#[test]
fn flush_and_shutdown_need_no_runtime() {
    block_on(delivers_at_flush_and_shutdown());
    block_on(keeps_its_deadline());
}

#[tokio::test(flavor = "current_thread")]
async fn they_work_on_a_current_thread_runtime() {
    delivers_at_flush_and_shutdown().await;
    keeps_its_deadline().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn they_work_on_a_runtime_of_one_worker() {
    delivers_at_flush_and_shutdown().await;
    keeps_its_deadline().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn they_work_on_a_runtime_of_many_workers() {
    tokio::spawn(delivers_at_flush_and_shutdown()).await.unwrap();
    tokio::spawn(keeps_its_deadline()).await.unwrap();
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn they_work_on_a_runtime_whose_clock_stands_still() {
    delivers_at_flush_and_shutdown().await;
    keeps_its_deadline().await;
}

#[tokio::test(flavor = "current_thread")]
async fn they_may_block_inside_of_a_runtime() {
    let receiver = Receiver::start();
    let (pipeline, handle) = start(Protocol::Grpc.endpoint(&receiver));
    spans(&handle, 2);
    assert_eq!(pipeline.flush_blocking(ENOUGH).counts.delivered, 2);
    assert!(pipeline.shutdown_blocking(ENOUGH).is_complete);
}

#[test]
fn a_shutdown_works_after_the_user_s_runtime_is_gone() {
    let receiver = Receiver::start();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (pipeline, handle) = runtime.block_on(async { start(Protocol::Grpc.endpoint(&receiver)) });
    drop(runtime);
    spans(&handle, 2);
    assert_eq!(pipeline.shutdown_blocking(ENOUGH).counts.delivered, 2);
}

#[test]
fn the_last_handle_that_is_dropped_shuts_down() {
    let receiver = Receiver::start();
    let (pipeline, handle) = start(Protocol::Http.endpoint(&receiver));
    let other = pipeline.clone();
    spans(&handle, 2);
    drop(pipeline);
    spans(&handle, 1);
    assert_eq!(other.counts().dropped.shutdown, 0);
    drop(other);
    assert_eq!(receiver.received().spans, 3);

    spans(&handle, 1);
    let counts = handle.span_counts();
    assert_eq!((counts.delivered, counts.dropped.shutdown), (3, 1));
}

#[test]
fn a_span_that_ends_after_shutdown_is_counted() {
    let receiver = Receiver::start();
    let (pipeline, handle) = start(Protocol::Http.endpoint(&receiver));
    let open = Operation::builder(&support::SCOPE, "late", SpanKind::Internal).handle(handle).root().start();
    let report = pipeline.shutdown_blocking(ENOUGH);
    assert!(report.is_complete);
    assert_eq!(report.counts.open, 1);
    open.finish(Outcome::Ok);
    let counts = pipeline.counts();
    assert_eq!((counts.open, counts.dropped.shutdown), (0, 1));
    assert_adds_up(&counts);
}

#[test]
fn shutting_down_again_and_at_once_is_harmless() {
    let receiver = Receiver::start();
    let (pipeline, handle) = start(Protocol::Http.endpoint(&receiver));
    spans(&handle, 100);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(pipeline.shutdown_blocking(ENOUGH).counts.delivered, 100));
            scope.spawn(|| assert_eq!(block_on(pipeline.shutdown(ENOUGH)).counts.delivered, 100));
        }
    });
    assert!(pipeline.shutdown_blocking(Duration::ZERO).is_complete);
    assert!(block_on(pipeline.flush(Duration::ZERO)).is_complete);
    assert!(pipeline.flush_blocking(Duration::MAX).is_complete);
}

#[test]
fn a_shutdown_whose_future_is_dropped_goes_on() {
    let receiver = Receiver::start();
    let (pipeline, handle) = start(Protocol::Http.endpoint(&receiver));
    spans(&handle, 3);
    let mut shutdown = Box::pin(pipeline.shutdown(ENOUGH));
    let _ = shutdown.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    drop(shutdown);
    receiver.received_when(|received| received.spans == 3).blocking();
}
