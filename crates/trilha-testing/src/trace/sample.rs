//! Traces for the unit tests of this crate.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use opentelemetry::trace::{SpanId, SpanKind, Status, TraceId};

use super::{Attributes, Scope, Span, Trace};

pub(crate) const TRACE: TraceId = TraceId::from_bytes([0xab; 16]);

/// A trace of spans `(id, parent)`, named `s1`, `s2`, …
pub(crate) fn trace(spans: &[(u64, Option<u64>)]) -> Trace {
    let mut trace = Trace::new(TRACE);
    for &(id, parent) in spans {
        trace.push(span(id, parent, &format!("s{id}")));
    }
    trace
}

/// A span of the service `shop` that starts `id` milliseconds after the epoch and lasts one.
pub(crate) fn span(id: u64, parent: Option<u64>, name: &str) -> Span {
    let start = UNIX_EPOCH + Duration::from_millis(id);
    Span {
        trace_id: TRACE,
        span_id: SpanId::from(id),
        parent_span_id: parent.map(SpanId::from),
        trace_state: String::new(),
        flags: 0x101,
        name: name.to_owned(),
        kind: SpanKind::Internal,
        start,
        end: start + Duration::from_millis(1),
        attributes: Attributes::default(),
        events: Vec::new(),
        links: Vec::new(),
        status: Status::Unset,
        dropped_attributes: 0,
        dropped_events: 0,
        dropped_links: 0,
        resource: Arc::new([("service.name", "shop")].into_iter().collect()),
        scope: Arc::new(Scope::default()),
    }
}
