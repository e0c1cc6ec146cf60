//! Where spans are sent, and how: address, protocol, headers, compression, timeout.

#[cfg(feature = "json")]
use std::path::PathBuf;
use std::time::Duration;

use http::{
    HeaderMap, HeaderName, HeaderValue, Uri,
    uri::{Authority, Scheme},
};

use super::within;
use crate::SetupError;

/// Where spans are sent.
///
/// `https://` needs the feature `tls`.
///
/// ```
/// use trilha_otlp::Endpoint;
///
/// let endpoint = Endpoint::http("http://localhost:4318/v1/traces").header("x-team", "checkout");
/// ```
#[derive(Clone)]
#[must_use = "an endpoint is used by `PipelineConfig::new`"]
pub struct Endpoint {
    to: To,
    headers: Vec<(String, String)>,
    compression: Compression,
    #[cfg(feature = "tls")]
    tls: super::Tls,
    timeout: Duration,
}

/// Who is sent to.
#[derive(Clone)]
enum To {
    Receiver {
        protocol: Protocol,
        url: String,
    },
    #[cfg(feature = "json")]
    Lines(LinesTo),
}

/// Where lines of JSON are written to.
#[cfg(feature = "json")]
#[derive(Clone, Debug)]
pub(crate) enum LinesTo {
    Stdout,
    File(PathBuf),
}

/// What is done to a request's bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Compression {
    None,
    #[cfg(feature = "gzip")]
    Gzip,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Protocol {
    #[cfg(feature = "http")]
    Http,
    #[cfg(feature = "grpc")]
    Grpc,
}

/// An endpoint that was checked.
#[derive(Clone, Debug)]
pub(crate) enum Destination {
    Receiver(Box<Target>),
    #[cfg(feature = "json")]
    Lines(LinesTo),
}

/// A receiver's address that was checked.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) protocol: Protocol,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) compression: Compression,
    #[cfg(feature = "tls")]
    pub(crate) tls: rustls::ClientConfig,
    /// How long one attempt may take.
    pub(crate) timeout: Duration,
}

impl Endpoint {
    /// OTLP/HTTP with protobuf. The URL is used as it is: it ends in `/v1/traces` where the receiver
    /// follows the specification.
    #[cfg(feature = "http")]
    pub fn http(url: impl Into<String>) -> Self {
        Self::of_receiver(Protocol::Http, url.into())
    }

    /// OTLP/gRPC. Of the URL, scheme, host and port are used.
    #[cfg(feature = "grpc")]
    pub fn grpc(url: impl Into<String>) -> Self {
        Self::of_receiver(Protocol::Grpc, url.into())
    }

    fn of_receiver(protocol: Protocol, url: String) -> Self {
        Self::new(To::Receiver { protocol, url })
    }

    /// Standard output, for development: each batch is a line of OTLP's JSON, as the Collector's file
    /// exporter writes them. Headers, compression and timeout have no meaning here.
    #[cfg(feature = "json")]
    pub fn stdout() -> Self {
        Self::new(To::Lines(LinesTo::Stdout))
    }

    /// As [`stdout`](Self::stdout), at the end of a file, which is made if it is not there.
    #[cfg(feature = "json")]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::new(To::Lines(LinesTo::File(path.into())))
    }

    fn new(to: To) -> Self {
        Self {
            to,
            headers: Vec::new(),
            compression: Compression::None,
            #[cfg(feature = "tls")]
            tls: super::Tls::new(),
            timeout: Duration::from_secs(10),
        }
    }

    /// Compresses requests with gzip, which takes a few milliseconds of the pipeline's thread for each
    /// megabyte. Defaults to not doing so.
    #[cfg(feature = "gzip")]
    pub fn gzip(mut self) -> Self {
        self.compression = Compression::Gzip;
        self
    }

    /// How the receiver behind `https://` is known, and how it knows us. Defaults to the roots of the system
    /// and no certificate of our own.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: super::Tls) -> Self {
        self.tls = tls;
        self
    }

    /// Adds a header to each request, such as a key that the receiver asks for. It is never logged.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// How long one attempt may take, the answer included. Defaults to 10 s; 1 ms to 10 min.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    pub(crate) fn check(&self) -> Result<Destination, SetupError> {
        match &self.to {
            To::Receiver { protocol, url } => {
                Ok(Destination::Receiver(Box::new(self.check_receiver(*protocol, url)?)))
            }
            #[cfg(feature = "json")]
            To::Lines(to) => Ok(Destination::Lines(to.clone())),
        }
    }

    fn check_receiver(&self, protocol: Protocol, url: &str) -> Result<Target, SetupError> {
        within("timeout", self.timeout, Duration::from_millis(1)..=Duration::from_secs(600))?;
        let uri = check_url(url)?;
        let uri: Uri = match protocol {
            #[cfg(feature = "http")]
            Protocol::Http => uri,
            #[cfg(feature = "grpc")]
            Protocol::Grpc => origin(uri)?,
        };
        Ok(Target {
            protocol,
            headers: check_headers(&self.headers)?,
            compression: self.compression,
            #[cfg(feature = "tls")]
            tls: self.tls.check(uri.scheme() == Some(&Scheme::HTTPS))?,
            uri,
            timeout: self.timeout,
        })
    }
}

