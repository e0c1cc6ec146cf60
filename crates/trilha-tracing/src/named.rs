//! The parent that an event names, as the layer knows it: handed to the log formats, which do not see the layer.

use std::cell::RefCell;

use opentelemetry::trace::SpanContext;
use tracing_core::{Event, callsite::Identifier, span::Id};
use trilha_core::Span;

thread_local! {
    /// The last one.
    static NAMED: RefCell<Option<Named>> = const { RefCell::new(None) };
}

struct Named {
    /// Of the event. The layer sees all events of a place in the code or none, unless a filter asks for more than the
    /// place; and in another subscriber, where it may not be, the id is that of another span.
    place: Identifier,
    id: Id,
    ids: SpanContext,
}

/// An event that names this parent is about to be recorded and logged.
pub(crate) fn is(event: &Event<'_>, parent: &Id, span: Option<Span>) {
    let place = event.metadata().callsite();
    let named = span.map(|span| Named { place, id: parent.clone(), ids: span.trace_context().to_api(false) });
    let _ = NAMED.try_with(|last| last.replace(named));
}

/// The ids of the parent that an event names. None where the layer did not see the event, or no such span.
pub(crate) fn ids(event: &Event<'_>) -> Option<SpanContext> {
    let (parent, place) = (event.parent()?, event.metadata().callsite());
    let is_it = |named: &&Named| named.place == place && named.id == *parent;
    NAMED.try_with(|last| last.borrow().as_ref().filter(is_it).map(|named| named.ids.clone())).ok().flatten()
}
