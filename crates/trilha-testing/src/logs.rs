//! Received log records, as they came.

use std::sync::Arc;
use std::time::SystemTime;

use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_proto::tonic::logs::v1 as otlp;

use crate::trace::{Attributes, Scope, Value, decode, service_of};

/// A log record.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LogRecord {
    /// When it happened, or else when it was observed.
    pub time: SystemTime,
    /// The severity as a number: 1 trace, 5 debug, 9 info, 13 warn, 17 error, 21 fatal.
    pub severity: i32,
    /// The severity in the sender's words.
    pub severity_text: String,
    /// Its message, often text.
    pub body: Value,
    /// The name of an event; empty for an ordinary record.
    pub event_name: String,
    /// Its attributes.
    pub attributes: Attributes,
    /// The trace that it belongs to.
    pub trace_id: Option<TraceId>,
    /// The span that it belongs to.
    pub span_id: Option<SpanId>,
    /// The low 8 bits are the W3C trace flags.
    pub flags: u32,
    /// The attributes of the process that sent it.
    pub resource: Arc<Attributes>,
    /// The instrumentation that made it.
    pub scope: Arc<Scope>,
}

impl LogRecord {
    /// The resource's `service.name`; `unknown_service` where it has none.
    pub fn service(&self) -> &str {
        service_of(&self.resource)
    }

    /// The body, if it is text.
    pub fn message(&self) -> Option<&str> {
        self.body.as_str()
    }
}

/// Every record of a request.
pub(crate) fn records(resource_logs: Vec<otlp::ResourceLogs>) -> impl Iterator<Item = LogRecord> {
    resource_logs.into_iter().flat_map(|group| {
        let resource = decode::resource(group.resource);
        group.scope_logs.into_iter().flat_map(move |group| {
            let resource = Arc::clone(&resource);
            let scope = decode::scope(group.scope);
            let records = group.log_records.into_iter();
            records.map(move |record| decode(record, &resource, &scope))
        })
    })
}

fn decode(record: otlp::LogRecord, resource: &Arc<Attributes>, scope: &Arc<Scope>) -> LogRecord {
    let happened = Some(record.time_unix_nano).filter(|nanos| *nanos != 0);
    LogRecord {
        time: decode::time(happened.unwrap_or(record.observed_time_unix_nano)),
        severity: record.severity_number,
        severity_text: record.severity_text,
        body: decode::value(record.body),
        event_name: record.event_name,
        attributes: decode::attributes(record.attributes),
        trace_id: decode::trace_id(&record.trace_id),
        span_id: decode::span_id(&record.span_id),
        flags: record.flags,
        resource: Arc::clone(resource),
        scope: Arc::clone(scope),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn a_record_without_a_time_has_that_of_its_observation() {
        let record =
            otlp::LogRecord { observed_time_unix_nano: 7, trace_id: vec![1; 16], ..Default::default() };
        let record = decode(record, &Arc::default(), &Arc::default());
        assert_eq!(record.time, UNIX_EPOCH + Duration::from_nanos(7));
        assert!(record.trace_id.is_some());
        assert_eq!(record.span_id, None);
    }
}
