//! Where a request ends: with its response's body, or where nobody wants more of it.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
    time::Instant,
};

use reqwest::StatusCode;
use trilha_core::{Operation, Outcome};

use crate::error::error_type;

/// The operation of a response whose body is still to come. Dropped, it ends it.
#[derive(Debug)]
pub(crate) struct BodyEnd {
    operation: Option<Operation>,
    status: StatusCode,
    /// When the headers, or the last piece of the body, arrived.
    arrived: Instant,
    /// Somebody waits for the next piece.
    is_awaited: bool,
}

impl BodyEnd {
    /// Without an operation, as of a request that is not traced, nothing ends here.
    pub(crate) fn new(operation: Option<Operation>, status: StatusCode) -> Self {
        Self { operation, status, arrived: Instant::now(), is_awaited: false }
    }

    /// Reads something of the body as the operation.
    pub(crate) async fn read<T>(
        &mut self,
        reading: impl Future<Output = reqwest::Result<T>>,
    ) -> reqwest::Result<T> {
        let mut reading = pin!(reading);
        poll_fn(|cx| self.poll(|| reading.as_mut().poll(cx))).await
    }

    /// Polls something of the body as the operation. An error ends it.
    pub(crate) fn poll<T>(
        &mut self,
        poll: impl FnOnce() -> Poll<reqwest::Result<T>>,
    ) -> Poll<reqwest::Result<T>> {
        let polled = match &mut self.operation {
            Some(operation) => operation.enter(poll),
            None => poll(),
        };
        self.is_awaited = polled.is_pending();
        if polled.is_ready() {
            self.arrived = Instant::now();
        }
        if let Poll::Ready(Err(error)) = &polled {
            self.end(Outcome::Error(error_type(error)));
        }
        polled
    }

    /// Nothing more is to come, or wanted.
    pub(crate) fn finish(&mut self) {
        self.end(Outcome::Ok);
    }

    /// A status that is an error says more than what befell the body after it.
    fn end(&mut self, outcome: Outcome<'_>) {
        let Some(operation) = self.operation.take() else { return };
        let outcome = match self.status.as_u16() {
            400.. => Outcome::Error(self.status.as_str()),
            _ => outcome,
        };
        operation.finish_at(outcome, self.arrived);
    }
}

impl Drop for BodyEnd {
    fn drop(&mut self) {
        if self.is_awaited {
            self.arrived = Instant::now();
        }
        self.end(match (self.is_awaited, std::thread::panicking()) {
            (false, _) => Outcome::Ok,
            (true, false) => Outcome::Cancelled,
            (true, true) => Outcome::Panicked,
        });
    }
}
