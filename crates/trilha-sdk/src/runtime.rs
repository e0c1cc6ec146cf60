//! A runtime for connections, with a thread of its own whose telemetry is suppressed.

use std::{io, mem, sync::Arc};

use opentelemetry::Context;
use tokio::runtime::{Builder, EnterGuard, Runtime};
use tracing::{Dispatch, dispatcher};

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
                // For the whole life of the thread.
                mem::forget(dispatcher::set_default(&Dispatch::none()));
                mem::forget(Context::new().with_telemetry_suppressed().attach());
            })
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
