//! Where spans are sent, and how: address, protocol, headers, timeout.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Uri, uri::Scheme};

use super::within;
use crate::SetupError;

/// Where spans are sent.
///
/// `https://` is refused for now: TLS is not built in yet.
///
/// ```
/// use trilha_otlp::Endpoint;
///
/// let endpoint = Endpoint::http("http://localhost:4318/v1/traces").header("x-team", "checkout");
/// ```
#[derive(Clone)]
#[must_use = "an endpoint is used by `PipelineConfig::new`"]
pub struct Endpoint {
    protocol: Protocol,
    url: String,
    headers: Vec<(String, String)>,
    timeout: Duration,
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
pub(crate) struct Target {
    pub(crate) protocol: Protocol,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    /// How long one attempt may take.
    pub(crate) timeout: Duration,
}

impl Endpoint {
    /// OTLP/HTTP with protobuf. The URL is used as it is: it ends in `/v1/traces` where the receiver
    /// follows the specification.
    #[cfg(feature = "http")]
    pub fn http(url: impl Into<String>) -> Self {
        Self::new(Protocol::Http, url.into())
    }

    /// OTLP/gRPC. Of the URL, scheme, host and port are used.
    #[cfg(feature = "grpc")]
    pub fn grpc(url: impl Into<String>) -> Self {
        Self::new(Protocol::Grpc, url.into())
    }

    #[cfg(any(feature = "http", feature = "grpc"))]
    fn new(protocol: Protocol, url: String) -> Self {
        Self { protocol, url, headers: Vec::new(), timeout: Duration::from_secs(10) }
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

    pub(crate) fn check(&self) -> Result<Target, SetupError> {
        within("timeout", self.timeout, Duration::from_millis(1)..=Duration::from_secs(600))?;
        Ok(Target {
            protocol: self.protocol,
            uri: check_url(&self.url)?,
            headers: check_headers(&self.headers)?,
            timeout: self.timeout,
        })
    }
}

// A URL or a header may hold a secret, so neither is shown.
impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint")
            .field("protocol", &self.protocol)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

fn check_url(url: &str) -> Result<Uri, SetupError> {
    let refused = |problem: &'static str| SetupError::of_option("endpoint", problem);
    let uri: Uri = url.parse().map_err(|_| refused("not a valid URL"))?;
    match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTP => {}
        Some(scheme) if *scheme == Scheme::HTTPS => {
            return Err(refused("TLS is not built in yet, so https:// cannot be used"));
        }
        _ => return Err(refused("a URL begins with http://")),
    }
    match uri.host() {
        Some(host) if !host.is_empty() => Ok(uri),
        _ => Err(refused("the URL names no host")),
    }
}

fn check_headers(headers: &[(String, String)]) -> Result<HeaderMap, SetupError> {
    let refused = |problem: &'static str| SetupError::of_option("headers", problem);
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
        (error.option(), error.to_string())
    }

    #[test]
    fn an_address_that_cannot_be_used_is_refused() {
        for url in ["", "localhost:4318", "ftp://localhost", "/v1/traces", "http://", "http://a b"] {
            assert_eq!(refused(&Endpoint::http(url)).0, Some("endpoint"), "{url}");
        }
        assert!(refused(&Endpoint::http("https://localhost")).1.contains("TLS is not built in yet"));
    }

    #[test]
    fn a_header_that_cannot_be_sent_is_refused() {
        let endpoint = Endpoint::http("http://localhost");
        assert_eq!(refused(&endpoint.clone().header("a b", "c")).0, Some("headers"));
        assert_eq!(refused(&endpoint.header("a", "b\nc")).0, Some("headers"));
    }

    #[test]
    fn a_secret_is_not_shown() {
        let endpoint = Endpoint::http("http://user:secret@localhost").header("authorization", "secret");
        let shown = format!("{endpoint:?} {:?}", endpoint.check().unwrap().headers);
        assert!(!shown.contains("secret"), "{shown}");
    }

    #[test]
    fn a_timeout_is_bounded() {
        let endpoint = Endpoint::http("http://localhost").timeout(Duration::ZERO);
        assert_eq!(refused(&endpoint).0, Some("timeout"));
    }
}
