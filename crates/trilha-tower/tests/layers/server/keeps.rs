//! It keeps what it must not touch.

use std::convert::Infallible;

use axum::{Router, body::Body, extract::Request, routing::get};
use http::{HeaderMap, Response};
use http_body::{Body as _, SizeHint};
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service, ServiceExt, service_fn};
use trilha_core::ContextAttributes;
use trilha_tower::ServerTraceLayer;

use super::orders;
use crate::support::{Caller, Fixture, Server, http1, trace};

#[tokio::test]
async fn the_request_arrives_as_it_was_sent() {
    let fixture = Fixture::start("orders");
    let layer = ServerTraceLayer::new().handle(fixture.handle().clone());
    let echo = async |request: Request| {
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        format!("{} {} {:?} {:?}", head.method, head.uri, head.headers, body)
    };
    let bare = Server::start(Router::new().route("/echo", get(echo))).await;
    let traced = Server::start(Router::new().route("/echo", get(echo)).layer(layer)).await;
    let send = async |server: &Server| {
        let request = Request::get(server.url("/echo?a=%20b"))
            .header("host", "shop.example")
            .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
            .header("tracestate", "a=1")
            .header("baggage", "tenant=evil");
        let response = http1().request(request.body(Full::from("body")).unwrap()).await.unwrap();
        crate::support::Answer::read(response).await.text
    };
    assert_eq!(send(&traced).await, send(&bare).await);
}

#[tokio::test]
async fn the_services_own_server_timing_stays() {
    let fixture = Fixture::start("orders");
    let server = orders(&fixture, async || [("server-timing", "db;dur=53")]).await;
    let answer = server.get("/orders/1", &[]).await;
    let values: Vec<_> = answer.headers.get_all("server-timing").iter().collect();
    assert_eq!(values.len(), 2);
    assert_eq!(values[0], "db;dur=53");
    assert!(answer.trace().is_sampled());
}

#[tokio::test]
async fn a_response_need_not_name_its_trace() {
    let fixture = Fixture::start("orders");
    let layer = ServerTraceLayer::new().handle(fixture.handle().clone()).server_timing(false);
    let server = Server::start(Router::new().route("/", get(async || ())).layer(layer)).await;
    assert!(!server.get("/", &[]).await.headers.contains_key("server-timing"));
}

#[tokio::test]
async fn headers_that_are_full_stay_as_they_are() {
    let fixture = Fixture::start("orders");
    let full = || {
        let mut headers = HeaderMap::new();
        let names = (0..).map(|i| http::HeaderName::try_from(format!("x-{i}")).unwrap());
        for name in names {
            if headers.try_insert(name, "1".parse().unwrap()).is_err() {
                return headers;
            }
        }
        unreachable!()
    };
    let service = ServerTraceLayer::new().handle(fixture.handle().clone()).layer(service_fn(async |_| {
        let mut response = Response::new(Full::new(&b""[..]));
        *response.headers_mut() = full();
        Ok::<_, Infallible>(response)
    }));
    let response = service.oneshot(Request::get("/").body(()).unwrap()).await.unwrap();
    assert_eq!(*response.headers(), full());
}

#[tokio::test]
async fn the_bodys_size_and_end_are_passed_on() {
    let fixture = Fixture::start("orders");
    let mut service = ServerTraceLayer::new().handle(fixture.handle().clone()).layer(service_fn(
        async |request: Request<&'static str>| {
            Ok::<_, Infallible>(Response::new(Body::from(request.into_body())))
        },
    ));
    for (text, size, is_end) in [("four", 4, false), ("", 0, true)] {
        let response = service.call(Request::get("/").body(text).unwrap()).await.unwrap();
        let body = response.into_body();
        let (hint, expected) = (body.size_hint(), SizeHint::with_exact(size));
        assert_eq!((hint.lower(), hint.upper()), (expected.lower(), expected.upper()));
        assert_eq!(body.is_end_stream(), is_end);
        assert_eq!(body.collect().await.unwrap().to_bytes(), text);
    }
}

#[tokio::test]
async fn a_request_that_is_filtered_out_passes_untouched() {
    let fixture = Fixture::start("orders");
    let layer = ServerTraceLayer::new()
        .handle(fixture.handle().clone())
        .filter(|request| request.uri.path() != "/healthz");
    let health = async || {
        // Nobody's: nothing is open.
        ContextAttributes::current().tenant("acme");
        format!("{:?}", trilha_core::Handle::current().service())
    };
    let app = Router::new().route("/healthz", get(health)).route("/", get(async || ())).layer(layer);
    let server = Server::start(app).await;
    let caller = Caller::new();
    let answer = server.get("/healthz", &[("traceparent", &caller.header())]).await;
    assert!(!answer.text.contains("orders"), "{}", answer.text);
    assert!(!answer.headers.contains_key("server-timing"));

    let traced = server.get("/", &[]).await;
    trace(&fixture, traced.trace().trace_id()).await;
    assert!(fixture.receiver().trace_so_far(caller.trace_id()).is_none());
}

#[tokio::test]
async fn readiness_is_the_inner_services() {
    let fixture = Fixture::start("orders");
    // Panics when it is called without having been asked whether it is ready.
    let inner = tower::limit::ConcurrencyLimit::new(
        service_fn(async |_| Ok::<_, Infallible>(Response::new(Full::new(&b""[..])))),
        1,
    );
    let mut service = ServerTraceLayer::new().handle(fixture.handle().clone()).layer(inner);
    for _ in 0..2 {
        let ready = ServiceExt::<Request<()>>::ready(&mut service).await.unwrap();
        ready.call(Request::get("/").body(()).unwrap()).await.unwrap();
    }
}
