//! The HTTP client for other signals: from any thread, as long as the pipeline lives.

mod support;

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE};
use support::{BlackHole, ENOUGH, Protocol, dead_address, start};
use tokio::io::AsyncReadExt;
use trilha_testing::{Fault, Receiver};

fn headers() -> HeaderMap {
    HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"))])
}

#[tokio::test]
async fn any_answer_is_an_answer() {
    let receiver = Receiver::start();
    let (pipeline, _) = start(Protocol::Http.endpoint(&receiver));
    let client = pipeline.http_client();
    let uri: http::Uri = format!("{}/v1/metrics", receiver.http_endpoint()).parse().unwrap();

    let answer = client.post(uri.clone(), headers(), Bytes::new()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    receiver.respond(Fault::Status(503));
    let answer = client.post(uri, headers(), Bytes::new()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(!answer.body().is_empty());
}

#[tokio::test]
async fn no_answer_says_why() {
    let hole = BlackHole::open();
    let (pipeline, _) = start(Protocol::Http.at(dead_address()));
    let client = pipeline.http_client().timeout(Duration::from_millis(50));
    let post = |address| {
        let uri = format!("http://{address}/").parse().unwrap();
        client.post(uri, HeaderMap::new(), Bytes::from_static(b"x"))
    };
    assert!(post(dead_address()).await.unwrap_err().is_connect());
    assert!(post(hole.address()).await.unwrap_err().is_timeout());
    pipeline.shutdown(ENOUGH).await;
    assert!(post(hole.address()).await.unwrap_err().is_closed());
}

#[tokio::test]
async fn other_exporters_may_live_on_the_pipeline_s_runtime() {
    let (pipeline, _) = start(Protocol::Http.at(dead_address()));
    let on = pipeline.runtime_handle().spawn(async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        let is_suppressed = opentelemetry::Context::is_current_telemetry_suppressed();
        (std::thread::current().name().map(str::to_owned), is_suppressed)
    });
    assert_eq!(on.await.unwrap(), (Some("trilha-otlp".to_owned()), true));
}

#[tokio::test]
async fn a_request_that_is_dropped_ends() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let (pipeline, _) = start(Protocol::Http.at(dead_address()));
    let uri = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let client = pipeline.http_client().timeout(ENOUGH);
    let post = client.post(uri, HeaderMap::new(), Bytes::from_static(b"the end"));
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = Vec::new();
    while !request.ends_with(b"the end") {
        assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0);
    }
    drop(post);
    let rest = tokio::time::timeout(ENOUGH / 2, stream.read_buf(&mut request)).await;
    assert_eq!(rest.expect("the connection is closed").unwrap(), 0);
}
