//! An open span together with the context attributes that it takes along when it ends.

use std::{sync::Arc, time::SystemTime};

use opentelemetry::{Context, trace::TraceContextExt};

use super::{Attribute, Decision, Link, SpanRecord, SpanStart, Status, Value};
use crate::{
    ContextAttributes, Handle, TraceContext,
    api::ApiSpan,
    guard::{Judged, PiiGuard, Place, Verdict},
    operation::{Descent, KnownTrace, Work},
    schema::Exit,
};

/// The name of a span that may not tell its own.
pub const WITHHELD: &str = "[redacted]";

/// An open span. Clones share it.
///
/// The [context attributes](ContextAttributes) under which it was started are written when it ends,
/// so that a value which is known late (a tenant, after authentication) stands on every span that
/// was open at that time. Dropping a `Span` does not end it.
#[derive(Clone, Debug)]
pub struct Span {
    record: Arc<dyn SpanRecord>,
    /// Whether it was kept when it started: else nothing need be judged.
    is_kept: bool,
    attributes: ContextAttributes,
    handle: Handle,
}

impl Span {
    /// Starts a span by `handle`, with what its guard lets through.
    pub(crate) fn start_by(handle: Handle, start: &SpanStart<'_>, attributes: ContextAttributes) -> Self {
        // The tracestate of a local one was judged when it came in.
        let parent = start.parent.filter(|_| start.is_parent_remote);
        let parent = parent.and_then(|it| handle.guard().judge_trace(it));
        let start = SpanStart { parent: parent.as_ref().or(start.parent), ..*start };
        if handle.recorder().looks_at_content() {
            return Self::start_judged(handle, &start, attributes);
        }
        let record = handle.recorder().start(&SpanStart { name: "", attributes: &[], links: &[], ..start });
        let span = Self { is_kept: record.is_recording(), record, attributes, handle };
        if span.is_kept {
            span.set_name(start.name);
            start.attributes.iter().for_each(|(key, value)| span.set(key, *value));
            start.links.iter().for_each(|link| span.add_link(link));
        }
        span
    }

    /// Starts a span by a recorder that looks at what is said of it.
    fn start_judged(handle: Handle, start: &SpanStart<'_>, attributes: ContextAttributes) -> Self {
        let guard = handle.guard();
        let verdict = guard.judge_for(Place::SpanName, "", start.name, Some(&attributes));
        let name = match &verdict {
            Verdict::Clean(name) => *name,
            Verdict::Replaced(name) => name.as_str(),
            Verdict::Refused | Verdict::SpanRefused => WITHHELD,
        };
        // A sampler may look at links. Those that say something are judged when they are added below.
        let is_silent = |link: &&Link<'_>| link.attributes.is_empty();
        let silent = start.links.iter().filter(is_silent);
        let silent: Vec<_> = silent.map(|link| (link.context, guard.judge_trace(link.context))).collect();
        let links: Vec<_> = silent
            .iter()
            .map(|(context, judged)| Link { context: judged.as_ref().unwrap_or(context), attributes: &[] })
            .collect();
        let mut record = None;
        let is_refused =
            !guard.judge_all(Place::SpanAttribute, start.attributes, Some(&attributes), |judged| {
                let start = SpanStart { name, attributes: judged, links: &links, ..*start };
                let started = handle.recorder().start(&start);
                judged.iter().for_each(|attribute| write_former_name(&*started, &handle, *attribute));
                record = Some(started);
            });
        let record = record.unwrap_or_else(|| {
            handle.recorder().start(&SpanStart { name, attributes: &[], links: &links, ..*start })
        });
        let span = Self { is_kept: record.is_recording(), record, attributes, handle };
        if is_refused || verdict == Verdict::SpanRefused {
            span.record.withhold();
        }
        start.links.iter().filter(|link| !is_silent(link)).for_each(|link| span.add_link(link));
        span
    }

