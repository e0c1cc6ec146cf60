//! Takes batches off the queue and sends them, one after the other, until each has its fate.
//!
//! It is a single future that never ends before the queue does; it starts no thread.

mod backoff;
mod log;
mod parts;
#[cfg(test)]
mod tests;
mod thread;

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep, timeout_at};
use trilha_core::fence::{Callback, Panics};

pub(crate) use self::thread::WorkerThread;
use self::{backoff::Backoff, log::Log, parts::Doubt};
use crate::{
    encode::{Pieces, encode_request},
    queue::{Batch, Fate, Next, Queue, TURNS},
    transport::{Answer, Payload, Transport},
};

/// What keeps a step that panics each time from taking a whole processor.
const PAUSE_AFTER_PANIC: Duration = Duration::from_millis(100);

/// Loss is over once there was none for so long: where one span in a hundred is lost, it does not end every second.
const CALM: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) queue: Arc<Queue>,
    pub(crate) transport: Box<dyn Transport>,
    /// The resource, as it is sent.
    pub(crate) resource: Vec<u8>,
    pub(crate) batch_interval: Duration,
    pub(crate) retry_for: Duration,
    pub(crate) overdue_after: Duration,
    pub(crate) panics: Panics,
}

/// What came of a request.
#[derive(Clone, Copy, Debug)]
enum Sent {
    /// This became of its spans.
    Fate(Fate),
    /// Refused for what is in it: some of the spans may be wanted.
    Unfit,
}

impl Worker {
    /// Returns once the queue is closed and everything was sent, or was abandoned.
    pub(crate) async fn run(&self) {
        let mut log = Log::new(self.panics.clone());
        tokio::select! {
            biased;
            () = self.queue.wait_for_abandonment() => {}
            () = self.tell(&mut log) => {}
            () = self.turn() => {}
            () = self.look_for_loss() => {}
            () = self.work() => {}
        }
        log.write(self.queue.take_last_notices());
        log.finish().await;
    }

    async fn work(&self) {
        let mut doubt = Doubt::default();
        loop {
            match self.panics.fence_future(Callback::Transport, self.step(&mut doubt)).await {
                Some(true) => {}
                Some(false) => return,
                None => {
                    self.queue.settle_after_panic();
                    sleep(PAUSE_AFTER_PANIC).await;
                }
            }
        }
    }

    /// Never returns. A batch that takes its time holds up no notice.
    async fn tell(&self, log: &mut Log) {
        loop {
            log.write(self.queue.wait_for_notices().await);
        }
    }

    /// Never returns.
    async fn look_for_loss(&self) {
        loop {
            sleep(CALM).await;
            self.queue.look_for_loss();
        }
    }

    /// Never returns. A turn may be late, and is never early: what is called overdue is.
    async fn turn(&self) {
        loop {
            sleep(self.overdue_after / TURNS).await;
            self.queue.turn();
        }
    }

    /// Sends one batch. False: there will be none any more.
    async fn step(&self, doubt: &mut Doubt) -> bool {
        match self.next_batch().await {
            Some(batch) => {
                self.deliver(batch, doubt).await;
                true
            }
            None => false,
        }
    }

    async fn next_batch(&self) -> Option<Batch> {
        let (mut end_of_interval, mut is_time_up) = (None, false);
        loop {
            match self.queue.next(is_time_up) {
                Next::Send(batch) => return Some(batch),
                Next::Finished => return None,
                Next::Idle => {
                    self.queue.wait_for_work().await;
                    (end_of_interval, is_time_up) = (None, false);
                }
                Next::Gather => {
                    let end = *end_of_interval.get_or_insert_with(|| Instant::now() + self.batch_interval);
                    is_time_up = timeout_at(end, self.queue.wait_for_work()).await.is_err();
                }
            }
        }
    }

    /// Sends a batch, and in smaller parts what the receiver refuses for what is in it.
    async fn deliver(&self, batch: Batch, doubt: &mut Doubt) {
        let mut parts = doubt.whole(batch.len());
        let mut backoff = Backoff::new(self.retry_for);
        while let Some(part) = parts.next() {
            let body = encode_request(&self.resource, batch.part(part.clone()));
            let Some(sent) = self.send(body, part.len(), &mut backoff).await else { return };
            match sent {
                Sent::Unfit if parts.split(part) => continue,
                Sent::Unfit => self.queue.settle(Fate::Rejected),
                Sent::Fate(fate) => {
                    if matches!(fate, Fate::Delivered { .. }) {
                        parts.taken();
                    }
                    self.queue.settle(fate);
                }
            }
        }
        doubt.learn(&parts);
        self.queue.settle_rest(if parts.is_refused() { Fate::Rejected } else { Fate::Failed });
    }

    /// Sends so many spans until there is an answer; none where the batch was given up meanwhile.
    ///
    /// A request is sent again only where the receiver said that it did not take the spans, or nothing
    /// had left yet. Else the receiver may have them, and would have them twice.
    async fn send(&self, body: Pieces, spans: usize, backoff: &mut Backoff) -> Option<Sent> {
        let mut attempt = self.queue.next_attempt(spans, false)?;
        loop {
            // A connection that the receiver closed while nothing was sent is noticed now, not after a
            // request was lost on it. As a task: here a wake for something else would end it too soon.
            let _ = tokio::spawn(tokio::task::yield_now()).await;
            let payload = Payload { body: body.clone(), attempt: Arc::clone(&attempt) };
            let (asked, may_be_taken) = match self.transport.send(payload).await {
                Answer::Taken { rejected } => return Some(Sent::Fate(Fate::Delivered { rejected })),
                Answer::Unfit => return Some(Sent::Unfit),
                Answer::Refused => return Some(Sent::Fate(Fate::Rejected)),
                Answer::Failed => return Some(Sent::Fate(Fate::Failed)),
                Answer::Nothing if !attempt.withdraw() => return Some(Sent::Fate(Fate::Unanswered)),
                Answer::Nothing => (None, false),
                Answer::Later { after, may_be_taken } => (after, may_be_taken),
            };
            // The next attempt exists from now on, so that a batch that is given up in the pause is
            // known not to be under way.
            attempt = self.queue.next_attempt(spans, may_be_taken)?;
            match backoff.pause(asked) {
                Some(pause) => sleep(pause).await,
                None => return Some(Sent::Fate(Fate::Failed)),
            }
        }
    }
}
