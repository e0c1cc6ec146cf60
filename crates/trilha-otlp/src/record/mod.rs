//! Spans: their start, what is set on them, their end. Nothing is sent here.

mod buffer;
mod bytes;
mod event;
mod head;
mod limits;
mod scratch;
mod seen;
mod span;
mod status;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::SystemTime};

#[cfg(unix)]
use rustix::time::{ClockId, clock_gettime};
use trilha_core::{
    Recorder, SpanCounts, TraceContext,
    fence::Panics,
    recorder::{PassThrough, SpanRecord, SpanStart},
    sampling::Sampler,
};

pub use self::limits::Limits;
use crate::delivery::Delivery;

/// Starts spans that are written as OTLP while they are open, and hands them to the pipeline's queue
/// when they end.
///
/// A span that is dropped without an end ends at that moment.
#[derive(Debug)]
pub struct OtlpRecorder {
    delivery: Arc<Delivery>,
    sampler: Sampler,
    limits: Limits,
    panics: Panics,
}

impl OtlpRecorder {
    /// `panics` are those of the pipeline that delivers.
    pub(crate) fn new(delivery: Arc<Delivery>, sampler: Sampler, limits: Limits, panics: Panics) -> Self {
        Self { delivery, sampler, limits, panics }
    }
}

impl Recorder for OtlpRecorder {
    fn start(&self, start: &SpanStart<'_>) -> Arc<dyn SpanRecord> {
        let context = TraceContext::of_child(start.parent, |id| self.sampler.decide(start, id));
        if !context.is_sampled() {
            self.delivery.queue().sample_out();
            return Arc::new(PassThrough(context));
        }
        let mut span = scratch::take();
        // Nobody else has it.
        if let Some(span) = Arc::get_mut(&mut span) {
            span.begin(context, start, self.limits, self.delivery.queue());
        }
        span
    }

    /// What is said of a span is set on it once it is judged.
    fn looks_at_content(&self) -> bool {
        false
    }

    fn drop_child(&self) -> bool {
        let drops = self.sampler.is_final();
        if drops {
            self.delivery.queue().sample_out();
        }
        drops
    }

    fn counts(&self) -> SpanCounts {
        self.delivery.queue().counts()
    }

    fn panics(&self) -> Option<&Panics> {
        Some(&self.panics)
    }
}

/// Nanoseconds since 1970, now where no time is given. What is before or centuries after is cut.
fn unix_nanos(time: Option<SystemTime>) -> u64 {
    let Some(time) = time else { return now() };
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

/// The standard library hides the two numbers that the system gives: to get at them costs more than the clock.
#[cfg(unix)]
fn now() -> u64 {
    let now = clock_gettime(ClockId::Realtime);
    u64::try_from(now.tv_sec)
        .map_or(0, |seconds| seconds.saturating_mul(1_000_000_000).saturating_add(now.tv_nsec as u64))
}

#[cfg(not(unix))]
fn now() -> u64 {
    unix_nanos(Some(SystemTime::now()))
}
