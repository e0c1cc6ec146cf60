//! For tests: a recorder that a sampler told to keep nothing.

use std::sync::Arc;

use parking_lot::Mutex;

use super::{PassThrough, Recorder, SpanRecord, SpanStart};
use crate::{SpanCounts, TraceContext};

/// Keeps nothing, and counts what it is asked to start and to drop.
#[derive(Debug, Default)]
pub(crate) struct Unkept(Mutex<(usize, usize)>);

impl Unkept {
    /// How many spans it was asked to start, and how many children to drop.
    pub(crate) fn asked(&self) -> (usize, usize) {
        *self.0.lock()
    }
}

impl Recorder for Unkept {
    fn start(&self, start: &SpanStart<'_>) -> Arc<dyn SpanRecord> {
        assert_eq!((start.name, start.attributes.len(), start.links.len()), ("", 0, 0));
        self.0.lock().0 += 1;
        Arc::new(PassThrough(TraceContext::of_child(start.parent, |_| false)))
    }

    fn looks_at_content(&self) -> bool {
        false
    }

    fn drop_child(&self) -> bool {
        self.0.lock().1 += 1;
        true
    }

    fn counts(&self) -> SpanCounts {
        SpanCounts::default()
    }
}
