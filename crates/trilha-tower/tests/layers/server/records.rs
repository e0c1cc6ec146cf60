//! What it records: names, attributes, errors; and what it leaves out.

use axum::{Router, extract::MatchedPath, extract::Request, middleware, routing::get};
use http::{StatusCode, Version};
use http_body_util::{Empty, Full};
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use trilha_core::ContextAttributes;
use trilha_tower::ServerTraceLayer;

use super::{ORDERS, orders};
use crate::support::{Caller, Fixture, Server, http1, http2, only_trace};

#[tokio::test]
async fn a_request_is_described_by_the_conventions() {
    let fixture = Fixture::start("orders");
    let server = orders(&fixture, async || "ordered").await;
    for (client, version) in [(http1(), "1.1"), (http2(), "2")] {
        let caller = Caller::new();
        let headers = [("traceparent", &*caller.header()), ("user-agent", "curl/8")];
        server.send(client, "GET", "/orders/1?email=ana@example.com", &headers).await;
        let trace = caller.trace(&fixture).await;
        let span = trace.span(ORDERS);
        span.has_scope("trilha-tower")
            .has("http.request.method", "GET")
            .has("http.route", "/orders/{id}")
            .has("route", "/orders/{id}")
            .has("http.response.status_code", 200)
            .has("url.path", "/orders/1")
            .has("url.scheme", "http")
            .has("network.protocol.version", version)
            .has("server.address", "127.0.0.1")
            .has("server.port", i64::from(server.addr.port()))
            .has("user_agent.original", "curl/8")
            .lacks("url.query")
            .lacks("client.address")
            .lacks("http.request.method_original")
            .lacks("error.type");
        trace.lacks_text("ana@example.com");
    }
}

#[tokio::test]
async fn a_nested_route_is_whole() {
    let fixture = Fixture::start("orders");
    let layer = ServerTraceLayer::new().handle(fixture.handle().clone());
    let inner = Router::new().route("/{id}", get(async || ()));
    let server = Server::start(Router::new().nest("/orders", inner).layer(layer)).await;
    server.get("/orders/1", &[]).await;
    only_trace(&fixture).await.span(ORDERS).has("http.route", "/orders/{id}");
}

#[tokio::test]
async fn a_path_without_route_names_nothing() {
    let fixture = Fixture::start("orders");
    let server = orders(&fixture, async || ()).await;
    assert_eq!(server.get("/wp-admin/setup.php", &[]).await.status, 404);
    only_trace(&fixture).await.span("GET").is_ok().lacks("http.route").lacks("route");
}

#[tokio::test]
async fn an_unknown_method_is_other() {
    let fixture = Fixture::start("orders");
    let server = orders(&fixture, async || ()).await;
    let method = "A".repeat(300);
    server.send(http1(), &method, "/orders/1", &[]).await;
    let trace = only_trace(&fixture).await;
    let span = trace.span("HTTP /orders/{id}").has("http.request.method", "_OTHER");
    span.has("http.request.method_original", &method[..64]);
}

#[tokio::test]
async fn a_route_may_be_given_for_any_framework() {
    #[derive(Clone)]
    struct Endpoint(String);
    let fixture = Fixture::start("orders");
    let service = ServerTraceLayer::new()
        .handle(fixture.handle().clone())
        .route(|request| Some(request.extensions.get::<Endpoint>()?.0.as_str().into()))
        .layer(service_fn(async |_| Ok::<_, std::io::Error>(http::Response::new(Empty::<&[u8]>::new()))));
    let request = Request::get("/a/1").extension(Endpoint("/a/{b}".into())).body(()).unwrap();
    service.oneshot(request).await.unwrap();
    only_trace(&fixture).await.span("GET /a/{b}").has("http.route", "/a/{b}").has("route", "/a/{b}");
}

#[tokio::test]
async fn around_a_whole_router_the_route_is_told_from_below() {
    let fixture = Fixture::start("orders");
    let router = Router::new().route("/orders/{id}", get(async || ())).route_layer(middleware::from_fn(
        |path: MatchedPath, request: Request, next: middleware::Next| {
            ContextAttributes::current().route(path.as_str());
            next.run(request)
        },
    ));
    let layer = ServerTraceLayer::new().handle(fixture.handle().clone());
    let service = ServiceBuilder::new().layer(layer).service(router);
    let server = Server::start(Router::new().fallback_service(service)).await;
    server.get("/orders/1", &[]).await;
    only_trace(&fixture).await.span(ORDERS).has("http.route", "/orders/{id}").has("route", "/orders/{id}");
}

