//! What became of every span that ended: plain data under the queue's one lock. No waiting, no clock.

use std::{collections::VecDeque, mem, sync::Arc};

use trilha_core::{DroppedSpans, Scope, SpanCounts};

use super::{Attempt, Bounds};

/// A span that ended: its OTLP message, and the scope under which it is sent.
#[derive(Debug)]
pub(crate) struct EndedSpan {
    pub(crate) scope: Scope,
    pub(crate) message: Vec<u8>,
}

impl EndedSpan {
    /// What it takes in memory.
    fn footprint(&self) -> usize {
        mem::size_of::<Self>() + self.message.capacity()
    }
}

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
    waiting: VecDeque<EndedSpan>,
    waiting_footprint: usize,
    waiting_len: usize,
    in_flight: Option<InFlight>,
    delivered: u64,
    unacknowledged: u64,
    dropped: DroppedSpans,
    /// Spans that were ever queued, and those of them that wait and fly no longer.
    entered: u64,
    settled: u64,
    /// A flush asks for all that entered up to here.
    flush_to: u64,
    is_closed: bool,
    was_abandoned: bool,
}

/// The one batch that the worker holds.
#[derive(Debug)]
struct InFlight {
    spans: u64,
    attempt: Arc<Attempt>,
    /// An earlier attempt was answered in a way that leaves it open.
    may_be_taken: bool,
}

/// Whom a new span concerns.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Pushed {
    /// The worker: it may have slept, or a batch is full.
    Wakes,
    /// Nobody.
    Waits,
}

impl State {
    pub(super) fn push(&mut self, span: EndedSpan, bounds: &Bounds) -> Pushed {
        let footprint = span.footprint();
        if self.is_closed {
            self.dropped.shutdown += 1;
            return Pushed::Waits;
        }
        if self.waiting.len() >= bounds.queue_spans || self.waiting_footprint + footprint > bounds.queue_bytes
        {
            self.dropped.queue_full += 1;
            return Pushed::Waits;
        }
        let was_due = self.is_batch_full(bounds);
        let was_empty = self.waiting.is_empty();
        self.waiting_len += span.message.len();
        self.waiting_footprint += footprint;
        self.waiting.push_back(span);
        self.entered += 1;
        if was_empty || (!was_due && self.is_batch_full(bounds)) { Pushed::Wakes } else { Pushed::Waits }
    }

    pub(super) fn is_batch_full(&self, bounds: &Bounds) -> bool {
        self.waiting.len() >= bounds.batch_spans || self.waiting_len >= bounds.batch_bytes
    }

    /// Whether the worker should send what there is, without waiting for more.
    pub(super) fn is_due(&self, bounds: &Bounds) -> bool {
        let is_asked_for = self.is_closed || self.flush_to > self.settled;
        self.is_batch_full(bounds) || (is_asked_for && !self.waiting.is_empty())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The oldest spans, as many as a batch holds, and at least one where there is one.
    pub(super) fn take(&mut self, bounds: &Bounds) -> Vec<EndedSpan> {
        let mut len = 0;
        let count = (self.waiting.iter().take(bounds.batch_spans).enumerate())
            .take_while(|(before, span)| {
                len += span.message.len();
                *before == 0 || len <= bounds.batch_bytes
            })
            .count();
        let taken: Vec<_> = self.waiting.drain(..count).collect();
        for span in &taken {
            self.waiting_len -= span.message.len();
            self.waiting_footprint -= span.footprint();
        }
        if count > 0 {
            let attempt = Arc::default();
            self.in_flight = Some(InFlight { spans: count as u64, attempt, may_be_taken: false });
        }
        taken
    }

    /// The attempt under which the batch in flight is sent next; none where it was given up.
    pub(super) fn next_attempt(&mut self, may_be_taken: bool) -> Option<Arc<Attempt>> {
        let batch = self.in_flight.as_mut()?;
        batch.may_be_taken |= may_be_taken;
        batch.attempt = Arc::default();
        Some(Arc::clone(&batch.attempt))
    }

    /// Counts the batch in flight. Does nothing where somebody gave it up before.
    pub(super) fn settle(&mut self, fate: Fate) {
        let Some(batch) = self.in_flight.take() else { return };
        self.settled += batch.spans;
        // A batch that an earlier attempt may have left with the receiver is not lost for certain.
        *match fate {
            Fate::Delivered { rejected } => {
                let rejected = rejected.min(batch.spans);
                self.delivered += batch.spans - rejected;
                *if batch.may_be_taken { &mut self.unacknowledged } else { &mut self.dropped.rejected } +=
                    rejected;
                return;
            }
            _ if batch.may_be_taken => &mut self.unacknowledged,
            Fate::Rejected => &mut self.dropped.rejected,
            Fate::Failed => &mut self.dropped.export_failed,
            Fate::Unanswered => &mut self.unacknowledged,
        } += batch.spans;
    }

    /// A step of the worker panicked: its batch, if it had one, is given up.
    pub(super) fn settle_after_panic(&mut self) {
        let was_sent = self.in_flight.as_ref().is_some_and(|batch| !batch.attempt.withdraw());
        self.settle(if was_sent { Fate::Unanswered } else { Fate::Failed });
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
        let waiting = self.waiting.len() as u64;
        self.waiting = VecDeque::new();
        (self.waiting_len, self.waiting_footprint) = (0, 0);
        self.dropped.shutdown += waiting;
        self.settled += waiting;
        self.was_abandoned |= waiting > 0 || self.in_flight.is_some();
        if let Some(batch) = self.in_flight.take() {
            let is_lost = batch.attempt.withdraw() && !batch.may_be_taken;
            *if is_lost { &mut self.dropped.shutdown } else { &mut self.unacknowledged } += batch.spans;
            self.settled += batch.spans;
        }
    }

    pub(super) fn was_abandoned(&self) -> bool {
        self.was_abandoned
    }

    /// Asks for all that entered so far, and says up to where that is.
    pub(super) fn flush(&mut self) -> u64 {
        self.flush_to = self.entered;
        self.entered
    }

    /// Whether of the spans that entered up to `entered` none waits or flies any more.
    pub(super) fn is_settled(&self, entered: u64) -> bool {
        self.settled >= entered
    }

    /// Whether no span waits or flies, and none ever will.
    pub(super) fn is_finished(&self) -> bool {
        self.is_closed && self.waiting.is_empty() && self.in_flight.is_none()
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
        counts
    }
}
