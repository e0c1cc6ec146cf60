//! A received span and what it holds: events, links, resource, scope.

use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{SpanId, SpanKind, Status, TraceId};

use super::{Attributes, Value};

/// A span as it arrived.
///
/// Attributes are reached as `span.attribute("key")`, `span.str("key")`, `span.int("key")`, or as
/// a list in [`attributes`](Self::attributes).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Span {
    /// The trace that it belongs to.
    pub trace_id: TraceId,
    /// Its own id.
    pub span_id: SpanId,
    /// The span above it; none for a root.
    pub parent_span_id: Option<SpanId>,
    /// The `tracestate` that it carries, as text.
    pub trace_state: String,
    /// The flags of OTLP: the low 8 bits are the W3C trace flags, bit 8 says that bit 9 is known,
    /// bit 9 that the parent was remote.
    pub flags: u32,
    /// Its name.
    pub name: String,
    /// Its kind; an unspecified one is `Internal`, as the protocol allows to assume.
    pub kind: SpanKind,
    /// When it started.
    pub start: SystemTime,
    /// When it ended.
    pub end: SystemTime,
    /// Its attributes.
    pub attributes: Attributes,
    /// Its events, in the order in which they were sent.
    pub events: Vec<Event>,
    /// Its links, in the order in which they were sent.
    pub links: Vec<Link>,
    /// Its status; an error has its message as description.
    pub status: Status,
    /// How many attributes the sender says that it dropped.
    pub dropped_attributes: u32,
    /// How many events the sender says that it dropped.
    pub dropped_events: u32,
    /// How many links the sender says that it dropped.
    pub dropped_links: u32,
    /// The attributes of the process that sent it.
    pub resource: Arc<Attributes>,
    /// The instrumentation that made it.
    pub scope: Arc<Scope>,
}

impl Span {
    /// The resource's `service.name`; `unknown_service` where it has none.
    pub fn service(&self) -> &str {
        service_of(&self.resource)
    }

    /// From start to end; zero where the end lies before the start.
    pub fn duration(&self) -> Duration {
        self.end.duration_since(self.start).unwrap_or_default()
    }

    /// The value of an attribute.
    pub fn attribute(&self, key: &str) -> Option<&Value> {
        self.attributes.get(key)
    }

    /// The text of an attribute, if it is text.
    pub fn str(&self, key: &str) -> Option<&str> {
        self.attributes.str(key)
    }

    /// The integer of an attribute, if it is one.
    pub fn int(&self, key: &str) -> Option<i64> {
        self.attributes.int(key)
    }

    /// The truth value of an attribute, if it is one.
    pub fn bool(&self, key: &str) -> Option<bool> {
        self.attributes.bool(key)
    }

    /// The floating-point number of an attribute, if it is one.
    pub fn double(&self, key: &str) -> Option<f64> {
        self.attributes.double(key)
    }

    /// The first event of a name.
    pub fn event(&self, name: &str) -> Option<&Event> {
        self.events.iter().find(|event| event.name == name)
    }

    /// Whether its status is an error.
    pub fn is_failed(&self) -> bool {
        matches!(self.status, Status::Error { .. })
    }

    /// Whether the sampled flag is set.
    pub fn is_sampled(&self) -> bool {
        self.flags & 0x01 != 0
    }

    /// Whether its parent ran in another process; `None` where the sender does not say.
    pub fn has_remote_parent(&self) -> Option<bool> {
        let known = self.flags & 0x100 != 0;
        known.then_some(self.flags & 0x200 != 0)
    }

    /// Hands every text in the span to `visit`, with the place where it stands.
    pub(crate) fn visit_text<'s>(&'s self, visit: &mut dyn FnMut(&str, &'s str)) {
        visit("span name", &self.name);
        visit("tracestate", &self.trace_state);
        if let Status::Error { description } = &self.status {
            visit("status message", description);
        }
        visit_attributes("attribute", &self.attributes, visit);
        for event in &self.events {
            visit("event name", &event.name);
            visit_attributes("event attribute", &event.attributes, visit);
        }
        for link in &self.links {
            visit("link tracestate", &link.trace_state);
            visit_attributes("link attribute", &link.attributes, visit);
        }
        visit("scope name", &self.scope.name);
        visit("scope version", &self.scope.version);
        visit_attributes("scope attribute", &self.scope.attributes, visit);
        visit_attributes("resource attribute", &self.resource, visit);
    }
}

