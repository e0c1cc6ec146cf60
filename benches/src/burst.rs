//! A burst of operations, and the flush after it.
//!
//! Each burst has as many spans as fit into one batch, and all of it is sent before the next one starts.
//! So the number of batches depends on no clock, and no queue is ever full, however slow the machine.

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

    pub(crate) fn run(&mut self) -> Result<()> {
        for _ in 0..self.operations {
            self.next += 1;
            (self.operation)(self.next);
        }
        (self.flush)()
    }
}
