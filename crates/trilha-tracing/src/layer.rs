//! The layer that makes a span of each `tracing` span, and an event of each `tracing` event.

use std::time::SystemTime;

use opentelemetry::{
    Context,
    trace::{SpanContext, TraceContextExt},
};
use tracing_core::{
    Event, Level, Subscriber,
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{Layer, layer, registry::LookupSpan};
use trilha_core::{
    Handle, Scope, Span,
    guard::{Place, Verdict},
    recorder::{Attribute, Link, SpanStart, Status, to_key_value},
};

use crate::{
    entered,
    fields::{EventFields, SpanSettings, write_later, write_new},
};

static SCOPE: Scope = Scope::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));

/// Makes a span of each `tracing` span that reaches it. A layer filter limits it to some of them.
///
/// The fields `otel.name`, `otel.kind`, `otel.status_code` and `otel.status_description` set what
/// their names say. Events go to the innermost span of either kind: of `tracing`, or of an operation;
/// one of level `ERROR` marks the span as failed.
///
/// One layer is enough for all services of a process: a second one on the same subscriber does nothing.
///
/// - **Cardinality:** names of spans are those in the code.
/// - **PII:** names, fields and messages pass the [guard](trilha_core::guard).
#[derive(Clone, Debug)]
pub struct TraceLayer {
    handle: Handle,
    /// Whether the subscriber has another such layer already: a span is made once.
    is_second: bool,
}

impl TraceLayer {
    /// A layer that records with the handle of the current operation, and with `handle` outside one.
    pub fn new(handle: Handle) -> Self {
        Self { handle, is_second: false }
    }

    /// The span that the layer made. A clone: fields run foreign code, under no lock of the registry's.
    fn span_of<S>(&self, context: &layer::Context<'_, S>, id: &Id) -> Option<Span>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        if self.is_second {
            return None;
        }
        context.span(id)?.extensions().get::<Span>().cloned()
    }
}

impl<S> Layer<S> for TraceLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_layer(&mut self, subscriber: &mut S) {
        self.is_second = (subscriber as &dyn Subscriber).downcast_ref::<Self>().is_some();
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: layer::Context<'_, S>) {
        let Some(registered) = context.span(id).filter(|_| !self.is_second) else { return };
        let parent = match attributes.parent() {
            Some(parent) => match self.span_of(&context, parent) {
                Some(parent) => parent.in_context(&Context::current()),
                None => Context::current(),
            },
            None if attributes.is_root() => Context::current().with_remote_span_context(SpanContext::NONE),
            None => Context::current(),
        };
        let settings = SpanSettings::of(attributes);
        let name = settings.name.as_deref().unwrap_or(attributes.metadata().name());
        let start = SpanStart::new(&SCOPE, name, &settings.kind);
        let span = Span::start(start, &parent, Some(&self.handle));
        if span.is_recording() {
            write_new(attributes, &span);
        }
        registered.extensions_mut().insert(span);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: layer::Context<'_, S>) {
        if let Some(span) = self.span_of(&context, id).filter(Span::is_recording) {
            write_later(values, &span);
        }
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, context: layer::Context<'_, S>) {
        if let (Some(span), Some(cause)) = (self.span_of(&context, id), self.span_of(&context, follows)) {
            span.add_link(&Link { context: cause.trace_context(), attributes: &[] });
        }
    }

    fn on_event(&self, event: &Event<'_>, context: layer::Context<'_, S>) {
        let target = match event.parent() {
            Some(parent) => self.span_of(&context, parent).map(Target::Known),
            None if event.is_root() || self.is_second => None,
            None => Target::innermost(&context),
        };
        if let Some(target) = target.filter(Target::is_recording) {
            target.record(event);
        }
    }

    fn on_enter(&self, id: &Id, context: layer::Context<'_, S>) {
        if let Some(span) = self.span_of(&context, id) {
            entered::enter(id, span.in_context(&Context::current()));
        }
    }

    fn on_exit(&self, id: &Id, _: layer::Context<'_, S>) {
        entered::exit(id);
    }

    fn on_close(&self, id: Id, context: layer::Context<'_, S>) {
        if let Some(span) = self.span_of(&context, &id) {
            span.end(None);
        }
    }
}

/// The span that an event belongs to.
enum Target {
    /// Made by the layer or by an operation.
    Known(Span),
    /// Made by foreign code: the current span of this context.
    Foreign(Context),
}

impl Target {
    fn innermost<S>(context: &layer::Context<'_, S>) -> Option<Self>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let current = Context::current();
        if let Some(span) = Span::of(&current) {
            return Some(Self::Known(span.clone()));
        }
        let id = current.span().span_context().span_id();
        let entered = context.lookup_current().and_then(|span| span.extensions().get::<Span>().cloned());
        match entered.filter(|span| span.trace_context().span_id() == id) {
            Some(span) => Some(Self::Known(span)),
            None if current.has_active_span() => Some(Self::Foreign(current)),
            None => None,
        }
    }

    fn is_recording(&self) -> bool {
        match self {
            Self::Known(span) => span.is_recording(),
            Self::Foreign(context) => context.span().is_recording(),
        }
    }

    fn record(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        let fields = EventFields::of(event);
        let attributes: Vec<Attribute<'_>> =
            [("level", metadata.level().as_str().into()), ("target", metadata.target().into())]
                .into_iter()
                .chain(fields.attributes())
                .collect();
        let name = fields.message.as_deref().unwrap_or(metadata.name());
        let is_error = *metadata.level() == Level::ERROR;
        match self {
            Self::Known(span) => {
                span.add_event(name, None, &attributes);
                if is_error {
                    span.set_status(Status::Error(""));
                }
            }
            Self::Foreign(context) => {
                let (span, handle) = (context.span(), Handle::of(context));
                let name = match handle.guard().judge(Place::EventName, "", name) {
                    Verdict::Clean(name) => name.to_owned(),
                    Verdict::Replaced(name) => name,
                    Verdict::Refused | Verdict::SpanRefused => return,
                };
                handle.guard().judge_attributes(Place::EventAttribute, &attributes, |left| {
                    let left = left.iter().copied().map(to_key_value).collect();
                    span.add_event_with_timestamp(name, SystemTime::now(), left);
                });
                if is_error {
                    span.set_status(opentelemetry::trace::Status::error(""));
                }
            }
        }
    }
}
