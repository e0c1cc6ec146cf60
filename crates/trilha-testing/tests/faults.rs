//! A receiver that misbehaves on request.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use opentelemetry_proto::tonic::trace::v1::Span;
use support::*;
use tonic::Code;
use trilha_testing::{Fault, Receiver};

fn one_span() -> Vec<Span> {
    vec![span(1, 1, None, "root")]
}

async fn send_grpc(receiver: &Receiver) -> Result<(), tonic::Status> {
    let mut client = TraceServiceClient::connect(receiver.grpc_endpoint()).await.unwrap();
    client.export(request(one_span())).await.map(drop)
}

#[tokio::test]
async fn a_status_is_answered_as_often_as_asked() {
    let receiver = Receiver::start();
    let endpoint = receiver.http_endpoint();
    receiver.respond_times(Fault::Status(503), 2);
    assert_eq!(send(&endpoint, one_span()).await.unwrap().status(), 503);
    let status = send_grpc(&receiver).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(receiver.traces().is_empty());
    assert_eq!(send(&endpoint, one_span()).await.unwrap().status(), 200);
    let counts = receiver.received();
    assert_eq!((counts.requests, counts.faulted_requests, counts.spans), (3, 2, 1));
}

#[tokio::test]
async fn throttling_says_when_to_come_back() {
    let receiver = Receiver::start();
    receiver.respond(Fault::Throttle(Duration::from_millis(1500)));
    let response = send(&receiver.http_endpoint(), one_span()).await.unwrap();
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "2");
    let status = send_grpc(&receiver).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    let details = status.details();
    let name = b"type.googleapis.com/google.rpc.RetryInfo";
    assert!(details.windows(name.len()).any(|window| window == name));

    receiver.recover();
    send_grpc(&receiver).await.unwrap();
}

#[tokio::test]
async fn a_request_is_refused_for_a_span_in_it() {
    let receiver = Receiver::start();
    receiver.respond(Fault::RefuseSpan("root"));
    let endpoint = receiver.http_endpoint();
    assert_eq!(send(&endpoint, one_span()).await.unwrap().status(), 400);
    assert_eq!(send_grpc(&receiver).await.unwrap_err().code(), Code::InvalidArgument);
    assert_eq!(send(&endpoint, vec![span(1, 1, None, "other")]).await.unwrap().status(), 200);
    assert_eq!(receiver.received().spans, 1);
}

#[tokio::test]
async fn a_connection_is_cut_without_an_answer() {
    let receiver = Receiver::start();
    receiver.respond(Fault::Disconnect);
    assert!(send(&receiver.http_endpoint(), one_span()).await.is_err());
    send_grpc(&receiver).await.unwrap_err();
    assert!(receiver.traces().is_empty());
}

#[tokio::test]
async fn an_answer_is_lost_and_the_spans_are_kept_once() {
    let receiver = Receiver::start();
    receiver.respond_times(Fault::LoseAnswer, 1);
    assert!(send(&receiver.http_endpoint(), one_span()).await.is_err());
    send(&receiver.http_endpoint(), one_span()).await.unwrap();
    receiver.trace(trace_id(1)).await.has_spans(1);
    let counts = receiver.received();
    assert_eq!((counts.spans, counts.repeated_spans), (1, 1));
}

#[tokio::test]
async fn a_delayed_answer_comes_after_the_spans_are_kept() {
    let receiver = Receiver::start();
    let delay = Duration::from_millis(200);
    receiver.respond(Fault::Delay(delay));
    let started = Instant::now();
    let endpoint = receiver.http_endpoint();
    let sent = tokio::spawn(async move { send(&endpoint, one_span()).await });
    receiver.trace(trace_id(1)).await;
    assert_eq!(sent.await.unwrap().unwrap().status(), 200);
    assert!(started.elapsed() >= delay);
}

#[tokio::test]
async fn a_request_hangs_until_the_receiver_is_stopped() {
    let receiver = Receiver::start();
    receiver.respond(Fault::Hang);
    let endpoint = receiver.http_endpoint();
    let sent = tokio::spawn(async move { send(&endpoint, one_span()).await });
    receiver.received_when(|counts| counts.requests == 1).await;
    assert!(!sent.is_finished());
    receiver.stop();
    assert!(sent.await.unwrap().is_err());
}

#[tokio::test]
async fn a_refusal_is_a_partial_success() {
    let receiver = Receiver::start();
    receiver.respond(Fault::Refuse(7));
    let mut client = TraceServiceClient::connect(receiver.grpc_endpoint()).await.unwrap();
    let response = client.export(request(one_span())).await.unwrap();
    assert_eq!(response.into_inner().partial_success.unwrap().rejected_spans, 7);
}
