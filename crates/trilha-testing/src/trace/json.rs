//! A trace as one JSON object, with fields that stay.

use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{SpanKind, Status};
use serde_json::{Map, Value as Json, json};

use super::{Attributes, Event, Link, Span, Trace, Value};

impl Trace {
    /// The trace as a JSON object.
    ///
    /// | field | holds |
    /// |---|---|
    /// | `trace_id` | 32 lower-case hex digits |
    /// | `whole` | whether every span hangs on a root ([`is_whole`](Self::is_whole)) |
    /// | `duration_ns` | from the first start to the last end |
    /// | `services` | names, by first start |
    /// | `errors` | how many spans failed |
    /// | `spans` | the spans, in the order in which they arrived |
    ///
    /// A span has `span_id`, `parent_span_id` (or `null`), `name`, `kind` (`internal`, `server`,
    /// `client`, `producer`, `consumer`), `service`, `start_unix_ns`, `duration_ns`, `status`
    /// (`unset`, `ok`, `error`), `status_message`, `attributes`, `events` (`name`,
    /// `time_unix_ns`, `attributes`), `links` (`trace_id`, `span_id`, `attributes`),
    /// `trace_state`, `flags`, `scope` (`name`, `version`) and `resource`.
    ///
    /// Attributes are objects; of a repeated key the last value is shown. Bytes are hex. A number
    /// that JSON has no form for (NaN, infinity) is a string. New fields may be added.
    pub fn to_json(&self) -> Json {
        let errors = self.spans().iter().filter(|span| span.is_failed()).count();
        json!({
            "trace_id": self.trace_id().to_string(),
            "whole": self.is_whole(),
            "duration_ns": nanos(self.duration()),
            "services": self.services(),
            "errors": errors,
            "spans": self.spans().iter().map(span).collect::<Vec<_>>(),
        })
    }
}

fn span(span: &Span) -> Json {
    let (status, message) = match &span.status {
        Status::Unset => ("unset", ""),
        Status::Ok => ("ok", ""),
        Status::Error { description } => ("error", description.as_ref()),
    };
    json!({
        "span_id": span.span_id.to_string(),
        "parent_span_id": span.parent_span_id.map(|id| id.to_string()),
        "name": span.name,
        "kind": kind(&span.kind),
        "service": span.service(),
        "start_unix_ns": unix_nanos(span.start),
        "duration_ns": nanos(span.duration()),
        "status": status,
        "status_message": message,
        "attributes": attributes(&span.attributes),
        "events": span.events.iter().map(event).collect::<Vec<_>>(),
        "links": span.links.iter().map(link).collect::<Vec<_>>(),
        "trace_state": span.trace_state,
        "flags": span.flags,
        "scope": { "name": span.scope.name, "version": span.scope.version },
        "resource": attributes(&span.resource),
    })
}

fn event(event: &Event) -> Json {
    json!({
        "name": event.name,
        "time_unix_ns": unix_nanos(event.time),
        "attributes": attributes(&event.attributes),
    })
}

fn link(link: &Link) -> Json {
    json!({
        "trace_id": link.trace_id.to_string(),
        "span_id": link.span_id.to_string(),
        "attributes": attributes(&link.attributes),
    })
}

fn attributes(attributes: &Attributes) -> Json {
    let pairs = attributes.iter();
    let object: Map<String, Json> = pairs.map(|(key, v)| (key.to_owned(), value(v))).collect();
    Json::Object(object)
}

fn value(value: &Value) -> Json {
    match value {
        Value::Empty => Json::Null,
        Value::String(text) => json!(text),
        Value::Bool(truth) => json!(truth),
        Value::Int(number) => json!(number),
        Value::Double(number) if !number.is_finite() => json!(number.to_string()),
        Value::Double(number) => json!(number),
        Value::Bytes(_) => json!(value.to_string()),
        Value::Array(values) => values.iter().map(self::value).collect(),
        Value::Map(map) => attributes(map),
    }
}

fn kind(kind: &SpanKind) -> &'static str {
    match kind {
        SpanKind::Internal => "internal",
        SpanKind::Server => "server",
        SpanKind::Client => "client",
        SpanKind::Producer => "producer",
        SpanKind::Consumer => "consumer",
    }
}

fn unix_nanos(time: SystemTime) -> u64 {
    nanos(time.duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn nanos(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::sample;

    #[test]
    fn a_trace_is_one_object_with_the_documented_fields() {
        let mut trace = sample::trace(&[(1, None)]);
        let mut failed = sample::span(2, Some(1), "failed");
        failed.status = Status::error("why");
        failed.attributes =
            [("n", Value::Double(f64::NAN)), ("b", Value::Bytes(vec![1]))].into_iter().collect();
        trace.push(failed);

        let json = trace.to_json();
        assert_eq!(json["trace_id"], "ab".repeat(16));
        assert_eq!(json["whole"], true);
        assert_eq!(json["errors"], 1);
        assert_eq!(json["services"], json!(["shop"]));
        assert_eq!(json["spans"][0]["parent_span_id"], Json::Null);
        let span = &json["spans"][1];
        assert_eq!(span["parent_span_id"], "0000000000000001");
        assert_eq!(span["status"], "error");
        assert_eq!(span["status_message"], "why");
        assert_eq!(span["duration_ns"], 1_000_000);
        assert_eq!(span["attributes"], json!({ "n": "NaN", "b": "01" }));
    }
}
