//! The parts in which a batch is sent: all of it at first, then the halves of what a receiver refused for
//! something that is in it, until the span that it does not want is alone.

use std::{collections::VecDeque, ops::Range, time::Duration};

use tokio::time::Instant;

/// Requests for one batch. One bad span among 512 takes 19 of them, twenty take about 200.
const MOST: usize = 256;

/// Requests for one batch as long as no part of it was taken: a receiver that wants nothing is not asked for
/// ever. They reach as far as sixteenths.
const MOST_IN_VAIN: usize = 31;

/// Batches for which it is asked once alone, after one of which it wanted no part.
const PROBES: u32 = 15;

/// No part is sent later than this after the whole.
const LONGEST: Duration = Duration::from_secs(60);

/// The parts that are still to be sent, larger ones first: so that most spans arrive soon.
#[derive(Debug)]
pub(super) struct Parts {
    waiting: VecDeque<Range<usize>>,
    sent: usize,
    most_in_vain: usize,
    is_any_taken: bool,
    end: Instant,
}

/// What the batches before say of a receiver: one that wants nothing at all is asked less.
#[derive(Debug, Default)]
pub(super) struct Doubt {
    probes_left: u32,
}

impl Doubt {
    /// A batch of so many spans, in one part.
    pub(super) fn whole(&self, spans: usize) -> Parts {
        let most_in_vain = if self.probes_left > 0 { 1 } else { MOST_IN_VAIN };
        let waiting = VecDeque::from_iter(std::iter::once(0..spans));
        Parts { waiting, sent: 0, most_in_vain, is_any_taken: false, end: Instant::now() + LONGEST }
    }

    /// Takes in what became of a batch.
    pub(super) fn learn(&mut self, parts: &Parts) {
        self.probes_left = match parts.is_refused() {
            true => self.probes_left.checked_sub(1).unwrap_or(PROBES),
            false => 0,
        };
    }
}

impl Parts {
    /// The next part; none where all were sent, or no more should be.
    pub(super) fn next(&mut self) -> Option<Range<usize>> {
        let most = if self.is_any_taken { MOST } else { self.most_in_vain };
        let is_first = self.sent == 0;
        if !is_first && (self.sent >= most || Instant::now() >= self.end) {
            return None;
        }
        let part = self.waiting.pop_front()?;
        self.sent += 1;
        Some(part)
    }

    /// Spans of a part were taken: the receiver does want some.
    pub(super) fn taken(&mut self) {
        self.is_any_taken = true;
    }

    /// Whether the receiver took no part as often as it is asked in vain: it wants none of those that are left
    /// either. Else what is left was not asked for in time.
    pub(super) fn is_refused(&self) -> bool {
        !self.is_any_taken && self.sent >= self.most_in_vain
    }

    /// Has the halves of a refused part sent. False: it cannot be halved.
    pub(super) fn split(&mut self, part: Range<usize>) -> bool {
        let middle = part.start + part.len() / 2;
        let can_be = middle > part.start;
        if can_be {
            self.waiting.extend([part.start..middle, middle..part.end]);
        }
        can_be
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a receiver takes that refuses each part with one of these in it, and how often it is asked.
    fn taken(spans: usize, bad: &[usize]) -> (usize, usize) {
        let mut parts = Doubt::default().whole(spans);
        let mut count = 0;
        while let Some(part) = parts.next() {
            if bad.iter().any(|at| part.contains(at)) {
                parts.split(part);
            } else {
                count += part.len();
                parts.taken();
            }
        }
        (count, parts.sent)
    }

    #[tokio::test(start_paused = true)]
    async fn one_bad_span_is_found_wherever_it_is() {
        for spans in [1, 2, 3, 511, 512] {
            for bad in 0..spans {
                let (taken, requests) = taken(spans, &[bad]);
                assert_eq!(taken, spans - 1);
                assert!(requests <= 19, "{requests}");
            }
        }
        assert_eq!(taken(512, &[0, 1, 77, 300, 511]).0, 507);
    }

    #[tokio::test(start_paused = true)]
    async fn requests_are_bounded() {
        let all: Vec<_> = (0..512).collect();
        assert_eq!(taken(512, &all), (0, MOST_IN_VAIN));
        let (taken, requests) = taken(512, &all[..256]);
        assert_eq!((taken, requests), (256, MOST));
    }

    #[tokio::test(start_paused = true)]
    async fn a_receiver_that_wants_nothing_is_asked_less_until_it_takes_something() {
        let mut doubt = Doubt::default();
        let mut requests = |is_any_wanted| {
            let mut parts = doubt.whole(512);
            while let Some(part) = parts.next() {
                if is_any_wanted { parts.taken() } else { assert!(parts.split(part)) }
            }
            doubt.learn(&parts);
            parts.sent
        };
        for _ in 0..3 {
            assert_eq!(requests(false), MOST_IN_VAIN);
            assert!((0..PROBES).all(|_| requests(false) == 1));
        }
        assert_eq!(requests(false), MOST_IN_VAIN);
        assert_eq!(requests(true), 1);
        assert_eq!(requests(false), MOST_IN_VAIN);
    }

    #[tokio::test(start_paused = true)]
    async fn larger_parts_come_first() {
        let mut parts = Doubt::default().whole(8);
        let mut lens = Vec::new();
        while let Some(part) = parts.next() {
            lens.push(part.len());
            parts.split(part);
        }
        assert_eq!(lens, [8, 4, 4, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1]);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_split_for_ever() {
        let mut parts = Doubt::default().whole(2);
        let whole = parts.next().unwrap();
        parts.split(whole);
        tokio::time::advance(LONGEST).await;
        assert_eq!(parts.next(), None);
    }
}
