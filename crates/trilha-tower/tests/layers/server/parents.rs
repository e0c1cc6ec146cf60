//! It parents correctly.

use axum::{Router, routing::get};
use http::{HeaderValue, Request};
use http_body_util::Full;
use opentelemetry::trace::SpanKind;
use tower::Layer;
use tower::ServiceExt;
use trilha_core::{CarrierKind, ContextAttributes, Propagation, Refusal, Trust, schema::Zone};
use trilha_tower::{ClientTraceLayer, ServerTraceLayer};

use super::{ORDERS, orders};
use crate::support::{
    Answer, Caller, Fixture, Server, handle_over, http1, http2, only_trace, trace, trace_under, work,
};

#[tokio::test]
async fn an_inbound_trace_is_continued() {
    let fixture = Fixture::start("orders");
    let server = orders(&fixture, async || "ordered").await;
    for client in [http1(), http2()] {
        let caller = Caller::new();
        let answer = server.send(client, "GET", "/orders/1", &[("traceparent", &caller.header())]).await;
        let trace = caller.trace(&fixture).await;
        let span = trace.span(ORDERS).has_kind(SpanKind::Server).has_parent_id(caller.span_id()).is_ok();
        assert_eq!(span.has_remote_parent(), Some(true));
        assert_eq!(answer.trace().parent_id(), span.span_id);
        assert_eq!(answer.text, "ordered");
    }
}

#[tokio::test]
async fn without_an_inbound_trace_a_new_one_starts() {
    let fixture = Fixture::start("orders");
    let server = orders(&fixture, async || "ordered").await;
    let answer = server.get("/orders/1", &[]).await;
    let trace = trace(&fixture, answer.trace().trace_id()).await;
    trace.span(ORDERS).is_root().has_links(0);
}

#[tokio::test]
async fn an_edge_starts_a_new_trace_that_links_to_the_callers() {
    let fixture = Fixture::start("edge");
    let edge = handle_over(&fixture).service("edge", Some(Zone::Z1)).build();
    for (handle, trust) in [(edge, None), (fixture.handle().clone(), Some(Trust::Edge))] {
        let layer = ServerTraceLayer::new().handle(handle);
        let layer = trust.into_iter().fold(layer, ServerTraceLayer::trust);
        let server = Server::start(Router::new().route("/", get(async || ())).layer(layer)).await;
        let caller = Caller::new();
        let answer = server.get("/", &[("traceparent", &caller.header())]).await;
        assert_ne!(answer.trace().trace_id(), caller.trace_id());
        let trace = trace(&fixture, answer.trace().trace_id()).await;
        trace.span("GET /").is_root().links_to_ids(caller.trace_id(), caller.span_id());
    }
}

#[tokio::test]
async fn an_edge_may_be_told_to_believe_its_callers() {
    let fixture = Fixture::start("edge");
    let edge = handle_over(&fixture).service("edge", Some(Zone::Z1)).build();
    let layer = ServerTraceLayer::new().handle(edge).trust(Trust::Internal);
    let server = Server::start(Router::new().route("/", get(async || ())).layer(layer)).await;
    let caller = Caller::new();
    server.get("/", &[("traceparent", &caller.header())]).await;
    caller.trace(&fixture).await.span("GET /").has_parent_id(caller.span_id());
}

#[tokio::test]
async fn what_the_handler_does_hangs_below_the_server() {
    let fixture = Fixture::start("orders");
    // Without a handle of its own: it is that of the operation in hand.
    let server = orders(&fixture, async || {
        let client = ClientTraceLayer::new().layer(tower::service_fn(async |_: Request<()>| {
            tokio::task::yield_now().await;
            Ok::<_, std::convert::Infallible>(http::Response::new(Full::<&[u8]>::default()))
        }));
        client.oneshot(Request::post("http://stock/").body(()).unwrap()).await.unwrap();
    })
    .await;
    let answer = server.get("/orders/1", &[]).await;
    let trace = trace(&fixture, answer.trace().trace_id()).await;
    trace.span("POST").is_child_of(ORDERS).is_within(&trace.root());
}

#[tokio::test]
async fn what_the_service_does_before_its_future_hangs_below_the_server() {
    let fixture = Fixture::start("orders");
    let layer = ServerTraceLayer::new().handle(fixture.handle().clone());
    let service = layer.layer(tower::service_fn(|_: Request<()>| {
        let scope = trilha_core::Scope::new("test", "");
        let builder = trilha_core::Operation::builder(&scope, "lookup", trilha_core::SpanKind::Internal);
        builder.start().finish(trilha_core::Outcome::Ok);
        std::future::ready(Ok::<_, std::convert::Infallible>(http::Response::new(Full::<&[u8]>::default())))
    }));
    service.oneshot(Request::get("/").body(()).unwrap()).await.unwrap();
    only_trace(&fixture).await.span("lookup").is_child_of("GET");
}

#[tokio::test]
async fn two_services_in_one_process_stay_apart() {
    let (shop, stock) = (Fixture::start("shop"), Fixture::start("stock"));
    let stock_server = orders(&stock, async || "in stock").await;
    let url = stock_server.url("/orders/1");
    let shop_server = orders(&shop, async move || {
        let client = ClientTraceLayer::new().layer(http1());
        let request = Request::get(url).body(Full::default()).unwrap();
        Answer::read(client.oneshot(request).await.unwrap()).await.text
    })
    .await;

    let answer = shop_server.get("/orders/1", &[]).await;
    assert_eq!(answer.text, "in stock");

    let trace = trace(&shop, answer.trace().trace_id()).await;
    trace.has_services(["shop"]).has_spans(2);
    let call = trace.span("GET").is_child_of(ORDERS);
    let trace = trace_under(&stock, trace.trace_id(), call.span_id).await;
    trace.has_services(["stock"]).has_spans(1).span(ORDERS).has_parent_id(call.span_id);
}