    /// Starts a span that is no operation, as a bridge from another API does. Its parent is the span of
    /// `context`, and none that `start` names; its handle that of `context`, else `fallback`.
    pub fn start(start: SpanStart<'_>, context: &Context, fallback: Option<&Handle>) -> Self {
        let around = Work::span_of(context);
        let handle = match (around, fallback) {
            _ if context.is_telemetry_suppressed() => Handle::disabled(),
            (Some(around), _) => around.handle.clone(),
            (None, Some(fallback)) => fallback.clone(),
            (None, None) => Handle::of(context),
        };
        let attributes = match around {
            Some(around) => around.attributes.clone(),
            None => ContextAttributes::new(handle.vocabulary().clone()),
        };
        let Descent { parent, is_remote, decision } = Descent::of(context);
        let start = SpanStart { parent: parent.as_ref(), is_parent_remote: is_remote, decision, ..start };
        Self::start_by(handle, &start, attributes)
    }

    /// The current span of `context`, where it is not kept and no child of it can be: the child is counted, and
    /// needs no span of its own.
    pub fn instead_of_child(context: &Context) -> Option<Self> {
        let parent = Work::span_of(context).filter(|parent| !parent.is_kept && parent.is_current(context))?;
        let is_dropped = context.is_telemetry_suppressed() || parent.handle.recorder().drop_child();
        is_dropped.then(|| parent.clone())
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
        match Work::span_of(context) {
            Some(known) if known.trace_context().trace_id() == trace.trace_id() => self.current_in(context),
            Some(_) => {
                let trace = KnownTrace { trace: trace.clone(), decision: Decision::Parent };
                self.current_in(&context.with_value(trace))
            }
            None => self.current_in(&Work::replace_span(context, self.clone())),
        }
    }

    /// `context` with this span as its current one, and nothing else.
    pub(crate) fn current_in(&self, context: &Context) -> Context {
        match self.is_kept {
            true => context.with_span(ApiSpan::shared(self.clone())),
            // It is not remote either; but it costs less, and there is nothing to be set on it.
            false => context.with_remote_span_context(self.trace_context().to_api_without_tracestate(false)),
        }
    }

    /// The operation's span in `context`, unless another span runs inside it there.
    pub fn of(context: &Context) -> Option<&Self> {
        Work::span_of(context).filter(|span| span.is_current(context))
    }

    /// Whether it is the current span of `context`.
    pub fn is_current(&self, context: &Context) -> bool {
        context.span().span_context().span_id() == self.trace_context().span_id()
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
        self.is_kept && self.record.is_recording()
    }

