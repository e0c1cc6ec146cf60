//! A recorder over any OpenTelemetry tracer provider.

use std::{
    collections::HashMap,
    fmt, mem,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::SystemTime,
};

use opentelemetry::{
    Context, InstrumentationScope, KeyValue,
    trace::{
        Link as ApiLink, Span, SpanBuilder, Status as ApiStatus, TraceContextExt, Tracer, TracerProvider,
    },
};
use parking_lot::{Mutex, RwLock};
use trilha_core::{
    NoopRecorder, Recorder, Scope, SpanCounts, TraceContext,
    fence::{Callback, Panics},
    recorder::{Attribute, Decision, Link, SpanRecord, SpanStart, Status, Value, WITHHELD, to_key_value},
};

/// Records through an OpenTelemetry tracer provider: sampling, processors and export are the provider's.
///
/// What the provider loses after a span has ended, it does not tell: a span counts as delivered once it
/// was handed over. Of a span that the guard refuses as a whole, what was known at its start stays, and what came
/// after the first 128 attributes, events or links: the API takes nothing back.
///
/// A sampler, an id generator or a processor that panics takes no work with it: that is counted under
/// [`Callback::TracerProvider`]. At a span's start, the parent is passed on; at its end, the span is
/// unacknowledged, since another processor may have taken it. One kind still ends the process: a processor that
/// panics in `on_start` *and* in `on_end`, as the SDK calls the second while the first unwinds. There
/// [`GuardedProcessor`](crate::GuardedProcessor) helps.
pub struct ApiRecorder<P: TracerProvider> {
    provider: P,
    tracers: RwLock<HashMap<Scope, P::Tracer>>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    created: AtomicU64,
    sampled_out: AtomicU64,
    delivered: AtomicU64,
    unacknowledged: AtomicU64,
    panics: Panics,
}

impl Counts {
    fn fence<T>(&self, call: impl FnOnce() -> T) -> Option<T> {
        self.panics.fence(Callback::TracerProvider, call)
    }
}

impl<P: TracerProvider> ApiRecorder<P> {
    /// A recorder over `provider`.
    pub fn new(provider: P) -> Self {
        Self { provider, tracers: RwLock::default(), counts: Arc::default() }
    }

    /// The provider.
    pub fn provider(&self) -> &P {
        &self.provider
    }
}

impl<P> ApiRecorder<P>
where
    P: TracerProvider,
    P::Tracer: Clone,
{
    fn tracer(&self, scope: &Scope) -> P::Tracer {
        if let Some(tracer) = self.tracers.read().get(scope) {
            return tracer.clone();
        }
        let mut builder = InstrumentationScope::builder(scope.name().to_owned());
        if !scope.version().is_empty() {
            builder = builder.with_version(scope.version().to_owned());
        }
        let tracer = self.provider.tracer_with_scope(builder.build());
        self.tracers.write().entry(scope.clone()).or_insert(tracer).clone()
    }
}

impl<P: TracerProvider> fmt::Debug for ApiRecorder<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiRecorder").field("counts", &self.counts).finish_non_exhaustive()
    }
}

