//! A future that runs as an operation.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;

use super::{Operation, Outcome};

pin_project! {
    /// The future of [`Operation::run`] and [`Operation::run_with`].
    ///
    /// Dropped before its end, the operation is cancelled; a panic in it ends the operation as panicked,
    /// also where somebody above catches the panic.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Run<F, O> {
        #[pin]
        future: F,
        operation: Option<Operation>,
        outcome: O,
    }
}

impl<F, O> Run<F, O> {
    pub(super) fn new(operation: Operation, future: F, outcome: O) -> Self {
        Self { future, operation: Some(operation), outcome }
    }
}

impl<F, O> Future for Run<F, O>
where
    F: Future,
    O: FnMut(&F::Output) -> Outcome<'static>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let output = ready!(match this.operation {
            Some(operation) => operation.enter(|| this.future.poll(cx)),
            None => this.future.poll(cx),
        });
        if let Some(operation) = this.operation.take() {
            operation.finish((this.outcome)(&output));
        }
        Poll::Ready(output)
    }
}
