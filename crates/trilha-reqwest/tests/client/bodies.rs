//! Where a request ends.

use std::{convert::Infallible, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    http::StatusCode,
    routing::get,
};
use futures_util::{FutureExt, stream};
use reqwest::Method;
use tokio::sync::mpsc::{self, UnboundedSender};

use crate::support::{Caller, answer, request, serve};

/// A server whose body is what the test sends; its end when the sender is dropped.
async fn streamed(status: StatusCode) -> (String, UnboundedSender<&'static str>) {
    let (pieces, receiver) = mpsc::unbounded_channel::<&'static str>();
    let receiver = std::sync::Arc::new(tokio::sync::Mutex::new(Some(receiver)));
    let body = move || {
        let receiver = receiver.clone();
        async move {
            let receiver = receiver.lock().await.take().unwrap();
            let pieces = stream::unfold(receiver, async |mut receiver| {
                Some((Ok::<_, Infallible>(Bytes::from(receiver.recv().await?)), receiver))
            });
            (status, Body::from_stream(pieces))
        }
    };
    (serve(Router::new().route("/", get(body))).await, pieces)
}

#[tokio::test]
async fn the_span_ends_with_the_body() {
    let caller = Caller::new();
    let (url, pieces) = streamed(StatusCode::OK).await;
    pieces.send("first").unwrap();
    let read = async {
        let mut response = caller.client.get(&url).send().await.unwrap();
        assert_eq!(response.chunk().await.unwrap().unwrap(), "first");
        caller.fixture.flush().await;
        assert!(caller.fixture.receiver().traces().is_empty(), "it ended before its body");
        drop(pieces);
        assert_eq!(response.chunk().await.unwrap(), None);
        response // ended, though it is still held
    };
    let (response, trace) = caller.trace_of(read).await;
    request(&trace).is_ok();
    drop(response);
}

#[tokio::test]
async fn a_response_that_is_dropped_unread_is_what_was_wanted() {
    let caller = Caller::new();
    for (status, error_type) in [(StatusCode::OK, None), (StatusCode::SERVICE_UNAVAILABLE, Some("503"))] {
        let (url, _pieces) = streamed(status).await;
        let send = async { caller.client.get(&url).send().await.unwrap().status() };
        let (answered, trace) = caller.trace_of(send).await;
        assert_eq!(answered, status);
        match error_type {
            Some(error_type) => request(&trace).is_error(error_type),
            None => request(&trace).is_ok(),
        };
    }
}

#[tokio::test]
async fn what_the_caller_does_while_holding_a_response_is_not_part_of_it() {
    let caller = Caller::new();
    let (url, pieces) = streamed(StatusCode::OK).await;
    pieces.send("first").unwrap();
    let hold = async {
        let mut response = caller.client.get(&url).send().await.unwrap();
        response.chunk().await.unwrap();
        let sent = std::time::SystemTime::now();
        while sent.elapsed().unwrap() < Duration::from_millis(2) {
            tokio::task::yield_now().await;
        }
        drop(response);
        sent
    };
    let (arrived, trace) = caller.trace_of(hold).await;
    assert!(request(&trace).is_ok().end <= arrived, "it ended when the response was dropped");
}

#[tokio::test]
async fn between_two_pieces_a_response_may_be_dropped() {
    let caller = Caller::new();
    let (url, pieces) = streamed(StatusCode::OK).await;
    pieces.send("first").unwrap();
    let read = async { caller.client.get(&url).send().await.unwrap().chunk().await };
    let (piece, trace) = caller.trace_of(read).await;
    assert_eq!(piece.unwrap().unwrap(), "first");
    request(&trace).is_ok();
}

#[tokio::test]
async fn a_caller_that_stops_waiting_for_a_piece_cancels() {
    let caller = Caller::new();
    let (url, _pieces) = streamed(StatusCode::OK).await;
    let abandon = async {
        let mut response = caller.client.get(&url).send().await.unwrap();
        assert!(response.chunk().now_or_never().is_none());
    };
    let ((), trace) = caller.trace_of(abandon).await;
    request(&trace).is_error("cancelled").has("http.response.status_code", 200);

    let (url, _pieces) = streamed(StatusCode::OK).await;
    let abandon = async {
        let response = caller.client.get(&url).send().await.unwrap();
        assert!(response.bytes().now_or_never().is_none());
    };
    let ((), trace) = caller.trace_of(abandon).await;
    request(&trace).is_error("cancelled");
}

