//! It never fails the call: also not where nothing was ever set up.

use axum::{Router, routing::get};
use http::Request;
use http_body_util::Full;
use tower::{Layer, ServiceExt};
use trilha_core::{Handle, fence::Callback};
use trilha_tower::{ClientTraceLayer, ServerTraceLayer};

use super::ORDERS;
use crate::support::{Answer, Caller, Fixture, Server, http1};

#[tokio::test]
async fn without_a_handle_requests_are_served() {
    let layer = ServerTraceLayer::new();
    let app = Router::new().route("/", get(async || "served")).layer(layer);
    let server = Server::start(app).await;
    let answer = server.get("/", &[]).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "served"));
    assert!(!answer.headers.contains_key("server-timing"));
}

#[tokio::test]
async fn switched_off_it_passes_the_callers_trace_on() {
    let echo = async |headers: http::HeaderMap| headers["traceparent"].to_str().unwrap().to_owned();
    let last = Server::start(Router::new().route("/", get(echo))).await;
    let url = last.url("/");
    let middle = async move || {
        let client = ClientTraceLayer::new().layer(http1());
        let request = Request::get(url).body(Full::default()).unwrap();
        Answer::read(client.oneshot(request).await.unwrap()).await.text
    };
    let layer = ServerTraceLayer::new().handle(Handle::disabled());
    let server = Server::start(Router::new().route("/", get(middle)).layer(layer)).await;
    let caller = Caller::new();
    let answer = server.get("/", &[("traceparent", &caller.header())]).await;
    assert_eq!(answer.text, caller.header());
}

#[tokio::test]
async fn rules_that_panic_are_counted_and_the_request_is_served_as_a_strangers() {
    let fixture = Fixture::start("orders");
    let layer = ServerTraceLayer::new()
        .handle(fixture.handle().clone())
        .filter(|_| panic!("of the filter"))
        .peer(|_| panic!("of the peer"))
        .probe(|_| panic!("of the probe"))
        .route(|_| panic!("of the route"))
        .trust_by(|_| panic!("of the trust"));
    let app = Router::new().route("/orders/{id}", get(async || "served")).layer(layer);
    let server = Server::start(app).await;
    let caller = Caller::new();
    for headers in [&[("traceparent", caller.header())][..], &[]] {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = server.get("/orders/1", &headers).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, "served"));
    }
    let trace = fixture.receiver().trace_where(|trace| !trace.span(ORDERS).links.is_empty()).await;
    assert_ne!(trace.trace_id(), caller.trace_id(), "a stranger's trace is linked");
    let panics = fixture.handle().panics();
    for rule in [Callback::Filter, Callback::Peer, Callback::Route, Callback::Trust] {
        assert_eq!(panics.of(rule), 2, "{rule:?}");
    }
}

#[tokio::test]
async fn a_probe_that_panics_is_no_probe() {
    let fixture = Fixture::start("orders");
    let layer = ServerTraceLayer::new().handle(fixture.handle().clone()).probe(|_| panic!("of the probe"));
    let app = Router::new().route("/orders/{id}", get(async || "served")).layer(layer);
    let answer = Server::start(app).await.get("/orders/1", &[]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(fixture.handle().panics().of(Callback::Probe), 1);
    assert_eq!(fixture.handle().stats().broken_propagation().len(), 1);
}
