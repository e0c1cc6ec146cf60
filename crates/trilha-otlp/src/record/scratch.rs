//! The memory that open spans are written into: kept by each thread for the next one. Nothing is written here.

use std::{cell::RefCell, mem};

use super::buffer::Written;

/// Room for what most spans hold, so that few have to grow.
const USUAL_BYTES: usize = 1_024;
const USUAL_ATTRIBUTES: usize = 16;

/// What a thread keeps at most: as many as spans are open in each other, and none that one huge span has left.
const MOST: usize = 32;
const LARGEST: usize = 16 * 1_024;

thread_local! {
    static SPARE: RefCell<Vec<Scratch>> = const { RefCell::new(Vec::new()) };
}

/// A span's bytes, and where its attributes stand in them.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) bytes: Vec<u8>,
    pub(super) attributes: Vec<Written>,
}

impl Scratch {
    /// An empty one.
    pub(super) fn take() -> Self {
        let spare = SPARE.try_with(|spare| spare.borrow_mut().pop());
        spare.ok().flatten().unwrap_or_else(|| Self {
            bytes: Vec::with_capacity(USUAL_BYTES),
            attributes: Vec::with_capacity(USUAL_ATTRIBUTES),
        })
    }

    /// Leaves its memory to the next span on this thread, and nothing here.
    pub(super) fn give_back(&mut self) {
        let Self { mut bytes, mut attributes } = mem::take(self);
        if !(1..=LARGEST).contains(&bytes.capacity()) {
            return;
        }
        bytes.clear();
        attributes.clear();
        // At the end of a thread it is freed.
        let _ = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            if spare.len() < MOST {
                spare.push(Self { bytes, attributes });
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again_and_that_of_a_huge_span_is_freed() {
        std::thread::spawn(|| {
            let mut used = Scratch::take();
            used.bytes.extend([1; 2_000]);
            let capacity = used.bytes.capacity();
            used.give_back();
            let again = Scratch::take();
            assert_eq!((again.bytes.len(), again.bytes.capacity()), (0, capacity));

            let mut huge = Scratch::take();
            huge.bytes.reserve(LARGEST + 1);
            huge.give_back();
            assert_eq!(Scratch::take().bytes.capacity(), USUAL_BYTES);
        })
        .join()
        .unwrap();
    }

    #[test]
    fn a_thread_keeps_no_more_than_its_share() {
        std::thread::spawn(|| {
            let all: Vec<_> = (0..MOST + 8).map(|_| Scratch::take()).collect();
            all.into_iter().for_each(|mut scratch| scratch.give_back());
            assert_eq!(SPARE.with_borrow(Vec::len), MOST);
        })
        .join()
        .unwrap();
    }
}
