//! The signals that are exported, and the variables that are each one's own.
//!
//! Specification: [OpenTelemetry protocol exporter](https://opentelemetry.io/docs/specs/otel/protocol/exporter/).

use super::env::Env;

/// A kind of telemetry that is exported.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Signal {
    Traces,
    Metrics,
}

impl Signal {
    pub(super) const fn exporter(self) -> &'static str {
        match self {
            Self::Traces => "OTEL_TRACES_EXPORTER",
            Self::Metrics => "OTEL_METRICS_EXPORTER",
        }
    }

    /// This signal's own variable beside a general one.
    pub(super) fn own(self, general: &str) -> String {
        let own = match self {
            Self::Traces => "OTLP_TRACES_",
            Self::Metrics => "OTLP_METRICS_",
        };
        general.replacen("OTLP_", own, 1)
    }

    /// The value of a signal's own variable, else of the general one, and which one that is: the general one
    /// where none is set.
    pub(super) fn value(self, general: &str, env: &Env) -> (String, Option<String>) {
        self.value_by(general, |variable| env.text(variable))
    }

    /// As [`value`](Self::value), where it is a [name](Env::name).
    pub(super) fn name(self, general: &str, env: &Env) -> (String, Option<String>) {
        self.value_by(general, |variable| env.name(variable))
    }

    fn value_by(self, general: &str, read: impl Fn(&str) -> Option<String>) -> (String, Option<String>) {
        let own = self.own(general);
        match read(&own) {
            Some(value) => (own, Some(value)),
            None => (general.to_owned(), read(general)),
        }
    }

    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Traces => "v1/traces",
            Self::Metrics => "v1/metrics",
        }
    }
}
