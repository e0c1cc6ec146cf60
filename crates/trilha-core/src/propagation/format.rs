//! The formats that a context is read from and written to, by name; not their syntax.
//!
//! Names: [OpenTelemetry, environment variables, `OTEL_PROPAGATORS`](https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#general-sdk-configuration).

use std::{fmt, str::FromStr};

use crate::{carrier::CarrierKind, enum_set::enum_set};

use super::{b3, x_trace};

/// A format of trace context or baggage.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Format {
    /// `tracecontext`: W3C `traceparent` and `tracestate`.
    TraceContext,
    /// `baggage`: W3C `baggage`.
    Baggage,
    /// `b3`: the single header `b3`.
    B3,
    /// `b3multi`: the headers `x-b3-…`.
    B3Multi,
    /// `xtrace`: `X-Trace-ID`, `X-Span-ID` and `X-Parent-ID`. The name `xtrace` is our own.
    XTrace,
}

impl Format {
    /// Every format, in the order in which they are read.
    pub const ALL: [Self; 5] = [Self::TraceContext, Self::Baggage, Self::B3, Self::B3Multi, Self::XTrace];

    /// The name in `OTEL_PROPAGATORS` and in a policy.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TraceContext => "tracecontext",
            Self::Baggage => "baggage",
            Self::B3 => "b3",
            Self::B3Multi => "b3multi",
            Self::XTrace => "xtrace",
        }
    }

    /// The fields of this kind of carrier that belong to it.
    pub(crate) const fn fields(self, kind: CarrierKind) -> &'static [&'static str] {
        match self {
            Self::TraceContext => &["traceparent", "tracestate"],
            Self::Baggage => &["baggage"],
            Self::B3 => &[b3::B3],
            Self::B3Multi => &[b3::TRACE_ID, b3::SPAN_ID, b3::SAMPLED, b3::FLAGS, b3::PARENT_ID],
            Self::XTrace => x_trace::fields(kind),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = InvalidFormat;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|format| format.name() == name).ok_or(InvalidFormat)
    }
}

/// The text names no format.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a format is one of tracecontext, baggage, b3, b3multi and xtrace")]
pub struct InvalidFormat;

enum_set! {
    /// A set of formats. Empty by default.
    pub struct Formats of Format;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_known_by_its_name() {
        for format in Format::ALL {
            assert_eq!(format.name().parse(), Ok(format));
        }
        for unknown in ["", "B3", "b3 ", "none", "jaeger", "x-trace"] {
            assert_eq!(unknown.parse::<Format>(), Err(InvalidFormat), "{unknown}");
        }
    }

    #[test]
    fn a_set_holds_what_was_put_in() {
        let set: Formats = [Format::XTrace, Format::Baggage, Format::XTrace].into_iter().collect();
        assert_eq!(set, Formats::of(&[Format::Baggage, Format::XTrace]));
        assert_eq!(set.iter().collect::<Vec<_>>(), [Format::Baggage, Format::XTrace]);
        assert!(!set.contains(Format::TraceContext) && !set.is_empty());
        assert!(Formats::default().is_empty());
        assert_eq!(Formats::of(&Format::ALL).iter().count(), Format::ALL.len());
    }
}
