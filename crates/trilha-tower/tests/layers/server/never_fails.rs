//! It never fails the call: also not where nothing was ever set up.

use axum::{Router, routing::get};
use http::Request;
use http_body_util::Full;
use tower::{Layer, ServiceExt};
use trilha_core::Handle;
use trilha_tower::{ClientTraceLayer, ServerTraceLayer};

use crate::support::{Answer, Caller, Server, http1};

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
