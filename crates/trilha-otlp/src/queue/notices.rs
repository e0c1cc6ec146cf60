//! What there is to tell a program, each once. Nothing is logged here, as all of it happens under the queue's lock.

use std::mem;

/// Something to tell.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Notice {
    /// Spans are being lost; the first for this reason.
    LossStarts { reason: &'static str },
    /// Spans were delivered for a while, and none was lost meanwhile: so many were before, in all.
    LossEnds { lost: u64 },
    /// Nothing is sent any more, and loss has not ended: so many spans were lost.
    LossStays { lost: u64 },
    /// So many spans are overdue; none was before.
    Overdue { spans: u64 },
    /// The last one that was overdue has ended.
    NoneOverdue,
}

/// Notices that wait to be told. More would only say the same again.
const MOST: usize = 8;

#[derive(Debug, Default)]
pub(super) struct Notices(Vec<Notice>);

impl Notices {
    pub(super) fn add(&mut self, notice: Option<Notice>) {
        if let Some(notice) = notice
            && self.0.len() < MOST
        {
            self.0.push(notice);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn take(&mut self) -> Vec<Notice> {
        mem::take(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_tells_takes_no_memory() {
        let mut notices = Notices::default();
        for _ in 0..100 {
            notices.add(Some(Notice::NoneOverdue));
            notices.add(None);
        }
        assert_eq!(notices.take().len(), MOST);
        assert!(notices.is_empty());
    }
}
