//! Takes batches off the queue and sends them, one after the other, until each has its fate.
//!
//! It is a single future that never ends before the queue does; it starts no thread.

mod backoff;
mod fence;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::time::{Instant, sleep, timeout_at};

use self::{
    backoff::Backoff,
    fence::{Panicked, fence},
};
use crate::{
    encode::encode_request,
    queue::{EndedSpan, Fate, Next, Queue},
    transport::{Answer, Payload, Transport},
};

/// What keeps a step that panics each time from taking a whole processor.
const PAUSE_AFTER_PANIC: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) queue: Arc<Queue>,
    pub(crate) transport: Box<dyn Transport>,
    /// The resource, as it is sent.
    pub(crate) resource: Vec<u8>,
    pub(crate) batch_interval: Duration,
    pub(crate) retry_for: Duration,
}

impl Worker {
    /// Returns once the queue is closed and everything was sent, or was abandoned.
    pub(crate) async fn run(&self) {
        loop {
            tokio::select! {
                biased;
                () = self.queue.wait_for_abandonment() => return,
                stepped = fence(self.step()) => match stepped {
                    Ok(true) => {}
                    Ok(false) => return,
                    Err(Panicked) => {
                        self.queue.settle_after_panic();
                        sleep(PAUSE_AFTER_PANIC).await;
                    }
                },
            }
        }
    }

    /// Sends one batch. False: there will be none any more.
    async fn step(&self) -> bool {
        match self.next_batch().await {
            Some(batch) => {
                self.deliver(batch).await;
                true
            }
            None => false,
        }
    }

    async fn next_batch(&self) -> Option<Vec<EndedSpan>> {
        let (mut end_of_interval, mut is_time_up) = (None, false);
        loop {
            match self.queue.next(is_time_up) {
                Next::Send(batch) => return Some(batch),
                Next::Finished => return None,
                Next::Idle => self.queue.wait_for_work().await,
                Next::Gather => {
                    let end = *end_of_interval.get_or_insert_with(|| Instant::now() + self.batch_interval);
                    is_time_up = timeout_at(end, self.queue.wait_for_work()).await.is_err();
                }
            }
        }
    }

    async fn deliver(&self, batch: Vec<EndedSpan>) {
        let spans = batch.iter().map(|span| (&span.scope, span.message.as_slice()));
        let body = Bytes::from(encode_request(&self.resource, spans));
        drop(batch);
        if let Some(fate) = self.send(body).await {
            self.queue.settle(fate);
        }
    }

    /// Sends until there is a fate; none where the batch was given up meanwhile.
    ///
    /// A request is sent again only where the receiver said that it did not take the spans, or nothing
    /// had left yet. Else the receiver may have them, and would have them twice.
    async fn send(&self, body: Bytes) -> Option<Fate> {
        let mut backoff = Backoff::new(self.retry_for);
        let mut attempt = self.queue.next_attempt(false)?;
        loop {
            // A connection that the receiver closed while nothing was sent is noticed now, not after a
            // request was lost on it.
            tokio::task::yield_now().await;
            let payload = Payload { body: body.clone(), attempt: Arc::clone(&attempt) };
            let (asked, may_be_taken) = match self.transport.send(payload).await {
                Answer::Taken { rejected } => return Some(Fate::Delivered { rejected }),
                Answer::Refused => return Some(Fate::Rejected),
                Answer::Failed => return Some(Fate::Failed),
                Answer::Nothing if !attempt.withdraw() => return Some(Fate::Unanswered),
                Answer::Nothing => (None, false),
                Answer::Later { after, may_be_taken } => (after, may_be_taken),
            };
            // The next attempt exists from now on, so that a batch that is given up in the pause is
            // known not to be under way.
            attempt = self.queue.next_attempt(may_be_taken)?;
            match backoff.pause(asked) {
                Some(pause) => sleep(pause).await,
                None => return Some(Fate::Failed),
            }
        }
    }
}
