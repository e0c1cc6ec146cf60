//! One span, shared by all who write to it.

use std::{sync::Arc, time::SystemTime};

use parking_lot::Mutex;
use trilha_core::{
    Scope, TraceContext,
    recorder::{Attribute, Link, SpanRecord, Status, Value},
};

use super::{buffer::SpanBuffer, unix_nanos};
use crate::queue::{EndedSpan, Queue, Started};

#[derive(Debug)]
pub(super) struct OtlpSpan {
    context: TraceContext,
    scope: Scope,
    buffer: Mutex<SpanBuffer>,
    queue: Arc<Queue>,
    started: Started,
}

impl OtlpSpan {
    /// Counts it as started: from here on it ends, at the latest when it is dropped.
    pub(super) fn new(context: TraceContext, scope: Scope, buffer: SpanBuffer, queue: Arc<Queue>) -> Self {
        let started = queue.start();
        Self { context, scope, buffer: Mutex::new(buffer), queue, started }
    }

    fn write(&self, change: impl FnOnce(&mut SpanBuffer)) {
        let mut buffer = self.buffer.lock();
        if buffer.is_open() {
            change(&mut buffer);
        }
    }
}

impl SpanRecord for OtlpSpan {
    fn trace_context(&self) -> &TraceContext {
        &self.context
    }

    fn is_recording(&self) -> bool {
        self.buffer.lock().is_open()
    }

    fn set_attribute(&self, key: &str, value: Value<'_>) {
        self.write(|buffer| buffer.set_attribute((key, value)));
    }

    fn add_event(&self, name: &str, time: Option<SystemTime>, attributes: &[Attribute<'_>]) {
        self.write(|buffer| buffer.add_event(name, unix_nanos(time), attributes));
    }

    fn add_link(&self, link: &Link<'_>) {
        self.write(|buffer| buffer.add_link(link));
    }

    fn set_name(&self, name: &str) {
        self.write(|buffer| buffer.set_name(name));
    }

    fn set_status(&self, status: Status<'_>) {
        self.write(|buffer| buffer.set_status(status));
    }

    fn withhold(&self) {
        self.write(SpanBuffer::withhold);
    }

    fn end(&self, time: Option<SystemTime>) {
        let mut buffer = self.buffer.lock();
        if buffer.is_unfinished() {
            let (scope, rank) = (self.scope.clone(), buffer.rank());
            buffer.finish(unix_nanos(time), |message| {
                let span = EndedSpan { scope, message: self.queue.spare().copy(message), rank };
                self.queue.end(self.started, span);
            });
        }
    }
}

impl Drop for OtlpSpan {
    /// A span that nobody can end any more is sent as it is: it must not stay open for ever.
    fn drop(&mut self) {
        if self.buffer.get_mut().is_unfinished() {
            self.end(None);
        }
    }
}
