//! Where the spans of this process go: its queue and its worker. A child of a fork gets some of its own.
//!
//! A fork leaves the child without the worker's thread, with a copy of what waits, which is the parent's to send,
//! and with connections and a poller that both would use. Nothing of that is touched: it is left as it lies, for as
//! long as the child lives.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use trilha_core::fence::Panics;

use crate::{
    PipelineConfig, Report, SetupError,
    config::Destination,
    encode::encode_resource,
    queue::{Goal, Queue},
    transport,
    worker::{Worker, WorkerThread},
};

/// A queue and a worker in each process that has spans.
#[derive(Debug)]
pub(crate) struct Delivery {
    config: PipelineConfig,
    destination: Destination,
    panics: Panics,
    is_closed: AtomicBool,
    first: Local,
}

/// What one process has.
#[derive(Debug)]
pub(crate) struct Local {
    queue: Arc<Queue>,
    /// None where nothing is sent any more, or the system gave no thread.
    thread: Option<WorkerThread>,
    /// What a child of this process has.
    forked: OnceLock<Box<Self>>,
}

impl Delivery {
    pub(crate) fn start(config: PipelineConfig, panics: Panics) -> Result<Self, SetupError> {
        let destination = config.check()?;
        let queue = Arc::new(Queue::new(config.bounds));
        let thread = start_worker(&config, &destination, &panics, &queue)?;
        let first = Local { queue, thread: Some(thread), forked: OnceLock::new() };
        Ok(Self { config, destination, panics, is_closed: AtomicBool::new(false), first })
    }

    /// The queue of this process.
    pub(crate) fn queue(&self) -> &Arc<Queue> {
        &self.local().queue
    }

    /// What this process has. In a child it is started when it is first asked for.
    pub(crate) fn local(&self) -> &Local {
        let mut local = &self.first;
        while local.queue.is_inherited() {
            local = local.forked.get_or_init(|| Box::new(self.fork()));
        }
        local
    }

    /// Takes no more spans, in children to come neither; what waits is still sent.
    pub(crate) fn close(&self) -> &Local {
        self.is_closed.store(true, SeqCst); // first: a child that has no thread yet needs none
        let local = self.local();
        local.queue.close();
        local
    }

    fn fork(&self) -> Local {
        let queue = Arc::new(Queue::new(self.config.bounds));
        let is_open = !self.is_closed.load(SeqCst);
        let start = || start_worker(&self.config, &self.destination, &self.panics, &queue).ok();
        let thread = is_open.then(start).flatten();
        if thread.is_none() {
            queue.abandon(); // spans are dropped, and counted
        }
        Local { queue, thread, forked: OnceLock::new() }
    }
}

impl Local {
    pub(crate) fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Returns when `goal` is reached, or when time is up, after `give_up` was called. The clock is the
    /// worker's: the caller's executor needs none.
    pub(crate) async fn wait(&self, goal: Goal, timeout: Duration, give_up: fn(&Queue)) {
        let Some(thread) = &self.thread else { return };
        let queue = Arc::clone(&self.queue);
        let waiting = thread.runtime().spawn(async move {
            if tokio::time::timeout(timeout, queue.wait_until(goal)).await.is_err() {
                give_up(&queue);
            }
        });
        // An error says that the runtime has ended, and with it the queue.
        let _ = waiting.await;
    }

    /// As [`wait`](Self::wait), on the calling thread. Not on the worker's, where nothing would be sent meanwhile.
    pub(crate) fn block(&self, goal: Goal, timeout: Duration) {
        if self.thread.as_ref().is_some_and(|thread| !thread.is_current()) {
            self.queue.block_until(goal, Instant::now().checked_add(timeout));
        }
    }

    pub(crate) fn report(&self, goal: Goal) -> Report {
        let is_complete = self.queue.has_reached(goal) && !self.queue.was_abandoned();
        Report { counts: self.queue.counts(), is_complete }
    }
}

fn start_worker(
    config: &PipelineConfig,
    destination: &Destination,
    panics: &Panics,
    queue: &Arc<Queue>,
) -> Result<WorkerThread, SetupError> {
    WorkerThread::start(Worker {
        queue: Arc::clone(queue),
        transport: transport::to(destination.clone())?,
        resource: encode_resource(&config.resource),
        batch_interval: config.batch_interval,
        retry_for: config.retry_for,
        overdue_after: config.overdue_after,
        panics: panics.clone(),
    })
}
