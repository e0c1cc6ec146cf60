//! The thread on which a worker runs, with a runtime of its own.

use std::{
    cell::Cell,
    io,
    sync::{Arc, mpsc},
    thread,
};

use opentelemetry::Context;
use tokio::runtime;
use tracing::dispatcher::{DefaultGuard, Dispatch, set_default};

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
    let mut runtime = runtime::Builder::new_current_thread();
    runtime.enable_all().thread_name(NAME).on_thread_park(|| QUIET.set(None)).on_thread_unpark(be_quiet);
    let runtime = match runtime.build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(started.send(Err(error))),
    };
    let _ = started.send(Ok(runtime.handle().clone()));
    // However the thread ends, nobody waits for it any more.
    let _end = EndOnDrop(Arc::clone(&worker.queue));
    // What is sent is neither traced by us nor, over the events of HTTP libraries, by a subscriber.
    let _suppressed = Context::enter_telemetry_suppressed_scope();
    be_quiet();
    // As a task among those of the connections, so that a yield lets them run.
    let task = runtime.spawn(async move { worker.run().await });
    let _ = runtime.block_on(task); // an error is a panic, after which the queue is abandoned
    // Name resolution cannot be cancelled, and is not waited for.
    runtime.shutdown_background();
}

thread_local! {
    static QUIET: Cell<Option<DefaultGuard>> = const { Cell::new(None) };
}

/// No subscriber hears this thread, until it sleeps: as long as any thread has one of its own, all others must look for
/// theirs whenever they log. Nor is one made for that: all that there are have a say in what is logged at all.
fn be_quiet() {
    QUIET.set(None); // one that is dropped later would bring back what was before
    QUIET.set(Some(set_default(&Dispatch::none())));
}

struct EndOnDrop(Arc<Queue>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.abandon();
        self.0.end_worker();
    }
}
