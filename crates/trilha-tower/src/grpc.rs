//! What tells a gRPC call from other requests: its content type, its path and its status.
//!
//! It knows headers only: no messages, no compression, and no gRPC-Web, whose status is in its body.
//!
//! Specification: [gRPC over HTTP/2](https://github.com/grpc/grpc/blob/v1.76.0/doc/PROTOCOL-HTTP2.md).

use http::{HeaderMap, HeaderValue, StatusCode};

pub(crate) const RPC_METHOD: &str = "rpc.method";
pub(crate) const RPC_METHOD_ORIGINAL: &str = "rpc.method_original";
pub(crate) const RPC_STATUS_CODE: &str = "rpc.status_code";
pub(crate) const RPC_SYSTEM_NAME: &str = "rpc.system.name";

/// `rpc.system.name`, and the name of a span whose method is not known.
pub(crate) const SYSTEM: &str = "grpc";

/// The method where the real one is not known to exist.
pub(crate) const OTHER: &str = "_OTHER";

const MAX_METHOD: usize = 256;

const UNKNOWN: &str = "UNKNOWN";
pub(crate) const UNIMPLEMENTED: &str = "UNIMPLEMENTED";

/// The status codes by their number.
const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    UNKNOWN,
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    UNIMPLEMENTED,
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// Whether a request is a gRPC call by its content type.
pub(crate) fn is_grpc(content_type: Option<&HeaderValue>) -> bool {
    let rest = content_type.and_then(|value| value.as_bytes().strip_prefix(b"application/grpc"));
    matches!(rest, Some([] | [b'+' | b';' | b' ', ..]))
}

/// `package.Service/Method` from a request's path, unless it is no path of a gRPC method.
pub(crate) fn method(path: &str) -> Option<&str> {
    let full = path.strip_prefix('/').filter(|full| full.len() <= MAX_METHOD)?;
    let (service, method) = full.split_once('/')?;
    let is_name = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'))
    };
    (is_name(service) && is_name(method)).then_some(full)
}

/// The status that headers or trailers hold.
pub(crate) fn status(headers: &HeaderMap) -> Option<&'static str> {
    let value = headers.get("grpc-status")?.to_str().ok()?;
    Some(value.parse().ok().and_then(|code: usize| CODES.get(code)).unwrap_or(&UNKNOWN))
}

/// The status of an answer that has none of its own, as a client has to read it.
///
/// Specification: [HTTP to gRPC status code mapping](https://github.com/grpc/grpc/blob/v1.76.0/doc/http-grpc-status-mapping.md).
pub(crate) fn status_of(http: StatusCode) -> &'static str {
    match http.as_u16() {
        400 => "INTERNAL",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => UNIMPLEMENTED,
        429 | 502 | 503 | 504 => "UNAVAILABLE",
        _ => UNKNOWN,
    }
}

/// Whether the server is to blame.
pub(crate) fn is_server_error(status: &str) -> bool {
    matches!(status, UNKNOWN | "DEADLINE_EXCEEDED" | UNIMPLEMENTED | "INTERNAL" | "UNAVAILABLE" | "DATA_LOSS")
}

/// Whether a client did not get what it asked for.
pub(crate) fn is_client_error(status: &str) -> bool {
    status != "OK"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())])
    }

    #[test]
    fn a_call_is_known_by_its_content_type() {
        for (content_type, expected) in [
            ("application/grpc", true),
            ("application/grpc+proto", true),
            ("application/grpc; charset=utf-8", true),
            ("application/grpc-web", false),
            ("application/grpc-web-text+proto", false),
            ("application/json", false),
        ] {
            assert_eq!(is_grpc(Some(&HeaderValue::from_static(content_type))), expected, "{content_type}");
        }
        assert!(!is_grpc(None));
    }

    #[test]
    fn a_method_is_a_service_and_a_name() {
        assert_eq!(method("/shop.v1.Orders/Place"), Some("shop.v1.Orders/Place"));
        let long = format!("/a/{}", "b".repeat(300));
        for bad in ["", "/", "/a", "/a/", "//b", "/a/b/c", "/a/b c", "/ana@example.com/b", &long] {
            assert_eq!(method(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_status_is_a_known_number() {
        assert_eq!(status(&headers("grpc-status", "0")), Some("OK"));
        assert_eq!(status(&headers("grpc-status", "14")), Some("UNAVAILABLE"));
        assert_eq!(status(&headers("grpc-status", "17")), Some("UNKNOWN"));
        assert_eq!(status(&headers("grpc-status", "-1")), Some("UNKNOWN"));
        assert_eq!(status(&HeaderMap::new()), None);
    }

    #[test]
    fn the_server_is_blamed_for_six_codes_and_the_client_sees_all() {
        let blamed: Vec<_> = CODES.into_iter().filter(|code| is_server_error(code)).collect();
        let six = ["UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"];
        assert_eq!(blamed, six);
        assert_eq!(CODES.into_iter().filter(|code| !is_client_error(code)).collect::<Vec<_>>(), ["OK"]);
    }
}
