//! The memory of messages that were sent, kept for the next ones. Nothing waits here.

use parking_lot::Mutex;

use super::EndedSpan;

/// Messages whose memory is kept at most: those of one batch, and of none that is huge.
const MOST: usize = 512;
const LARGEST: usize = 4 * 1_024;

/// Sizes are rounded up to it, so that messages of about the same length share their memory.
const STEP: usize = 64;

/// Memory that is free.
#[derive(Debug, Default)]
pub(crate) struct Spare(Mutex<Vec<Vec<u8>>>);

impl Spare {
    /// A copy that takes little more memory than it must: as much as waits is what the queue's bound is about.
    pub(crate) fn copy(&self, message: &[u8]) -> Vec<u8> {
        let len = message.len();
        // Nobody waits for memory: where another thread is here, it is allocated.
        let spare = self.0.try_lock().and_then(|mut spare| spare.pop());
        let fits = |spare: &Vec<u8>| (len..=2 * len).contains(&spare.capacity());
        let mut copy = spare.filter(fits).unwrap_or_else(|| Vec::with_capacity(len.next_multiple_of(STEP)));
        copy.extend_from_slice(message);
        copy
    }

    /// Keeps the memory of what was sent.
    pub(crate) fn give_back(&self, sent: Vec<EndedSpan>) {
        let mut spare = self.0.lock();
        for EndedSpan { mut message, .. } in sent {
            if spare.len() < MOST && message.capacity() <= LARGEST {
                message.clear();
                spare.push(message);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::Rank;
    use trilha_core::Scope;

    fn sent(message: Vec<u8>) -> EndedSpan {
        EndedSpan { scope: Scope::new("test", "1"), message, rank: Rank::Inner }
    }

    #[test]
    fn a_copy_takes_the_memory_of_what_was_sent_where_it_fits() {
        let spare = Spare::default();
        let first = spare.copy(&[1; 100]);
        assert_eq!((first.len(), first.capacity()), (100, 128));
        let memory = first.as_ptr();
        spare.give_back(vec![sent(first)]);
        let second = spare.copy(&[2; 128]);
        assert_eq!((second.as_ptr(), second.as_slice()), (memory, [2; 128].as_slice()));

        spare.give_back(vec![sent(second)]);
        assert_eq!(spare.copy(&[3; 20]).capacity(), STEP);
        assert_eq!(spare.copy(&[3; 200]).capacity(), 4 * STEP);
    }

    #[test]
    fn no_more_is_kept_than_a_batch_of_usual_messages() {
        let spare = Spare::default();
        spare.give_back((0..MOST + 8).map(|_| sent(vec![0; 10])).collect());
        assert_eq!(spare.0.lock().len(), MOST);
        let spare = Spare::default();
        spare.give_back(vec![sent(vec![0; LARGEST + 1])]);
        assert_eq!(spare.0.lock().len(), 0);
    }
}
