//! Where a signal is sent to, and how.
//!
//! Specification: [OpenTelemetry protocol exporter](https://opentelemetry.io/docs/specs/otel/protocol/exporter/).

use std::{fmt, time::Duration};

use http::{HeaderName, HeaderValue};
#[cfg(feature = "tls")]
use trilha_otlp::Tls;

use super::{env::Env, signal::Signal};
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

/// What the program itself said about exporting.
#[derive(Clone, Default)]
pub(crate) struct ExporterOptions {
    pub(crate) endpoint: Option<String>,
    pub(crate) protocol: Option<Protocol>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) is_gzip: bool,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<Tls>,
}

impl ExporterOptions {
    fn has_tls(&self) -> bool {
        #[cfg(feature = "tls")]
        return self.tls.is_some();
        #[cfg(not(feature = "tls"))]
        false
    }
}

/// Where one signal goes.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct Exporter {
    /// Lines on standard output, and what follows has no meaning.
    pub(crate) is_console: bool,
    /// With HTTP the whole URL.
    pub(crate) endpoint: String,
    pub(crate) protocol: Protocol,
    /// They can be sent.
    pub(crate) headers: Vec<(String, String)>,
    #[cfg_attr(not(feature = "gzip"), allow(dead_code, reason = "it is always false"))]
    pub(crate) is_gzip: bool,
    #[cfg(feature = "tls")]
    pub(crate) tls: Tls,
    pub(crate) timeout: Duration,
    pub(crate) origins: Origins,
}

/// The builder's methods or the variables that set an exporter's values, for errors.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Origins {
    pub(crate) endpoint: String,
    pub(crate) protocol: String,
    pub(crate) timeout: String,
    pub(crate) roots: String,
    pub(crate) client_certificate: String,
    pub(crate) client_key: String,
}

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";
const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";
const TIMEOUT: &str = "OTEL_EXPORTER_OTLP_TIMEOUT";
const COMPRESSION: &str = "OTEL_EXPORTER_OTLP_COMPRESSION";
const CERTIFICATE: &str = "OTEL_EXPORTER_OTLP_CERTIFICATE";
const CLIENT_CERTIFICATE: &str = "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE";
const CLIENT_KEY: &str = "OTEL_EXPORTER_OTLP_CLIENT_KEY";

impl Exporter {
    /// The exporter of `signal`, or `None` where it is switched off.
    pub(crate) fn resolve(
        signal: Signal,
        options: &ExporterOptions,
        env: &Env,
    ) -> Result<Option<Self>, SetupError> {
        let refused = |problem| Err(SetupError::new(signal.exporter(), problem));
        let is_console = match (env.name(signal.exporter()).as_deref(), signal) {
            (None | Some("otlp"), _) => false,
            (Some("none"), _) => return Ok(None),
            (Some("console"), Signal::Traces) if cfg!(feature = "console") => true,
            (Some("console"), Signal::Traces) => return refused("needs the feature `console`"),
            (Some(_), Signal::Traces) => return refused("is none of otlp, console and none"),
            (Some(_), Signal::Metrics) => return refused("is neither otlp nor none"),
        };
        let (protocol_of, protocol) = match options.protocol {
            Some(protocol) => ("protocol".to_owned(), protocol),
            None => protocol(signal.name(PROTOCOL, env))?,
        };
        let (endpoint_of, endpoint) = endpoint(signal, protocol, options, env);
        let mut headers = checked(HEADERS, env.pairs(HEADERS)?)?;
        let own = signal.own(HEADERS);
        headers.extend(checked(&own, env.pairs(&own)?)?);
        headers.extend(checked("header", options.headers.clone())?);
        let (timeout_of, _) = signal.value(TIMEOUT, env);
        let tls_of = |general| match options.has_tls() {
            true => "tls".to_owned(),
            false => signal.value(general, env).0,
        };
        Ok(Some(Self {
            is_console,
            protocol,
            headers: last_of_each(headers),
            is_gzip: options.is_gzip || is_gzip(signal.name(COMPRESSION, env))?,
            #[cfg(feature = "tls")]
            tls: tls(signal, options, env, &endpoint)?,
            timeout: env.millis(&timeout_of)?.unwrap_or(Duration::from_secs(10)),
            origins: Origins {
                endpoint: endpoint_of,
                protocol: protocol_of,
                timeout: timeout_of,
                roots: tls_of(CERTIFICATE),
                client_certificate: tls_of(CLIENT_CERTIFICATE),
                client_key: tls_of(CLIENT_KEY),
            },
            endpoint,
        }))
    }
}

