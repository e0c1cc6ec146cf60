//! The parent that an event names, as the layer knows it: handed to the log formats, which do not see the layer.

use std::cell::RefCell;

use opentelemetry::trace::SpanContext;
use tracing_core::{Event, span::Id};
use trilha_core::Span;

thread_local! {
    /// The last one.
    static NAMED: RefCell<Option<(Id, SpanContext)>> = const { RefCell::new(None) };
}

/// An event that names this parent is about to be recorded and logged.
pub(crate) fn is(parent: &Id, span: Option<Span>) {
    let named = span.map(|span| (parent.clone(), span.trace_context().to_api(false)));
    let _ = NAMED.try_with(|last| last.replace(named));
}

/// The ids of the parent that an event names. None where the layer did not see the event, or no such span.
pub(crate) fn ids(event: &Event<'_>) -> Option<SpanContext> {
    let parent = event.parent()?;
    let ids = |last: &RefCell<Option<(Id, SpanContext)>>| match &*last.borrow() {
        Some((named, ids)) if named == parent => Some(ids.clone()),
        _ => None,
    };
    NAMED.try_with(ids).ok().flatten()
}
