//! The arguments of `trilha receive`.

use std::net::SocketAddr;
use std::time::Duration;

use clap::ValueEnum;

/// Receive OTLP and show each trace as a tree when it is complete
///
/// Start it, point a service in any language at it by OTEL_EXPORTER_OTLP_ENDPOINT, and see its
/// traces. A trace is complete when no parent is missing and nothing more has come for a while
/// (--idle). One that stays incomplete is shown after five times that, and marked. Spans that come
/// later show the trace again, marked as updated.
///
/// Press Ctrl-C to end it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where to receive OTLP over HTTP; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4318")]
    pub(super) http: SocketAddr,

    /// Where to receive OTLP over gRPC; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4317")]
    pub(super) grpc: SocketAddr,

    /// Show only traces that this service took part in; may be repeated
    #[arg(long = "service", value_name = "NAME")]
    pub(super) services: Vec<String>,

    /// Show only traces in which this text stands: in names, attributes, events, status
    #[arg(long, value_name = "TEXT")]
    pub(super) grep: Option<String>,

    /// Mark spans that last so long or longer
    #[arg(long, value_name = "DURATION", default_value = "500ms", value_parser = duration)]
    pub(super) slow: Duration,

    /// How long a trace must be quiet to count as complete
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = duration)]
    pub(super) idle: Duration,

    /// Show the events of each span
    #[arg(long)]
    pub(super) events: bool,

    /// Print one JSON object per line for each trace, instead of a tree
    ///
    /// Its fields: trace_id, state (complete or incomplete), updated, duration_ns, services,
    /// errors, spans. A span has span_id, parent_span_id, name, kind, service, start_unix_ns,
    /// duration_ns, status (unset, ok or error), status_message, attributes, events, links,
    /// trace_state, flags, scope, resource.
    #[arg(long)]
    pub(super) json: bool,

    /// When to colour the trees
    #[arg(long, value_name = "WHEN", default_value = "auto", value_enum)]
    pub(super) color: Color,
}

/// When to colour.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// A number with `ms`, `s` or `m`.
fn duration(text: &str) -> Result<Duration, &'static str> {
    const EXPECTED: &str = "expected a duration such as 500ms, 1.5s or 2m";
    let digits = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let seconds_per_unit = match text.strip_prefix(digits) {
        Some("ms") => 0.001,
        Some("s") => 1.0,
        Some("m") => 60.0,
        _ => return Err(EXPECTED),
    };
    let number: f64 = digits.parse().map_err(|_| EXPECTED)?;
    let seconds = number * seconds_per_unit;
    // A day is longer than anybody waits, and short enough to be added to any instant.
    if seconds > 86_400.0 {
        return Err("expected a day at most");
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| EXPECTED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        for wrong in ["", "5", "ms", "-1s", "5h", "NaNs", "infs", "1e99s", "1 s s", "2d"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
