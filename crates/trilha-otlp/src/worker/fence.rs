//! A panic in one step of the worker ends that step, not the worker.

use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};

/// A step panicked.
#[derive(Debug)]
pub(super) struct Panicked;

/// Runs `step` to its end, or until it panics.
pub(super) async fn fence<T>(step: impl Future<Output = T>) -> Result<T, Panicked> {
    let mut step = pin!(step);
    poll_fn(|context| {
        // A step that panicked is dropped, never polled again: nobody sees it half done.
        match catch_unwind(AssertUnwindSafe(|| step.as_mut().poll(context))) {
            Ok(poll) => poll.map(Ok),
            Err(_) => Poll::Ready(Err(Panicked)),
        }
    })
    .await
}
