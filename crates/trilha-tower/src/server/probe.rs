//! Requests that have no trace and need none: probes, scrapes, preflights.

use http::{
    Method,
    header::{ACCESS_CONTROL_REQUEST_METHOD, USER_AGENT},
    request::Parts,
};

use super::head::Head;

/// How user agents of probes and scrapes start.
const AGENTS: [&str; 6] =
    ["kube-probe/", "GoogleHC/", "ELB-HealthChecker/", "Envoy/HC", "Consul Health Check", "Prometheus/"];

/// Whether a request looks like a probe or a scrape, by whom nobody would expect a trace:
///
/// - a safe method at `/health`, `/healthz`, `/livez`, `/readyz`, `/live`, `/ready`, `/ping`, `/metrics`,
///   or below `/health/`;
/// - a call to `grpc.health.v1.Health`;
/// - a user agent of Kubernetes, of Google's, Amazon's, Envoy's or Consul's health checks, or of
///   Prometheus;
/// - a CORS preflight, which a browser makes by itself.
///
/// The default of [`ServerTraceLayer::probe`](super::ServerTraceLayer::probe), for rules that add to it.
/// Everybody can send what it looks at: use it where nothing is at stake but a count.
pub fn is_probe(request: &Parts) -> bool {
    looks_like_probe(Head::from(request))
}

/// [`is_probe`], of a request that need not be taken apart.
pub(super) fn looks_like_probe(request: Head<'_>) -> bool {
    let path = request.uri.path();
    let is_named = matches!(
        path,
        "/health" | "/healthz" | "/livez" | "/readyz" | "/live" | "/ready" | "/ping" | "/metrics"
    );
    (is_named || path.starts_with("/health/")) && request.method.is_safe()
        || path.starts_with("/grpc.health.v1.Health/")
        || is_preflight(request)
        || is_known_agent(request)
}

fn is_preflight(request: Head<'_>) -> bool {
    *request.method == Method::OPTIONS && request.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

fn is_known_agent(request: Head<'_>) -> bool {
    let agent = request.headers.get(USER_AGENT).map(|agent| agent.as_bytes());
    agent.is_some_and(|agent| AGENTS.iter().any(|known| agent.starts_with(known.as_bytes())))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn asks(method: &str, path: &str, header: Option<(&str, &str)>) -> bool {
        let request = Request::builder().method(method).uri(path);
        let request = header.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        is_probe(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn probes_and_scrapes_are_known_by_path_agent_or_preflight() {
        let probes = [
            ("GET", "/healthz?verbose", None),
            ("HEAD", "/ping", None),
            ("GET", "/health/ready", None),
            ("POST", "/grpc.health.v1.Health/Check", None),
            ("GET", "/", Some(("user-agent", "kube-probe/1.33"))),
            ("GET", "/", Some(("user-agent", "ELB-HealthChecker/2.0"))),
            ("GET", "/stats", Some(("user-agent", "Prometheus/3.5.0"))),
            ("OPTIONS", "/orders", Some(("access-control-request-method", "POST"))),
        ];
        for (method, path, header) in probes {
            assert!(asks(method, path, header), "{method} {path} {header:?}");
        }
    }

    #[test]
    fn other_requests_are_none() {
        let others = [
            ("POST", "/metrics", None),
            ("GET", "/healthy", None),
            ("GET", "/orders/health", None),
            ("POST", "/grpc.health.v1.Healthy/Check", None),
            ("GET", "/orders", Some(("user-agent", "not kube-probe/1.33"))),
            ("OPTIONS", "/orders", None),
            ("POST", "/orders", Some(("access-control-request-method", "POST"))),
        ];
        for (method, path, header) in others {
            assert!(!asks(method, path, header), "{method} {path} {header:?}");
        }
    }
}
