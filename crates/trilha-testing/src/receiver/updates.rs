//! Traces as they change.

use std::sync::Arc;

use tokio::sync::watch;

use super::shared::Shared;
use crate::trace::Trace;

/// Traces as they change. Keeps nothing of its own: what happens between two calls of
/// [`next`](Self::next) is told once, as the state at that time.
#[derive(Debug)]
pub struct Updates {
    shared: Arc<Shared>,
    changes: watch::Receiver<u64>,
    seen: u64,
}

impl Updates {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let changes = shared.changes();
        let seen = 0;
        Self { shared, changes, seen }
    }

    /// Waits until traces have gained spans, and returns these traces, the oldest first. Empty
    /// only when the receiver was stopped.
    ///
    /// Cancel safe: nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Vec<Trace> {
        loop {
            self.changes.mark_unchanged();
            let (traces, revision) = self.shared.store().traces_since(self.seen);
            self.seen = revision;
            if !traces.is_empty() || self.shared.is_stopped() {
                return traces;
            }
            // The sender lives as long as `shared`: this cannot fail.
            let _ = self.changes.changed().await;
        }
    }
}
