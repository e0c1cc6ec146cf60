//! Which trace is to be shown when. Knows ids and times, no spans.
//!
//! A trace is due when it has been quiet for a while; one that is not whole then may wait five
//! times as long. One that never gets quiet is due all the same, after ten times as long, so that
//! a trace that never ends is seen.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use opentelemetry::trace::TraceId;
use trilha_testing::Trace;

/// A trace that is due.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Due {
    pub(super) trace_id: TraceId,
    /// Whether it is worth waiting for more, should it not be whole.
    pub(super) may_wait: bool,
}

/// What was shown of a trace before.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Shown {
    pub(super) times: u32,
    pub(super) spans: usize,
    pub(super) errors: usize,
}

#[derive(Debug)]
pub(super) struct Pending {
    idle: Duration,
    entries: HashMap<TraceId, Entry>,
    /// When there are more entries than this, those of traces that are gone are forgotten.
    forget_above: usize,
}

#[derive(Debug)]
struct Entry {
    wait: Option<Wait>,
    shown: Shown,
}

/// Something has come that was not shown yet.
#[derive(Clone, Copy, Debug)]
struct Wait {
    first_change: Instant,
    last_change: Instant,
    is_extended: bool,
}

const FORGET_ABOVE: usize = 10_000;

impl Pending {
    pub(super) fn new(idle: Duration) -> Self {
        Self { idle, entries: HashMap::new(), forget_above: FORGET_ABOVE }
    }

    /// A trace has gained spans.
    pub(super) fn changed(&mut self, trace_id: TraceId, now: Instant) {
        let entry =
            self.entries.entry(trace_id).or_insert_with(|| Entry { wait: None, shown: Shown::default() });
        let first_change = entry.wait.map_or(now, |wait| wait.first_change);
        entry.wait = Some(Wait { first_change, last_change: now, is_extended: false });
    }

    /// When the next trace is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let waits = self.entries.values().filter_map(|entry| entry.wait);
        waits.map(|wait| wait.due(self.idle)).min()
    }

    /// The traces that are due, those that have waited longest first.
    pub(super) fn due(&self, now: Instant) -> Vec<Due> {
        self.select(|wait| {
            let is_due = wait.due(self.idle) <= now;
            is_due.then(|| !wait.is_extended && now < wait.latest(self.idle))
        })
    }

    /// All traces of which something was not shown yet.
    pub(super) fn all_due(&self) -> Vec<Due> {
        self.select(|_| Some(false))
    }

    /// A trace that was due is not whole: gives it more time.
    pub(super) fn wait_longer(&mut self, trace_id: TraceId) {
        let entry = self.entries.get_mut(&trace_id);
        if let Some(wait) = entry.and_then(|entry| entry.wait.as_mut()) {
            wait.is_extended = true;
        }
    }

    /// A trace is being shown; returns what was shown of it before.
    pub(super) fn shown(&mut self, trace_id: TraceId, trace: &Trace) -> Shown {
        let Some(entry) = self.entries.get_mut(&trace_id) else {
            return Shown::default();
        };
        entry.wait = None;
        let before = entry.shown;
        entry.shown = Shown {
            times: before.times.saturating_add(1),
            spans: trace.spans().len(),
            errors: trace.spans().iter().filter(|span| span.is_failed()).count(),
        };
        before
    }

    /// A trace that was due is not to be shown, unless it changes.
    pub(super) fn skipped(&mut self, trace_id: TraceId) {
        if let Some(entry) = self.entries.get_mut(&trace_id) {
            entry.wait = None;
        }
    }

    /// A trace is gone.
    pub(super) fn forget(&mut self, trace_id: TraceId) {
        self.entries.remove(&trace_id);
    }

    /// Now and then, forgets what is gone, so that the entries are bounded.
    pub(super) fn forget_unless(&mut self, is_kept: impl Fn(TraceId) -> bool) {
        if self.entries.len() > self.forget_above {
            self.entries.retain(|trace_id, _| is_kept(*trace_id));
            self.forget_above = FORGET_ABOVE.max(2 * self.entries.len());
        }
    }

    fn select(&self, may_wait: impl Fn(&Wait) -> Option<bool>) -> Vec<Due> {
        let mut due: Vec<(Instant, Due)> = Vec::new();
        for (&trace_id, entry) in &self.entries {
            if let Some(wait) = &entry.wait
                && let Some(may_wait) = may_wait(wait)
            {
                due.push((wait.first_change, Due { trace_id, may_wait }));
            }
        }
        due.sort_by_key(|(first_change, _)| *first_change);
        due.into_iter().map(|(_, due)| due).collect()
    }
}

impl Wait {
    fn due(&self, idle: Duration) -> Instant {
        let quiet = if self.is_extended { idle * 5 } else { idle };
        (self.last_change + quiet).min(self.latest(idle))
    }

    fn latest(&self, idle: Duration) -> Instant {
        self.first_change + idle * 10
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Duration = Duration::from_secs(1);
    const ONE: TraceId = TraceId::from_bytes([1; 16]);
    const TWO: TraceId = TraceId::from_bytes([2; 16]);

    fn due(trace_id: TraceId, may_wait: bool) -> Due {
        Due { trace_id, may_wait }
    }

    #[test]
    fn a_trace_is_due_when_it_has_been_quiet() {
        let start = Instant::now();
        let mut pending = Pending::new(IDLE);
        pending.changed(ONE, start);
        pending.changed(TWO, start + IDLE / 4);
        pending.changed(ONE, start + IDLE / 2);
        assert_eq!(pending.next_due(), Some(start + IDLE * 5 / 4));
        assert_eq!(pending.due(start + IDLE * 5 / 4), [due(TWO, true)]);
        assert_eq!(pending.due(start + IDLE * 3 / 2), [due(ONE, true), due(TWO, true)]);
    }

    #[test]
    fn one_that_is_not_whole_waits_five_times_as_long_and_not_more() {
        let start = Instant::now();
        let mut pending = Pending::new(IDLE);
        pending.changed(ONE, start);
        pending.wait_longer(ONE);
        assert!(pending.due(start + IDLE * 4).is_empty());
        assert_eq!(pending.due(start + IDLE * 5), [due(ONE, false)]);
    }

    #[test]
    fn one_that_never_gets_quiet_is_due_after_ten_times_as_long() {
        let start = Instant::now();
        let mut pending = Pending::new(IDLE);
        for step in 0..20 {
            pending.changed(ONE, start + IDLE / 2 * step);
        }
        assert_eq!(pending.next_due(), Some(start + IDLE * 10));
        assert_eq!(pending.due(start + IDLE * 10), [due(ONE, false)]);
    }

    #[test]
    fn at_the_end_all_that_was_not_shown_is_due() {
        let mut pending = Pending::new(IDLE);
        pending.changed(ONE, Instant::now());
        assert_eq!(pending.all_due(), [due(ONE, false)]);
        pending.forget(ONE);
        assert!(pending.all_due().is_empty());
    }

    #[test]
    fn what_is_gone_is_forgotten() {
        let mut pending = Pending::new(IDLE);
        let now = Instant::now();
        for id in 1..=FORGET_ABOVE as u128 + 1 {
            pending.changed(TraceId::from(id), now);
        }
        pending.forget_unless(|trace_id| trace_id == TraceId::from(7));
        assert_eq!(pending.entries.len(), 1);
    }
}