impl<P> Recorder for ApiRecorder<P>
where
    P: TracerProvider + Send + Sync,
    P::Tracer: Clone + Send + Sync,
    <P::Tracer as Tracer>::Span: fmt::Debug + Send + Sync + 'static,
{
    fn start(&self, start: &SpanStart<'_>) -> Arc<dyn SpanRecord> {
        // A provider follows what its parent says: where that is not believed, a linked trace starts.
        let (parent, disowned) = match start.decision {
            Decision::Parent => (start.parent, None),
            _ => (None, start.parent),
        };
        let disowned = disowned.map(|context| api_link(&Link { context, attributes: &[] }));
        let links = start.links.iter().map(api_link).chain(disowned);
        let mut builder = SpanBuilder::from_name(start.name.to_owned())
            .with_kind(start.kind.clone())
            .with_attributes(start.attributes.iter().copied().map(to_key_value))
            .with_links(links.collect());
        builder.start_time = start.start_time;
        let parent_context = match parent {
            Some(parent) => Context::new().with_remote_span_context(parent.to_api(start.is_parent_remote)),
            None => Context::new(),
        };
        let started = self.counts.fence(|| {
            let span = self.tracer(start.scope).build_with_context(builder, &parent_context);
            (context_of(&span, parent), span.is_recording(), span)
        });
        let Some((context, is_created, span)) = started else { return NoopRecorder.start(start) };
        let counter = if is_created { &self.counts.created } else { &self.counts.sampled_out };
        counter.fetch_add(1, Relaxed);
        Arc::new(Record {
            context,
            is_created,
            span: Mutex::new(Some(Open::new(span))),
            counts: self.counts.clone(),
        })
    }

    fn counts(&self) -> SpanCounts {
        let mut counts = SpanCounts::default();
        counts.delivered = self.counts.delivered.load(Relaxed);
        counts.unacknowledged = self.counts.unacknowledged.load(Relaxed);
        counts.sampled_out = self.counts.sampled_out.load(Relaxed);
        let ended = counts.delivered + counts.unacknowledged;
        counts.created = self.counts.created.load(Relaxed).max(ended);
        counts.open = counts.created - ended;
        counts
    }

    fn panics(&self) -> Option<&Panics> {
        Some(&self.counts.panics)
    }
}

/// The span's identity, with the parent's tracestate where the provider passed it on: ours is exact.
fn context_of(span: &impl Span, parent: Option<&TraceContext>) -> TraceContext {
    let own = TraceContext::from_api(span.span_context()).unwrap_or_else(TraceContext::none);
    match (own.traceparent(), parent) {
        (Some(traceparent), Some(parent))
            if own.trace_id() == parent.trace_id()
                && span.span_context().trace_state() == parent.to_api(false).trace_state() =>
        {
            TraceContext::new(*traceparent, parent.tracestate().clone())
        }
        _ => own,
    }
}

fn api_link(link: &Link<'_>) -> ApiLink {
    let attributes = link.attributes.iter().copied().map(to_key_value).collect();
    ApiLink::new(link.context.to_api(true), attributes, 0)
}

#[derive(Debug)]
struct Record<S: Span> {
    context: TraceContext,
    is_created: bool,
    span: Mutex<Option<Open<S>>>, // nothing once it has ended
    counts: Arc<Counts>,
}

/// An open span. What is set on it waits for its end: the API takes nothing back, and the SDK keeps the first value
/// of a key beside the last.
#[derive(Debug)]
struct Open<S> {
    span: S,
    attributes: Vec<KeyValue>,
    events: Vec<(String, SystemTime, Vec<KeyValue>)>,
    links: Vec<ApiLink>,
    status: ApiStatus,
    is_withheld: bool,
    /// When it was left last.
    left: Option<SystemTime>,
}

/// Attributes, events and links that wait, of each so many. More go to the span at once.
const MOST_WAITING: usize = 128;

impl<S: Span> Record<S> {
    fn with(&self, f: impl FnOnce(&mut Open<S>)) {
        if let Some(open) = self.span.lock().as_mut().filter(|open| !open.is_withheld) {
            self.counts.fence(|| f(open));
        }
    }

    fn end(&self, time: Option<SystemTime>) {
        let Some(mut open) = self.span.lock().take() else { return };
        let is_handed_over = self.counts.fence(|| open.end(time)).is_some();
        // By itself: what panicked above may do so once more.
        self.counts.fence(|| drop(open));
        if self.is_created {
            let counts = &self.counts;
            let counter = if is_handed_over { &counts.delivered } else { &counts.unacknowledged };
            counter.fetch_add(1, Relaxed);
        }
    }
}

impl<S: Span> Open<S> {
    fn new(span: S) -> Self {
        let (attributes, events, links) = (Vec::new(), Vec::new(), Vec::new());
        Self { span, attributes, events, links, status: ApiStatus::Unset, is_withheld: false, left: None }
    }

