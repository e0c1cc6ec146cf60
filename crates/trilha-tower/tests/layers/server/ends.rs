//! It ends the span at the right moment: with the response's body.

use std::{
    convert::Infallible,
    io,
    pin::pin,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes},
    routing::get,
};
use futures_util::{StreamExt, stream};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Body as _;
use http_body_util::{BodyExt, Full, StreamBody};
use tokio::{
    io::AsyncReadExt,
    sync::{
        Notify,
        mpsc::{self, UnboundedSender},
    },
};
use tower::{Layer, ServiceExt, service_fn};
use trilha_tower::ServerTraceLayer;

use super::{ORDERS, orders, raw_request};
use crate::support::{Answer, Caller, Fixture, Server, http1, http2, only_trace};

/// A server that answers one request, with a body of what is sent.
async fn streaming(fixture: &Fixture) -> (UnboundedSender<io::Result<&'static str>>, Server) {
    let (sender, chunks) = mpsc::unbounded_channel();
    let chunks = Arc::new(Mutex::new(Some(chunks)));
    let server = orders(fixture, async move || {
        let chunks = chunks.lock().unwrap().take().unwrap();
        Body::from_stream(stream::unfold(chunks, async |mut chunks| Some((chunks.recv().await?, chunks))))
    });
    (sender, server.await)
}

#[tokio::test]
async fn a_streaming_body_keeps_the_span_open() {
    for client in [http1(), http2()] {
        let fixture = Fixture::start("orders");
        let (sender, server) = streaming(&fixture).await;
        let caller = Caller::new();
        let request = Request::get(server.url("/orders/1")).header("traceparent", caller.header());
        let response = client.request(request.body(Full::default()).unwrap()).await.unwrap();

        let mut body = response.into_body();
        sender.send(Ok("first")).unwrap();
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "first");
        assert_eq!(fixture.handle().span_counts().open, 1);

        sender.send(Ok("last")).unwrap();
        drop(sender);
        assert_eq!(body.collect().await.unwrap().to_bytes(), "last");
        caller.trace(&fixture).await.span(ORDERS).is_ok();
    }
}

#[tokio::test]
async fn a_body_that_fails_is_an_error() {
    let fixture = Fixture::start("orders");
    let (sender, server) = streaming(&fixture).await;
    let caller = Caller::new();
    let request = Request::get(server.url("/orders/1")).header("traceparent", caller.header());
    let response = http1().request(request.body(Full::default()).unwrap()).await.unwrap();

    sender.send(Ok("first")).unwrap();
    sender.send(Err(io::Error::other("ana@example.com"))).unwrap();
    response.into_body().collect().await.unwrap_err();
    let trace = caller.trace(&fixture).await;
    trace.span(ORDERS).is_error("axum_core::error::Error").has("http.response.status_code", 200);
    trace.lacks_text("ana@example.com");
}

#[tokio::test]
async fn a_client_that_goes_away_during_the_body_is_cancelled() {
    let fixture = Fixture::start("orders");
    let (sender, server) = streaming(&fixture).await;
    let caller = Caller::new();
    let mut connection = server.send_raw(&raw_request(&caller.header())).await;
    sender.send(Ok("first")).unwrap();
    let mut seen = Vec::new();
    while !seen.ends_with(b"first\r\n") {
        assert_ne!(connection.read_buf(&mut seen).await.unwrap(), 0);
    }
    drop(connection);
    caller.trace(&fixture).await.span(ORDERS).is_error("cancelled");
    sender.closed().await; // the handler's side of the body was dropped too
}

#[tokio::test]
async fn a_client_that_goes_away_before_the_head_is_cancelled() {
    let fixture = Fixture::start("orders");
    let entered = Arc::new(Notify::new());
    let handler_entered = entered.clone();
    let server = orders(&fixture, async move || {
        handler_entered.notify_one();
        std::future::pending::<()>().await
    })
    .await;
    let caller = Caller::new();
    let connection = server.send_raw(&raw_request(&caller.header())).await;
    entered.notified().await;
    drop(connection);
    let trace = caller.trace(&fixture).await;
    trace.span(ORDERS).is_error("cancelled").lacks("http.response.status_code");
}

#[tokio::test]
async fn a_stream_cut_by_an_http2_client_is_cancelled() {
    let fixture = Fixture::start("orders");
    let (sender, server) = streaming(&fixture).await;
    let caller = Caller::new();
    let request = Request::get(server.url("/orders/1")).header("traceparent", caller.header());
    let response = http2().request(request.body(Full::default()).unwrap()).await.unwrap();
    drop(response); // resets the stream
    caller.trace(&fixture).await.span(ORDERS).is_error("cancelled");
    drop(sender);
}

#[tokio::test]
async fn a_response_without_body_is_no_cancellation() {
    let fixture = Fixture::start("orders");
    let layer = ServerTraceLayer::new().handle(fixture.handle().clone());
    // A body of unknown end, which the server drops unread.
    let endless = || Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
    let app = Router::new()
        .route("/head", get(async move || endless()))
        .route("/empty", get(async || ()))
        .route("/none", get(async move || (StatusCode::NO_CONTENT, endless())))
        .route("/cached", get(async move || (StatusCode::NOT_MODIFIED, endless())))
        .layer(layer);
    let server = Server::start(app).await;
    let cases = [
        (http1(), "HEAD", "/head"),
        (http2(), "HEAD", "/head"),
        (http1(), "GET", "/empty"),
        (http2(), "GET", "/empty"),
        (http1(), "GET", "/none"),
        (http1(), "GET", "/cached"),
    ];
    for (client, method, path) in cases {
        let caller = Caller::new();
        server.send(client, method, path, &[("traceparent", &caller.header())]).await;
        caller.trace(&fixture).await.span(&format!("{method} {path}")).is_ok();
    }
}