#[tokio::test]
async fn a_second_layer_of_the_same_service_steps_aside() {
    let fixture = Fixture::start("shop");
    let layer = ServerTraceLayer::new().handle(fixture.handle().clone());
    let handler = async || {
        ContextAttributes::current().tenant("acme");
    };
    let inner = Router::new().route("/orders/{id}", get(handler)).layer(layer.clone());
    let server = Server::start(Router::new().nest("/shop", inner).layer(layer)).await;
    let answer = server.get("/shop/orders/1", &[]).await;
    let trace = trace(&fixture, answer.trace().trace_id()).await;
    trace.has_spans(1).span("GET /shop/orders/{id}").has("tenant", "acme");
}

#[tokio::test]
async fn a_layer_of_another_service_inside_is_a_child() {
    let (shop, stock) = (Fixture::start("shop"), Fixture::start("stock"));
    let layer = |fixture: &Fixture| ServerTraceLayer::new().handle(fixture.handle().clone());
    let inner = Router::new().route("/orders/{id}", get(async || ())).layer(layer(&stock));
    let server = Server::start(Router::new().nest("/shop", inner).layer(layer(&shop))).await;
    let answer = server.get("/shop/orders/1", &[]).await;
    let [named] = answer.named_traces()[..] else { panic!("the outer layer alone names the trace") };
    let outer = trace(&shop, named.trace_id()).await;
    let outer = outer.has_spans(1).root();
    assert_eq!(named.parent_id(), outer.span_id);
    trace_under(&stock, named.trace_id(), outer.span_id).await.has_spans(1);

    let caller = Caller::new();
    let answer = server.get("/shop/orders/1", &[("traceparent", &caller.header())]).await;
    let outer = answer.trace().parent_id();
    caller.trace(&shop).await.has_spans(1);
    trace_under(&stock, caller.trace_id(), outer).await.has_spans(1);
}

#[tokio::test]
async fn two_traceparents_start_a_new_trace() {
    let fixture = Fixture::start("orders");
    let server = orders(&fixture, async || ()).await;
    let (first, second) = (Caller::new(), Caller::new());
    let headers = [("traceparent", &*first.header()), ("traceparent", &*second.header())];
    let answer = server.get("/orders/1", &headers).await;
    let trace = trace(&fixture, answer.trace().trace_id()).await;
    trace.span(ORDERS).is_root();
    assert_eq!(fixture.handle().stats().refused(Refusal::Traceparent), 1);
}

#[tokio::test]
async fn a_hundred_tracestates_leave_the_parent() {
    let fixture = Fixture::start("orders");
    let server = orders(&fixture, async || ()).await;
    let caller = Caller::new();
    let states: Vec<_> = (0..100).map(|i| format!("k{i}=v")).collect();
    let mut headers: Vec<_> = states.iter().map(|state| ("tracestate", state.as_str())).collect();
    let traceparent = caller.header();
    headers.push(("traceparent", &traceparent));
    // Over HTTP/2: the server's HTTP/1 takes no more than 100 headers of any kind.
    assert_eq!(server.send(http2(), "GET", "/orders/1", &headers).await.status, 200);
    let trace = caller.trace(&fixture).await;
    assert_eq!(trace.span(ORDERS).trace_state, "");
    assert_eq!(fixture.handle().stats().refused(Refusal::Tracestate), 1);
}

#[tokio::test]
async fn headers_that_are_no_text_start_a_new_trace() {
    let fixture = Fixture::start("orders");
    let server = orders(&fixture, async || ()).await;
    let mut request = Request::get(server.url("/orders/1")).body(Full::default()).unwrap();
    for name in ["traceparent", "tracestate", "user-agent", "x-forwarded-proto"] {
        request.headers_mut().insert(name, HeaderValue::from_bytes(b"\xff\xfe\x80").unwrap());
    }
    let answer = Answer::read(http1().request(request).await.unwrap()).await;
    assert_eq!(answer.status, 200);
    let trace = trace(&fixture, answer.trace().trace_id()).await;
    trace.span(ORDERS).is_root().has("url.scheme", "http").lacks("user_agent.original");
}

#[tokio::test]
async fn with_http_switched_off_no_trace_is_continued() {
    let fixture = Fixture::start("orders");
    let off = Propagation::default().with(CarrierKind::Http, false);
    let handle = handle_over(&fixture).propagation(off).build();
    let layer = ServerTraceLayer::new().handle(handle);
    let server = Server::start(Router::new().route("/", get(async || ())).layer(layer)).await;
    let caller = Caller::new();
    let answer = server.get("/", &[("traceparent", &caller.header())]).await;
    assert_ne!(answer.trace().trace_id(), caller.trace_id());
    trace(&fixture, answer.trace().trace_id()).await.span("GET /").is_root();
}

#[tokio::test]
async fn the_process_that_calls_is_no_parent() {
    // Without a header the request may have come from anywhere, even if a test calls it in place.
    let fixture = Fixture::start("orders");
    let server = orders(&fixture, async || ()).await;
    let mut work = work(&fixture);
    let answer = work.drive(server.get("/orders/1", &[])).await;
    assert_ne!(answer.trace().trace_id(), work.trace_context().trace_id());
}
