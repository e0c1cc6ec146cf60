//! The parts in which a batch is sent: all of it at first, then the halves of what a receiver refused for
//! something that is in it, until the span that it does not want is alone.

use std::{collections::VecDeque, ops::Range, time::Duration};

use tokio::time::Instant;

/// Requests for one batch. One bad span among 512 takes 19 of them, twenty take about 200.
const MOST: usize = 256;

/// Requests for one batch as long as no part of it was taken: a receiver that wants nothing is not asked for
/// ever. They reach as far as sixteenths.
const MOST_IN_VAIN: usize = 31;

/// No part is sent later than this after the whole.
const LONGEST: Duration = Duration::from_secs(60);

/// The parts that are still to be sent, larger ones first: so that most spans arrive soon.
#[derive(Debug)]
pub(super) struct Parts {
    waiting: VecDeque<Range<usize>>,
    sent: usize,
    is_any_taken: bool,
    end: Instant,
}

impl Parts {
    /// A batch of so many spans, in one part.
    pub(super) fn whole(spans: usize) -> Self {
        let waiting = VecDeque::from_iter(std::iter::once(0..spans));
        Self { waiting, sent: 0, is_any_taken: false, end: Instant::now() + LONGEST }
    }

    /// The next part; none where all were sent, or no more should be.
    pub(super) fn next(&mut self) -> Option<Range<usize>> {
        let most = if self.is_any_taken { MOST } else { MOST_IN_VAIN };
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
        let mut parts = Parts::whole(spans);
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
    async fn larger_parts_come_first() {
        let mut parts = Parts::whole(8);
        let mut lens = Vec::new();
        while let Some(part) = parts.next() {
            lens.push(part.len());
            parts.split(part);
        }
        assert_eq!(lens, [8, 4, 4, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1]);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_split_for_ever() {
        let mut parts = Parts::whole(2);
        let whole = parts.next().unwrap();
        parts.split(whole);
        tokio::time::advance(LONGEST).await;
        assert_eq!(parts.next(), None);
    }
}
