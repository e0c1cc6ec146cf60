//! When a span was entered and left.

use std::time::{Duration, Instant, SystemTime};

/// When a span was left for the last time, and for how long it was entered before.
#[derive(Debug)]
pub(crate) struct Timing {
    left: Option<SystemTime>,
    /// None unless it is wanted.
    activity: Option<Box<Activity>>,
}

impl Timing {
    /// That of a span which is made now.
    pub(crate) fn start(with_activity: bool) -> Self {
        Self { left: None, activity: with_activity.then(|| Box::new(Activity::start(Instant::now()))) }
    }

    pub(crate) fn enter(&mut self) {
        if let Some(activity) = &mut self.activity {
            activity.enter(Instant::now());
        }
    }

    pub(crate) fn exit(&mut self) {
        self.left = self.left.max(Some(SystemTime::now()));
        if let Some(activity) = &mut self.activity {
            activity.exit(Instant::now());
        }
    }

    /// When the span was left for the last time. None if it was never entered.
    pub(crate) fn left(&self) -> Option<SystemTime> {
        self.left
    }

    /// For how many nanoseconds the span was busy and idle, where that is wanted.
    pub(crate) fn busy_and_idle(&self) -> Option<(i64, i64)> {
        let nanos = |time: Duration| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
        self.activity.as_ref().map(|activity| (nanos(activity.busy), nanos(activity.idle)))
    }
}

#[derive(Debug)]
struct Activity {
    busy: Duration,
    idle: Duration,
    /// The last change between the two.
    since: Instant,
    /// How often the span is entered at this moment.
    entered: usize,
}

impl Activity {
    fn start(now: Instant) -> Self {
        Self { busy: Duration::ZERO, idle: Duration::ZERO, since: now, entered: 0 }
    }

    fn enter(&mut self, now: Instant) {
        if self.entered == 0 {
            self.idle += now.saturating_duration_since(self.since);
            self.since = now;
        }
        self.entered += 1;
    }

    fn exit(&mut self, now: Instant) {
        self.entered = self.entered.saturating_sub(1);
        if self.entered == 0 {
            self.busy += now.saturating_duration_since(self.since);
            self.since = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_counts_once_however_often_a_span_is_entered() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut activity = Activity::start(start);
        activity.enter(at(1));
        activity.enter(at(3));
        activity.exit(at(6));
        activity.exit(at(10));
        activity.enter(at(15));
        activity.exit(at(21));
        assert_eq!(activity.idle, Duration::from_secs(1 + 5));
        assert_eq!(activity.busy, Duration::from_secs(9 + 6));
    }
}
