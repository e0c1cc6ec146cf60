//! The spans of one rank that wait, in blocks that are filled one after the other.

use std::collections::VecDeque;

use super::block::{Block, EndedSpan};

/// The first to come is the first to be sent, and the last to come the first to give way.
#[derive(Debug, Default)]
pub(super) struct Ring {
    blocks: VecDeque<Block>,
    spans: usize,
    bytes: usize,
}

impl Ring {
    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.spans
    }

    /// What they take in requests.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The number of the first.
    pub(super) fn oldest(&self) -> Option<u64> {
        self.blocks.front()?.number()
    }

    #[inline]
    pub(super) fn push(&mut self, number: u64, span: EndedSpan<'_>) {
        let bytes = span.bytes();
        match self.blocks.back_mut() {
            Some(last) if last.has_room(bytes) => last.push(number, span),
            last => {
                if let Some(full) = last {
                    full.trim();
                }
                self.blocks.push_back(Block::new(number, span));
            }
        }
        self.spans += 1;
        self.bytes += bytes;
    }

    /// Drops the last, and says of how many bytes it was; there is one.
    pub(super) fn pop(&mut self) -> usize {
        let Some(last) = self.blocks.back_mut() else { return 0 };
        let bytes = last.pop();
        self.spans -= 1;
        self.bytes -= bytes;
        if last.len() == 0 {
            self.blocks.pop_back();
        }
        bytes
    }

    /// The first block, or as much of it as is wanted: so many spans of so many bytes. None: not one is.
    pub(super) fn take(&mut self, spans: usize, bytes: usize) -> Option<Block> {
        let first = self.blocks.front_mut()?;
        let wanted = first.spans_within(bytes).min(spans);
        let taken = match wanted {
            0 => return None,
            _ if wanted < first.len() => first.split(wanted),
            _ => self.blocks.pop_front()?,
        };
        self.spans -= taken.len();
        self.bytes -= taken.bytes();
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::{collection::vec, prelude::*};
    use trilha_core::Scope;

    use super::*;
    use crate::queue::block::{BLOCK, Batch, OVERHEAD};

    const SCOPES: [Scope; 2] = [Scope::new("one", "1"), Scope::new("two", "")];

    #[derive(Clone, Debug)]
    enum Step {
        Push { len: usize, scope: usize },
        Pop,
        Take { spans: usize, bytes: usize },
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let len = prop_oneof![4 => 0..600usize, 1 => BLOCK - 200..BLOCK + 2, 1 => BLOCK..4 * BLOCK];
        let step = prop_oneof![
            60 => (len, 0..2usize).prop_map(|(len, scope)| Step::Push { len, scope }),
            8 => Just(Step::Pop),
            4 => (0..200usize, 0..3 * BLOCK).prop_map(|(spans, bytes)| Step::Take { spans, bytes }),
        ];
        vec(step, 0..800)
    }

    /// What was taken: of each span, its scope and message.
    fn read(block: Block) -> Vec<(Scope, Bytes)> {
        let mut batch = Batch::default();
        batch.push(block);
        batch.read(0..batch.len())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn it_is_a_queue_of_messages_with_little_memory_around_them(steps in steps()) {
            let mut ring = Ring::default();
            // Number, scope and message of each.
            let mut expected: Vec<(u64, Scope, Bytes)> = Vec::new();
            for (number, step) in (0..).zip(steps) {
                match step {
                    Step::Push { len, scope } => {
                        let (scope, message) = (&SCOPES[scope], Bytes::from(vec![number as u8; len]));
                        ring.push(number, EndedSpan { scope, message: &message });
                        expected.push((number, scope.clone(), message));
                    }
                    Step::Pop => {
                        ring.pop();
                        expected.pop();
                    }
                    Step::Take { spans, bytes } => {
                        let taken = ring.take(spans, bytes).map(read).unwrap_or_default();
                        prop_assert!(taken.len() <= spans);
                        let rest = expected.split_off(taken.len());
                        let first = expected.into_iter().map(|(_, scope, message)| (scope, message));
                        prop_assert_eq!(taken, first.collect::<Vec<_>>());
                        expected = rest;
                    }
                }
                prop_assert_eq!(ring.len(), expected.len());
                prop_assert_eq!(ring.oldest(), expected.first().map(|(number, ..)| *number));
                let bytes = |(_, scope, message): &(u64, Scope, Bytes)| EndedSpan { scope, message }.bytes();
                prop_assert_eq!(ring.bytes(), expected.iter().map(bytes).sum::<usize>());
                let allocated: usize = ring.blocks.iter().map(Block::allocated).sum();
                prop_assert!(allocated <= (ring.bytes() + ring.len() * OVERHEAD) / 3 * 4 + 2 * BLOCK);
            }
        }
    }

    #[test]
    fn as_much_is_taken_as_is_wanted() {
        let mut ring = Ring::default();
        (0..10).for_each(|number| ring.push(number, EndedSpan { scope: &SCOPES[0], message: &[0; 98] }));
        assert_eq!(ring.take(3, usize::MAX).map(|block| block.len()), Some(3));
        assert_eq!(ring.take(3, 299).map(|block| block.len()), Some(2));
        assert!(ring.take(3, 99).is_none() && ring.take(0, usize::MAX).is_none());
        assert_eq!(ring.take(9, 500).map(|block| block.len()), Some(5));
        assert!(ring.take(9, 500).is_none());
    }
}
