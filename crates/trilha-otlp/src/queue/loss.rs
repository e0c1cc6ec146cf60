//! When loss starts and when it ends. How many spans are lost by which reason is counted elsewhere.

use super::Notice;

#[derive(Debug, Default)]
pub(super) struct Loss {
    /// Spans that were lost since it started; none where it has not.
    lost: Option<u64>,
    /// Whether something was lost since the batch in flight was taken.
    is_batch_marred: bool,
}

impl Loss {
    /// So many spans were lost. It starts where there is something to say.
    pub(super) fn lose(&mut self, reason: &'static str, spans: u64) -> Option<Notice> {
        if spans == 0 {
            return None;
        }
        self.is_batch_marred = true;
        let before = self.lost.replace(self.lost.unwrap_or(0) + spans);
        before.is_none().then_some(Notice::LossStarts { reason })
    }

    /// A batch is in flight from now on.
    pub(super) fn batch_begins(&mut self) {
        self.is_batch_marred = false;
    }

    /// Spans of it were delivered. Loss ends where there is something to say.
    pub(super) fn deliver(&mut self) -> Option<Notice> {
        let lost = self.lost.take_if(|_| !self.is_batch_marred)?;
        Some(Notice::LossEnds { lost })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_is_told_when_it_starts_and_when_it_ends_and_not_in_between() {
        let mut loss = Loss::default();
        loss.batch_begins();
        assert_eq!(loss.deliver(), None);

        assert_eq!(loss.lose("queue_full", 0), None);
        assert_eq!(loss.lose("queue_full", 3), Some(Notice::LossStarts { reason: "queue_full" }));
        assert_eq!(loss.lose("export_failed", 2), None);
        assert_eq!(loss.deliver(), None); // while others were lost

        loss.batch_begins();
        assert_eq!(loss.lose("queue_full", 1), None);
        assert_eq!(loss.deliver(), None);

        loss.batch_begins();
        assert_eq!(loss.deliver(), Some(Notice::LossEnds { lost: 6 }));
        assert_eq!(loss.deliver(), None);
    }
}
