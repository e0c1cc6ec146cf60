//! A burst of operations, and the flush after it.
//!
//! Each burst has as many spans as fit into one batch, and all of it is sent before the next one starts.
//! So the number of batches depends on no clock, and no queue is ever full, however slow the machine.

use std::thread;

use crate::Result;

/// The batch size of the SDK and of our pipeline, by default.
const BATCH: u64 = 512;

/// What is run again and again.
pub(crate) struct Burst {
    /// Operations in a burst.
    pub(crate) operations: u64,
    /// Spans of an operation.
    pub(crate) spans: u64,
    next: u64,
    operation: Box<dyn FnMut(u64)>,
    flush: Box<dyn Fn() -> Result<()>>,
}

impl Burst {
    /// `operation` is called with a number that is never the same.
    pub(crate) fn new(
        spans: u64,
        operation: impl FnMut(u64) + 'static,
        flush: impl Fn() -> Result<()> + 'static,
    ) -> Self {
        let (operation, flush) = (Box::new(operation), Box::new(flush));
        Self { operations: (BATCH / spans).max(1), spans, next: 0, operation, flush }
    }

    /// A burst of two threads, which run `operation` side by side until their half of it is done.
    pub(crate) fn of_two_threads(
        spans: u64,
        operation: impl Fn() + Send + Sync + 'static,
        flush: impl Fn() -> Result<()> + 'static,
    ) -> Self {
        let each = (BATCH / spans / 2).max(1);
        let both = move |_| {
            let half = || (0..each).for_each(|_| operation());
            thread::scope(|scope| {
                scope.spawn(half);
                half();
            });
        };
        Self { operations: 1, spans: 2 * each * spans, ..Self::new(1, both, flush) }
    }

    /// A usual burst, after which nothing waits.
    pub(crate) fn run(&mut self) -> Result<()> {
        self.run_of(self.operations)
    }

    /// One of so many operations.
    pub(crate) fn run_of(&mut self, operations: u64) -> Result<()> {
        for _ in 0..operations {
            self.next += 1;
            (self.operation)(self.next);
        }
        (self.flush)()
    }
}
