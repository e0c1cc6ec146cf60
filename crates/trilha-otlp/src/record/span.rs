//! One span, shared by all who write to it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::SystemTime,
};

use parking_lot::Mutex;
use trilha_core::{
    Scope, TraceContext,
    recorder::{
        Attribute, Link, Opening, Origin, Scalar, SpanRecord, SpanSink, SpanStart, StaticKey, Status, Value,
    },
};

use super::{Limits, buffer::SpanBuffer, head::Head, now, scratch, unix_nanos};
use crate::queue::{EndedSpan, Queue, Started};

#[derive(Debug)]
pub(super) struct OtlpSpan {
    context: TraceContext,
    written: Mutex<Written>,
    /// When it was left last; 0 while it never was.
    left_nanos: AtomicU64,
}

/// What was written, in memory that serves for many spans, one after the other.
#[derive(Debug)]
struct Written {
    buffer: SpanBuffer,
    /// Under which the span is sent. Nearly always that of the span before.
    scope: Scope,
    /// Where the span goes. Nearly always where the one before went.
    queue: Option<Arc<Queue>>,
    /// None once the span has ended.
    started: Option<Started>,
}

impl OtlpSpan {
    /// One that has not begun.
    pub(super) fn empty() -> Self {
        let scope = Scope::new("", "");
        let written = Written { buffer: SpanBuffer::empty(), scope, queue: None, started: None };
        let (context, left_nanos) = (TraceContext::none(), AtomicU64::new(0));
        Self { context, written: Mutex::new(written), left_nanos }
    }

    /// From here on it ends, at the latest when it is dropped.
    pub(super) fn begin(
        &mut self,
        context: TraceContext,
        start: &SpanStart<'_>,
        limits: Limits,
        queue: &Arc<Queue>,
    ) {
        self.context = context;
        *self.left_nanos.get_mut() = 0;
        let written = self.written.get_mut();
        written.scope.clone_from(start.scope);
        written.started = Some(queue.start());
        if !written.queue.as_ref().is_some_and(|known| Arc::ptr_eq(known, queue)) {
            written.queue = Some(Arc::clone(queue));
        }
        let head = Head {
            context: &self.context,
            parent: start.parent.filter(|parent| parent.traceparent().is_some()),
            is_parent_remote: start.is_parent_remote,
            kind: start.kind,
            start_nanos: unix_nanos(start.start_time),
        };
        written.buffer.begin(head, limits);
    }

    /// How much memory it keeps for the next span.
    pub(super) fn capacity(&mut self) -> usize {
        self.written.get_mut().buffer.bytes.capacity()
    }

    #[inline]
    fn write(&self, write: impl FnOnce(&mut Written)) {
        write(&mut self.written.lock());
    }
}

impl SpanRecord for OtlpSpan {
    fn trace_context(&self) -> &TraceContext {
        &self.context
    }

    fn is_recording(&self) -> bool {
        self.written.lock().buffer.is_open()
    }

    fn set_attribute(&self, key: &str, value: Value<'_>) {
        self.write(|written| written.set_attribute(key, value));
    }

