//! URLs and headers that nobody wishes for: no secret gets out, and the call goes on.

use std::panic::AssertUnwindSafe;

use axum::{
    Router,
    http::{HeaderMap, HeaderName, HeaderValue},
    routing::get,
};
use futures_util::FutureExt;
use reqwest::{Method, Request};

use crate::support::{Caller, answer, request, serve};

#[tokio::test]
async fn no_secret_of_a_url_gets_out() {
    let caller = Caller::new();
    let url = serve(Router::new().route("/", get(|| async {}))).await;
    let host = url.strip_prefix("http://").unwrap();
    let hostile = format!("http://ana:canary@{host}/?a=1&sig=canary&X-Amz-Signature=canary&b#canary");
    let recorded = format!("{host}/?a=1&sig=REDACTED&X-Amz-Signature=REDACTED&b");

    // reqwest's builder makes a header of the user info; a request made by hand keeps it.
    let (response, trace) = caller.trace_of(caller.client.get(&hostile).send()).await;
    response.unwrap();
    request(&trace).has("url.full", format!("http://{recorded}").as_str());
    trace.lacks_text("canary");

    let by_hand = Request::new(Method::GET, hostile.parse().unwrap());
    let (response, trace) = caller.trace_of(caller.client.execute(by_hand)).await;
    response.unwrap();
    request(&trace)
        .has("url.full", format!("http://REDACTED:REDACTED@{recorded}").as_str())
        .has("server.address", "127.0.0.1");
    trace.lacks_text("canary");
}

#[tokio::test]
async fn the_text_of_an_error_does_not_get_out() {
    let caller = Caller::new();
    let url = answer("HTTP/1.1 500 canary\r\ncontent-length: 6\r\nx-header: canary\r\n\r\ncanary").await;
    let read = async {
        let request = caller.client.post(&url).bearer_auth("canary").body("canary");
        request.send().await.unwrap().error_for_status()
    };
    let (result, trace) = caller.trace_of(read).await;
    assert!(result.unwrap_err().to_string().contains("canary"));
    trace.lacks_text("canary");
}

#[tokio::test]
async fn a_url_that_reqwest_refuses_gives_its_error() {
    let caller = Caller::new();
    let (response, trace) = caller.trace_of(caller.client.get("no url").send()).await;
    assert!(response.unwrap_err().is_builder());
    trace.has_spans(1); // nothing was built, nothing was sent

    let foreign = Request::new(Method::GET, "ftp://canary:canary@files.example/".parse().unwrap());
    let (response, trace) = caller.trace_of(caller.client.execute(foreign)).await;
    assert!(response.unwrap_err().is_builder());
    request(&trace).is_error("builder").has("server.address", "files.example");
    trace.lacks_text("canary");

    let long = format!("http://127.0.0.1:9/{}", "a".repeat(70_000));
    let (response, trace) = caller.trace_of(caller.client.get(long).send()).await;
    assert!(response.unwrap_err().is_builder());
    request(&trace).is_error("builder").lacks("url.full");
}

/// reqwest 0.13 panics where a request has as many headers as a map can hold.
#[tokio::test]
async fn a_panic_of_reqwest_ends_the_span_and_goes_on() {
    let caller = Caller::new();
    let mut full = HeaderMap::new();
    let names = (0..).map(|number| format!("x-{number}").parse::<HeaderName>().unwrap());
    names.take_while(|name| full.try_insert(name, HeaderValue::from_static("1")).is_ok()).for_each(drop);
    let many = caller.client.get("http://127.0.0.1:9/").headers(full);
    let untraced = many.try_clone().unwrap().untraced().send();
    assert!(AssertUnwindSafe(untraced).catch_unwind().await.is_err());
    let (response, trace) = caller.trace_of(AssertUnwindSafe(many.send()).catch_unwind()).await;
    assert!(response.is_err());
    request(&trace).is_error("panic");
}
