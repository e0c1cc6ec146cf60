//! From OTLP messages to the model.
//!
//! Refuses what cannot be placed (an id of a wrong length or of zeros only), with a reason; keeps
//! everything else. Specification: opentelemetry-proto 1.x, `trace.proto` and `common.proto`.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{SpanId, SpanKind, Status, TraceId};
use opentelemetry_proto::tonic::common::v1 as common;
use opentelemetry_proto::tonic::common::v1::any_value::Value as OtlpValue;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1 as otlp;
use prost::Message;

use super::{Attributes, Event, Link, Scope, Span, Value};

/// A span with what the store needs to know about its bytes.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) span: Span,
    /// How many bytes it took on the wire, uncompressed.
    pub(crate) bytes: usize,
    /// Equal for a span that is sent again.
    pub(crate) digest: u64,
}

/// Every span of a request, or why it is refused.
pub(crate) fn spans(
    resource_spans: Vec<otlp::ResourceSpans>,
) -> impl Iterator<Item = Result<Decoded, &'static str>> {
    resource_spans.into_iter().flat_map(|group| {
        let resource = resource(group.resource);
        group.scope_spans.into_iter().flat_map(move |group| {
            let resource = Arc::clone(&resource);
            let scope = scope(group.scope);
            let spans = group.spans.into_iter();
            spans.map(move |span| decode(span, &resource, &scope))
        })
    })
}

pub(crate) fn resource(resource: Option<Resource>) -> Arc<Attributes> {
    Arc::new(attributes(resource.unwrap_or_default().attributes))
}

pub(crate) fn scope(scope: Option<common::InstrumentationScope>) -> Arc<Scope> {
    let scope = scope.unwrap_or_default();
    Arc::new(Scope { name: scope.name, version: scope.version, attributes: attributes(scope.attributes) })
}

pub(crate) fn attributes(pairs: Vec<common::KeyValue>) -> Attributes {
    let pairs = pairs.into_iter();
    pairs.map(|pair| (pair.key, value(pair.value))).collect()
}

pub(crate) fn value(value: Option<common::AnyValue>) -> Value {
    match value.and_then(|any| any.value) {
        None => Value::Empty,
        Some(OtlpValue::StringValue(text)) => Value::String(text),
        Some(OtlpValue::BoolValue(truth)) => Value::Bool(truth),
        Some(OtlpValue::IntValue(number)) => Value::Int(number),
        Some(OtlpValue::DoubleValue(number)) => Value::Double(number),
        Some(OtlpValue::BytesValue(bytes)) => Value::Bytes(bytes),
        Some(OtlpValue::ArrayValue(array)) => {
            let values = array.values.into_iter();
            Value::Array(values.map(|any| self::value(Some(any))).collect())
        }
        Some(OtlpValue::KvlistValue(list)) => Value::Map(attributes(list.values)),
        // An index into a table that only profiles have.
        Some(OtlpValue::StringValueStrindex(_)) => Value::Empty,
    }
}

pub(crate) fn time(unix_nano: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(unix_nano)
}

/// `None` unless it is 16 bytes and not all zero.
pub(crate) fn trace_id(bytes: &[u8]) -> Option<TraceId> {
    let id = TraceId::from_bytes(bytes.try_into().ok()?);
    (id != TraceId::INVALID).then_some(id)
}

/// `None` unless it is 8 bytes and not all zero.
pub(crate) fn span_id(bytes: &[u8]) -> Option<SpanId> {
    let id = SpanId::from_bytes(bytes.try_into().ok()?);
    (id != SpanId::INVALID).then_some(id)
}

