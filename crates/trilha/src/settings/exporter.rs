//! Where a signal is sent to, and how.
//!
//! Specification: [OpenTelemetry protocol exporter](https://opentelemetry.io/docs/specs/otel/protocol/exporter/).

use std::time::Duration;

use super::env::Env;
use crate::SetupError;

/// How OTLP is spoken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Protocol {
    /// HTTP with protobuf, the default. Feature `http`.
    Http,
    /// gRPC. Feature `grpc`.
    Grpc,
}

/// A kind of telemetry that is exported.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Signal {
    Traces,
    Metrics,
}

/// What the program itself said about exporting.
#[derive(Clone, Debug, Default)]
pub(crate) struct ExporterOptions {
    pub(crate) endpoint: Option<String>,
    pub(crate) protocol: Option<Protocol>,
    pub(crate) headers: Vec<(String, String)>,
}

/// Where one signal goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Exporter {
    /// The option that set `endpoint`, for errors.
    pub(crate) option: &'static str,
    /// With HTTP the whole URL.
    pub(crate) endpoint: String,
    pub(crate) protocol: Protocol,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) timeout: Duration,
}

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

impl Signal {
    /// The variables of this signal, as `[exporter, endpoint, protocol, headers, timeout]`.
    const fn variables(self) -> [&'static str; 5] {
        match self {
            Self::Traces => [
                "OTEL_TRACES_EXPORTER",
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
                "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
                "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
            ],
            Self::Metrics => [
                "OTEL_METRICS_EXPORTER",
                "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
                "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
                "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
                "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT",
            ],
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Traces => "v1/traces",
            Self::Metrics => "v1/metrics",
        }
    }
}

impl Exporter {
    /// The exporter of `signal`, or `None` where it is switched off.
    pub(crate) fn resolve(
        signal: Signal,
        options: &ExporterOptions,
        env: &Env,
    ) -> Result<Option<Self>, SetupError> {
        let [exporter, endpoint_of, protocol_of, headers_of, timeout_of] = signal.variables();
        match env.text(exporter).as_deref() {
            None | Some("otlp") => {}
            Some("none") => return Ok(None),
            Some(_) => return Err(SetupError::new(exporter, "is neither otlp nor none")),
        }
        let protocol = match options.protocol {
            Some(protocol) => protocol,
            None => protocol(env.first(&[protocol_of, "OTEL_EXPORTER_OTLP_PROTOCOL"]))?,
        };
        let general = |option, endpoint: &str| match protocol {
            Protocol::Http => (option, format!("{}/{}", endpoint.trim_end_matches('/'), signal.path())),
            Protocol::Grpc => (option, endpoint.to_owned()),
        };
        let (option, endpoint) = match (&options.endpoint, env.text(endpoint_of), env.text(ENDPOINT)) {
            (Some(endpoint), ..) => general("endpoint", endpoint),
            (None, Some(endpoint), _) => (endpoint_of, endpoint),
            (None, None, Some(endpoint)) => general(ENDPOINT, &endpoint),
            (None, None, None) => general(
                ENDPOINT,
                match protocol {
                    Protocol::Http => "http://localhost:4318",
                    Protocol::Grpc => "http://localhost:4317",
                },
            ),
        };
        let mut headers = env.pairs("OTEL_EXPORTER_OTLP_HEADERS")?;
        headers.extend(env.pairs(headers_of)?);
        headers.extend(options.headers.iter().cloned());
        let timeout = env.millis(&[timeout_of, "OTEL_EXPORTER_OTLP_TIMEOUT"])?;
        Ok(Some(Self {
            option,
            endpoint,
            protocol,
            headers: last_of_each(headers),
            timeout: timeout.unwrap_or(Duration::from_secs(10)),
        }))
    }
}

fn protocol(variable: Option<(&str, String)>) -> Result<Protocol, SetupError> {
    match variable {
        None => Ok(Protocol::Http),
        Some((_, value)) if value == "http/protobuf" => Ok(Protocol::Http),
        Some((_, value)) if value == "grpc" => Ok(Protocol::Grpc),
        Some((name, _)) => Err(SetupError::new(name, "is neither http/protobuf nor grpc")),
    }
}

/// A header of a signal replaces the general one, a header in code both. Names ignore case.
fn last_of_each(headers: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut unique: Vec<(String, String)> = Vec::new();
    for (name, value) in headers {
        unique.retain(|(known, _)| !known.eq_ignore_ascii_case(&name));
        unique.push((name, value));
    }
    unique
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(variables: &'static [(&'static str, &'static str)]) -> Exporter {
        let options = ExporterOptions::default();
        Exporter::resolve(Signal::Traces, &options, &Env::of(variables)).unwrap().unwrap()
    }

    #[test]
    fn the_general_endpoint_gets_the_signals_path_and_the_signals_own_does_not() {
        assert_eq!(resolve(&[]).endpoint, "http://localhost:4318/v1/traces");
        assert_eq!(resolve(&[(ENDPOINT, "http://c:1/x/")]).endpoint, "http://c:1/x/v1/traces");
        let own = [("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c:1/x"), (ENDPOINT, "http://d")];
        assert_eq!(resolve(Box::leak(Box::new(own))).endpoint, "http://c:1/x");
    }

    #[test]
    fn grpc_has_its_own_port_and_no_path() {
        let grpc = resolve(&[("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]);
        assert_eq!((grpc.protocol, grpc.endpoint.as_str()), (Protocol::Grpc, "http://localhost:4317"));
    }

    #[test]
    fn a_signals_header_replaces_the_general_one() {
        let exporter = resolve(&[
            ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a,x=1"),
            ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "API-Key=b"),
        ]);
        assert_eq!(exporter.headers, [("x".into(), "1".into()), ("API-Key".into(), "b".into())]);
    }

    #[test]
    fn a_signal_can_be_switched_off_and_not_misspelt() {
        let options = ExporterOptions::default();
        let off = Env::of(&[("OTEL_TRACES_EXPORTER", "none")]);
        assert_eq!(Exporter::resolve(Signal::Traces, &options, &off).unwrap(), None);
        let wrong = Env::of(&[("OTEL_TRACES_EXPORTER", "jaeger")]);
        let error = Exporter::resolve(Signal::Traces, &options, &wrong).unwrap_err();
        assert_eq!(error.option(), "OTEL_TRACES_EXPORTER");
    }
}
