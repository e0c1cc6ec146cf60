//! One span, shared by all who write to it.

use std::{sync::Arc, time::SystemTime};

use parking_lot::Mutex;
use trilha_core::{
    Scope, TraceContext,
    recorder::{Attribute, Link, SpanRecord, SpanSink, Status, Value},
};

use super::{buffer::SpanBuffer, scratch, unix_nanos};
use crate::queue::{EndedSpan, Queue, Started};

#[derive(Debug)]
pub(super) struct OtlpSpan {
    context: TraceContext,
    scope: Scope,
    /// None once it has ended.
    open: Mutex<Option<Open>>,
    queue: Arc<Queue>,
    started: Started,
}

impl OtlpSpan {
    /// Counts it as started: from here on it ends, at the latest when it is dropped.
    pub(super) fn new(
        context: TraceContext,
        scope: Scope,
        buffer: Box<SpanBuffer>,
        queue: Arc<Queue>,
    ) -> Self {
        let started = queue.start();
        Self { context, scope, open: Mutex::new(Some(Open(buffer))), queue, started }
    }

    #[inline]
    fn write(&self, write: impl FnOnce(&mut Open)) {
        if let Some(open) = &mut *self.open.lock() {
            write(open);
        }
    }

    fn end_with(&self, Open(mut buffer): Open, time: Option<SystemTime>) {
        let rank = buffer.rank();
        let message = buffer.finish(unix_nanos(time));
        self.queue.end(self.started, rank, EndedSpan { scope: &self.scope, message });
        scratch::give_back(buffer);
    }
}

impl SpanRecord for OtlpSpan {
    fn trace_context(&self) -> &TraceContext {
        &self.context
    }

    fn is_recording(&self) -> bool {
        self.open.lock().as_ref().is_some_and(|open| open.0.is_open())
    }

    fn set_attribute(&self, key: &str, value: Value<'_>) {
        self.write(|open| open.set_attribute(key, value));
    }

    fn add_event(&self, name: &str, time: Option<SystemTime>, attributes: &[Attribute<'_>]) {
        self.write(|open| open.add_event(name, time, attributes));
    }

    fn add_link(&self, link: &Link<'_>) {
        self.write(|open| open.add_link(link));
    }

    fn set_name(&self, name: &str) {
        self.write(|open| open.set_name(name));
    }

    fn set_status(&self, status: Status<'_>) {
        self.write(|open| open.set_status(status));
    }

    fn withhold(&self) {
        self.write(Open::withhold);
    }

    fn end(&self, time: Option<SystemTime>) {
        let ended = self.open.lock().take();
        if let Some(open) = ended {
            self.end_with(open, time);
        }
    }

    fn sink(&mut self) -> Option<&mut dyn SpanSink> {
        self.open.get_mut().as_mut().map(|open| open as _)
    }
}

impl Drop for OtlpSpan {
    /// A span that nobody can end any more is sent as it is: it must not stay open for ever.
    fn drop(&mut self) {
        if let Some(open) = self.open.get_mut().take() {
            self.end_with(open, None);
        }
    }
}

/// A span that did not end. Once it is withheld, nothing is written any more.
#[derive(Debug)]
struct Open(Box<SpanBuffer>);

impl Open {
    #[inline]
    fn write(&mut self, write: impl FnOnce(&mut SpanBuffer)) {
        if self.0.is_open() {
            write(&mut self.0);
        }
    }
}

impl SpanSink for Open {
    fn set_attribute(&mut self, key: &str, value: Value<'_>) {
        self.write(|buffer| buffer.set_attribute((key, value)));
    }

    fn add_event(&mut self, name: &str, time: Option<SystemTime>, attributes: &[Attribute<'_>]) {
        self.write(|buffer| buffer.add_event(name, unix_nanos(time), attributes));
    }

    fn add_link(&mut self, link: &Link<'_>) {
        self.write(|buffer| buffer.add_link(link));
    }

    fn set_name(&mut self, name: &str) {
        self.write(|buffer| buffer.set_name(name));
    }

    fn set_status(&mut self, status: Status<'_>) {
        self.write(|buffer| buffer.set_status(status));
    }

    fn withhold(&mut self) {
        self.write(SpanBuffer::withhold);
    }
}