    /// Whether it was kept when it started: then somebody must end it.
    pub fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// Sets an attribute, or replaces it, as the [guard](crate::guard) lets it through.
    pub fn set_attribute<'a>(&self, key: &str, value: impl Into<Value<'a>>) {
        self.set(key, value.into());
    }

    fn set(&self, key: &str, value: Value<'_>) {
        if !self.is_kept {
            return;
        }
        match self.guard().judge_value(Place::SpanAttribute, (key, value), Some(&self.attributes)) {
            Judged::Kept(value) => self.write(key, value),
            Judged::Text(text) => self.write(key, Value::Str(&text)),
            Judged::List(list) => self.write(key, Value::Array(&list)),
            Judged::Refused => {}
            Judged::SpanRefused => self.record.withhold(),
        }
    }

    #[inline]
    fn write(&self, key: &str, value: Value<'_>) {
        self.record.set_attribute(key, value);
        write_former_name(&*self.record, &self.handle, (key, value));
    }

    /// Adds an event. `time` defaults to now.
    pub fn add_event(&self, name: &str, time: Option<SystemTime>, attributes: &[Attribute<'_>]) {
        if !self.is_kept {
            return;
        }
        let verdict = self.judge(Place::EventName, name);
        let name = match &verdict {
            Verdict::Clean(name) => *name,
            Verdict::Replaced(name) => name.as_str(),
            Verdict::Refused => return,
            Verdict::SpanRefused => return self.record.withhold(),
        };
        let guard = self.guard();
        let may_leave =
            guard.judge_all(Place::EventAttribute, attributes, Some(&self.attributes), |judged| {
                self.record.add_event(name, time, judged);
            });
        if !may_leave {
            self.record.withhold();
        }
    }

    /// Adds a link.
    pub fn add_link(&self, link: &Link<'_>) {
        if !self.is_kept {
            return;
        }
        let guard = self.guard();
        let may_leave =
            guard.judge_all(Place::LinkAttribute, link.attributes, Some(&self.attributes), |judged| {
                let context = guard.judge_trace(link.context);
                let context = context.as_ref().unwrap_or(link.context);
                self.record.add_link(&Link { context, attributes: judged });
            });
        if !may_leave {
            self.record.withhold();
        }
    }

    /// Replaces the name.
    pub fn set_name(&self, name: &str) {
        if !self.is_kept {
            return;
        }
        match self.judge(Place::SpanName, name) {
            Verdict::Clean(name) => self.record.set_name(name),
            Verdict::Replaced(name) => self.record.set_name(&name),
            Verdict::Refused => self.record.set_name(WITHHELD),
            Verdict::SpanRefused => self.record.withhold(),
        }
    }

    /// Sets the status. `Ok` is final, `Unset` changes nothing, and an error without text leaves that of an earlier one.
    pub fn set_status(&self, status: Status<'_>) {
        let text = match status {
            Status::Error(text) if self.is_kept && !text.is_empty() => text,
            _ => return self.record.set_status(status),
        };
        match self.judge(Place::Status, text) {
            Verdict::Clean(text) => self.record.set_status(Status::Error(text)),
            Verdict::Replaced(text) => self.record.set_status(Status::Error(&text)),
            Verdict::Refused => self.record.set_status(Status::Error("")),
            Verdict::SpanRefused => self.record.withhold(),
        }
    }

    fn guard(&self) -> &PiiGuard {
        self.handle.guard()
    }

    fn judge<'t>(&self, place: Place, text: &'t str) -> Verdict<'t> {
        self.guard().judge_for(place, "", text, Some(&self.attributes))
    }

    /// Writes the context attributes and ends the span. `time` defaults to now. Only the first call counts.
    pub fn end(&self, time: Option<SystemTime>) {
        if !self.attributes.is_empty() && self.is_recording() {
            self.attributes.for_each(|definition, value| {
                if definition.travels(Exit::Span) {
                    self.set_attribute(definition.name(), value);
                }
            });
        }
        self.record.end(time);
    }
}

/// Writes what was judged also by the name that the key had before, where that is wanted.
#[inline]
fn write_former_name(record: &dyn SpanRecord, handle: &Handle, (key, value): Attribute<'_>) {
    if let Some(former) = handle.schema().former_name(key) {
        record.set_attribute(former, value);
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
        fn withhold(&self) {}
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

    /// Keeps nothing, and counts what it is asked to start and to drop.
    #[derive(Debug, Default)]
    struct Unkept(Mutex<(usize, usize)>);

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

    #[test]
    fn a_child_of_what_is_not_kept_is_counted_and_shares_the_record() {
        let (scope, recorder) = (Scope::new("test", ""), Arc::new(Unkept::default()));
        let handle = Handle::builder(recorder.clone()).build();
        let attributes = [("key", Value::Int(1))];
        let start =
            SpanStart { attributes: &attributes, ..SpanStart::new(&scope, "name", &SpanKind::Internal) };
        assert!(Span::instead_of_child(&Context::new()).is_none());
        let root = Span::start(start, &Context::new(), Some(&handle));
        let inside = root.in_context(&Context::new());
        let child = Span::instead_of_child(&inside).unwrap();
        assert_eq!(child.trace_context(), root.trace_context());
        assert_eq!(*recorder.0.lock(), (1, 1));

        assert!(Span::instead_of_child(&inside.with_telemetry_suppressed()).is_some());
        assert_eq!(*recorder.0.lock(), (1, 1), "nobody counts what is suppressed");
        let elsewhere = inside.with_remote_span_context(TraceContext::of_child(None, |_| true).to_api(false));
        assert!(Span::instead_of_child(&elsewhere).is_none(), "another span runs inside it");
    }
}
