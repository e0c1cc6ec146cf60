//! Where a signal is sent to, and how.
//!
//! Specification: [OpenTelemetry protocol exporter](https://opentelemetry.io/docs/specs/otel/protocol/exporter/).

use std::{fmt, time::Duration};

use http::{HeaderName, HeaderValue};

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
#[derive(Clone, Default)]
pub(crate) struct ExporterOptions {
    pub(crate) endpoint: Option<String>,
    pub(crate) protocol: Option<Protocol>,
    pub(crate) headers: Vec<(String, String)>,
}

/// Where one signal goes.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct Exporter {
    /// With HTTP the whole URL.
    pub(crate) endpoint: String,
    pub(crate) protocol: Protocol,
    /// They can be sent.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) timeout: Duration,
    pub(crate) origins: Origins,
}

/// The builder's methods or the variables that set an exporter's values, for errors.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Origins {
    pub(crate) endpoint: &'static str,
    pub(crate) protocol: &'static str,
    pub(crate) timeout: &'static str,
}

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";
const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";
const TIMEOUT: &str = "OTEL_EXPORTER_OTLP_TIMEOUT";

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
        let (protocol_of, protocol) = match options.protocol {
            Some(protocol) => ("protocol", protocol),
            None => protocol(env.first(&[protocol_of, PROTOCOL]))?,
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
        let mut headers = checked(HEADERS, env.pairs(HEADERS)?)?;
        headers.extend(checked(headers_of, env.pairs(headers_of)?)?);
        headers.extend(checked("header", options.headers.clone())?);
        let timeout_of = env.first(&[timeout_of, TIMEOUT]).map_or(TIMEOUT, |(name, _)| name);
        Ok(Some(Self {
            endpoint,
            protocol,
            headers: last_of_each(headers),
            timeout: env.millis(timeout_of)?.unwrap_or(Duration::from_secs(10)),
            origins: Origins { endpoint: option, protocol: protocol_of, timeout: timeout_of },
        }))
    }
}

// A URL or a header may hold a secret, so neither is shown.
impl fmt::Debug for ExporterOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExporterOptions").field("protocol", &self.protocol).finish_non_exhaustive()
    }
}

impl fmt::Debug for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exporter")
            .field("protocol", &self.protocol)
            .field("timeout", &self.timeout)
            .field("origins", &self.origins)
            .finish_non_exhaustive()
    }
}

fn protocol(variable: Option<(&'static str, String)>) -> Result<(&'static str, Protocol), SetupError> {
    let Some((name, value)) = variable else { return Ok((PROTOCOL, Protocol::Http)) };
    match value.as_str() {
        "http/protobuf" => Ok((name, Protocol::Http)),
        "grpc" => Ok((name, Protocol::Grpc)),
        _ => Err(SetupError::new(name, "is neither http/protobuf nor grpc")),
    }
}

/// The headers, where all can be sent. Checked here, where it is still known who set them.
fn checked(option: &str, headers: Vec<(String, String)>) -> Result<Vec<(String, String)>, SetupError> {
    for (name, value) in &headers {
        if HeaderName::try_from(name).is_err() {
            return Err(SetupError::new(option, format!("{name:?} is not the name of a header")));
        }
        if HeaderValue::try_from(value).is_err() {
            let problem = format!("the value of {name:?} has characters that no header may have");
            return Err(SetupError::new(option, problem));
        }
    }
    Ok(headers)
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
    fn a_header_that_cannot_be_sent_is_refused_and_its_variable_named() {
        let refused = |headers: &[(String, String)], variables: &[(&str, &str)]| {
            let options = ExporterOptions { headers: headers.to_vec(), ..ExporterOptions::default() };
            Exporter::resolve(Signal::Metrics, &options, &Env::of(variables)).unwrap_err().to_string()
        };
        assert_eq!(
            refused(&[], &[("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "a=b%0Ac")]),
            "OTEL_EXPORTER_OTLP_METRICS_HEADERS: the value of \"a\" has characters that no header may have",
        );
        assert_eq!(
            refused(&[], &[(HEADERS, "a b=c")]),
            "OTEL_EXPORTER_OTLP_HEADERS: \"a b\" is not the name of a header",
        );
        assert_eq!(
            refused(&[("a b".into(), "c".into())], &[]),
            "header: \"a b\" is not the name of a header",
        );
    }

    #[test]
    fn who_set_a_value_is_known() {
        let origins = |variables: &'static [_]| resolve(variables).origins;
        let general = Origins { endpoint: ENDPOINT, protocol: PROTOCOL, timeout: TIMEOUT };
        assert_eq!(origins(&[]), general);
        assert_eq!(origins(&[(ENDPOINT, "http://c"), (PROTOCOL, "grpc"), (TIMEOUT, "1")]), general);
        let of_traces = origins(&[
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c"),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "1"),
        ]);
        assert_eq!(of_traces.endpoint, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
        assert_eq!(of_traces.protocol, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL");
        assert_eq!(of_traces.timeout, "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT");
    }

    #[test]
    fn a_secret_is_not_shown() {
        let exporter = resolve(&[(ENDPOINT, "http://user:secret@c"), (HEADERS, "authorization=secret")]);
        let shown = format!("{exporter:?}");
        assert!(!shown.contains("secret"), "{shown}");
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