#[tokio::test]
async fn a_body_of_known_length_is_complete_once_it_is_sent() {
    let fixture = Fixture::start("orders");
    // It does not know its own end, and the server asks for no more than it announced.
    let server = orders(&fixture, async || {
        let chunks = stream::iter([Ok::<_, Infallible>("ordered")]).chain(stream::pending());
        ([("content-length", "7")], Body::from_stream(chunks))
    })
    .await;
    let caller = Caller::new();
    let answer = server.get("/orders/1", &[("traceparent", &caller.header())]).await;
    assert_eq!(answer.text, "ordered");
    caller.trace(&fixture).await.span(ORDERS).is_ok();
}

#[tokio::test]
async fn trailers_are_the_end() {
    let fixture = Fixture::start("orders");
    let server = orders(&fixture, async || {
        let trailers = HeaderMap::from_iter([("x-sum".parse().unwrap(), "7".parse().unwrap())]);
        let frames = [http_body::Frame::data(Bytes::from("ordered")), http_body::Frame::trailers(trailers)];
        let frames = stream::iter(frames.map(Ok::<_, Infallible>)).chain(stream::pending());
        Body::new(StreamBody::new(frames))
    })
    .await;
    let caller = Caller::new();
    let request = Request::get(server.url("/orders/1")).header("traceparent", caller.header());
    let response = http2().request(request.body(Full::default()).unwrap()).await.unwrap();
    let body = response.into_body().collect().await.unwrap();
    assert_eq!(body.trailers().unwrap()["x-sum"], "7");
    caller.trace(&fixture).await.span(ORDERS).is_ok();
}

#[tokio::test]
async fn an_upgrade_and_a_tunnel_end_with_the_head() {
    let fixture = Fixture::start("orders");
    for (method, status, is_end) in
        [("GET", 101, true), ("CONNECT", 200, true), ("CONNECT", 403, false), ("GET", 200, false)]
    {
        let service =
            ServerTraceLayer::new().handle(fixture.handle().clone()).layer(service_fn(async |_| {
                let body = StreamBody::new(stream::pending::<Result<http_body::Frame<Bytes>, Infallible>>());
                Ok::<_, Infallible>(Response::builder().status(status).body(body).unwrap())
            }));
        let request = Request::builder().method(method).uri("a:80").body(()).unwrap();
        let response = service.oneshot(request).await.unwrap();
        let open = fixture.handle().span_counts().open;
        assert_eq!(open, u64::from(!is_end), "{method} {status}");
        drop(response);
    }
}

#[tokio::test]
async fn an_error_status_outweighs_a_body_that_nobody_reads() {
    let fixture = Fixture::start("orders");
    let service = ServerTraceLayer::new().handle(fixture.handle().clone()).layer(service_fn(async |_| {
        let body = StreamBody::new(stream::pending::<Result<http_body::Frame<Bytes>, Infallible>>());
        Ok::<_, Infallible>(Response::builder().status(500).body(body).unwrap())
    }));
    drop(service.oneshot(Request::get("/").body(()).unwrap()).await.unwrap());
    only_trace(&fixture).await.span("GET").is_error("500");
}

#[tokio::test]
async fn a_body_that_ends_on_its_last_frame_ends_the_span_there() {
    let fixture = Fixture::start("orders");
    let service = ServerTraceLayer::new()
        .handle(fixture.handle().clone())
        .layer(service_fn(async |_| Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("a"))))));
    let response = service.oneshot(Request::get("/").body(()).unwrap()).await.unwrap();
    let mut body = pin!(response.into_body());
    assert!(!body.is_end_stream());
    assert_eq!(fixture.handle().span_counts().open, 1);
    body.frame().await.unwrap().unwrap();
    assert!(body.is_end_stream());
    assert_eq!(fixture.handle().span_counts().open, 0);
}

#[tokio::test]
async fn an_empty_body_ends_the_span_at_once() {
    let fixture = Fixture::start("orders");
    let service = ServerTraceLayer::new()
        .handle(fixture.handle().clone())
        .layer(service_fn(async |_| Ok::<_, Infallible>(Response::new(Body::empty()))));
    let _response = service.oneshot(Request::get("/").body(()).unwrap()).await.unwrap();
    assert_eq!(fixture.handle().span_counts().open, 0);
    only_trace(&fixture).await.span("GET").is_ok();
}

#[tokio::test]
async fn a_finished_answer_is_read_whole_by_any_client() {
    let fixture = Fixture::start("orders");
    let server = orders(&fixture, async || "x".repeat(1 << 20)).await;
    for client in [http1(), http2()] {
        let caller = Caller::new();
        let headers = [("traceparent", &*caller.header())];
        let answer: Answer = server.send(client, "GET", "/orders/1", &headers).await;
        assert_eq!(answer.text.len(), 1 << 20);
        caller.trace(&fixture).await.span(ORDERS).is_ok();
    }
}
