//! The pipeline as a whole: started, flushed, shut down.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use trilha_core::{SpanCounts, fence::Panics};

use crate::{
    OtlpRecorder, PipelineConfig, SetupError,
    delivery::{Delivery, Local},
    queue::{Goal, Queue},
};

/// How long the last handle that is dropped waits for what was not sent yet.
const DEADLINE_ON_DROP: Duration = Duration::from_secs(5);

/// More than some lines take.
const LAST_WORDS: Duration = Duration::from_millis(50);

/// A queue for spans that ended, and the thread that sends them. Cheap to clone.
///
/// It needs no runtime: the thread has one of its own. What it sends is never traced.
///
/// When the last clone is dropped, it is shut down, and the drop waits for up to 5 s until everything
/// was sent. Recorders and spans do not keep it alive. In a [child of a fork](crate#fork) it begins anew.
///
/// ```no_run
/// use std::time::Duration;
/// use trilha_otlp::{Endpoint, Pipeline, PipelineConfig};
///
/// let endpoint = Endpoint::http("http://localhost:4318/v1/traces");
/// let pipeline = Pipeline::start(PipelineConfig::new(endpoint))?;
/// let handle = trilha_core::Handle::builder(pipeline.recorder()).build();
/// // … operations under `handle` …
/// let report = pipeline.shutdown_blocking(Duration::from_secs(5));
/// assert_eq!(report.counts.dropped.total(), 0);
/// # Ok::<(), trilha_otlp::SetupError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Pipeline(Arc<Running>);

#[derive(Debug)]
struct Running {
    recorder: Arc<OtlpRecorder>,
    delivery: Arc<Delivery>,
}

/// What a flush or a shutdown came to.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// What became of every span since the pipeline was started, or since the process was forked.
    pub counts: SpanCounts,
    /// Whether every span that had ended before got its fate in time: delivered, or counted under
    /// the reason why not. False: some still wait or fly, or were given up at the deadline.
    pub is_complete: bool,
}

impl Pipeline {
    /// Checks the settings and starts the thread. No connection is made before there is a span.
    ///
    /// # Errors
    /// [`SetupError`] names the option that is wrong, or that the system would not give a thread.
    pub fn start(config: PipelineConfig) -> Result<Self, SetupError> {
        let (sampler, limits, panics) = (config.sampler, config.limits, Panics::default());
        let delivery = Arc::new(Delivery::start(config, panics.clone())?);
        let recorder = Arc::new(OtlpRecorder::new(Arc::clone(&delivery), sampler, limits, panics));
        Ok(Self(Arc::new(Running { recorder, delivery })))
    }

    /// Who starts this pipeline's spans. Spans that end after the shutdown are dropped and counted.
    pub fn recorder(&self) -> Arc<OtlpRecorder> {
        Arc::clone(&self.0.recorder)
    }

    /// What became of every span so far.
    pub fn counts(&self) -> SpanCounts {
        self.0.delivery.queue().counts()
    }

    /// How many ended spans wait at most.
    pub fn queue_capacity(&self) -> usize {
        self.0.delivery.queue().capacity()
    }

    /// Sends what ended so far, without waiting for a batch to fill; at most for `timeout`.
    ///
    /// Any executor will do, and none of its threads is blocked.
    pub async fn flush(&self, timeout: Duration) -> Report {
        let local = self.0.delivery.local();
        let goal = local.queue().flush();
        local.wait(goal, timeout, |_| {}).await;
        local.report(goal)
    }

    /// As [`flush`](Self::flush), and blocks the calling thread. No runtime is needed.
    ///
    /// On the pipeline's own thread it does not wait, as nothing would be sent meanwhile.
    pub fn flush_blocking(&self, timeout: Duration) -> Report {
        let local = self.0.delivery.local();
        let goal = local.queue().flush();
        local.block(goal, timeout);
        local.report(goal)
    }

    /// Takes no more spans, sends those that ended, at most for `timeout`, and ends the thread.
    ///
    /// What is left at the deadline is counted: as unacknowledged if it was under way, else as
    /// dropped. The log tells of loss before the shutdown returns; its last 50 ms, or the last tenth of a short one,
    /// are kept for that. A second call, also a concurrent one, is harmless; the earliest deadline counts.
    /// Any executor will do. The shutdown goes on if the future is dropped.
    pub async fn shutdown(&self, timeout: Duration) -> Report {
        let local = self.0.delivery.close();
        let started = Instant::now();
        local.wait(Goal::Finished, timeout - last_words(timeout), Queue::abandon).await;
        local.wait(Goal::Told, timeout.saturating_sub(started.elapsed()), |_| {}).await;
        local.report(Goal::Finished)
    }

    /// As [`shutdown`](Self::shutdown), and blocks the calling thread. No runtime is needed.
    ///
    /// On the pipeline's own thread it does not wait: what was not sent yet is given up.
    pub fn shutdown_blocking(&self, timeout: Duration) -> Report {
        self.0.shut_down(timeout).report(Goal::Finished)
    }
}

impl Running {
    fn shut_down(&self, timeout: Duration) -> &Local {
        let local = self.delivery.close();
        let started = Instant::now();
        local.block(Goal::Finished, timeout - last_words(timeout));
        if !local.queue().has_reached(Goal::Finished) {
            local.queue().abandon();
        }
        local.block(Goal::Told, timeout.saturating_sub(started.elapsed()));
        local
    }
}

/// What of a shutdown's time is kept for the log, which tells what was lost: a program may end right after.
fn last_words(timeout: Duration) -> Duration {
    LAST_WORDS.min(timeout / 10)
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shut_down(DEADLINE_ON_DROP);
    }
}
