//! Method and URL as the semantic conventions want them: of low cardinality, without secrets.

use http::{Method, Uri};

/// The method's name, or `_OTHER` for one that is not standard.
pub fn known_method(method: &Method) -> &str {
    match method.as_str() {
        name @ ("CONNECT" | "DELETE" | "GET" | "HEAD" | "OPTIONS" | "PATCH" | "POST" | "PUT" | "QUERY"
        | "TRACE") => name,
        _ => "_OTHER",
    }
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
        assert_eq!(known_method(&Method::GET), "GET");
        assert_eq!(known_method(&Method::from_bytes(b"get").unwrap()), "_OTHER");
    }
}
