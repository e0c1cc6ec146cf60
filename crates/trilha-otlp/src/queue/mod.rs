//! The bounded queue between those who end spans and the worker who sends them, and the ledger of all
//! spans: one lock, so that every snapshot adds up.
//!
//! It never blocks whoever ends a span, and sends nothing itself.

mod attempt;
mod state;
#[cfg(test)]
mod tests;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use parking_lot::{Condvar, Mutex};
use tokio::sync::Notify;
use trilha_core::SpanCounts;

use self::state::{Pushed, State};
pub(crate) use self::{
    attempt::Attempt,
    state::{EndedSpan, Fate},
};

/// How much waits, and how much is sent at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) queue_spans: usize,
    pub(crate) queue_bytes: usize,
    pub(crate) batch_spans: usize,
    pub(crate) batch_bytes: usize,
}

/// Queue and ledger.
#[derive(Debug)]
pub(crate) struct Queue {
    bounds: Bounds,
    created: AtomicU64,
    sampled_out: AtomicU64,
    state: Mutex<State>,
    /// Tells the worker that there is something to do.
    work: Notify,
    /// Tells the worker that what it holds was given up.
    abandoned: Notify,
    /// Tell those who wait for spans that some were settled: a thread, a future.
    progress: Condvar,
    progress_async: Notify,
}

/// What the worker should do next.
#[derive(Debug)]
pub(crate) enum Next {
    /// Send these.
    Send(Vec<EndedSpan>),
    /// Wait for a full batch, or for the interval's end.
    Gather,
    /// Wait for the first span.
    Idle,
    /// Stop: there is nothing, and never will be.
    Finished,
}

impl Queue {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            created: AtomicU64::default(),
            sampled_out: AtomicU64::default(),
            state: Mutex::default(),
            work: Notify::new(),
            abandoned: Notify::new(),
            progress: Condvar::new(),
            progress_async: Notify::new(),
        }
    }

    /// A span starts; it will be [ended](Self::end) exactly once.
    pub(crate) fn start(&self) {
        self.created.fetch_add(1, Relaxed);
    }

    /// A span was not kept.
    pub(crate) fn sample_out(&self) {
        self.sampled_out.fetch_add(1, Relaxed);
    }

    /// A span ended: it waits, or is dropped and counted.
    pub(crate) fn end(&self, span: EndedSpan) {
        let pushed = self.state.lock().push(span, &self.bounds);
        if pushed == Pushed::Wakes {
            self.work.notify_one();
        }
    }

    /// What became of every span.
    pub(crate) fn counts(&self) -> SpanCounts {
        let state = self.state.lock();
        // Read after the lock was taken: whoever counted a span as ended under it had counted it as
        // created before, so `created` is never behind, and what it is ahead is what is open.
        state.counts(self.created.load(Relaxed), self.sampled_out.load(Relaxed))
    }

    /// What the worker should do; `is_time_up` says that the interval is over.
    pub(crate) fn next(&self, is_time_up: bool) -> Next {
        let mut state = self.state.lock();
        if is_time_up || state.is_due(&self.bounds) {
            let batch = state.take(&self.bounds);
            if !batch.is_empty() {
                return Next::Send(batch);
            }
        }
        match (state.is_empty(), state.is_closed()) {
            (true, true) => Next::Finished,
            (true, false) => Next::Idle,
            (false, _) => Next::Gather,
        }
    }

    /// Returns when [`next`](Self::next) may have a new answer.
    pub(crate) async fn wait_for_work(&self) {
        self.work.notified().await;
    }

    /// Starts an attempt to send the batch in flight; none where it was given up.
    pub(crate) fn next_attempt(&self, may_be_taken: bool) -> Option<Arc<Attempt>> {
        self.state.lock().next_attempt(may_be_taken)
    }

    /// Counts the batch in flight.
    pub(crate) fn settle(&self, fate: Fate) {
        self.state.lock().settle(fate);
        self.tell_progress();
    }

    /// Counts the batch in flight after a panic of the worker's step.
    pub(crate) fn settle_after_panic(&self) {
        self.state.lock().settle_after_panic();
        self.tell_progress();
    }

    /// Takes no more spans; what waits is still sent.
    pub(crate) fn close(&self) {
        self.state.lock().close();
        self.work.notify_one();
    }

    /// Takes no more spans, and counts those that wait or fly as lost or unacknowledged.
    pub(crate) fn abandon(&self) {
        self.state.lock().abandon();
        self.abandoned.notify_one();
        self.tell_progress();
    }

    /// Returns once the queue was abandoned.
    pub(crate) async fn wait_for_abandonment(&self) {
        self.abandoned.notified().await;
    }

    /// Has all that entered so far sent without waiting for more; the goal is that it was.
    pub(crate) fn flush(&self) -> Goal {
        let entered = self.state.lock().flush();
        self.work.notify_one();
        Goal::Settled(entered)
    }

    /// Whether this is reached already.
    pub(crate) fn has_reached(&self, goal: Goal) -> bool {
        goal.is_reached(&self.state.lock())
    }

    /// Whether spans were given up at a shutdown's deadline.
    pub(crate) fn was_abandoned(&self) -> bool {
        self.state.lock().was_abandoned()
    }

    /// Blocks until `goal` is reached, at most until `deadline`.
    pub(crate) fn block_until(&self, goal: Goal, deadline: Option<Instant>) {
        let mut state = self.state.lock();
        while !goal.is_reached(&state) {
            match deadline {
                Some(deadline) if self.progress.wait_until(&mut state, deadline).timed_out() => return,
                Some(_) => {}
                None => self.progress.wait(&mut state),
            }
        }
    }

    /// Returns once `goal` is reached.
    pub(crate) async fn wait_until(&self, goal: Goal) {
        loop {
            let progress = self.progress_async.notified();
            let mut progress = std::pin::pin!(progress);
            progress.as_mut().enable(); // before the look, so that no progress in between is missed
            if goal.is_reached(&self.state.lock()) {
                return;
            }
            progress.await;
        }
    }

    fn tell_progress(&self) {
        self.progress.notify_all();
        self.progress_async.notify_waiters();
    }
}

/// What somebody waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    /// Of the spans that entered up to here none waits or flies any more.
    Settled(u64),
    /// No span waits or flies, and none ever will.
    Finished,
}

impl Goal {
    fn is_reached(self, state: &State) -> bool {
        match self {
            Self::Settled(entered) => state.is_settled(entered),
            Self::Finished => state.is_finished(),
        }
    }
}
