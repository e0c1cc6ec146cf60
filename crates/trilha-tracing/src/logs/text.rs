//! A log line for people.

use std::fmt;

use tracing_core::{Event, Subscriber};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent,
        format::{Format, Writer},
    },
    registry::LookupSpan,
};

use super::{TextFields, for_each_correlation};

/// The usual line of `tracing_subscriber`, with the ids and the context attributes at its end.
///
/// It needs [`TextFields`] beside it, by `fmt_fields`: the usual ones know no guard.
///
/// - **PII:** message and fields pass the [guard](trilha_core::guard).
#[derive(Clone, Debug, Default)]
pub struct TextLog(Format);

impl TextLog {
    /// The format.
    pub fn new() -> Self {
        Self(Format::default())
    }
}

impl<S> FormatEvent<S, TextFields> for TextLog
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, TextFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        let buffer = Writer::new(&mut line);
        self.0.clone().with_ansi(writer.has_ansi_escapes()).format_event(context, buffer, event)?;
        write!(writer, "{}", line.trim_end_matches('\n'))?;
        let mut result = Ok(());
        for_each_correlation(event, |key, value| {
            result = result.and_then(|()| write!(writer, " {key}={}", value.escape_debug()));
        });
        result?;
        writeln!(writer)
    }
}
