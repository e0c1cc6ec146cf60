//! A log line as one JSON object.

use std::fmt;

use serde_json::{Map, Value};
use tracing_core::{Event, Subscriber};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::Writer,
        time::{FormatTime, SystemTime},
    },
    registry::LookupSpan,
};
use trilha_core::{Handle, guard::Place};

use super::{for_each_correlation, judged};
use crate::fields::EventFields;

/// One JSON object a line: `ts`, `level`, `target`, `msg`; `trace_id`, `span_id`, `trace_flags` and the
/// context attributes where there are any; and the event's own fields.
///
/// A field of the event that has one of these names stands under `fields.` and its name. The ids are those of the
/// current span, or of the parent that the event names, where [`TraceLayer`](crate::TraceLayer) knows that one: it does
/// not where a filter of its own hides the event.
///
/// - **PII:** message and fields pass the [guard](trilha_core::guard).
#[derive(Clone, Copy, Debug, Default)]
pub struct JsonLog(());

impl JsonLog {
    /// The format.
    pub fn new() -> Self {
        Self(())
    }
}

impl<S, N> FormatEvent<S, N> for JsonLog
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut now = String::new();
        SystemTime.format_time(&mut Writer::new(&mut now))?;
        let metadata = event.metadata();
        let handle = Handle::current();
        let fields = EventFields::in_short(event, handle.stats().panics());
        let message = fields.message.as_deref().unwrap_or_default();

        let mut line = Map::new();
        line.insert("ts".into(), now.into());
        line.insert("level".into(), metadata.level().as_str().into());
        line.insert("target".into(), metadata.target().into());
        line.insert("msg".into(), judged(&handle, message).into());
        for_each_correlation(event, |key, value| {
            line.insert(key.into(), value.into());
        });
        let attributes: Vec<_> = fields.attributes().collect();
        handle.guard().judge_attributes(Place::LogField, &attributes, |left| {
            for (name, value) in left {
                let name = match line.contains_key(*name) {
                    true => format!("fields.{name}"),
                    false => (*name).to_owned(),
                };
                line.insert(name, json((*value).into()));
            }
        });
        writeln!(writer, "{}", Value::Object(line))
    }
}

fn json(value: opentelemetry::Value) -> Value {
    match value {
        opentelemetry::Value::Bool(value) => value.into(),
        opentelemetry::Value::I64(value) => value.into(),
        opentelemetry::Value::F64(value) => value.into(),
        other => other.as_str().into_owned().into(),
    }
}