    fn set_attribute(&mut self, attribute: KeyValue) {
        let has_room = self.attributes.len() < MOST_WAITING;
        match self.attributes.iter_mut().find(|known| known.key == attribute.key) {
            Some(known) => *known = attribute,
            None if has_room => self.attributes.push(attribute),
            None => self.span.set_attribute(attribute),
        }
    }

    fn add_event(&mut self, name: &str, time: SystemTime, attributes: Vec<KeyValue>) {
        match self.events.len() < MOST_WAITING {
            true => self.events.push((name.to_owned(), time, attributes)),
            false => self.span.add_event_with_timestamp(name.to_owned(), time, attributes),
        }
    }

    fn add_link(&mut self, link: ApiLink) {
        match self.links.len() < MOST_WAITING {
            true => self.links.push(link),
            false => self.span.add_link(link.span_context, link.attributes),
        }
    }

    /// `Ok` is final, and an error replaces an earlier one.
    fn set_status(&mut self, status: ApiStatus) {
        if self.status != ApiStatus::Ok {
            self.status = status;
        }
    }

    fn withhold(&mut self) {
        self.span.update_name(WITHHELD);
        self.attributes.clear();
        self.events.clear();
        self.links.clear();
        self.status = ApiStatus::Unset;
        self.is_withheld = true;
    }

    fn end(&mut self, time: Option<SystemTime>) {
        self.attributes.drain(..).for_each(|attribute| self.span.set_attribute(attribute));
        for (name, time, attributes) in self.events.drain(..) {
            self.span.add_event_with_timestamp(name, time, attributes);
        }
        self.links.drain(..).for_each(|link| self.span.add_link(link.span_context, link.attributes));
        self.span.set_status(mem::replace(&mut self.status, ApiStatus::Unset));
        match time.or(self.left) {
            Some(time) => self.span.end_with_timestamp(time),
            None => self.span.end(),
        }
    }
}

impl<S: Span + fmt::Debug + Send + Sync> SpanRecord for Record<S> {
    fn trace_context(&self) -> &TraceContext {
        &self.context
    }

    fn is_recording(&self) -> bool {
        let span = self.span.lock();
        let open = span.as_ref().filter(|open| !open.is_withheld);
        open.and_then(|open| self.counts.fence(|| open.span.is_recording())).unwrap_or(false)
    }

    fn set_attribute(&self, key: &str, value: Value<'_>) {
        self.with(|open| open.set_attribute(to_key_value((key, value))));
    }

    fn add_event(&self, name: &str, time: Option<SystemTime>, attributes: &[Attribute<'_>]) {
        let attributes = attributes.iter().copied().map(to_key_value).collect();
        let time = time.unwrap_or_else(SystemTime::now);
        self.with(|open| open.add_event(name, time, attributes));
    }

    fn add_link(&self, link: &Link<'_>) {
        let link = api_link(link);
        self.with(|open| open.add_link(link));
    }

    fn set_name(&self, name: &str) {
        self.with(|open| open.span.update_name(name.to_owned()));
    }

    fn set_status(&self, status: Status<'_>) {
        let status = match status {
            Status::Unset => return,
            Status::Ok => ApiStatus::Ok,
            Status::Error(text) => ApiStatus::error(text.to_owned()),
        };
        self.with(|open| open.set_status(status));
    }

    fn withhold(&self) {
        self.with(Open::withhold);
    }

    fn leave(&self) {
        if let Some(open) = self.span.lock().as_mut() {
            open.left = open.left.max(Some(SystemTime::now()));
        }
    }

    fn end(&self, time: Option<SystemTime>) {
        Self::end(self, time);
    }
}

impl<S: Span> Drop for Record<S> {
    /// A span that nobody can end any more ends with what was set on it.
    fn drop(&mut self) {
        self.end(None);
    }
}
