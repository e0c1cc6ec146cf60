//! A log line for people.

use std::fmt;

use tracing_core::{Event, Subscriber};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{Format, Writer},
    },
    registry::LookupSpan,
};

use super::for_each_correlation;

/// The usual line of `tracing_subscriber`, with the ids and the context attributes at its end.
///
/// - **PII:** message and fields are the user's; they leave as they are.
#[derive(Clone, Debug, Default)]
pub struct TextLog(Format);

impl TextLog {
    /// The format.
    pub fn new() -> Self {
        Self(Format::default())
    }
}

impl<S, N> FormatEvent<S, N> for TextLog
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        let buffer = Writer::new(&mut line);
        self.0.clone().with_ansi(writer.has_ansi_escapes()).format_event(context, buffer, event)?;
        write!(writer, "{}", line.trim_end_matches('\n'))?;
        let mut result = Ok(());
        for_each_correlation(|key, value| {
            result = result.and_then(|()| write!(writer, " {key}={}", value.escape_debug()));
        });
        result?;
        writeln!(writer)
    }
}