    fn add_event(&self, name: &str, time: Option<SystemTime>, attributes: &[Attribute<'_>]) {
        self.write(|written| written.add_event(name, time, attributes));
    }

    fn add_event_of(&self, origin: Origin, name: &str, attributes: &[Attribute<'_>]) {
        self.write(|written| written.add_event_of(origin, name, attributes));
    }

    fn add_link(&self, link: &Link<'_>) {
        self.write(|written| written.add_link(link));
    }

    fn set_name(&self, name: &str) {
        self.write(|written| written.set_name(name));
    }

    fn set_status(&self, status: Status<'_>) {
        self.write(|written| written.set_status(status));
    }

    fn withhold(&self) {
        self.write(Written::withhold);
    }

    fn leave(&self) {
        self.left_nanos.fetch_max(now(), Relaxed);
    }

    fn end(&self, time: Option<SystemTime>) {
        let mut written = self.written.lock();
        written.end(time, self.left_nanos.load(Relaxed));
        // Somebody may keep what has ended for long.
        written.buffer.free();
        written.queue = None;
    }

    fn finish(mut self: Arc<Self>, time: Option<SystemTime>) {
        let Some(span) = Arc::get_mut(&mut self) else { return self.end(time) };
        span.written.get_mut().end(time, *span.left_nanos.get_mut());
        if span.capacity() <= scratch::LARGEST {
            scratch::give_back(self);
        }
    }

    fn sink(&mut self) -> Option<&mut dyn SpanSink> {
        Some(self.written.get_mut())
    }
}

impl Drop for OtlpSpan {
    /// A span that nobody can end any more is sent as it is: it must not stay open for ever.
    fn drop(&mut self) {
        self.written.get_mut().end(None, *self.left_nanos.get_mut());
    }
}

impl Written {
    /// Ends the span, unless it has ended before.
    fn end(&mut self, time: Option<SystemTime>, left_nanos: u64) {
        let (Some(queue), Some(started)) = (&self.queue, self.started.take()) else { return };
        let rank = self.buffer.rank();
        let nanos = match time {
            None if left_nanos > 0 => left_nanos,
            _ => unix_nanos(time),
        };
        let message = self.buffer.finish(nanos);
        queue.end(started, rank, EndedSpan { scope: &self.scope, message });
    }

    /// Once the span has ended or is withheld, nothing is written any more.
    #[inline]
    fn write(&mut self, write: impl FnOnce(&mut SpanBuffer)) {
        if self.buffer.is_open() {
            write(&mut self.buffer);
        }
    }
}

impl SpanSink for Written {
    fn open(&mut self, opening: &Opening) {
        self.write(|buffer| buffer.open(opening));
    }

    fn set_attribute(&mut self, key: &str, value: Value<'_>) {
        self.write(|buffer| buffer.set_attribute((key, value)));
    }

    fn set_text(&mut self, key: &str, text: &str) {
        self.write(|buffer| buffer.set_text(key, text));
    }

    fn set_scalar(&mut self, key: &str, value: Scalar) {
        self.write(|buffer| buffer.set_scalar(key, value));
    }

    fn set_static_text(&mut self, key: &StaticKey, text: &str) {
        self.write(|buffer| buffer.set_text(key, text));
    }

    fn set_static_scalar(&mut self, key: &StaticKey, value: Scalar) {
        self.write(|buffer| buffer.set_scalar(key, value));
    }

    fn set_attributes(&mut self, attributes: &[Attribute<'_>]) {
        self.write(|buffer| buffer.set_attributes(attributes));
    }

    fn add_event(&mut self, name: &str, time: Option<SystemTime>, attributes: &[Attribute<'_>]) {
        self.write(|buffer| buffer.add_event(name, unix_nanos(time), attributes));
    }

    fn add_event_of(&mut self, origin: Origin, name: &str, attributes: &[Attribute<'_>]) {
        self.write(|buffer| buffer.add_event_of(origin, name, unix_nanos(None), attributes));
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::queue::{Bounds, Next};
    use opentelemetry_proto::tonic::trace::v1::{Span, Status as DecodedStatus};
    use prost::Message;
    use std::time::Duration;
    use trilha_core::SpanKind;

    pub(in crate::record) fn queue() -> Arc<Queue> {
        let bounds = Bounds { queue_spans: 99, queue_bytes: 1 << 20, batch_spans: 99, batch_bytes: 1 << 20 };
        Arc::new(Queue::new(bounds))
    }

    /// In memory that this thread may have kept.
    pub(in crate::record) fn begun_span(name: &str, queue: &Arc<Queue>) -> Arc<OtlpSpan> {
        let (scope, context) = (Scope::new("test", ""), TraceContext::of_child(None, |_| true));
        let long_ago = Some(SystemTime::UNIX_EPOCH);
        let start = SpanStart { start_time: long_ago, ..SpanStart::new(&scope, "", &SpanKind::Internal) };
        let mut span = scratch::take();
        Arc::get_mut(&mut span).unwrap().begin(context, &start, Limits::default(), queue);
        span.set_name(name);
        span
    }

    #[test]
    fn of_a_withheld_span_nothing_is_written_and_the_next_one_in_its_memory_is_open() {
        let queue = queue();
        for name in ["withheld", "open"] {
            let mut span: Arc<dyn SpanRecord> = begun_span(name, &queue);
            assert!(span.is_recording());
            let sink = Arc::get_mut(&mut span).and_then(|span| span.sink()).unwrap();
            sink.set_attribute("first", Value::Int(1));
            if name == "withheld" {
                sink.withhold();
            }
            sink.set_attribute("second", Value::Int(2));
            span.set_attribute("third", Value::Int(3));
            span.add_event("event", None, &[]);
            span.set_status(Status::Ok);
            assert_eq!(span.is_recording(), name == "open");
            span.end(None);
            span.set_attribute("late", Value::Int(4));
            span.finish(None);
        }
        let Next::Send(batch) = queue.next(true) else { panic!("a batch") };
        let spans = batch.read(0..batch.len()).into_iter().map(|(_, message)| Span::decode(message).unwrap());
        let seen: Vec<_> =
            spans.map(|it| (it.name, it.attributes.len(), it.events.len(), it.status)).collect();
        let ok = DecodedStatus { message: String::new(), code: 1 };
        assert_eq!(seen, [("[redacted]".into(), 0, 0, None), ("open".into(), 3, 1, Some(ok))]);
    }

    #[test]
    fn a_span_that_was_left_was_over_then_unless_it_is_told_when() {
        std::thread::spawn(|| {
            let queue = queue();
            let [left, told] = ["left", "told"].map(|name| begun_span(name, &queue));
            [&left, &told].into_iter().for_each(|span| span.leave());
            let then = now();
            while now() <= then {} // the clock goes on
            left.finish(None);
            told.finish(Some(SystemTime::UNIX_EPOCH + Duration::from_nanos(9)));
            begun_span("in the same memory", &queue).finish(None);

            let Next::Send(batch) = queue.next(true) else { panic!("a batch") };
            let spans = batch.read(0..batch.len());
            let ends = spans.into_iter().map(|(_, span)| Span::decode(span).unwrap().end_time_unix_nano);
            let [left, told, next] = ends.collect::<Vec<_>>()[..] else { panic!("three spans") };
            assert!(left <= then && told == 9 && then < next, "{left} {told} {next} {then}");
        })
        .join()
        .unwrap();
    }
}