/// Where to, and who said so.
fn endpoint(signal: Signal, protocol: Protocol, options: &ExporterOptions, env: &Env) -> (String, String) {
    let own = signal.own(ENDPOINT);
    let (origin, base) = match (&options.endpoint, env.text(&own), env.text(ENDPOINT)) {
        (Some(endpoint), ..) => ("endpoint", endpoint.clone()),
        (None, Some(endpoint), _) => return (own, endpoint), // used as it is
        (None, None, Some(endpoint)) => (ENDPOINT, endpoint),
        (None, None, None) => match protocol {
            Protocol::Http => (ENDPOINT, "http://localhost:4318".to_owned()),
            Protocol::Grpc => (ENDPOINT, "http://localhost:4317".to_owned()),
        },
    };
    let endpoint = match protocol {
        Protocol::Http => {
            let (base, query) = base.split_at(base.find(['?', '#']).unwrap_or(base.len()));
            format!("{}/{}{query}", base.trim_end_matches('/'), signal.path())
        }
        Protocol::Grpc => base,
    };
    (origin.to_owned(), endpoint)
}

fn is_gzip((variable, value): (String, Option<String>)) -> Result<bool, SetupError> {
    match value.as_deref() {
        None | Some("none") => Ok(false),
        Some("gzip") if cfg!(feature = "gzip") => Ok(true),
        Some("gzip") => Err(SetupError::new(variable, "needs the feature `gzip`")),
        Some(_) => Err(SetupError::new(variable, "is neither gzip nor none")),
    }
}

/// What the variables say of TLS, unless the program does; nothing is read where nothing is encrypted.
#[cfg(feature = "tls")]
fn tls(signal: Signal, options: &ExporterOptions, env: &Env, endpoint: &str) -> Result<Tls, SetupError> {
    if let Some(tls) = &options.tls {
        return Ok(tls.clone());
    }
    let file = |general| match signal.value(general, env) {
        (variable, Some(path)) if is_encrypted(endpoint) => {
            // The path is not shown: by mistake it may be the key itself.
            let problem = |error| SetupError::new(variable, format!("the file cannot be read: {error}"));
            std::fs::read(&path).map(Some).map_err(problem)
        }
        _ => Ok(None),
    };
    let mut tls = Tls::new();
    if let Some(pem) = file(CERTIFICATE)? {
        tls = tls.roots(pem);
    }
    if let Some(pem) = file(CLIENT_CERTIFICATE)? {
        tls = tls.client_certificate(pem);
    }
    if let Some(pem) = file(CLIENT_KEY)? {
        tls = tls.client_key(pem);
    }
    Ok(tls)
}

