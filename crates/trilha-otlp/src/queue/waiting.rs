//! The spans that wait, in a ring for each rank, and which of them give way when there is no room. No
//! counts are kept here but those of what is there.

use std::{collections::VecDeque, mem};

use trilha_core::Scope;

use super::Bounds;

/// A span that ended: its OTLP message, and the scope under which it is sent.
#[derive(Debug)]
pub(crate) struct EndedSpan {
    pub(crate) scope: Scope,
    pub(crate) message: Vec<u8>,
    pub(crate) rank: Rank,
}

/// What a span takes in memory beside its message.
pub(super) const OVERHEAD: usize = mem::size_of::<Numbered>();

/// What a span is worth where there is no room for all: a higher rank displaces a lower one.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Rank {
    /// A step of some work, and all went well.
    Inner,
    /// Where work came in or a trace began: what is left of a trace when its steps are gone.
    Entry,
    /// Something that failed.
    Failed,
}

/// The spans that wait, in the order in which they came.
///
/// Who gives way is of the lowest rank there is, and among those the newest: what waited longest is kept, so
/// that traces stay whole rather than in shreds, and where all are alike the newcomer itself is dropped,
/// which costs nothing.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    rings: [Ring; 3],
    spans: usize,
    /// Of their messages.
    bytes: usize,
    /// What they take in memory.
    footprint: usize,
}

#[derive(Debug, Default)]
struct Ring {
    spans: VecDeque<Numbered>,
    footprint: usize,
}

#[derive(Debug)]
struct Numbered {
    /// Later spans have higher ones.
    number: u64,
    span: EndedSpan,
}

impl Waiting {
    /// Adds a span, where there is room for it once spans of lower rank gave way. How many did; none where
    /// there is no room, and then nothing changed.
    pub(super) fn push(&mut self, number: u64, span: EndedSpan, bounds: &Bounds) -> Option<u64> {
        let (rank, footprint) = (span.rank, footprint(&span));
        let evicted = if self.has_room(footprint, bounds) { 0 } else { self.evict(rank, footprint, bounds)? };
        self.spans += 1;
        self.bytes += span.message.len();
        self.footprint += footprint;
        let ring = self.ring(rank);
        ring.footprint += footprint;
        ring.spans.push_back(Numbered { number, span });
        Some(evicted)
    }

    /// The oldest spans and the number of the first, as many as a batch holds, and at least one where there
    /// is one.
    pub(super) fn take(&mut self, bounds: &Bounds) -> Option<(u64, Vec<EndedSpan>)> {
        let first = self.oldest()?;
        let mut taken: Vec<EndedSpan> = Vec::with_capacity(self.spans.min(bounds.batch_spans));
        let mut bytes = 0;
        while taken.len() < bounds.batch_spans
            && let Some(ring) = self.rings.iter_mut().min_by_key(|ring| ring.oldest().unwrap_or(u64::MAX))
            && let Some(next) = ring.spans.front()
            && (taken.is_empty() || bytes + next.span.message.len() <= bounds.batch_bytes)
            && let Some(Numbered { span, .. }) = ring.spans.pop_front()
        {
            bytes += span.message.len();
            ring.footprint -= footprint(&span);
            self.forget(&span);
            taken.push(span);
        }
        Some((first, taken))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.spans == 0
    }

    pub(super) fn len(&self) -> usize {
        self.spans
    }

    pub(super) fn is_batch_full(&self, bounds: &Bounds) -> bool {
        self.spans >= bounds.batch_spans || self.bytes >= bounds.batch_bytes
    }

    /// The number of the oldest.
    pub(super) fn oldest(&self) -> Option<u64> {
        self.rings.iter().filter_map(Ring::oldest).min()
    }

    /// What they take in memory, added up anew.
    #[cfg(test)]
    pub(super) fn footprint(&self) -> usize {
        let spans = self.rings.iter().flat_map(|ring| &ring.spans);
        spans.map(|numbered| footprint(&numbered.span)).sum()
    }

    fn has_room(&self, footprint: usize, bounds: &Bounds) -> bool {
        self.spans < bounds.queue_spans && self.footprint + footprint <= bounds.queue_bytes
    }

    /// Has spans of a lower rank give way, or none where that would not do. Each span gives way once at
    /// most: the cost of an end does not grow with the queue.
    fn evict(&mut self, rank: Rank, footprint: usize, bounds: &Bounds) -> Option<u64> {
        let lower = self.rings.iter().take(rank as usize);
        let (spans, bytes) =
            lower.fold((0, 0), |(spans, bytes), ring| (spans + ring.spans.len(), bytes + ring.footprint));
        let would_do = spans > 0 && self.footprint - bytes + footprint <= bounds.queue_bytes;
        if !would_do {
            return None;
        }
        let mut evicted = 0;
        while !self.has_room(footprint, bounds) {
            let ring = self.rings.iter_mut().find(|ring| !ring.spans.is_empty())?;
            let Numbered { span, .. } = ring.spans.pop_back()?;
            ring.footprint -= self::footprint(&span);
            self.forget(&span);
            evicted += 1;
        }
        Some(evicted)
    }

    fn forget(&mut self, span: &EndedSpan) {
        self.spans -= 1;
        self.bytes -= span.message.len();
        self.footprint -= footprint(span);
    }

    fn ring(&mut self, rank: Rank) -> &mut Ring {
        let [inner, entry, failed] = &mut self.rings;
        match rank {
            Rank::Inner => inner,
            Rank::Entry => entry,
            Rank::Failed => failed,
        }
    }
}

impl Ring {
    fn oldest(&self) -> Option<u64> {
        self.spans.front().map(|oldest| oldest.number)
    }
}

/// What a span takes in memory while it waits.
fn footprint(span: &EndedSpan) -> usize {
    OVERHEAD + span.message.capacity()
}
