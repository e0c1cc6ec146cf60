//! Method, version and URL as the semantic conventions want them: of low cardinality, without secrets.

use std::ops::Deref;

use arrayvec::ArrayString;
use http::{Method, Uri, Version};

const OTHER: &str = "_OTHER";

/// The method's name, or `_OTHER` for one that is not standard.
pub fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        Method::CONNECT => "CONNECT",
        Method::TRACE => "TRACE",
        _ if method.as_str() == "QUERY" => "QUERY",
        _ => OTHER,
    }
}

/// The name of an HTTP span: the method, and the route or URL template where there is one.
///
/// A method that is not standard reads `HTTP`.
pub fn span_name(method: &Method, template: Option<&str>) -> SpanName {
    let method = match known_method(method) {
        OTHER => "HTTP",
        known => known,
    };
    let Some(template) = template else { return SpanName(Text::Method(method)) };
    let mut short = ArrayString::new();
    let is_short = [method, " ", template].into_iter().all(|part| short.try_push_str(part).is_ok());
    SpanName(if is_short { Text::Short(short) } else { Text::Long(format!("{method} {template}")) })
}

/// The name of an HTTP span. A short one, as nearly all are, is not allocated.
#[derive(Clone, Debug)]
pub struct SpanName(Text);

#[derive(Clone, Debug)]
enum Text {
    Method(&'static str),
    Short(ArrayString<64>),
    Long(String),
}

impl Deref for SpanName {
    type Target = str;

    fn deref(&self) -> &str {
        match &self.0 {
            Text::Method(text) => text,
            Text::Short(text) => text,
            Text::Long(text) => text,
        }
    }
}

/// The value of `network.protocol.version`.
pub fn protocol_version(version: Version) -> Option<&'static str> {
    match version {
        Version::HTTP_09 => Some("0.9"),
        Version::HTTP_10 => Some("1.0"),
        Version::HTTP_11 => Some("1.1"),
        Version::HTTP_2 => Some("2"),
        Version::HTTP_3 => Some("3"),
        _ => None,
    }
}

/// The host that a request to `uri` goes to: a name, or an address without the brackets that a URI needs.
pub fn host(uri: &Uri) -> Option<&str> {
    uri.host().map(|host| host.trim_start_matches('[').trim_end_matches(']'))
}

/// The port that a request to `uri` goes to: the one it names, else that of its scheme.
pub fn port(uri: &Uri) -> Option<u16> {
    uri.port_u16().or_else(|| match uri.scheme_str() {
        Some("http" | "ws") => Some(80),
        Some("https" | "wss") => Some(443),
        _ => None,
    })
}

/// `http.request.method_original`: a method that is not standard, cut to 64 bytes. Methods are ASCII.
pub fn original_method(method: &Method) -> Option<&str> {
    const MAX: usize = 64;
    if known_method(method) != OTHER {
        return None;
    }
    let original = method.as_str();
    Some(original.get(..MAX).unwrap_or(original)).filter(|name| *name != OTHER)
}

/// Query parameters that are secrets by their name, as the semantic conventions list them.
const SECRET_PARAMETERS: [&str; 7] = [
    "AWSAccessKeyId",
    "Signature",
    "sig",
    "X-Goog-Signature",
    "X-Amz-Signature",
    "X-Amz-Credential",
    "X-Amz-Security-Token",
];

/// The URL without user info, fragment, and the values of parameters that are known to be secret.
pub fn redacted_url(uri: &Uri) -> String {
    let mut url = String::new();
    if let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) {
        url.push_str(scheme);
        url.push_str("://");
        if authority.as_str().contains('@') {
            url.push_str("REDACTED:REDACTED@");
        }
        url.push_str(authority.host());
        if let Some(port) = authority.port() {
            url.push(':');
            url.push_str(port.as_str());
        }
    }
    url.push_str(uri.path());
    for (at, parameter) in uri.query().into_iter().flat_map(|query| query.split('&')).enumerate() {
        url.push(if at == 0 { '?' } else { '&' });
        match parameter.split_once('=') {
            Some((name, _)) if SECRET_PARAMETERS.contains(&name) => {
                url.push_str(name);
                url.push_str("=REDACTED");
            }
            _ => url.push_str(parameter),
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_a_url_are_redacted() {
        let uri: Uri = "https://ana:pw@store.example:8443/a?x=1&sig=abc&y".parse().unwrap();
        assert_eq!(redacted_url(&uri), "https://REDACTED:REDACTED@store.example:8443/a?x=1&sig=REDACTED&y");
        assert_eq!(redacted_url(&"/a?b".parse().unwrap()), "/a?b");
    }

    #[test]
    fn an_unknown_method_is_other() {
        for known in ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "QUERY", "CONNECT", "TRACE"]
        {
            assert_eq!(known_method(&known.parse().unwrap()), known);
        }
        let other = Method::from_bytes(b"get").unwrap();
        assert_eq!(known_method(&other), "_OTHER");
        assert_eq!(&*span_name(&other, Some("/a/{b}")), "HTTP /a/{b}");
        assert_eq!(&*span_name(&Method::GET, None), "GET");
        let long = format!("/{}", "a".repeat(100));
        assert_eq!(&*span_name(&Method::GET, Some(&long)), format!("GET {long}"));
    }

    #[test]
    fn an_address_has_no_brackets() {
        assert_eq!(host(&"http://[::1]:8080/".parse().unwrap()), Some("::1"));
        assert_eq!(host(&"http://ana:pw@store.example/".parse().unwrap()), Some("store.example"));
    }

    #[test]
    fn a_port_is_named_or_known_by_its_scheme() {
        let port = |uri: &str| port(&uri.parse().unwrap());
        assert_eq!(port("http://a:8080/"), Some(8080));
        assert_eq!(port("https://a/"), Some(443));
        assert_eq!(port("/a"), None);
    }
}
