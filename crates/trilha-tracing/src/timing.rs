//! For how long a span was entered, where that is wanted.

use std::time::{Duration, Instant};

/// For how long a span was entered, and for how long it waited in between.
#[derive(Debug)]
pub(crate) struct Timing(Option<Box<Activity>>);

impl Timing {
    /// That of a span which is made now.
    #[inline]
    pub(crate) fn start(is_wanted: bool) -> Self {
        Self(is_wanted.then(|| Box::new(Activity::start(Instant::now()))))
    }

    #[inline]
    pub(crate) fn enter(&mut self) {
        if let Some(activity) = &mut self.0 {
            activity.enter(Instant::now());
        }
    }

    #[inline]
    pub(crate) fn exit(&mut self) {
        if let Some(activity) = &mut self.0 {
            activity.exit(Instant::now());
        }
    }

    /// For how many nanoseconds the span was busy and idle, where that is wanted.
    #[inline]
    pub(crate) fn busy_and_idle(&self) -> Option<(i64, i64)> {
        let nanos = |time: Duration| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
        self.0.as_ref().map(|activity| (nanos(activity.busy), nanos(activity.idle)))
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
