//! An open span together with the context attributes that it takes along when it ends.

use std::{sync::Arc, time::SystemTime};

use opentelemetry::{Context, trace::TraceContextExt};

use super::{
    Attribute, Child, Decision, Link, Opening, Owner, SpanRecord, SpanStart, SpanWriter, Status, Value,
};
use crate::{
    ContextAttributes, Handle, TraceContext,
    api::ApiSpan,
    guard::{Place, Verdict},
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
    /// Whether it began with the route of its context attributes.
    says_route: bool,
    owner: Owner,
}

impl Span {
    /// Starts a span, with what the guard of its handle lets through; `first` says more of one that is kept. Its parent
    /// is that of `descent`. An `opening` has the name, and attributes that stand before those of `start`.
    pub(crate) fn start_by(
        owner: Owner,
        start: &SpanStart<'_>,
        descent: &Descent,
        opening: Option<&Opening>,
        first: impl FnOnce(&mut SpanWriter<'_>),
    ) -> Self {
        let handle = owner.handle();
        let &Descent { ref parent, is_remote: is_parent_remote, decision } = descent;
        // The tracestate of a local one was judged when it came in.
        let judged = parent.as_ref().filter(|_| is_parent_remote);
        let judged = judged.and_then(|parent| handle.guard().judge_trace(parent));
        let parent = judged.as_ref().or(parent.as_ref());
        let mut says_route = false;
        if handle.recorder().looks_at_content() {
            let mut start = SpanStart { parent, is_parent_remote, decision, ..*start };
            let whole: Vec<_>;
            if let Some(opening) = opening {
                let is_whole = handle.vocabulary().lets_through(opening);
                says_route = is_whole && opening.route().is_some();
                let first = opening.first_texts(is_whole).map(|(key, text)| (key, Value::Str(text)));
                whole = first.chain(start.attributes.iter().copied()).collect();
                (start.name, start.attributes) = (opening.name(), &whole);
            }
            let mut span = Self { says_route, ..Self::start_judged(owner, &start) };
            span.write_first(first);
            return span;
        }
        let silent =
            SpanStart { parent, is_parent_remote, decision, name: "", attributes: &[], links: &[], ..*start };
        let record = handle.recorder().start(&silent);
        let mut span = Self { is_kept: true, says_route, record, owner };
        span.write_first(|writer| {
            match (opening, start.callsite) {
                (Some(opening), _) => says_route = writer.open(opening) && opening.route().is_some(),
                (None, Some(callsite)) => writer.set_name_of(callsite),
                (None, None) => writer.set_name(start.name),
            }
            if !start.attributes.is_empty() {
                writer.set_all(start.attributes);
            }
            start.links.iter().for_each(|link| writer.add_link(link));
            first(writer);
        });
        span.says_route = says_route;
        span
    }

    /// Starts a span by a recorder that looks at what is said of it.
    fn start_judged(owner: Owner, start: &SpanStart<'_>) -> Self {
        let (handle, attributes) = (owner.handle(), owner.attributes());
        let guard = handle.guard();
        let verdict = guard.judge_for(Place::SpanName, "", start.name, Some(attributes));
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
            !guard.judge_all(Place::SpanAttribute, start.attributes, Some(attributes), |judged| {
                let start = SpanStart { name, attributes: judged, links: &links, ..*start };
                let started = handle.recorder().start(&start);
                let mut writer = SpanWriter { sink: &mut &*started, handle, attributes };
                judged.iter().for_each(|attribute| writer.write_former_name(*attribute));
                record = Some(started);
            });
        let record = record.unwrap_or_else(|| {
            handle.recorder().start(&SpanStart { name, attributes: &[], links: &links, ..*start })
        });
        let span = Self { is_kept: record.is_recording(), says_route: false, record, owner };
        if is_refused || verdict == Verdict::SpanRefused {
            span.record.withhold();
        }
        start.links.iter().filter(|link| !is_silent(link)).for_each(|link| span.add_link(link));
        span
    }

    /// Starts a span that is no operation, as a bridge from another API does: a [child](Child) of the current span of
    /// `context`. Where it is kept, `first` says more of it, while nobody else has it.
    pub fn start(
        start: SpanStart<'_>,
        context: &Context,
        fallback: Option<&Handle>,
        first: impl FnOnce(&mut SpanWriter<'_>),
    ) -> Self {
        match Child::of(context, fallback) {
            Child::Shared(span) => span,
            Child::Own(own) => own.start(start, first),
        }
    }

    /// The same open span for work that has context attributes of its own.
    pub(crate) fn with_owner(&self, owner: Owner) -> Self {
        Self { record: self.record.clone(), owner, ..*self }
    }

    pub(crate) fn owner(&self) -> &Owner {
        &self.owner
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
        self.owner.handle()
    }

    /// The context attributes that it takes along.
    pub fn attributes(&self) -> &ContextAttributes {
        self.owner.attributes()
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

    /// Whether somebody has to end it.
    pub(crate) fn needs_end(&self) -> bool {
        self.is_kept || self.record.needs_end()
    }

    /// Sets an attribute, or replaces it, as the [guard](crate::guard) lets it through.
    pub fn set_attribute<'a>(&self, key: &str, value: impl Into<Value<'a>>) {
        self.write(|writer| writer.set(key, value.into()));
    }

    /// Adds an event. `time` defaults to now.
    pub fn add_event(&self, name: &str, time: Option<SystemTime>, attributes: &[Attribute<'_>]) {
        self.write(|writer| writer.add_event(name, time, attributes));
    }

    /// Adds a link.
    pub fn add_link(&self, link: &Link<'_>) {
        self.write(|writer| writer.add_link(link));
    }

    /// Replaces the name.
    pub fn set_name(&self, name: &str) {
        self.write(|writer| writer.set_name(name));
    }

    /// Sets the status. `Ok` is final, `Unset` changes nothing, and an error without text leaves that of an earlier
    /// one.
    pub fn set_status(&self, status: Status<'_>) {
        self.write(|writer| writer.set_status(status));
    }

    /// Writes to a span that was kept.
    #[inline]
    pub fn write(&self, write: impl FnOnce(&mut SpanWriter<'_>)) {
        if self.is_kept {
            let (handle, attributes) = (self.handle(), self.attributes());
            write(&mut SpanWriter { sink: &mut &*self.record, handle, attributes });
        }
    }

    /// As [`write`](Self::write), of a span that nobody else has yet. Whether it is kept is told here.
    #[inline]
    fn write_first(&mut self, write: impl FnOnce(&mut SpanWriter<'_>)) {
        let Self { record, owner, is_kept, .. } = self;
        let mut shared: &dyn SpanRecord;
        let sink = match Arc::get_mut(record).and_then(SpanRecord::sink) {
            Some(sink) => sink,
            None => {
                *is_kept = record.is_recording();
                if !*is_kept {
                    return;
                }
                shared = &**record;
                &mut shared
            }
        };
        write(&mut SpanWriter { sink, handle: owner.handle(), attributes: owner.attributes() });
    }

    /// The work on the span pauses now, and may go on: a span that is ended later without a time was over then.
    pub fn leave(&self) {
        if self.is_kept {
            self.record.leave();
        }
    }

    /// Writes the context attributes and ends the span. `time` defaults to when it was [left](Self::leave) last, else
    /// to now. Only the first call counts.
    pub fn end(&self, time: Option<SystemTime>) {
        self.write_context_attributes();
        self.record.end(time);
    }

    /// As [`end`](Self::end), by the last one who has it: its memory serves for the next span.
    pub fn finish(self, time: Option<SystemTime>) {
        self.write_context_attributes();
        self.record.finish(time);
    }

    #[inline]
    fn write_context_attributes(&self) {
        let is_told = match self.says_route {
            true => self.attributes().is_as_opened(),
            false => self.attributes().is_empty(),
        };
        if !is_told {
            self.write_any_context_attributes();
        }
    }

    #[inline(never)]
    fn write_any_context_attributes(&self) {
        if self.is_recording() {
            self.attributes().for_each(|definition, value| {
                let is_said = self.says_route && self.attributes().opened_with(value);
                if definition.travels(Exit::Span) && !is_said {
                    self.set_attribute(definition.name(), value);
                }
            });
        }
    }
}
