//! Where programs make spans and events: `tracing` wants each place written out.

use tracing::{Level, Span, event, field, span};

use crate::program::{EventFields, Failure, Recorded, Said, SpanFields};

/// What stands above a span or an event.
pub(super) enum Above {
    Current,
    None,
    Span(Span),
}

pub(super) const STATUS: &str = "otel.status_code";

impl Recorded {
    pub(super) fn field(&self) -> &'static str {
        match self {
            Self::Text(_) => "late_text",
            Self::Count(_) => "late_count",
            Self::Size(_) => "late_size",
            Self::Failure(_) => "late_failure",
            Self::Status(_) => STATUS,
        }
    }

    pub(super) fn record(&self, span: &Span, description: &str) {
        match self {
            Self::Text(text) => span.record(self.field(), text),
            Self::Count(count) => span.record(self.field(), count),
            Self::Size(size) => span.record(self.field(), size),
            Self::Failure(failure) => span.record(self.field(), failure.as_error()),
            Self::Status(Said::Code(code)) => span.record(STATUS, code),
            Self::Status(Said::Description) => span.record("otel.status_description", description),
        };
    }
}

pub(super) fn make(parent: &Above, name: usize, number: i64, fields: &SpanFields, description: &str) -> Span {
    let SpanFields { values, failure, otel_name, otel_kind, status } = fields;
    let (code, description) = match status {
        Some(Said::Code(code)) => (Some(*code), None),
        Some(Said::Description) => (None, Some(description)),
        None => (None, None),
    };
    macro_rules! spanned {
        ($level:expr, $name:literal $(, $parent:expr)?) => {
            span!(
                $(parent: $parent,)?
                $level,
                $name,
                n = number,
                text = values.text,
                count = values.count,
                size = values.size,
                wide = values.wide,
                ratio = values.ratio,
                flag = values.flag,
                shape = values.shape.as_ref().map(field::debug),
                failure = failure.as_ref().map(Failure::as_error),
                otel.name = otel_name,
                otel.kind = otel_kind,
                otel.status_code = code,
                otel.status_description = description,
                late_text = field::Empty,
                late_count = field::Empty,
                late_size = field::Empty,
                late_failure = field::Empty,
            )
        };
    }
    macro_rules! named {
        ($level:expr, $name:literal) => {
            match parent {
                Above::Current => spanned!($level, $name),
                Above::None => spanned!($level, $name, None),
                Above::Span(parent) => spanned!($level, $name, parent),
            }
        };
    }
    match name {
        0 => named!(Level::INFO, "order"),
        1 => named!(Level::TRACE, "line"),
        _ => named!(Level::ERROR, "alarm"),
    }
}

pub(super) fn emit(parent: &Above, level: usize, fields: &EventFields, description: &str) {
    let EventFields { message, values, failure, is_error } = fields;
    macro_rules! emitted {
        ($level:expr $(, $parent:expr)?) => {
            event!(
                $(parent: $parent,)?
                $level,
                message,
                text = values.text,
                count = values.count,
                size = values.size,
                wide = values.wide,
                ratio = values.ratio,
                flag = values.flag,
                shape = values.shape.as_ref().map(field::debug),
                failure = failure.as_ref().map(Failure::as_error),
                error = is_error.then_some(field::display(description)),
            )
        };
    }
    macro_rules! leveled {
        ($level:expr) => {
            match parent {
                Above::Current => emitted!($level),
                Above::None => emitted!($level, None),
                Above::Span(parent) => emitted!($level, parent),
            }
        };
    }
    match level {
        0 => leveled!(Level::TRACE),
        1 => leveled!(Level::DEBUG),
        2 => leveled!(Level::INFO),
        3 => leveled!(Level::WARN),
        _ => leveled!(Level::ERROR),
    }
}
