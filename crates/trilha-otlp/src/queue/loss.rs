//! When loss starts and when it ends. How many spans are lost by which reason is counted elsewhere; no clock is read
//! here.

use super::Notice;

#[derive(Debug, Default)]
pub(super) struct Loss {
    /// Spans that were lost since it started; none where it has not.
    lost: Option<u64>,
    /// Whether some were lost since the last look.
    is_going_on: bool,
    /// Whether some were delivered since the last look.
    is_any_delivered: bool,
}

impl Loss {
    /// So many spans were lost. It starts where there is something to say.
    pub(super) fn lose(&mut self, reason: &'static str, spans: u64) -> Option<Notice> {
        if spans == 0 {
            return None;
        }
        self.is_going_on = true;
        let before = self.lost.replace(self.lost.unwrap_or(0) + spans);
        before.is_none().then_some(Notice::LossStarts { reason })
    }

    /// So many spans were delivered.
    pub(super) fn deliver(&mut self, spans: u64) {
        self.is_any_delivered |= spans > 0;
    }

    /// A while has passed. Loss ends, and there is something to say, where none was in it, and spans were delivered.
    pub(super) fn look(&mut self) -> Option<Notice> {
        let is_over = self.is_any_delivered && !self.is_going_on;
        (self.is_going_on, self.is_any_delivered) = (false, false);
        let lost = self.lost.take_if(|_| is_over)?;
        Some(Notice::LossEnds { lost })
    }

    /// There will be no further look.
    pub(super) fn stop(&mut self) -> Option<Notice> {
        let lost = self.lost.take()?;
        Some(Notice::LossStays { lost })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_is_told_when_it_starts_and_when_it_is_over_for_a_while_and_not_in_between() {
        let mut loss = Loss::default();
        loss.deliver(1);
        assert_eq!((loss.look(), loss.stop()), (None, None));

        assert_eq!(loss.lose("queue_full", 0), None);
        assert_eq!(loss.lose("queue_full", 3), Some(Notice::LossStarts { reason: "queue_full" }));
        for _ in 0..10 {
            loss.deliver(1); // every other batch has one that is not wanted
            assert_eq!(loss.lose("rejected", 1), None);
            loss.deliver(0);
            assert_eq!(loss.look(), None);
        }
        assert_eq!(loss.look(), None, "nothing was delivered either");
        loss.deliver(1);
        assert_eq!(loss.look(), Some(Notice::LossEnds { lost: 13 }));
        loss.deliver(1);
        assert_eq!(loss.look(), None);

        assert!(loss.lose("shutdown", 2).is_some());
        assert_eq!(loss.stop(), Some(Notice::LossStays { lost: 2 }));
        assert_eq!(loss.stop(), None);
    }
}
