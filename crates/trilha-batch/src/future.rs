//! A future that runs as a run or a partition.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use trilha_core::Outcome;

use crate::step::Step;

pin_project! {
    /// The future of [`BatchRun::run`](crate::BatchRun::run) and [`Partition::run`](crate::Partition::run).
    ///
    /// Dropped before its end, the run or partition is cancelled; a panic in it ends it as panicked,
    /// also where somebody above catches the panic.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Run<F> {
        #[pin]
        future: F,
        step: AbandonOnDrop,
    }
}

impl<F> Run<F> {
    pub(crate) fn new(step: Arc<Step>, future: F) -> Self {
        Self { future, step: AbandonOnDrop(step) }
    }
}

impl<F, T, E> Future for Run<F>
where
    F: Future<Output = Result<T, E>>,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let AbandonOnDrop(step) = this.step;
        let result = ready!(step.enter(|| this.future.poll(cx)));
        step.end(Outcome::of(&result));
        Poll::Ready(result)
    }
}

#[derive(Debug)]
struct AbandonOnDrop(Arc<Step>);

impl Drop for AbandonOnDrop {
    fn drop(&mut self) {
        self.0.abandon();
    }
}