/// Whether the scheme of a URL, in whatever case, is that of TLS.
#[cfg(feature = "tls")]
pub(crate) fn is_encrypted(endpoint: &str) -> bool {
    endpoint.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"))
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

fn protocol((name, value): (String, Option<String>)) -> Result<(String, Protocol), SetupError> {
    match value.as_deref() {
        None | Some("http/protobuf") => Ok((name, Protocol::Http)),
        Some("grpc") => Ok((name, Protocol::Grpc)),
        Some(_) => Err(SetupError::new(name, "is neither http/protobuf nor grpc")),
    }
}

/// The headers, where all can be sent. Checked here, where it is still known who set them. What is no name is not
/// shown: by mistake it may be a secret.
fn checked(option: &str, headers: Vec<(String, String)>) -> Result<Vec<(String, String)>, SetupError> {
    for (name, value) in &headers {
        if HeaderName::try_from(name).is_err() {
            return Err(SetupError::new(option, "a name is not that of a header"));
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

    fn try_resolve(variables: &[(&str, &str)]) -> Result<Exporter, SetupError> {
        let options = ExporterOptions::default();
        Exporter::resolve(Signal::Traces, &options, &Env::of(variables)).map(Option::unwrap)
    }

    fn resolve(variables: &[(&str, &str)]) -> Exporter {
        try_resolve(variables).unwrap()
    }

    #[test]
    fn the_general_endpoint_gets_the_signals_path_and_the_signals_own_does_not() {
        assert_eq!(resolve(&[]).endpoint, "http://localhost:4318/v1/traces");
        assert_eq!(resolve(&[(ENDPOINT, "http://c:1/x/")]).endpoint, "http://c:1/x/v1/traces");
        assert_eq!(resolve(&[(ENDPOINT, "http://c/x/?k=v/")]).endpoint, "http://c/x/v1/traces?k=v/");
        let own = [("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c:1/x"), (ENDPOINT, "http://d")];
        assert_eq!(resolve(&own).endpoint, "http://c:1/x");
    }

    #[test]
    fn grpc_has_its_own_port_and_no_path() {
        let grpc = resolve(&[("OTEL_EXPORTER_OTLP_PROTOCOL", "gRPC")]);
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
            "OTEL_EXPORTER_OTLP_HEADERS: a name is not that of a header",
        );
        assert_eq!(refused(&[("a b".into(), "c".into())], &[]), "header: a name is not that of a header");
    }

    #[test]
    fn who_set_a_value_is_known() {
        let origins = |variables: &[_]| resolve(variables).origins;
        let general = Origins {
            endpoint: ENDPOINT.into(),
            protocol: PROTOCOL.into(),
            timeout: TIMEOUT.into(),
            roots: CERTIFICATE.into(),
            client_certificate: CLIENT_CERTIFICATE.into(),
            client_key: CLIENT_KEY.into(),
        };
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
    fn no_error_shows_a_secret() {
        let header = |name: &str, value: &str| ExporterOptions {
            headers: vec![(name.into(), value.into())],
            ..ExporterOptions::default()
        };
        let default = ExporterOptions::default;
        let mut wrong = vec![
            (default(), (HEADERS, "secret")),
            (default(), (HEADERS, "a secret=1")),
            (default(), (HEADERS, "authorization=secret%ff")),
            (default(), (HEADERS, "authorization=secret%0a")),
            (default(), (PROTOCOL, "secret")),
            (default(), (COMPRESSION, "secret")),
            (default(), (TIMEOUT, "secret")),
            (header("a secret", "1"), (PROTOCOL, "grpc")),
            (header("authorization", "secret\n"), (PROTOCOL, "grpc")),
        ];
        if cfg!(feature = "tls") {
            // The key itself, where its path should stand.
            wrong.push((default(), (CLIENT_KEY, "-----BEGIN PRIVATE KEY----- secret")));
        }
        for (options, variable) in wrong {
            let env = Env::of(&[variable, (ENDPOINT, "https://user:secret@c")]);
            let error = Exporter::resolve(Signal::Traces, &options, &env).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
        }
    }

    #[test]
    fn compression_is_gzip_or_none() {
        let is_gzip = |variables: &[(&str, &str)]| try_resolve(variables).map(|exporter| exporter.is_gzip);
        const OWN: &str = "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION";
        assert!(!is_gzip(&[(COMPRESSION, "gzip"), (OWN, "none")]).unwrap());
        assert_eq!(is_gzip(&[(COMPRESSION, "zstd")]).unwrap_err().option(), COMPRESSION);
        assert_eq!(is_gzip(&[(OWN, "gz")]).unwrap_err().option(), OWN);
        for gzip in ["gzip", "GZIP"] {
            match is_gzip(&[(COMPRESSION, gzip)]) {
                Ok(is_gzip) => assert!(is_gzip && cfg!(feature = "gzip")),
                Err(error) => {
                    assert_eq!(error.to_string(), format!("{COMPRESSION}: needs the feature `gzip`"))
                }
            }
        }
    }

    #[test]
    #[cfg(feature = "tls")]
    fn a_certificate_that_cannot_be_read_is_an_error_where_it_is_used() {
        for general in [CERTIFICATE, CLIENT_CERTIFICATE, CLIENT_KEY] {
            let own = Signal::Traces.own(general);
            for variable in [general, &own] {
                let missing = (variable, "/nowhere.pem");
                let error = try_resolve(&[missing, (ENDPOINT, "https://c")]).unwrap_err();
                assert_eq!(error.option(), variable);
                assert!(try_resolve(&[missing, (ENDPOINT, "http://c")]).is_ok());
            }
        }
    }

    #[test]
    fn a_signal_can_be_switched_off_and_not_misspelt() {
        let options = ExporterOptions::default();
        for none in ["none", "None"] {
            let off = Env::of(&[("OTEL_TRACES_EXPORTER", none)]);
            assert_eq!(Exporter::resolve(Signal::Traces, &options, &off).unwrap(), None);
        }
        let console = |signal: Signal| {
            let env = Env::of(&[(signal.exporter(), "console")]);
            Exporter::resolve(signal, &options, &env).map(|exporter| exporter.unwrap().is_console)
        };
        assert_eq!(console(Signal::Traces).is_ok_and(|is_console| is_console), cfg!(feature = "console"));
        assert_eq!(console(Signal::Metrics).unwrap_err().option(), "OTEL_METRICS_EXPORTER");
        let error = try_resolve(&[("OTEL_TRACES_EXPORTER", "jaeger")]).unwrap_err();
        assert_eq!(error.option(), "OTEL_TRACES_EXPORTER");
    }
}