fn decode(span: otlp::Span, resource: &Arc<Attributes>, scope: &Arc<Scope>) -> Result<Decoded, &'static str> {
    let trace_id = trace_id(&span.trace_id).ok_or("invalid trace id")?;
    let id = span_id(&span.span_id).ok_or("invalid span id")?;
    let is_root = span.parent_span_id.iter().all(|byte| *byte == 0);
    let parent_span_id = match span_id(&span.parent_span_id) {
        None if !is_root => return Err("invalid parent span id"),
        parent => parent,
    };

    let encoded = span.encode_to_vec();
    let mut hasher = DefaultHasher::new();
    encoded.hash(&mut hasher);

    let span = Span {
        trace_id,
        span_id: id,
        parent_span_id,
        kind: kind(span.kind()),
        status: status(span.status),
        trace_state: span.trace_state,
        flags: span.flags,
        name: span.name,
        start: time(span.start_time_unix_nano),
        end: time(span.end_time_unix_nano),
        attributes: attributes(span.attributes),
        events: span.events.into_iter().map(event).collect(),
        links: span.links.into_iter().map(link).collect(),
        dropped_attributes: span.dropped_attributes_count,
        dropped_events: span.dropped_events_count,
        dropped_links: span.dropped_links_count,
        resource: Arc::clone(resource),
        scope: Arc::clone(scope),
    };
    Ok(Decoded { span, bytes: encoded.len(), digest: hasher.finish() })
}

fn kind(kind: otlp::span::SpanKind) -> SpanKind {
    match kind {
        otlp::span::SpanKind::Server => SpanKind::Server,
        otlp::span::SpanKind::Client => SpanKind::Client,
        otlp::span::SpanKind::Producer => SpanKind::Producer,
        otlp::span::SpanKind::Consumer => SpanKind::Consumer,
        otlp::span::SpanKind::Internal | otlp::span::SpanKind::Unspecified => SpanKind::Internal,
    }
}

fn status(status: Option<otlp::Status>) -> Status {
    let status = status.unwrap_or_default();
    match status.code() {
        otlp::status::StatusCode::Unset => Status::Unset,
        otlp::status::StatusCode::Ok => Status::Ok,
        otlp::status::StatusCode::Error => Status::error(status.message),
    }
}

fn event(event: otlp::span::Event) -> Event {
    Event {
        time: time(event.time_unix_nano),
        name: event.name,
        attributes: attributes(event.attributes),
        dropped_attributes: event.dropped_attributes_count,
    }
}

/// A link without a valid id is allowed; it keeps the ids of zeros.
fn link(link: otlp::span::Link) -> Link {
    Link {
        trace_id: trace_id(&link.trace_id).unwrap_or(TraceId::INVALID),
        span_id: span_id(&link.span_id).unwrap_or(SpanId::INVALID),
        trace_state: link.trace_state,
        flags: link.flags,
        attributes: attributes(link.attributes),
        dropped_attributes: link.dropped_attributes_count,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn otlp_span() -> otlp::Span {
        otlp::Span { trace_id: vec![1; 16], span_id: vec![2; 8], name: "span".into(), ..Default::default() }
    }

    fn decode_one(span: otlp::Span) -> Result<Decoded, &'static str> {
        decode(span, &Arc::default(), &Arc::default())
    }

    #[test]
    fn ids_of_wrong_length_or_of_zeros_are_refused() {
        for (change, reason) in [
            ((|span: &mut otlp::Span| span.trace_id = vec![1; 15]) as fn(&mut _), "invalid trace id"),
            (|span| span.trace_id = vec![0; 16], "invalid trace id"),
            (|span| span.span_id.clear(), "invalid span id"),
            (|span| span.parent_span_id = vec![1; 9], "invalid parent span id"),
        ] {
            let mut span = otlp_span();
            change(&mut span);
            assert_eq!(decode_one(span).err(), Some(reason));
        }
    }

    #[test]
    fn a_parent_of_zeros_is_no_parent() {
        for parent in [vec![], vec![0; 8]] {
            let span = otlp::Span { parent_span_id: parent, ..otlp_span() };
            assert_eq!(decode_one(span).unwrap().span.parent_span_id, None);
        }
    }

    #[test]
    fn an_unknown_kind_and_status_do_not_refuse_the_span() {
        let span = otlp::Span {
            kind: 99,
            status: Some(otlp::Status { code: 99, message: "m".into() }),
            ..otlp_span()
        };
        let span = decode_one(span).unwrap().span;
        assert_eq!(span.kind, SpanKind::Internal);
        assert_eq!(span.status, Status::Unset);
    }

    #[test]
    fn the_same_span_has_the_same_digest_and_another_has_not() {
        let digest = |span| decode_one(span).unwrap().digest;
        let other = otlp::Span { flags: 1, ..otlp_span() };
        assert_eq!(digest(otlp_span()), digest(otlp_span()));
        assert_ne!(digest(otlp_span()), digest(other));
    }
}
