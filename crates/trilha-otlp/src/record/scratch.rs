//! The memory that open spans are written into: kept by each thread for the next one, with the way to the queue that the
//! last one went, which an ended pipeline has emptied. Nothing is written here.

use std::{cell::RefCell, sync::Arc};

use super::span::OtlpSpan;

/// What a thread keeps at most: as many as spans are open in each other, and none that one huge span has left.
const MOST: usize = 32;
pub(super) const LARGEST: usize = 16 * 1_024;

thread_local! {
    static SPARE: RefCell<Vec<Arc<OtlpSpan>>> = const { RefCell::new(Vec::new()) };
}

/// One that nobody else has, and that may [begin](OtlpSpan::begin).
pub(super) fn take() -> Arc<OtlpSpan> {
    let spare = SPARE.try_with(|spare| spare.borrow_mut().pop());
    spare.ok().flatten().unwrap_or_else(|| Arc::new(OtlpSpan::empty()))
}

/// Leaves the memory of a span that ended, which nobody else has, to the next one on this thread.
pub(super) fn give_back(used: Arc<OtlpSpan>) {
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
    use crate::record::span::tests::{begun_span, queue};
    use trilha_core::recorder::{SpanRecord, Value};

    fn memory(span: &Arc<OtlpSpan>) -> *const OtlpSpan {
        Arc::as_ptr(span)
    }

    fn capacity(mut span: Arc<OtlpSpan>) -> usize {
        Arc::get_mut(&mut span).unwrap().capacity()
    }

    #[test]
    fn memory_is_used_again_and_that_of_a_huge_span_is_freed() {
        std::thread::spawn(|| {
            let queue = queue();
            let used = begun_span("used", &queue);
            used.set_attribute("long", Value::Str(&"x".repeat(2_000)));
            let first = memory(&used);
            used.finish(None);
            let again = begun_span("again", &queue);
            assert_eq!(memory(&again), first);
            assert!((2_000..LARGEST).contains(&capacity(again)));

            let huge = begun_span("huge", &queue);
            huge.set_attribute("long", Value::Str(&"x".repeat(LARGEST)));
            huge.finish(None);
            assert!(capacity(begun_span("next", &queue)) < LARGEST);
        })
        .join()
        .unwrap();
    }

    #[test]
    fn what_somebody_still_has_is_no_other_span_and_keeps_no_memory() {
        std::thread::spawn(|| {
            let queue = queue();
            let ended = begun_span("ended", &queue);
            Arc::clone(&ended).finish(None);
            let next = begun_span("next", &queue);
            assert_ne!(memory(&next), memory(&ended));
            assert!(!ended.is_recording() && next.is_recording());
            assert_eq!(Arc::strong_count(&queue), 2, "the test and the open span have it");
            assert_eq!(capacity(ended), 0);
        })
        .join()
        .unwrap();
    }

    #[test]
    fn a_thread_keeps_no_more_than_its_share() {
        std::thread::spawn(|| {
            let queue = queue();
            let all: Vec<_> = (0..MOST + 8).map(|_| begun_span("one of many", &queue)).collect();
            all.into_iter().for_each(|span| span.finish(None));
            assert_eq!(SPARE.with_borrow(Vec::len), MOST);
        })
        .join()
        .unwrap();
    }
}