#[tokio::test]
async fn a_business_route_does_not_replace_the_frameworks() {
    let fixture = Fixture::start("orders");
    let server = orders(&fixture, async || {
        ContextAttributes::current().route("/predict");
    })
    .await;
    server.get("/orders/1", &[]).await;
    only_trace(&fixture).await.span(ORDERS).has("http.route", "/orders/{id}").has("route", "/predict");
}

#[tokio::test]
async fn a_tenant_that_the_handler_learns_is_on_the_servers_span() {
    let fixture = Fixture::start("orders");
    let server = orders(&fixture, async || {
        tokio::task::yield_now().await;
        ContextAttributes::current().tenant("acme");
    })
    .await;
    server.get("/orders/1", &[]).await;
    only_trace(&fixture).await.span(ORDERS).has("tenant", "acme");
    assert!(ContextAttributes::current().value(trilha_core::schema::Key::Tenant).is_none());
}

#[tokio::test]
async fn the_servers_failure_is_an_error_and_the_callers_is_not() {
    let fixture = Fixture::start("orders");
    let server = orders(&fixture, async |axum::extract::Path(status): axum::extract::Path<u16>| {
        StatusCode::from_u16(status).unwrap()
    })
    .await;
    for status in [400_u16, 404, 499] {
        let caller = Caller::new();
        server.get(&format!("/orders/{status}"), &[("traceparent", &caller.header())]).await;
        let trace = caller.trace(&fixture).await;
        trace.span(ORDERS).is_ok().has("http.response.status_code", i64::from(status));
    }
    for status in [500_u16, 503] {
        let caller = Caller::new();
        server.get(&format!("/orders/{status}"), &[("traceparent", &caller.header())]).await;
        let trace = caller.trace(&fixture).await;
        trace.span(ORDERS).is_error(&status.to_string());
    }
}

#[tokio::test]
async fn a_services_error_is_known_by_its_type_and_not_its_text() {
    let fixture = Fixture::start("orders");
    let service = ServerTraceLayer::new().handle(fixture.handle().clone()).layer(service_fn(async |_| {
        Err::<http::Response<Full<&[u8]>>, _>(std::io::Error::other("ana@example.com"))
    }));
    let error = service.oneshot(Request::get("/").body(()).unwrap()).await.unwrap_err();
    assert_eq!(error.to_string(), "ana@example.com");
    let trace = only_trace(&fixture).await;
    trace.span("GET").is_error("std::io::error::Error").lacks("http.response.status_code");
    trace.lacks_text("ana@example.com");
}

#[tokio::test]
async fn what_a_caller_says_of_itself_is_bounded() {
    let fixture = Fixture::start("orders");
    let service = ServerTraceLayer::new()
        .handle(fixture.handle().clone())
        .layer(service_fn(async |_| Ok::<_, std::io::Error>(http::Response::new(Empty::<&[u8]>::new()))));
    let request = Request::get(format!("/{}", "p".repeat(5000)))
        .version(Version::HTTP_10)
        .header("user-agent", "u".repeat(5000))
        .header("host", "h".repeat(5000))
        .header("x-forwarded-proto", "gopher, https");
    service.oneshot(request.body(()).unwrap()).await.unwrap();
    let trace = only_trace(&fixture).await;
    let span = trace.span("GET").has("url.scheme", "http").has("network.protocol.version", "1.0");
    span.lacks("server.address").has("user_agent.original", &"u".repeat(256)[..]);
    assert_eq!(span.str("url.path").map(str::len), Some(1024));
}

#[tokio::test]
async fn an_ipv6_address_has_no_brackets() {
    let fixture = Fixture::start("orders");
    let server = orders(&fixture, async || ()).await;
    server.get("/orders/1", &[("host", "[::1]:8080")]).await;
    only_trace(&fixture).await.span(ORDERS).has("server.address", "::1").has("server.port", 8080);
}

#[tokio::test]
async fn the_scheme_is_what_a_proxy_says() {
    let fixture = Fixture::start("orders");
    let server = orders(&fixture, async || ()).await;
    server.get("/orders/1", &[("x-forwarded-proto", "https, http")]).await;
    only_trace(&fixture).await.span(ORDERS).has("url.scheme", "https");
}
