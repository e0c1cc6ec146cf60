//! The thread on which a worker runs, with a runtime of its own.

use std::{
    io,
    sync::{Arc, mpsc},
    thread,
};

use opentelemetry::Context;
use tokio::runtime;
use tracing::dispatcher::{Dispatch, with_default};

use super::Worker;
use crate::{SetupError, queue::Queue};

const NAME: &str = "trilha-otlp";

/// A thread that ends with its worker.
#[derive(Debug)]
pub(crate) struct WorkerThread {
    runtime: runtime::Handle,
    id: thread::ThreadId,
}

impl WorkerThread {
    /// Returns once the runtime runs.
    pub(crate) fn start(worker: Worker) -> Result<Self, SetupError> {
        // The thread makes the runtime: nowhere else is it dropped, as inside another one that would panic.
        let (started, starting) = mpsc::sync_channel(1);
        let thread = thread::Builder::new().name(NAME.to_owned());
        let thread = thread.spawn(move || work(worker, &started)).map_err(SetupError::worker)?;
        let ended = || io::Error::other("the thread ended at once");
        let runtime = starting.recv().unwrap_or_else(|_| Err(ended())).map_err(SetupError::worker)?;
        Ok(Self { runtime, id: thread.thread().id() })
    }

    /// The runtime, for as long as the worker lives.
    pub(crate) fn runtime(&self) -> &runtime::Handle {
        &self.runtime
    }

    /// Whether this is the thread that asks.
    pub(crate) fn is_current(&self) -> bool {
        thread::current().id() == self.id
    }
}

/// It tells `started` its runtime, or why there is none.
fn work(worker: Worker, started: &mpsc::SyncSender<io::Result<runtime::Handle>>) {
    let runtime = match runtime::Builder::new_current_thread().enable_all().thread_name(NAME).build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(started.send(Err(error))),
    };
    let _ = started.send(Ok(runtime.handle().clone()));
    // However the thread ends, nobody waits for it any more.
    let _end = EndOnDrop(Arc::clone(&worker.queue));
    // What is sent is neither traced by us nor, over the events of HTTP libraries, by a subscriber.
    let _suppressed = Context::enter_telemetry_suppressed_scope();
    // No subscriber is made for that: all that there are have a say in what every thread must ask before it logs.
    with_default(&Dispatch::none(), || {
        // As a task among those of the connections, so that a yield lets them run.
        let task = runtime.spawn(async move { worker.run().await });
        let _ = runtime.block_on(task); // an error is a panic, after which the queue is abandoned
        // Name resolution cannot be cancelled, and is not waited for.
        runtime.shutdown_background();
    });
}

struct EndOnDrop(Arc<Queue>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.abandon();
        self.0.end_worker();
    }
}
