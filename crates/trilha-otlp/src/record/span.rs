//! One span, shared by all who write to it.

use std::{sync::Arc, time::SystemTime};

use parking_lot::Mutex;
use trilha_core::{
    Scope, TraceContext,
    recorder::{Attribute, Link, SpanRecord, Status, Value},
};

use super::{buffer::SpanBuffer, unix_nanos};
use crate::queue::{EndedSpan, Queue};

#[derive(Debug)]
pub(super) struct OtlpSpan {
    context: TraceContext,
    scope: Scope,
    /// None once the span ended.
    buffer: Mutex<Option<SpanBuffer>>,
    queue: Arc<Queue>,
}

impl OtlpSpan {
    pub(super) fn new(context: TraceContext, scope: Scope, buffer: SpanBuffer, queue: Arc<Queue>) -> Self {
        Self { context, scope, buffer: Mutex::new(Some(buffer)), queue }
    }

    fn write(&self, change: impl FnOnce(&mut SpanBuffer)) {
        if let Some(buffer) = self.buffer.lock().as_mut().filter(|buffer| !buffer.is_withheld()) {
            change(buffer);
        }
    }
}

impl SpanRecord for OtlpSpan {
    fn trace_context(&self) -> &TraceContext {
        &self.context
    }

    fn is_recording(&self) -> bool {
        self.buffer.lock().as_ref().is_some_and(|buffer| !buffer.is_withheld())
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
        let Some(buffer) = self.buffer.lock().take() else { return };
        let message = buffer.finish(unix_nanos(time));
        self.queue.end(EndedSpan { scope: self.scope.clone(), message });
    }
}

impl Drop for OtlpSpan {
    /// A span that nobody can end any more is sent as it is: it must not stay open for ever.
    fn drop(&mut self) {
        self.end(None);
    }
}
