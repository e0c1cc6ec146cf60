//! Spans that ended, one after the other in one piece of memory, as a request has them. Which of them wait, and which
//! are sent, is decided elsewhere.

use std::{mem, ops::Range};

use bytes::Bytes;
use trilha_core::Scope;

use crate::encode::{field::scope_spans, put_bytes, sized_len};

/// A span that ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EndedSpan<'a> {
    /// Under which it is sent.
    pub(crate) scope: &'a Scope,
    /// OTLP.
    pub(crate) message: &'a [u8],
}

impl EndedSpan<'_> {
    /// What it takes in a request.
    pub(super) fn bytes(&self) -> usize {
        sized_len(scope_spans::SPANS, self.message.len())
    }
}

/// Bytes of a block: some dozens of usual spans. A larger span has a block of its own.
pub(super) const BLOCK: usize = 16 * 1_024;

/// What a span takes in memory beside its bytes.
pub(super) const OVERHEAD: usize = size_of::<Place>();

/// Spans in the order in which they ended; at least one.
#[derive(Debug)]
pub(super) struct Block {
    places: Vec<Place>,
    /// Fields `spans` of a `ScopeSpans`.
    bytes: Vec<u8>,
    /// Each that a span has, once.
    scopes: Vec<Scope>,
}

/// Where a span is among the others. A block's few bytes, or those of one span, are counted by 32 bits.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// Later spans have higher ones.
    number: u64,
    /// Where its bytes end and those of the next one start.
    end: u32,
    scope: u32,
}

impl Block {
    pub(super) fn new(number: u64, span: EndedSpan<'_>) -> Self {
        let bytes = Vec::with_capacity(span.bytes().max(BLOCK));
        let mut block = Self { places: Vec::new(), bytes, scopes: Vec::new() };
        block.push(number, span);
        block
    }

    pub(super) fn has_room(&self, bytes: usize) -> bool {
        self.bytes.len() + bytes <= BLOCK
    }

    #[inline]
    pub(super) fn push(&mut self, number: u64, span: EndedSpan<'_>) {
        put_bytes(&mut self.bytes, scope_spans::SPANS, span.message);
        let scope = self.place_of(span.scope) as u32;
        self.places.push(Place { number, end: self.bytes.len() as u32, scope });
    }

    /// Scopes are few, the last one is often the next one, and most are texts of the program.
    fn place_of(&mut self, scope: &Scope) -> usize {
        let is_it = |known: &Scope| known.is_same_text(scope) || known == scope;
        self.scopes.iter().rposition(is_it).unwrap_or_else(|| {
            self.scopes.push(scope.clone());
            self.scopes.len() - 1
        })
    }

    /// Takes the last span away, and says of how many bytes it was.
    pub(super) fn pop(&mut self) -> usize {
        self.places.pop();
        let (start, end) = (self.start_of(self.len()), self.bytes.len());
        self.bytes.truncate(start);
        end - start
    }

    /// Parts with its first spans; with some of them, and not all.
    pub(super) fn split(&mut self, at: usize) -> Self {
        let middle = self.start_of(at);
        let bytes = self.bytes.drain(..middle).collect();
        let places = self.places.drain(..at).collect();
        self.places.iter_mut().for_each(|place| place.end -= middle as u32);
        Self { places, bytes, scopes: self.scopes.clone() }
    }

    /// Gives memory back where a good part of it is unused.
    pub(super) fn trim(&mut self) {
        let used = self.bytes() + self.len() * OVERHEAD;
        if used < self.allocated() / 4 * 3 {
            self.places.shrink_to_fit();
            self.bytes.shrink_to_fit();
        }
    }

    /// What it takes in memory, used or not.
    pub(super) fn allocated(&self) -> usize {
        self.bytes.capacity() + self.places.capacity() * OVERHEAD
    }

    /// How many spans.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The number of the first span.
    pub(super) fn number(&self) -> Option<u64> {
        self.places.first().map(|first| first.number)
    }

    /// How many of the first spans have so many bytes together.
    pub(super) fn spans_within(&self, bytes: usize) -> usize {
        self.places.partition_point(|place| place.end as usize <= bytes)
    }

    fn start_of(&self, at: usize) -> usize {
        start_of(&self.places, at)
    }
}

fn start_of(places: &[Place], at: usize) -> usize {
    let before = at.checked_sub(1).and_then(|before| places.get(before));
    before.map_or(0, |before| before.end as usize)
}

/// Spans that are sent together.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    blocks: Vec<Sealed>,
    spans: usize,
    bytes: usize,
}

/// A block that changes no more.
#[derive(Debug)]
struct Sealed {
    places: Vec<Place>,
    bytes: Bytes,
    scopes: Vec<Scope>,
}

impl Batch {
    pub(super) fn push(&mut self, block: Block) {
        self.spans += block.len();
        self.bytes += block.bytes();
        let Block { places, bytes, scopes } = block;
        self.blocks.push(Sealed { places, bytes: bytes.into(), scopes });
    }

    /// How many spans.
    pub(crate) fn len(&self) -> usize {
        self.spans
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// A part of the spans, by scope: fields `spans` of a `ScopeSpans`, of one or more of them together.
    pub(crate) fn part(&self, spans: Range<usize>) -> impl Iterator<Item = (&Scope, Bytes)> {
        let mut end = 0;
        self.blocks.iter().flat_map(move |block| {
            let start = end;
            end += block.places.len();
            let within = |at: usize| at.clamp(start, end) - start;
            block.runs(within(spans.start)..within(spans.end))
        })
    }
}

impl Sealed {
    /// The bytes of some spans; of those in a row that have the same scope, together.
    fn runs(&self, spans: Range<usize>) -> impl Iterator<Item = (&Scope, Bytes)> {
        let mut start = start_of(&self.places, spans.start);
        let places = self.places.get(spans).unwrap_or_default();
        places.chunk_by(|one, next| one.scope == next.scope).filter_map(move |run| {
            let last = run.last()?;
            let range = mem::replace(&mut start, last.end as usize)..last.end as usize;
            Some((self.scopes.get(last.scope as usize)?, self.bytes.slice(range)))
        })
    }
}

#[cfg(test)]
impl Batch {
    /// Of a part of the spans, each one's scope and message.
    pub(crate) fn read(&self, part: Range<usize>) -> Vec<(Scope, Bytes)> {
        let mut spans = Vec::new();
        for (scope, mut bytes) in self.part(part) {
            while !bytes.is_empty() {
                let _tag = bytes.split_to(1);
                let len = prost::decode_length_delimiter(&mut bytes).unwrap();
                spans.push((scope.clone(), bytes.split_to(len)));
            }
        }
        spans
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_has_its_spans_each_under_its_scope() {
        let scopes = [Scope::new("one", "1"), Scope::new("two", ""), Scope::new("one", "2")];
        let spans: Vec<_> = (0..9u8)
            .map(|at| (scopes[usize::from(at / 2 % 3)].clone(), Bytes::from(vec![at; 200])))
            .collect();
        let mut batch = Batch::default();
        for spans in spans.chunks(4) {
            let mut ended = spans.iter().map(|(scope, message)| EndedSpan { scope, message });
            let mut block = Block::new(0, ended.next().unwrap());
            ended.for_each(|span| block.push(0, span));
            batch.push(block);
        }
        for start in 0..=spans.len() {
            for end in start..=spans.len() {
                assert_eq!(batch.read(start..end), spans[start..end]);
            }
        }
    }
}
