//! The pipeline as a whole: started, flushed, shut down.

use std::{
    io,
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use opentelemetry::Context;
use tokio::runtime;
use tracing::subscriber::{NoSubscriber, with_default};
use trilha_core::{SpanCounts, fence::Panics};

#[cfg(feature = "grpc")]
use crate::transport::GrpcTransport;
#[cfg(feature = "http")]
use crate::transport::HttpTransport;
#[cfg(feature = "json")]
use crate::transport::LinesTransport;
use crate::{
    OtlpRecorder, PipelineConfig, SetupError,
    config::{Destination, Protocol},
    encode::encode_resource,
    queue::{Goal, Queue},
    transport::Transport,
    worker::Worker,
};

const THREAD: &str = "trilha-otlp";

/// How long the last handle that is dropped waits for what was not sent yet.
const DEADLINE_ON_DROP: Duration = Duration::from_secs(5);

/// A queue for spans that ended, and the thread that sends them. Cheap to clone.
///
/// It needs no runtime: the thread has one of its own. What it sends is never traced.
///
/// When the last clone is dropped, it is shut down, and the drop waits for up to 5 s until everything
/// was sent. Recorders and spans do not keep it alive.
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
    queue: Arc<Queue>,
    runtime: runtime::Handle,
    thread: thread::ThreadId,
}

/// What a flush or a shutdown came to.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// What became of every span since the pipeline was started.
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
        let transport = transport_to(config.check()?)?;
        let (queue, panics) = (Arc::new(Queue::new(config.bounds)), Panics::default());
        let worker = Worker {
            queue: Arc::clone(&queue),
            transport,
            resource: encode_resource(&config.resource),
            batch_interval: config.batch_interval,
            retry_for: config.retry_for,
            overdue_after: config.overdue_after,
            panics: panics.clone(),
        };
        // The thread makes the runtime: nowhere else is it dropped, as inside another one that would panic.
        let (started, starting) = mpsc::sync_channel(1);
        let thread = thread::Builder::new().name(THREAD.to_owned());
        let thread = thread.spawn(move || work(worker, &started)).map_err(SetupError::worker)?;
        let ended = || io::Error::other("the thread ended at once");
        let runtime = starting.recv().unwrap_or_else(|_| Err(ended())).map_err(SetupError::worker)?;
        Ok(Self(Arc::new(Running {
            recorder: Arc::new(OtlpRecorder::new(Arc::clone(&queue), config.sampler, config.limits, panics)),
            queue,
            runtime,
            thread: thread.thread().id(),
        })))
    }

    /// Who starts this pipeline's spans. Spans that end after the shutdown are dropped and counted.
    pub fn recorder(&self) -> Arc<OtlpRecorder> {
        Arc::clone(&self.0.recorder)
    }

    /// What became of every span so far.
    pub fn counts(&self) -> SpanCounts {
        self.0.queue.counts()
    }

    /// How many ended spans wait at most.
    pub fn queue_capacity(&self) -> usize {
        self.0.queue.capacity()
    }

    /// Sends what ended so far, without waiting for a batch to fill; at most for `timeout`.
    ///
    /// Any executor will do, and none of its threads is blocked.
    pub async fn flush(&self, timeout: Duration) -> Report {
        let goal = self.0.queue.flush();
        self.0.wait(goal, timeout, |_| {}).await;
        self.0.report(goal)
    }

    /// As [`flush`](Self::flush), and blocks the calling thread. No runtime is needed.
    ///
    /// On the pipeline's own thread it does not wait, as nothing would be sent meanwhile.
    pub fn flush_blocking(&self, timeout: Duration) -> Report {
        let goal = self.0.queue.flush();
        self.0.block(goal, timeout);
        self.0.report(goal)
    }

    /// Takes no more spans, sends those that ended, at most for `timeout`, and ends the thread.
    ///
    /// What is left at the deadline is counted: as unacknowledged if it was under way, else as
    /// dropped. A second call, also a concurrent one, is harmless; the earliest deadline counts.
    /// Any executor will do. The shutdown goes on if the future is dropped.
    pub async fn shutdown(&self, timeout: Duration) -> Report {
        self.0.queue.close();
        self.0.wait(Goal::Finished, timeout, Queue::abandon).await;
        self.0.report(Goal::Finished)
    }

    /// As [`shutdown`](Self::shutdown), and blocks the calling thread. No runtime is needed.
    ///
    /// On the pipeline's own thread it does not wait: what was not sent yet is given up.
    pub fn shutdown_blocking(&self, timeout: Duration) -> Report {
        self.0.shut_down(timeout);
        self.0.report(Goal::Finished)
    }
}

impl Running {
    /// Returns when `goal` is reached, or when time is up, after `give_up` was called. The clock is the
    /// worker's: the caller's executor needs none.
    async fn wait(&self, goal: Goal, timeout: Duration, give_up: fn(&Queue)) {
        let queue = Arc::clone(&self.queue);
        let waiting = self.runtime.spawn(async move {
            if tokio::time::timeout(timeout, queue.wait_until(goal)).await.is_err() {
                give_up(&queue);
            }
        });
        // An error says that the runtime has ended, and with it the queue.
        let _ = waiting.await;
    }

    fn block(&self, goal: Goal, timeout: Duration) {
        if thread::current().id() != self.thread {
            self.queue.block_until(goal, Instant::now().checked_add(timeout));
        }
    }

    fn shut_down(&self, timeout: Duration) {
        self.queue.close();
        self.block(Goal::Finished, timeout);
        if !self.queue.has_reached(Goal::Finished) {
            self.queue.abandon();
        }
    }

    fn report(&self, goal: Goal) -> Report {
        let is_complete = self.queue.has_reached(goal) && !self.queue.was_abandoned();
        Report { counts: self.queue.counts(), is_complete }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shut_down(DEADLINE_ON_DROP);
    }
}

fn transport_to(destination: Destination) -> Result<Box<dyn Transport>, SetupError> {
    Ok(match destination {
        Destination::Receiver(target) => match target.protocol {
            #[cfg(feature = "http")]
            Protocol::Http => Box::new(HttpTransport::new(*target)),
            #[cfg(feature = "grpc")]
            Protocol::Grpc => Box::new(GrpcTransport::new(*target)),
        },
        #[cfg(feature = "json")]
        Destination::Lines(to) => Box::new(LinesTransport::open(to)?),
    })
}

/// The pipeline's thread. It tells `started` its runtime, or why there is none.
fn work(worker: Worker, started: &mpsc::SyncSender<io::Result<runtime::Handle>>) {
    let runtime = match runtime::Builder::new_current_thread().enable_all().thread_name(THREAD).build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(started.send(Err(error))),
    };
    let _ = started.send(Ok(runtime.handle().clone()));
    // However the thread ends, nobody waits for it any more.
    let _end = AbandonOnDrop(Arc::clone(&worker.queue));
    // What is sent is neither traced by us nor, over the events of HTTP libraries, by a subscriber.
    let _suppressed = Context::enter_telemetry_suppressed_scope();
    with_default(NoSubscriber::new(), || {
        // As a task among those of the connections, so that a yield lets them run.
        let task = runtime.spawn(async move { worker.run().await });
        let _ = runtime.block_on(task); // an error is a panic, after which the queue is abandoned
        // Name resolution cannot be cancelled, and is not waited for.
        runtime.shutdown_background();
    });
}

struct AbandonOnDrop(Arc<Queue>);

impl Drop for AbandonOnDrop {
    fn drop(&mut self) {
        self.0.abandon();
    }
}
