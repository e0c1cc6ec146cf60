//! The bounded queue between those who end spans and the worker who sends them, and the ledger of all
//! spans: one lock, so that every snapshot adds up.
//!
//! It never blocks whoever ends a span, and sends nothing itself.

mod ages;
mod attempt;
mod block;
mod loss;
#[cfg(all(shuttle, test))]
mod models;
mod notices;
mod ring;
mod state;
mod sync;
#[cfg(all(not(shuttle), test))]
mod tests;
mod waiting;

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Instant,
};

use trilha_core::{Process, SpanCounts};

pub(crate) use self::{
    ages::{Started, TURNS},
    attempt::Attempt,
    block::{Batch, EndedSpan},
    notices::Notice,
    state::Fate,
    waiting::Rank,
};
use self::{
    state::{Pushed, State},
    sync::{AtomicU64, Condvar, Mutex, Notify},
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
    process: Process,
    bounds: Bounds,
    created: AtomicU64,
    sampled_out: AtomicU64,
    state: Mutex<State>,
    /// Tells the worker that there is something to do.
    work: Notify,
    /// Tells the worker that what it holds was given up.
    abandoned: Notify,
    /// Tells the worker that there is something to say.
    notices: Notify,
    /// Tell those who wait for spans that some were settled: a thread, a future.
    progress: Condvar,
    progress_async: Notify,
}

/// What the worker should do next.
#[derive(Debug)]
pub(crate) enum Next {
    /// Send these.
    Send(Batch),
    /// Wait for a full batch, or for the interval's end.
    Gather,
    /// Wait for the first span: in all of an interval there was none.
    Idle,
    /// Stop: there is nothing, and never will be.
    Finished,
}

impl Queue {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            process: Process::current(),
            bounds,
            created: AtomicU64::new(0),
            sampled_out: AtomicU64::new(0),
            state: Mutex::default(),
            work: Notify::new(),
            abandoned: Notify::new(),
            notices: Notify::new(),
            progress: Condvar::new(),
            progress_async: Notify::new(),
        }
    }

    /// A span starts; it will be [ended](Self::end) exactly once.
    pub(crate) fn start(&self) -> Started {
        Started(self.created.fetch_add(1, Relaxed))
    }

    /// A span was not kept.
    pub(crate) fn sample_out(&self) {
        self.sampled_out.fetch_add(1, Relaxed);
    }

    /// A span ended: it waits, or is dropped and counted, or one of lower rank in its place. In a child of a fork
    /// nothing happens: the span is its parent's, which ends it too.
    #[inline]
    pub(crate) fn end(&self, started: Started, rank: Rank, span: EndedSpan<'_>) {
        if self.is_inherited() {
            return;
        }
        if self.change(|state| state.push(started, rank, span, &self.bounds)) == Pushed::Wakes {
            self.work.notify_one();
        }
    }

    /// A part of the time has passed after which an open span is overdue: one of [`TURNS`].
    pub(crate) fn turn(&self) {
        // Read under the lock: whoever ends a span under it has a number below what is read.
        self.change(|state| state.turn(self.created.load(Relaxed)));
    }

    /// A while has passed since it was last looked whether spans are lost.
    pub(crate) fn look_for_loss(&self) {
        self.change(State::look_for_loss);
    }

    /// Whether this process is a child of the one whose queue it is. Nobody takes from it here, and another thread
    /// may have held its lock when the process forked, for ever now.
    pub(crate) fn is_inherited(&self) -> bool {
        !self.process.is_current()
    }

    /// What became of every span.
    pub(crate) fn counts(&self) -> SpanCounts {
        let state = self.state.lock();
        // Read after the lock was taken: whoever counted a span as ended under it had counted it as
        // created before, so `created` is never behind, and what it is ahead is what is open.
        state.counts(self.created.load(Relaxed), self.sampled_out.load(Relaxed))
    }

    /// How many spans wait at most.
    pub(crate) fn capacity(&self) -> usize {
        self.bounds.queue_spans
    }

    /// What the worker should do; `is_time_up` says that the interval is over.
    pub(crate) fn next(&self, is_time_up: bool) -> Next {
        let mut state = self.state.lock();
        if (is_time_up || state.is_due(&self.bounds))
            && let Some(batch) = state.take(&self.bounds)
        {
            return Next::Send(batch);
        }
        match state.is_empty() {
            true if state.is_closed() => Next::Finished,
            true if is_time_up => {
                state.rest();
                Next::Idle
            }
            _ => Next::Gather,
        }
    }

    /// Returns when [`next`](Self::next) may have a new answer.
    pub(crate) async fn wait_for_work(&self) {
        self.work.notified().await;
    }

    /// Starts an attempt to send so many spans of the batch in flight; none where it was given up.
    pub(crate) fn next_attempt(&self, spans: usize, may_be_taken: bool) -> Option<Arc<Attempt>> {
        self.state.lock().next_attempt(spans, may_be_taken)
    }

    /// Counts the spans of the last attempt.
    pub(crate) fn settle(&self, fate: Fate) {
        self.settle_by(|state| state.settle(fate));
    }

    /// Counts all of the batch in flight that has no fate yet.
    pub(crate) fn settle_rest(&self, fate: Fate) {
        self.settle_by(|state| state.settle_rest(fate));
    }

    /// Counts the batch in flight after a panic of the worker's step.
    pub(crate) fn settle_after_panic(&self) {
        self.settle_by(State::settle_after_panic);
    }

    fn settle_by(&self, settle: impl FnOnce(&mut State)) {
        self.change(settle);
        self.tell_progress();
    }

    /// Does what there may be something to say about.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock();
        let (answer, has_notices) = (change(&mut state), state.has_notices());
        drop(state);
        if has_notices {
            self.notices.notify_one();
        }
        answer
    }

    /// What there is to say, once there is something.
    pub(crate) async fn wait_for_notices(&self) -> Vec<Notice> {
        self.notices.notified().await;
        self.take_notices()
    }

    /// What there is to say.
    pub(crate) fn take_notices(&self) -> Vec<Notice> {
        self.state.lock().take_notices()
    }

    /// What there is to say where nothing is sent any more.
    pub(crate) fn take_last_notices(&self) -> Vec<Notice> {
        let mut state = self.state.lock();
        state.stop();
        state.take_notices()
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

    /// The worker has ended, and what it had to say is said.
    pub(crate) fn end_worker(&self) {
        self.state.lock().end_worker();
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
            let progress = self.progress_async.notified(); // before the look: it hears of what comes in between
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
    /// And the worker has ended: the log tells what was lost.
    Told,
}

impl Goal {
    fn is_reached(self, state: &State) -> bool {
        match self {
            Self::Settled(entered) => state.is_settled(entered),
            Self::Finished => state.is_finished(),
            Self::Told => state.has_worker_ended(),
        }
    }
}
