//! The layer that makes a span of each `tracing` span, and an event of each `tracing` event.

use opentelemetry::{
    Context,
    trace::{SpanContext, TraceContextExt},
};
use tracing_core::{
    Event, Level, LevelFilter, Subscriber,
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{Layer, layer};
use trilha_core::{
    Handle, Scope, Span, current,
    recorder::{Child, Link, OwnChild, SpanStart},
};

use crate::{
    Detail,
    callsite::Known,
    entered::{self, Subscribed},
    event::{Target, Wanted},
    fields::{SpanSettings, write_any_new, write_later, write_new},
    named,
    open::{Made, OpenSpans},
    timing::Timing,
};

static SCOPE: Scope = Scope::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));

/// Makes a span of each `tracing` span that reaches it. A layer filter limits it to some of them.
///
/// The fields `otel.name`, `otel.kind`, `otel.status_code` and `otel.status_description` set what
/// their names say. Events go to the innermost span of either kind: of `tracing`, or of an operation;
/// one of level `ERROR` marks the span as failed. A span ends when it was left for the last time, also where
/// a child that runs beside keeps it open. Of a span by another tracer provider, the OpenTelemetry API holds a lock
/// while it formats an error that is recorded there: one whose `Display` logs waits for itself.
///
/// An error under any field (`error = &error as &dyn Error`) is its text, and beside it `exception.message`, and
/// `exception.stacktrace`: the errors behind it, one a line. An event that holds an error and no message, as
/// `#[instrument(err)]` makes one, is called `exception`, and its text describes the span's status.
///
/// One layer is enough for all services of a process: a second one that is put above it does nothing. Two that are
/// joined before, by `and_then` or in a `Vec`, do not know of each other, and each makes the spans. To change what is
/// recorded while the program runs, reload the layer's filter: a layer that is exchanged makes no spans.
///
/// ```
/// use tracing_core::LevelFilter;
/// use tracing_subscriber::prelude::*;
/// use trilha_core::Handle;
/// use trilha_tracing::{Detail, TraceLayer};
///
/// let layer = TraceLayer::new(Handle::disabled())
///     .details([Detail::Location, Detail::Timing])
///     .event_level(LevelFilter::INFO);
/// let subscriber = tracing_subscriber::registry().with(layer.with_filter(LevelFilter::DEBUG));
/// # drop(subscriber);
/// ```
///
/// - **Cardinality:** names of spans are those in the code.
/// - **PII:** names, fields, errors and messages pass the [guard](trilha_core::guard).
#[derive(Clone, Debug)]
pub struct TraceLayer {
    handle: Handle,
    details: Vec<Detail>,
    /// Whether these are among them.
    wants_location: bool,
    wants_timing: bool,
    event_level: LevelFilter,
    /// None where the subscriber has another such layer already, as a span is made once; and before there is one.
    subscribed: Option<Subscribed>,
    /// Those of the other layer, where there is one.
    open: OpenSpans,
}

impl TraceLayer {
    /// A layer that records with the handle of the current operation, and with `handle` outside one.
    pub fn new(handle: Handle) -> Self {
        Self {
            handle,
            details: Vec::new(),
            wants_location: false,
            wants_timing: false,
            event_level: LevelFilter::TRACE,
            subscribed: None,
            open: OpenSpans::default(),
        }
    }

    /// What is written of a span beside its fields. Defaults to nothing.
    #[must_use]
    pub fn details(mut self, details: impl IntoIterator<Item = Detail>) -> Self {
        self.details = details.into_iter().collect();
        self.wants_location = self.details.contains(&Detail::Location);
        self.wants_timing = self.details.contains(&Detail::Timing);
        self
    }

    /// The most verbose level of which events become events of spans. One of level `ERROR` marks its span as
    /// failed also where it does not. Defaults to all that reach the layer.
    #[must_use]
    pub fn event_level(mut self, level: LevelFilter) -> Self {
        self.event_level = level;
        self
    }

    fn start(&self, attributes: &Attributes<'_>) -> Span {
        match self.child(attributes) {
            Child::Shared(span) => span, // as for most children of what is not kept: nothing else is looked at
            Child::Own(child) => self.start_own(child, attributes),
        }
    }

