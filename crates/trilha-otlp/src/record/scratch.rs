//! The memory that open spans are written into: kept by each thread for the next one. Nothing is written here.

use std::cell::RefCell;

use super::buffer::SpanBuffer;

/// What a thread keeps at most: as many as spans are open in each other, and none that one huge span has left.
const MOST: usize = 32;
const LARGEST: usize = 16 * 1_024;

thread_local! {
    #[expect(clippy::vec_box, reason = "a span takes its memory along as one pointer")]
    static SPARE: RefCell<Vec<Box<SpanBuffer>>> = const { RefCell::new(Vec::new()) };
}

/// One that a span may [begin](SpanBuffer::begin) in.
pub(super) fn take() -> Box<SpanBuffer> {
    let spare = SPARE.try_with(|spare| spare.borrow_mut().pop());
    spare.ok().flatten().unwrap_or_else(|| Box::new(SpanBuffer::empty()))
}

/// Leaves the memory of a span that ended to the next one on this thread.
pub(super) fn give_back(used: Box<SpanBuffer>) {
    if used.bytes.capacity() > LARGEST {
        return;
    }
    // At the end of a thread it is freed.
    let _ = SPARE.try_with(|spare| {
        let mut spare = spare.borrow_mut();
        if spare.len() < MOST {
            spare.push(used);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again_and_that_of_a_huge_span_is_freed() {
        std::thread::spawn(|| {
            let mut used = take();
            used.bytes.extend([1; 2_000]);
            let capacity = used.bytes.capacity();
            give_back(used);
            assert_eq!(take().bytes.capacity(), capacity);

            let mut huge = take();
            huge.bytes.reserve(LARGEST + 1);
            give_back(huge);
            assert!(take().bytes.capacity() < LARGEST);
        })
        .join()
        .unwrap();
    }

    #[test]
    fn a_thread_keeps_no_more_than_its_share() {
        std::thread::spawn(|| {
            let all: Vec<_> = (0..MOST + 8).map(|_| take()).collect();
            all.into_iter().for_each(give_back);
            assert_eq!(SPARE.with_borrow(Vec::len), MOST);
        })
        .join()
        .unwrap();
    }
}
