//! Events of `tracing` as events of the innermost span, of either kind.

use std::time::SystemTime;

use opentelemetry::{
    Context,
    trace::{Status as ApiStatus, TraceContextExt},
};
use smallvec::SmallVec;
use tracing_core::{Event, Level};
use trilha_core::{
    Handle, Span,
    api::ApiSpan,
    current,
    guard::{Place, Verdict},
    recorder::{Attribute, Origin, Status, to_key_value},
};

use crate::{detail, entered, fields::EventFields};

/// The span that an event belongs to.
pub(crate) enum Target {
    /// Made by the layer, by an operation, or by a tracer of ours that foreign code has.
    Known(Span),
    /// Made by a tracer of others: the current span of this context.
    Foreign(Context),
}

/// What is written of an event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// Whether it becomes an event of the span. Else it only marks a failure.
    pub(crate) is_recorded: bool,
    pub(crate) with_location: bool,
}

impl Target {
    /// The innermost span.
    #[inline]
    pub(crate) fn innermost() -> Option<Self> {
        match entered::innermost() {
            Some(span) => span.map(Self::Known),
            None => Self::current(),
        }
    }

    /// The current span of the context.
    #[inline(never)]
    fn current() -> Option<Self> {
        let current = current::context();
        if !current.has_active_span() {
            return None;
        }
        let known = Span::of(&current).cloned().or_else(|| ApiSpan::of(&current));
        Some(known.map_or(Self::Foreign(current), Self::Known))
    }

    /// Whether what is written may be seen.
    pub(crate) fn is_recording(&self) -> bool {
        match self {
            Self::Known(span) => span.is_kept(),
            Self::Foreign(context) => context.span().is_recording(),
        }
    }

    /// Writes the event, and marks the span as failed where it tells of an error.
    pub(crate) fn record(&self, event: &Event<'_>, wanted: Wanted) {
        let metadata = event.metadata();
        let fields = match self {
            Self::Known(span) => EventFields::in_full(event, span.handle().stats().panics()),
            Self::Foreign(context) => EventFields::in_full(event, Handle::of(context).stats().panics()),
        };
        if wanted.is_recorded {
            let origin = Origin { level: metadata.level().as_str(), target: metadata.target() };
            let mut attributes = SmallVec::<[Attribute<'_>; 8]>::new();
            fields.attributes().for_each(|attribute| attributes.push(attribute));
            if wanted.with_location {
                detail::location(metadata, |attribute| attributes.push(attribute));
            }
            self.add_event(origin, fields.name().unwrap_or(metadata.name()), &attributes);
        }
        match fields.only_error() {
            Some(text) => self.fail(text),
            None if *metadata.level() == Level::ERROR => self.fail(""),
            None => {}
        }
    }

    fn add_event(&self, origin: Origin, name: &str, attributes: &[Attribute<'_>]) {
        match self {
            Self::Known(span) => span.write(|span| span.add_event_of(origin, name, attributes)),
            Self::Foreign(context) => Self::add_foreign(context, origin, name, attributes),
        }
    }

    #[inline(never)]
    fn add_foreign(context: &Context, origin: Origin, name: &str, attributes: &[Attribute<'_>]) {
        let handle = Handle::of(context);
        let Some(name) = judged(&handle, Place::EventName, name) else { return };
        let attributes = [&origin.attributes(), attributes].concat();
        handle.guard().judge_attributes(Place::EventAttribute, &attributes, |left| {
            let left = left.iter().copied().map(to_key_value).collect();
            context.span().add_event_with_timestamp(name, SystemTime::now(), left);
        });
    }

    #[inline(never)]
    fn fail(&self, text: &str) {
        match self {
            Self::Known(span) => span.set_status(Status::Error(text)),
            Self::Foreign(context) => {
                let text = judged(&Handle::of(context), Place::Status, text).unwrap_or_default();
                context.span().set_status(ApiStatus::error(text));
            }
        }
    }
}

/// What the guard leaves of a text that goes to foreign code.
fn judged(handle: &Handle, place: Place, text: &str) -> Option<String> {
    match handle.guard().judge(place, "", text) {
        Verdict::Clean(text) => Some(text.to_owned()),
        Verdict::Replaced(text) => Some(text),
        Verdict::Refused | Verdict::SpanRefused => None,
    }
}