    fn child(&self, attributes: &Attributes<'_>) -> Child {
        let child_of = |context: &Context| Child::of(context, Some(&self.handle));
        if attributes.is_contextual() {
            return current::map(child_of);
        }
        let current = current::context();
        match attributes.parent().map(|parent| self.span_of(parent)) {
            Some(Some(parent)) => child_of(&parent.in_context(&current)),
            Some(None) => child_of(&current),
            None => child_of(&current.with_remote_span_context(SpanContext::NONE)),
        }
    }

    fn start_own(&self, child: OwnChild, attributes: &Attributes<'_>) -> Span {
        let (metadata, known) = (attributes.metadata(), Known::of(attributes));
        let has_settings = known.is_none_or(|known| known.has_settings);
        let settings = if has_settings { SpanSettings::of(attributes) } else { SpanSettings::NONE };
        let start = match &settings.name {
            Some(name) => SpanStart::new(&SCOPE, name, &settings.kind),
            None => SpanStart {
                callsite: known.map(|known| &known.callsite),
                ..SpanStart::new(&SCOPE, metadata.name(), &settings.kind)
            },
        };
        child.start(start, |span| {
            if !self.details.is_empty() {
                Detail::of_span(&self.details, metadata, |(key, value)| span.set_attribute(key, value));
            }
            match known.filter(|_| !has_settings) {
                Some(known) => write_new(attributes, &known.callsite, span),
                None => write_any_new(attributes, span),
            }
        })
    }

    /// The span that was made of the `tracing` span with this id.
    pub(crate) fn span_of(&self, id: &Id) -> Option<Span> {
        self.open.get(id)
    }
}

impl<S: Subscriber> Layer<S> for TraceLayer {
    fn on_layer(&mut self, subscriber: &mut S) {
        let first = (subscriber as &dyn Subscriber).downcast_ref::<Self>();
        self.open = first.map(|first| first.open.clone()).unwrap_or_default();
        self.subscribed = first.is_none().then(Subscribed::next);
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, _: layer::Context<'_, S>) {
        if self.subscribed.is_none() {
            return;
        }
        let timing = Timing::start(self.wants_timing);
        self.open.insert(id, Made { span: self.start(attributes), timing });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: layer::Context<'_, S>) {
        if self.subscribed.is_some()
            && let Some(span) = self.span_of(id).filter(Span::is_recording)
        {
            span.write(|span| write_later(values, span));
        }
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, _: layer::Context<'_, S>) {
        if self.subscribed.is_some()
            && let (Some(span), Some(cause)) = (self.span_of(id), self.span_of(follows))
        {
            span.add_link(&Link { context: cause.trace_context(), attributes: &[] });
        }
    }

    /// Comes before any layer's `on_event`, wherever this one stands.
    fn event_enabled(&self, event: &Event<'_>, _: layer::Context<'_, S>) -> bool {
        if let Some(parent) = event.parent() {
            named::is(event, parent, self.span_of(parent));
        }
        true
    }

    fn on_event(&self, event: &Event<'_>, _: layer::Context<'_, S>) {
        let level = *event.metadata().level();
        let wanted = Wanted { is_recorded: level <= self.event_level, with_location: self.wants_location };
        if self.subscribed.is_none() || (!wanted.is_recorded && level != Level::ERROR) {
            return;
        }
        let target = match event.parent() {
            Some(parent) => self.span_of(parent).map(Target::Known),
            None if event.is_root() => None,
            None => Target::innermost(),
        };
        if let Some(target) = target.filter(Target::is_recording) {
            target.record(event, wanted);
        }
    }

    fn on_enter(&self, id: &Id, _: layer::Context<'_, S>) {
        let Some(subscribed) = self.subscribed else { return };
        let entered = self.open.with(id, |made| {
            made.timing.enter();
            made.span.clone()
        });
        if let Some(span) = entered {
            entered::enter(subscribed, id, span);
        }
    }

    fn on_exit(&self, id: &Id, _: layer::Context<'_, S>) {
        let Some(subscribed) = self.subscribed else { return };
        if entered::exit(subscribed, id) && self.wants_timing {
            self.open.with(id, |made| made.timing.exit());
        }
    }

    fn on_close(&self, id: Id, _: layer::Context<'_, S>) {
        let Some(Made { span, timing }) = self.subscribed.and_then(|_| self.open.remove(&id)) else { return };
        if !span.is_kept() {
            return;
        }
        if let Some((busy, idle)) = timing.busy_and_idle() {
            span.set_attribute("busy_ns", busy);
            span.set_attribute("idle_ns", idle);
        }
        span.finish(None);
    }
}