// A URL or a header may hold a secret, so neither is shown.
impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

fn check_url(url: &str) -> Result<Uri, SetupError> {
    let refused = |problem: &'static str| SetupError::of_option("endpoint", problem);
    let no_scheme = "a URL begins with http:// or https://";
    let uri: Uri = url.parse().map_err(|_| match url.contains("://") {
        true => refused("not a valid URL"),
        false => refused(no_scheme), // `localhost:4318`: the rest of it is right
    })?;
    match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTP => {}
        Some(scheme) if *scheme == Scheme::HTTPS && cfg!(feature = "tls") => {}
        Some(scheme) if *scheme == Scheme::HTTPS => {
            return Err(refused("https:// needs the feature `tls`"));
        }
        _ => return Err(refused(no_scheme)),
    }
    let Some(host) = uri.host().filter(|host| !host.is_empty()) else {
        return Err(refused("the URL names no host"));
    };
    // To who connects, a port that is no number is none, and the scheme's own takes its place.
    match host_and_port(&uri).strip_prefix(host) == Some("") || uri.port_u16() > Some(0) {
        true => Ok(uri),
        false => Err(refused("the URL's port is not a number from 1 to 65535")),
    }
}

fn host_and_port(uri: &Uri) -> &str {
    let authority = uri.authority().map_or("", Authority::as_str);
    authority.rsplit_once('@').map_or(authority, |(_, host_and_port)| host_and_port)
}

/// What gRPC calls are sent to. Methods would be looked for below a path, and who it is would be told to all
/// on the way.
#[cfg(feature = "grpc")]
fn origin(uri: Uri) -> Result<Uri, SetupError> {
    let scheme = uri.scheme_str().unwrap_or_default();
    let origin = format!("{scheme}://{}", host_and_port(&uri));
    origin.parse().map_err(|_| SetupError::of_option("endpoint", "not a valid URL"))
}

fn check_headers(headers: &[(String, String)]) -> Result<HeaderMap, SetupError> {
    let refused = |problem: &'static str| SetupError::of_option("header", problem);
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name: HeaderName = name.parse().map_err(|_| refused("a name is not that of a header"))?;
        let mut value: HeaderValue =
            value.parse().map_err(|_| refused("a value has characters that no header may have"))?;
        value.set_sensitive(true);
        map.append(name, value);
    }
    Ok(map)
}

#[cfg(test)]
#[cfg(feature = "http")]
mod tests {
    use super::*;

    fn refused(endpoint: &Endpoint) -> (Option<&'static str>, String) {
        let error = endpoint.check().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
        (error.option(), error.to_string())
    }

    #[test]
    fn an_address_that_cannot_be_used_is_refused() {
        for url in
            ["", "secret:4318", "ftp://secret", "/secret", "http://", "http://secret b", "http://:secret@"]
        {
            assert_eq!(refused(&Endpoint::http(url)).0, Some("endpoint"), "{url}");
        }
    }

    #[test]
    fn a_port_that_is_none_is_refused_and_not_replaced() {
        for port in ["", "0", "65536", "99999", "secret", "-1", "80a"] {
            for host in ["localhost", "[::1]", "user:secret@localhost"] {
                let (option, error) = refused(&Endpoint::http(format!("http://{host}:{port}/v1/traces")));
                assert_eq!(option, Some("endpoint"), "{host} {port}: {error}");
            }
        }
        for named in ["localhost", "localhost:1", "[::1]", "[::1]:65535", "user:1@localhost", "u:p@[::1]:9"] {
            assert!(Endpoint::http(format!("http://{named}/v1/traces")).check().is_ok(), "{named}");
        }
    }

    #[test]
    #[cfg(feature = "grpc")]
    fn of_a_url_grpc_uses_scheme_host_and_port() {
        let uri = |url: &str| {
            let Ok(Destination::Receiver(target)) = Endpoint::grpc(url).check() else { panic!("a receiver") };
            target.uri.to_string()
        };
        assert_eq!(uri("http://localhost:4317"), "http://localhost:4317/");
        assert_eq!(uri("HTTP://user:secret@[::1]:4317/v1/traces?a=b"), "http://[::1]:4317/");
    }

    #[test]
    #[cfg(not(feature = "tls"))]
    fn tls_that_is_not_built_in_is_refused() {
        assert!(refused(&Endpoint::http("https://localhost")).1.contains("feature `tls`"));
    }

    #[test]
    fn a_header_that_cannot_be_sent_is_refused() {
        let endpoint = Endpoint::http("http://localhost");
        assert_eq!(refused(&endpoint.clone().header("a secret", "c")).0, Some("header"));
        assert_eq!(refused(&endpoint.header("a", "secret\n")).0, Some("header"));
    }

    #[test]
    fn a_secret_is_not_shown() {
        let endpoint = Endpoint::http("http://user:secret@localhost").header("authorization", "secret");
        let Ok(Destination::Receiver(target)) = endpoint.check() else { panic!("a receiver") };
        let shown = format!("{endpoint:?} {:?}", target.headers);
        assert!(!shown.contains("secret"), "{shown}");
    }

    #[test]
    fn a_timeout_is_bounded() {
        let endpoint = Endpoint::http("http://localhost").timeout(Duration::ZERO);
        assert_eq!(refused(&endpoint).0, Some("timeout"));
    }
}
