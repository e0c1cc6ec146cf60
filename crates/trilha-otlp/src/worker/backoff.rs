//! How long to wait before the next attempt.

use std::time::Duration;

use rand::Rng;
use tokio::time::Instant;

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(10);

/// The pauses between the attempts of one batch: each twice the last, with jitter, so that many
/// senders do not come back at once.
#[derive(Debug)]
pub(super) struct Backoff {
    next: Duration,
    /// No attempt is made after it.
    end: Instant,
}

impl Backoff {
    pub(super) fn new(retry_for: Duration) -> Self {
        Self { next: FIRST, end: Instant::now() + retry_for }
    }

    /// The next pause; none where no time is left. Longer than our own where the receiver asks for that, as
    /// far as the time that is left allows; never shorter, whatever the clocks say.
    pub(super) fn pause(&mut self, asked: Option<Duration>) -> Option<Duration> {
        let left = self.end.saturating_duration_since(Instant::now());
        let own = self.next.mul_f64(rand::rng().random_range(0.5..=1.0));
        self.next = LONGEST.min(self.next * 2);
        (!left.is_zero()).then(|| asked.map_or(own, |asked| asked.max(own)).min(left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_up_to_a_bound() {
        let mut backoff = Backoff::new(Duration::from_secs(1_000));
        let pauses: Vec<_> = (0..10).map(|_| backoff.pause(None).unwrap()).collect();
        let mut longest = FIRST;
        for pause in pauses {
            assert!((longest / 2..=longest).contains(&pause), "{pause:?}");
            longest = LONGEST.min(longest * 2);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_receiver_s_pause_is_kept_as_far_as_there_is_time() {
        let mut backoff = Backoff::new(Duration::from_secs(10));
        assert_eq!(backoff.pause(Some(Duration::from_secs(3))), Some(Duration::from_secs(3)));
        assert_eq!(backoff.pause(Some(Duration::from_secs(3_600))), Some(Duration::from_secs(10)));
        assert!(backoff.pause(Some(Duration::ZERO)) >= Some(FIRST / 2));
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(backoff.pause(Some(Duration::from_secs(1))), None);
    }
}