/// Something that happened at one moment of a span.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// When it happened.
    pub time: SystemTime,
    /// Its name.
    pub name: String,
    /// Its attributes.
    pub attributes: Attributes,
    /// How many attributes the sender says that it dropped.
    pub dropped_attributes: u32,
}

/// A reference from a span to another one, in the same trace or elsewhere.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Link {
    /// The trace of the span that it refers to.
    pub trace_id: TraceId,
    /// The span that it refers to.
    pub span_id: SpanId,
    /// The `tracestate` of the span that it refers to.
    pub trace_state: String,
    /// The flags of OTLP, as in [`Span::flags`].
    pub flags: u32,
    /// Its attributes.
    pub attributes: Attributes,
    /// How many attributes the sender says that it dropped.
    pub dropped_attributes: u32,
}

/// The instrumentation that made a span, a metric or a log record.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Scope {
    /// Its name, such as `trilha-tower`.
    pub name: String,
    /// Its version; empty where the sender gives none.
    pub version: String,
    /// Its attributes.
    pub attributes: Attributes,
}

/// A span together with its trace, so that one can say where it stands in it.
///
/// It derefs to the [`Span`]. Its sentences (`is_child_of`, `has`, `links_to` …) panic with the
/// whole tree where they are not true, and return it, so that they chain.
#[derive(Clone, Copy, Debug)]
pub struct SpanRef<'t> {
    pub(super) trace: &'t super::Trace,
    pub(super) span: &'t Span,
}

impl<'t> SpanRef<'t> {
    /// The trace that it stands in.
    pub fn trace(self) -> &'t super::Trace {
        self.trace
    }

    /// The span above it, if that has arrived.
    pub fn parent(self) -> Option<SpanRef<'t>> {
        self.trace.span_by_id(self.span.parent_span_id?)
    }

    /// The spans below it, by start time.
    pub fn children(self) -> Vec<SpanRef<'t>> {
        self.trace.children_of(self.span)
    }
}

impl Deref for SpanRef<'_> {
    type Target = Span;

    fn deref(&self) -> &Span {
        self.span
    }
}

pub(crate) fn service_of(resource: &Attributes) -> &str {
    resource.str("service.name").unwrap_or("unknown_service")
}

fn visit_attributes<'a>(place: &str, attributes: &'a Attributes, visit: &mut dyn FnMut(&str, &'a str)) {
    for (key, value) in attributes {
        let place = format!("{place} {key}");
        visit(&place, key);
        value.visit_text(&mut |text| visit(&place, text));
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::trace::sample;

    #[test]
    fn a_span_that_ends_before_it_starts_lasts_nothing() {
        let mut span = sample::span(1, None, "late");
        span.start = UNIX_EPOCH + Duration::from_secs(2);
        span.end = UNIX_EPOCH + Duration::from_secs(1);
        assert_eq!(span.duration(), Duration::ZERO);
    }

    #[test]
    fn a_remote_parent_is_known_only_where_the_sender_says_so() {
        let mut span = sample::span(1, None, "server");
        for (flags, remote) in [(0x001, None), (0x100, Some(false)), (0x301, Some(true))] {
            span.flags = flags;
            assert_eq!(span.has_remote_parent(), remote);
        }
    }

    #[test]
    fn text_is_visited_in_every_place() {
        let mut span = sample::span(1, None, "n");
        span.status = Status::error("s");
        span.attributes = [("k", "v")].into_iter().collect();
        let mut places = Vec::new();
        span.visit_text(&mut |place, text| places.push(format!("{place}: {text}")));
        for expected in ["span name: n", "status message: s", "attribute k: k", "attribute k: v"] {
            assert!(places.iter().any(|place| place == expected), "{places:?}");
        }
    }
}
