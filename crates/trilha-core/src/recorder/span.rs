//! An open span together with the context attributes that it takes along when it ends.

use std::{sync::Arc, time::SystemTime};

use opentelemetry::{Context, trace::TraceContextExt};

use super::{Attribute, Decision, Link, SpanRecord, SpanStart, Status, Value};
use crate::{
    ContextAttributes, Handle, TraceContext,
    api::ApiSpan,
    operation::{Descent, KnownTrace},
    schema::Exit,
};

/// An open span. Clones share it.
///
/// The [context attributes](ContextAttributes) under which it was started are written when it ends,
/// so that a value which is known late (a tenant, after authentication) stands on every span that
/// was open at that time. Dropping a `Span` does not end it.
#[derive(Clone, Debug)]
pub struct Span {
    record: Arc<dyn SpanRecord>,
    attributes: ContextAttributes,
    handle: Handle,
}

impl Span {
    pub(crate) fn new(record: Arc<dyn SpanRecord>, attributes: ContextAttributes, handle: Handle) -> Self {
        Self { record, attributes, handle }
    }

    /// Starts a span that is no operation, as a bridge from another API does. Its parent is the span of
    /// `context`, and none that `start` names; its handle that of `context`, else `fallback`.
    pub fn start(start: SpanStart<'_>, context: &Context, fallback: Option<&Handle>) -> Self {
        let handle = match (context.get::<Self>(), fallback) {
            (None, Some(fallback)) if !context.is_telemetry_suppressed() => fallback.clone(),
            _ => Handle::of(context),
        };
        let Descent { parent, is_remote, decision } = Descent::of(context);
        let record = handle.recorder().start(&SpanStart {
            parent: parent.as_ref(),
            is_parent_remote: is_remote,
            decision,
            ..start
        });
        let attributes = ContextAttributes::of(context)
            .unwrap_or_else(|| ContextAttributes::new(handle.vocabulary().clone()));
        let span = Self { record, attributes, handle };
        span.write_former_names(start.attributes);
        span
    }

    /// The same open span for work that has context attributes of its own.
    pub(crate) fn with_attributes(&self, attributes: ContextAttributes) -> Self {
        Self { attributes, ..self.clone() }
    }

    /// `context` with this span as its current one; all else stays, handle and context attributes too.
    ///
    /// Outside any operation, the span's handle and context attributes come along.
    pub fn in_context(&self, context: &Context) -> Context {
        let trace = self.trace_context();
        let context = match context.get::<Self>() {
            Some(known) if known.trace_context().trace_id() == trace.trace_id() => context.clone(),
            Some(_) => context.with_value(KnownTrace { trace: trace.clone(), decision: Decision::Parent }),
            None => context.with_value(self.clone()),
        };
        context.with_span(ApiSpan::shared(self.clone()))
    }

    /// The operation's span in `context`, unless another span runs inside it there.
    pub fn of(context: &Context) -> Option<&Self> {
        let current = context.span().span_context().span_id();
        context.get::<Self>().filter(|span| span.trace_context().span_id() == current)
    }

    /// The handle that records it.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The context attributes that it takes along.
    pub fn attributes(&self) -> &ContextAttributes {
        &self.attributes
    }

    /// The ids, flags and tracestate that children and other processes get.
    pub fn trace_context(&self) -> &TraceContext {
        self.record.trace_context()
    }

    /// Whether anything that is set is written down.
    pub fn is_recording(&self) -> bool {
        self.record.is_recording()
    }

    /// Sets an attribute, or replaces it.
    pub fn set_attribute<'a>(&self, key: &str, value: impl Into<Value<'a>>) {
        let value = value.into();
        self.record.set_attribute(key, value);
        self.write_former_name(key, value);
    }

    /// Attributes that were given at the start, also by the names they had before, where that is wanted.
    pub(crate) fn write_former_names(&self, attributes: &[Attribute<'_>]) {
        attributes.iter().for_each(|(key, value)| self.write_former_name(key, *value));
    }

    fn write_former_name(&self, key: &str, value: Value<'_>) {
        if let Some(former) = self.handle.schema().former_name(key) {
            self.record.set_attribute(former, value);
        }
    }

    /// Adds an event. `time` defaults to now.
    pub fn add_event(&self, name: &str, time: Option<SystemTime>, attributes: &[Attribute<'_>]) {
        self.record.add_event(name, time, attributes);
    }

    /// Adds a link.
    pub fn add_link(&self, link: &Link<'_>) {
        self.record.add_link(link);
    }

    /// Replaces the name.
    pub fn set_name(&self, name: &str) {
        self.record.set_name(name);
    }

    /// Sets the status. `Ok` is final, and `Unset` changes nothing.
    pub fn set_status(&self, status: Status<'_>) {
        self.record.set_status(status);
    }

    /// Writes the context attributes and ends the span. `time` defaults to now. Only the first call counts.
    pub fn end(&self, time: Option<SystemTime>) {
        if self.record.is_recording() {
            self.attributes.for_each_to(Exit::Span, |name, value| self.set_attribute(name, value));
        }
        self.record.end(time);
    }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::*;
    use crate::{Operation, Recorder, Scope, SpanCounts, SpanKind, recorder::PassThrough, schema::Schema};

    /// Keeps the keys that are set on its spans.
    #[derive(Clone, Debug, Default)]
    struct Keys(Arc<Mutex<Vec<String>>>);

    impl Recorder for Keys {
        fn start(&self, _: &SpanStart<'_>) -> Arc<dyn SpanRecord> {
            Arc::new(Open(PassThrough(TraceContext::none()), self.clone()))
        }

        fn counts(&self) -> SpanCounts {
            SpanCounts::default()
        }
    }

    #[derive(Debug)]
    struct Open(PassThrough, Keys);

    impl SpanRecord for Open {
        fn set_attribute(&self, key: &str, _: Value<'_>) {
            self.1.0.lock().push(key.to_owned());
        }

        fn trace_context(&self) -> &TraceContext {
            self.0.trace_context()
        }

        fn is_recording(&self) -> bool {
            true
        }

        fn add_event(&self, _: &str, _: Option<SystemTime>, _: &[Attribute<'_>]) {}
        fn add_link(&self, _: &Link<'_>) {}
        fn set_name(&self, _: &str) {}
        fn set_status(&self, _: Status<'_>) {}
        fn end(&self, _: Option<SystemTime>) {}
    }

    #[test]
    fn former_names_stand_beside_what_is_known_at_the_start_and_later() {
        let (scope, keys) = (Scope::new("test", ""), Keys::default());
        let schema = Schema::builtin().with_former_names(true);
        let handle = Handle::builder(Arc::new(keys.clone())).schema(schema).build();
        let attributes = [("http.response.status_code", Value::Int(200))];
        let start =
            SpanStart { attributes: &attributes, ..SpanStart::new(&scope, "foreign", &SpanKind::Internal) };
        let span = Span::start(start, &Context::new(), Some(&handle));
        assert_eq!(std::mem::take(&mut *keys.0.lock()), ["http.status_code"]);
        span.set_attribute("http.response.status_code", 200);
        assert_eq!(std::mem::take(&mut *keys.0.lock()), ["http.response.status_code", "http.status_code"]);
        Operation::builder(&scope, "ours", SpanKind::Internal).handle(handle).attributes(&attributes).start();
        assert_eq!(keys.0.lock().first().map(String::as_str), Some("http.status_code"));
    }
}
