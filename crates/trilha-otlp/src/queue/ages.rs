//! Which open spans are overdue, without a list of them: spans are numbered as they start, and the number that is
//! reached at each turn tells how old a span is at least. No clock is read here.

use super::Notice;

/// A span is overdue once so many whole generations are younger than its own.
pub(crate) const TURNS: u32 = 4;

/// When a span was started: its place among all of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Started(pub(super) u64);

/// Spans that are open, by age.
#[derive(Debug, Default)]
pub(super) struct Ages {
    /// From the oldest to the one that spans start in; older ones are overdue.
    generations: [Generation; TURNS as usize + 1],
    overdue: u64,
}

/// Spans that were started between two turns.
#[derive(Clone, Copy, Debug, Default)]
struct Generation {
    first: u64,
    ended: u64,
}

impl Ages {
    /// A span ended. It was the last that was overdue where there is something to say.
    pub(super) fn end(&mut self, Started(number): Started) -> Option<Notice> {
        // Most spans are short: the youngest generation comes first.
        match self.generations.iter_mut().rev().find(|generation| number >= generation.first) {
            Some(generation) => {
                generation.ended += 1;
                None
            }
            None => {
                self.overdue = self.overdue.saturating_sub(1);
                (self.overdue == 0).then_some(Notice::NoneOverdue)
            }
        }
    }

    /// The next generation begins, after so many spans were started in all. What is left of the oldest is overdue.
    pub(super) fn turn(&mut self, started: u64) -> Option<Notice> {
        let [oldest, next, ..] = self.generations;
        let left = (next.first - oldest.first).saturating_sub(oldest.ended);
        self.generations.rotate_left(1);
        let [.., youngest] = &mut self.generations;
        *youngest = Generation { first: started, ended: 0 };
        let was_any = self.overdue > 0;
        self.overdue += left;
        (!was_any && left > 0).then_some(Notice::Overdue { spans: left })
    }

    /// Spans that are open, and have been for too long.
    pub(super) fn overdue(&self) -> u64 {
        self.overdue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_overdue_is_told_with_the_first_and_after_the_last() {
        let mut ages = Ages::default();
        for _ in 0..TURNS {
            assert_eq!(ages.turn(3), None);
        }
        assert_eq!(ages.end(Started(1)), None);
        assert_eq!(ages.turn(4), Some(Notice::Overdue { spans: 2 }));
        assert_eq!(ages.end(Started(0)), None);
        assert_eq!(ages.end(Started(3)), None, "is not overdue yet");
        assert_eq!(ages.end(Started(2)), Some(Notice::NoneOverdue));
    }

    #[test]
    fn more_that_are_overdue_are_not_told_again() {
        let mut ages = Ages::default();
        let told: Vec<_> = (1..=19).filter_map(|started| ages.turn(started)).collect();
        assert_eq!(told, [Notice::Overdue { spans: 1 }]);
        assert_eq!(ages.overdue(), 19 - u64::from(TURNS));
    }
}