#[tokio::test]
async fn a_caller_that_waits_again_does_not_cancel() {
    let caller = Caller::new();
    let (url, pieces) = streamed(StatusCode::OK).await;
    let read = async {
        let mut response = caller.client.get(&url).send().await.unwrap();
        assert!(response.chunk().now_or_never().is_none());
        pieces.send("first").unwrap();
        response.chunk().await.unwrap().unwrap()
    };
    let (piece, trace) = caller.trace_of(read).await;
    assert_eq!(piece, "first");
    request(&trace).is_ok();
}

#[tokio::test]
async fn a_server_that_goes_away_within_the_body_is_an_error() {
    let caller = Caller::new();
    let url = answer("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").await;
    let read = async { caller.client.get(&url).send().await.unwrap().bytes().await };
    let (body, trace) = caller.trace_of(read).await;
    assert!(body.unwrap_err().is_decode());
    request(&trace).is_error("decode").has("http.response.status_code", 200);
}

#[tokio::test]
async fn a_status_says_more_than_what_befalls_the_body() {
    let caller = Caller::new();
    let url = answer("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 100\r\n\r\nhalf").await;
    let read = async { caller.client.get(&url).send().await.unwrap().text().await };
    let (body, trace) = caller.trace_of(read).await;
    assert!(body.is_err());
    request(&trace).is_error("502");
}

#[tokio::test]
async fn a_body_that_does_not_come_in_time_is_a_timeout() {
    let caller = Caller::new();
    let (url, _pieces) = streamed(StatusCode::OK).await;
    let read = async {
        let sending = caller.client.get(&url).timeout(Duration::from_millis(100)).send();
        sending.await.unwrap().bytes().await
    };
    let (body, trace) = caller.trace_of(read).await;
    assert!(body.unwrap_err().is_timeout());
    request(&trace).is_error("timeout");
}

#[tokio::test]
async fn a_body_that_is_not_what_was_asked_for_is_an_error() {
    let caller = Caller::new();
    let url = serve(Router::new().route("/", get(|| async { "[1, 2]" }))).await;
    let read = async {
        let numbers = caller.client.get(&url).send().await.unwrap().json::<Vec<u8>>().await.unwrap();
        assert_eq!(numbers, [1, 2]);
    };
    let ((), trace) = caller.trace_of(read).await;
    request(&trace).is_ok();
    let read = async { caller.client.get(&url).send().await.unwrap().json::<String>().await };
    let (text, trace) = caller.trace_of(read).await;
    assert!(text.unwrap_err().is_decode());
    request(&trace).is_error("decode");
}

#[tokio::test]
async fn where_no_body_follows_the_span_ends_with_the_headers() {
    let caller = Caller::new();
    let url = serve(Router::new().route("/", get(|| async { "not for HEAD" }))).await;
    let (response, trace) = caller.trace_of(caller.client.request(Method::HEAD, &url).send()).await;
    request(&trace).is_ok();
    drop(response);
}

#[tokio::test]
async fn reqwests_own_response_is_handed_out_whole() {
    let caller = Caller::new();
    let url = serve(Router::new().route("/", get(|| async { "whole" }))).await;
    let send = async { caller.client.get(&url).send().await.unwrap().into_inner() };
    let (response, trace) = caller.trace_of(send).await;
    request(&trace).is_ok();
    assert_eq!(response.text().await.unwrap(), "whole");
}

#[cfg(feature = "stream")]
#[tokio::test]
async fn a_stream_ends_the_span_with_its_last_piece() {
    use futures_util::StreamExt;

    let caller = Caller::new();
    let (url, pieces) = streamed(StatusCode::OK).await;
    pieces.send("first").unwrap();
    let read = async {
        let mut stream = caller.client.get(&url).send().await.unwrap().bytes_stream();
        assert_eq!(stream.next().await.unwrap().unwrap(), "first");
        assert!(stream.next().now_or_never().is_none());
        drop(pieces);
        assert!(stream.next().await.is_none());
        stream
    };
    let (stream, trace) = caller.trace_of(read).await;
    request(&trace).is_ok();
    drop(stream);

    let (url, _pieces) = streamed(StatusCode::OK).await;
    let abandon = async {
        let mut stream = caller.client.get(&url).send().await.unwrap().bytes_stream();
        assert!(stream.next().now_or_never().is_none());
    };
    let ((), trace) = caller.trace_of(abandon).await;
    request(&trace).is_error("cancelled");
}
