//! The spans that wait, those of each rank for themselves, and which of them give way when there is no room. No
//! counts are kept here but those of what is there.

use super::{
    Bounds,
    block::{Batch, EndedSpan, OVERHEAD},
    ring::Ring,
};

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
    /// One for each rank.
    rings: [Ring; 3],
    /// Of all rings, so that an end need not ask each.
    spans: usize,
    bytes: usize,
}

impl Waiting {
    /// Adds a span, where there is room for it once spans of lower rank gave way. How many did; none where
    /// there is no room, and then nothing changed.
    #[inline]
    pub(super) fn push(
        &mut self,
        number: u64,
        rank: Rank,
        span: EndedSpan<'_>,
        bounds: &Bounds,
    ) -> Option<u64> {
        let footprint = OVERHEAD + span.bytes();
        let evicted = if self.has_room(footprint, bounds) { 0 } else { self.evict(rank, footprint, bounds)? };
        let [inner, entry, failed] = &mut self.rings;
        let ring = match rank {
            Rank::Inner => inner,
            Rank::Entry => entry,
            Rank::Failed => failed,
        };
        ring.push(number, span);
        self.spans += 1;
        self.bytes += span.bytes();
        Some(evicted)
    }

    /// The oldest spans and the number of the first, as many as a batch holds, and at least one where there
    /// is one. A block goes as a whole if it can: some of its spans may be younger than others that stay.
    pub(super) fn take(&mut self, bounds: &Bounds) -> Option<(u64, Batch)> {
        let first = self.oldest()?;
        let mut batch = Batch::default();
        while let Some(ring) = self.rings.iter_mut().min_by_key(|ring| ring.oldest().unwrap_or(u64::MAX))
            && let Some(block) = match batch.len() {
                0 => ring.take(bounds.batch_spans, bounds.batch_bytes).or_else(|| ring.take(1, usize::MAX)),
                len => ring.take(bounds.batch_spans - len, bounds.batch_bytes.saturating_sub(batch.bytes())),
            }
        {
            self.spans -= block.len();
            self.bytes -= block.bytes();
            batch.push(block);
        }
        Some((first, batch))
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

    /// What they take in memory.
    pub(super) fn footprint(&self) -> usize {
        footprint(self.spans, self.bytes)
    }

    fn has_room(&self, footprint: usize, bounds: &Bounds) -> bool {
        self.spans < bounds.queue_spans && self.footprint() + footprint <= bounds.queue_bytes
    }

    /// Has spans of a lower rank give way, or none where that would not do. Each span gives way once at
    /// most: the cost of an end does not grow with the queue.
    #[cold]
    fn evict(&mut self, rank: Rank, footprint: usize, bounds: &Bounds) -> Option<u64> {
        let lower = self.rings.iter().take(rank as usize);
        let (spans, bytes) =
            lower.fold((0, 0), |(spans, bytes), ring| (spans + ring.len(), bytes + ring.bytes()));
        let would_do =
            spans > 0 && self.footprint() - self::footprint(spans, bytes) + footprint <= bounds.queue_bytes;
        if !would_do {
            return None;
        }
        let mut evicted = 0;
        while !self.has_room(footprint, bounds) {
            let ring = self.rings.iter_mut().find(|ring| ring.len() > 0)?;
            self.spans -= 1;
            self.bytes -= ring.pop();
            evicted += 1;
        }
        Some(evicted)
    }
}

/// What spans take in memory. What is allocated for those of a rank is at most a third more, and three blocks.
fn footprint(spans: usize, bytes: usize) -> usize {
    bytes + spans * OVERHEAD
}
