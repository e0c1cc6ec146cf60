//! What became of every span that ended: plain data under the queue's one lock. No waiting, no clock.

use std::{mem, sync::Arc};

use trilha_core::{DroppedSpans, SpanCounts};

use super::{
    Attempt, Batch, Bounds, EndedSpan, Rank,
    ages::{Ages, Started},
    loss::Loss,
    notices::{Notice, Notices},
    waiting::Waiting,
};

/// What became of a batch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fate {
    /// The receiver took all but so many.
    Delivered { rejected: u64 },
    /// The receiver does not want it.
    Rejected,
    /// Given up.
    Failed,
    /// There was no answer, or none that can be believed.
    Unanswered,
}

/// Every span that ended is in exactly one place of it.
#[derive(Debug, Default)]
pub(super) struct State {
    waiting: Waiting,
    in_flight: Option<InFlight>,
    delivered: u64,
    unacknowledged: u64,
    dropped: DroppedSpans,
    loss: Loss,
    ages: Ages,
    notices: Notices,
    /// Spans that were ever queued: the number of the next one.
    entered: u64,
    /// A flush asks for all that entered up to here.
    flush_to: u64,
    /// Whether the worker waits for the first span.
    is_worker_idle: bool,
    is_closed: bool,
    was_abandoned: bool,
    has_worker_ended: bool,
}

/// The one batch that the worker holds.
#[derive(Debug)]
struct InFlight {
    /// Those without a fate.
    spans: u64,
    /// Those of them that the attempt is about: all, or the part that is sent alone.
    part: u64,
    /// The number of its oldest span.
    first: u64,
    attempt: Arc<Attempt>,
    /// An earlier attempt was answered in a way that leaves it open.
    may_be_taken: bool,
}

/// Whom a new span concerns.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Pushed {
    /// The worker: it waits for the first span, or a batch is full.
    Wakes,
    /// Nobody.
    Waits,
}

impl State {
    #[inline]
    pub(super) fn push(
        &mut self,
        started: Started,
        rank: Rank,
        span: EndedSpan<'_>,
        bounds: &Bounds,
    ) -> Pushed {
        self.notices.add(self.ages.end(started));
        if self.is_closed {
            self.dropped.shutdown += 1;
            return Pushed::Waits;
        }
        let was_full = self.is_batch_full(bounds);
        let Some(evicted) = self.waiting.push(self.entered, rank, span, bounds) else {
            self.drop_for_others(1);
            return Pushed::Waits;
        };
        self.entered += 1;
        if evicted > 0 {
            self.drop_for_others(evicted);
        }
        let was_idle = mem::take(&mut self.is_worker_idle);
        if was_idle || (!was_full && self.is_batch_full(bounds)) { Pushed::Wakes } else { Pushed::Waits }
    }

    fn drop_for_others(&mut self, spans: u64) {
        self.dropped.queue_full += spans;
        self.notices.add(self.loss.lose("queue_full", spans));
    }

    fn is_batch_full(&self, bounds: &Bounds) -> bool {
        self.waiting.is_batch_full(bounds)
    }

    /// Whether the worker should send what there is, without waiting for more.
    pub(super) fn is_due(&self, bounds: &Bounds) -> bool {
        let is_asked_for = |oldest| self.is_closed || oldest < self.flush_to;
        self.is_batch_full(bounds) || self.waiting.oldest().is_some_and(is_asked_for)
    }

