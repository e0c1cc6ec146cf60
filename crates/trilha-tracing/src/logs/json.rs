//! A log line as one JSON object.

use std::{error::Error, fmt};

use serde_json::{Map, Value};
use tracing_core::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::Writer,
        time::{FormatTime, SystemTime},
    },
    registry::LookupSpan,
};

use super::for_each_correlation;

/// One JSON object a line: `ts`, `level`, `target`, `msg`, then `trace_id`, `span_id`, `trace_flags`
/// and the context attributes where there are any, then the event's own fields.
///
/// A field of the event that has one of these names stands under `fields.` and its name.
///
/// - **PII:** message and fields are the user's; they leave as they are.
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
        let mut fields = Fields::default();
        event.record(&mut fields);

        let mut line = Map::new();
        line.insert("ts".into(), now.into());
        line.insert("level".into(), metadata.level().as_str().into());
        line.insert("target".into(), metadata.target().into());
        line.insert("msg".into(), fields.message.unwrap_or_default().into());
        for_each_correlation(|key, value| {
            line.insert(key.into(), value.into());
        });
        for (name, value) in fields.others {
            let name = match line.contains_key(name) {
                true => format!("fields.{name}"),
                false => name.to_owned(),
            };
            line.insert(name, value);
        }
        writeln!(writer, "{}", Value::Object(line))
    }
}

#[derive(Default)]
struct Fields {
    message: Option<String>,
    others: Vec<(&'static str, Value)>,
}

impl Fields {
    fn record(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::String(message)) => self.message = Some(message),
            (name, value) => self.others.push((name, value)),
        }
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.record(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.record(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.record(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.record(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record(field, value.into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.record(field, value.to_string().into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record(field, format!("{value:?}").into());
    }
}
