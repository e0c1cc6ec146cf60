//! The places by which text leaves the process. It decides nothing.

use std::fmt;

use crate::schema::Exit;

/// A place by which text leaves the process: each one asks the [guard](super::PiiGuard).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Place {
    /// The name of a span.
    SpanName,
    /// An attribute of a span.
    SpanAttribute,
    /// The name of a span's event.
    EventName,
    /// An attribute of a span's event.
    EventAttribute,
    /// The description of a span's status.
    Status,
    /// An attribute of a link.
    LinkAttribute,
    /// An attribute of the resource.
    Resource,
    /// The message of a log line.
    LogBody,
    /// A field of a log line.
    LogField,
    /// An attribute of a metric, before it is aggregated.
    MetricAttribute,
    /// A member of `baggage`.
    Baggage,
    /// A member of `tracestate`.
    Tracestate,
    /// A value in the comment of a query.
    SqlComment,
    /// A header or property, of a request or a message, that is not the trace context's.
    MessageHeader,
    /// What Trilha itself logs.
    Own,
}

impl Place {
    /// Every place.
    pub const ALL: [Self; 15] = [
        Self::SpanName,
        Self::SpanAttribute,
        Self::EventName,
        Self::EventAttribute,
        Self::Status,
        Self::LinkAttribute,
        Self::Resource,
        Self::LogBody,
        Self::LogField,
        Self::MetricAttribute,
        Self::Baggage,
        Self::Tracestate,
        Self::SqlComment,
        Self::MessageHeader,
        Self::Own,
    ];

    /// The place by which a context attribute leaves by `exit`.
    pub(crate) const fn of(exit: Exit) -> Self {
        match exit {
            Exit::Resource => Self::Resource,
            Exit::Span => Self::SpanAttribute,
            Exit::Event => Self::EventAttribute,
            Exit::Metric => Self::MetricAttribute,
            Exit::Log => Self::LogField,
            Exit::Baggage => Self::Baggage,
            Exit::SqlComment => Self::SqlComment,
            Exit::MessageHeader => Self::MessageHeader,
        }
    }

    /// The name in metrics and in a policy file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SpanName => "span_name",
            Self::SpanAttribute => "span_attribute",
            Self::EventName => "event_name",
            Self::EventAttribute => "event_attribute",
            Self::Status => "status",
            Self::LinkAttribute => "link_attribute",
            Self::Resource => "resource",
            Self::LogBody => "log_body",
            Self::LogField => "log_field",
            Self::MetricAttribute => "metric_attribute",
            Self::Baggage => "baggage",
            Self::Tracestate => "tracestate",
            Self::SqlComment => "sql_comment",
            Self::MessageHeader => "message_header",
            Self::Own => "own",
        }
    }

    /// Whether what leaves here is read by others as data of theirs: a marker would be taken for a value.
    pub(super) const fn is_foreign(self) -> bool {
        matches!(self, Self::Baggage | Self::Tracestate | Self::SqlComment | Self::MessageHeader)
    }

    /// Whether personal values stay away, hashed ones too.
    pub(super) const fn is_far(self) -> bool {
        self.is_foreign() || matches!(self, Self::MetricAttribute)
    }

    /// Whether the text comes from code, though parts of it may not: without it nothing would be left to read.
    pub(super) const fn is_needed(self) -> bool {
        matches!(self, Self::SpanName | Self::EventName | Self::LogBody | Self::Tracestate | Self::Own)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