    /// The worker waits for the first span.
    pub(super) fn rest(&mut self) {
        self.is_worker_idle = true;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The oldest spans, as many as a batch holds; they are in flight from now on.
    pub(super) fn take(&mut self, bounds: &Bounds) -> Option<Batch> {
        let (first, taken) = self.waiting.take(bounds)?;
        let spans = taken.len() as u64;
        let attempt = Arc::default();
        self.in_flight = Some(InFlight { spans, part: spans, first, attempt, may_be_taken: false });
        Some(taken)
    }

    /// The attempt under which so many spans of the batch in flight are sent next; none where it was given
    /// up.
    pub(super) fn next_attempt(&mut self, spans: usize, may_be_taken: bool) -> Option<Arc<Attempt>> {
        let batch = self.in_flight.as_mut()?;
        batch.part = batch.spans.min(spans as u64);
        batch.may_be_taken |= may_be_taken;
        batch.attempt = Arc::default();
        Some(Arc::clone(&batch.attempt))
    }

    /// Counts the spans of the last attempt. Does nothing where somebody gave them up before.
    pub(super) fn settle(&mut self, fate: Fate) {
        let Some(batch) = &mut self.in_flight else { return };
        let (spans, may_be_taken) = (batch.part, batch.may_be_taken);
        batch.spans -= spans;
        (batch.part, batch.attempt) = (batch.spans, Arc::default());
        if batch.spans == 0 {
            self.in_flight = None;
        }
        let (fate, lost) = match fate {
            Fate::Delivered { rejected } => {
                let rejected = rejected.min(spans);
                self.delivered += spans - rejected;
                self.loss.deliver(spans - rejected);
                (Fate::Rejected, rejected)
            }
            fate => (fate, spans),
        };
        // A batch that an earlier attempt may have left with the receiver is not lost for certain.
        let (reason, count) = match fate {
            _ if may_be_taken => ("unacknowledged", &mut self.unacknowledged),
            Fate::Rejected | Fate::Delivered { .. } => ("rejected", &mut self.dropped.rejected),
            Fate::Failed => ("export_failed", &mut self.dropped.export_failed),
            Fate::Unanswered => ("unacknowledged", &mut self.unacknowledged),
        };
        *count += lost;
        self.notices.add(self.loss.lose(reason, lost));
    }

    /// Counts all of the batch in flight that has no fate yet.
    pub(super) fn settle_rest(&mut self, fate: Fate) {
        if let Some(batch) = &mut self.in_flight {
            batch.part = batch.spans;
            self.settle(fate);
        }
    }

    /// A step of the worker panicked: its batch, if it had one, is given up.
    pub(super) fn settle_after_panic(&mut self) {
        let was_sent = self.in_flight.as_ref().is_some_and(|batch| !batch.attempt.withdraw());
        self.settle(if was_sent { Fate::Unanswered } else { Fate::Failed });
        self.settle_rest(Fate::Failed);
    }

    /// Takes no more spans.
    pub(super) fn close(&mut self) {
        self.is_closed = true;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Takes no more spans and gives up those that wait or fly.
    pub(super) fn abandon(&mut self) {
        self.is_closed = true;
        let (mut lost, mut unknown) = (mem::take(&mut self.waiting).len() as u64, 0);
        self.was_abandoned |= lost > 0 || self.in_flight.is_some();
        if let Some(batch) = self.in_flight.take() {
            let under_way = if batch.attempt.withdraw() { 0 } else { batch.part };
            unknown = if batch.may_be_taken { batch.spans } else { under_way };
            lost += batch.spans - unknown;
        }
        self.dropped.shutdown += lost;
        self.unacknowledged += unknown;
        self.notices.add(self.loss.lose("shutdown", lost));
        self.notices.add(self.loss.lose("unacknowledged", unknown));
    }

    pub(super) fn was_abandoned(&self) -> bool {
        self.was_abandoned
    }

    /// Asks for all that entered so far, and says up to where that is.
    pub(super) fn flush(&mut self) -> u64 {
        self.flush_to = self.entered;
        self.entered
    }

    /// Those that are open grow older by a turn; so many spans were started in all.
    pub(super) fn turn(&mut self, started: u64) {
        self.notices.add(self.ages.turn(started));
    }

    /// A while has passed since it was last looked whether spans are lost.
    pub(super) fn look_for_loss(&mut self) {
        self.notices.add(self.loss.look());
    }

    /// Nothing is sent any more.
    pub(super) fn stop(&mut self) {
        self.notices.add(self.loss.stop());
    }

    pub(super) fn has_notices(&self) -> bool {
        !self.notices.is_empty()
    }

    pub(super) fn take_notices(&mut self) -> Vec<Notice> {
        self.notices.take()
    }

    #[cfg(all(not(shuttle), test))]
    pub(super) fn waiting(&self) -> &Waiting {
        &self.waiting
    }

    /// Whether of the spans that entered up to `entered` none waits or flies any more.
    pub(super) fn is_settled(&self, entered: u64) -> bool {
        let in_flight = self.in_flight.as_ref().map(|batch| batch.first);
        self.waiting.oldest().into_iter().chain(in_flight).all(|oldest| oldest >= entered)
    }

    /// Whether no span waits or flies, and none ever will.
    pub(super) fn is_finished(&self) -> bool {
        self.is_closed && self.waiting.is_empty() && self.in_flight.is_none()
    }

    pub(super) fn end_worker(&mut self) {
        self.has_worker_ended = true;
    }

    pub(super) fn has_worker_ended(&self) -> bool {
        self.has_worker_ended
    }

    /// The counts; `created` was read while the state was held.
    pub(super) fn counts(&self, created: u64, sampled_out: u64) -> SpanCounts {
        let mut counts = SpanCounts::default();
        counts.created = created;
        counts.sampled_out = sampled_out;
        counts.queued = self.waiting.len() as u64;
        counts.in_flight = self.in_flight.as_ref().map_or(0, |batch| batch.spans);
        counts.delivered = self.delivered;
        counts.unacknowledged = self.unacknowledged;
        counts.dropped = self.dropped;
        let ended =
            counts.queued + counts.in_flight + self.delivered + self.unacknowledged + self.dropped.total();
        counts.open = created.saturating_sub(ended);
        counts.overdue = self.ages.overdue();
        counts
    }
}
