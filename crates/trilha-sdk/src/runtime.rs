//! A runtime for connections, with a thread of its own whose telemetry is suppressed.

use std::{cell::Cell, io, mem, sync::Arc};

use opentelemetry::Context;
use tokio::runtime::{Builder, EnterGuard, Runtime};
use tracing::dispatcher::{DefaultGuard, Dispatch, set_default};

/// Clones share the runtime; it stops with the last one, without waiting.
#[derive(Clone, Debug)]
pub(crate) struct QuietRuntime(Arc<Owned>);

#[derive(Debug)]
struct Owned(Option<Runtime>);

impl QuietRuntime {
    pub(crate) fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("trilha-metrics-io")
            .on_thread_start(|| {
                be_quiet();
                // For the whole life of the thread.
                mem::forget(Context::new().with_telemetry_suppressed().attach());
            })
            .on_thread_park(|| QUIET.set(None))
            .on_thread_unpark(be_quiet)
            .enable_all()
            .build()?;
        Ok(Self(Arc::new(Owned(Some(runtime)))))
    }

    /// Makes it the current runtime, for what looks for one. `None` never happens before the drop.
    pub(crate) fn enter(&self) -> Option<EnterGuard<'_>> {
        self.0.0.as_ref().map(Runtime::enter)
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // A plain drop waits, and panics inside another runtime.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

thread_local! {
    static QUIET: Cell<Option<DefaultGuard>> = const { Cell::new(None) };
}

/// No subscriber hears this thread, until it sleeps: as long as any thread has one of its own, all others must look for
/// theirs whenever they log.
fn be_quiet() {
    QUIET.set(None); // one that is dropped later would bring back what was before
    QUIET.set(Some(set_default(&Dispatch::none())));
}
