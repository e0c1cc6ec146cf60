//! What the client's layer sends along, and to whom: the trace to all, baggage where it may go, and no copies.

use std::convert::Infallible;

use axum::{
    Router,
    body::Bytes,
    response::Redirect,
    routing::{any, get},
};
use http::{HeaderMap, Request, Response, Uri};
use http_body_util::Full;
use tower::{Layer, ServiceExt, service_fn};
use tower_http::follow_redirect::FollowRedirectLayer;
use trilha_core::{
    Handle, Operation, Outcome, Propagation, Refusal,
    propagation::{Format, Formats},
    trust::Destinations,
};
use trilha_tower::{ClientTraceLayer, ServerTraceLayer};

use crate::support::{Answer, Fixture, Server, handle_over, http1, only_trace, work};

const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN_ID: &str = "b7ad6b7169203331";

/// A server that answers with the headers that it got, as its own.
async fn mirror(request: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::<Full<Bytes>>::default();
    *response.headers_mut() = request.headers().clone();
    Ok(response)
}

/// The headers of a request to `uri` that a client with this layer makes for a tenant.
async fn sent_to(uri: Uri, layer: ClientTraceLayer, handle: &Handle) -> HeaderMap {
    let fixture = Fixture::start("shop");
    let client = layer.handle(handle.clone()).layer(service_fn(mirror));
    let request = Request::builder().uri(uri).header("baggage", "copied=1").body(Full::default()).unwrap();
    tenants_work(&fixture).drive(client.oneshot(request)).await.unwrap().headers().clone()
}

fn tenants_work(fixture: &Fixture) -> Operation {
    let work = work(fixture);
    work.attributes().tenant("acme");
    work.attributes().correlation_id("case-4711");
    work
}

fn has_all(headers: &HeaderMap) -> bool {
    assert!(headers.contains_key("traceparent"), "all get the trace: {headers:?}");
    let has_baggage = headers.get("baggage").is_some_and(|baggage| baggage == "tenant=acme");
    let has_correlation_id = headers.get("x-correlation-id").is_some_and(|id| id == "case-4711");
    assert_eq!(has_baggage, has_correlation_id, "{headers:?}");
    assert_eq!(has_baggage, headers.contains_key("baggage"), "a copy stays: {headers:?}");
    has_baggage
}

#[tokio::test]
async fn baggage_goes_to_allowed_hosts_only() {
    let fixture = Fixture::start("shop");
    for (uri, is_allowed) in [
        ("http://orders/", true),
        ("http://orders:8080/a?b", true),
        ("https://orders.shop.svc.cluster.local.:8443/", true),
        ("http://ana:pw@10.0.0.1:8080/", true),
        ("http://[::1]:8080/", true),
        ("http://[2001:db8::1]/", false),
        ("http://8.8.8.8/", false),
        ("https://example.com:8443/", false),
        ("https://localhost.example.com/", false),
        ("https://localhost:pw@example.com/", false),
        ("/orders", false),
    ] {
        let handle = handle_over(&fixture).build();
        let sent = sent_to(uri.parse().unwrap(), ClientTraceLayer::new(), &handle).await;
        assert_eq!(has_all(&sent), is_allowed, "{uri}");
        assert_eq!(handle.stats().refused(Refusal::WithheldBaggage), u64::from(!is_allowed), "{uri}");
    }
}

#[tokio::test]
async fn where_the_uri_names_no_host_the_layers_server_is_judged() {
    let fixture = Fixture::start("shop");
    for (server, uri, is_allowed) in [
        ("orders.internal", "/a.B/C", true),
        ("orders.example.com", "/a.B/C", false),
        ("orders.internal", "http://example.com/a.B/C", false),
    ] {
        for layer in [ClientTraceLayer::new(), ClientTraceLayer::grpc()] {
            let sent = sent_to(uri.parse().unwrap(), layer.server(server, 443), fixture.handle()).await;
            assert_eq!(has_all(&sent), is_allowed, "{server} {uri}");
        }
    }
}

#[tokio::test]
async fn each_hop_of_a_redirect_is_judged_below_the_layer_that_follows() {
    let fixture = Fixture::start("shop");
    let echo = Router::new().fallback(any(async |headers: HeaderMap| {
        let has = |name| if headers.contains_key(name) { "1" } else { "0" };
        ["traceparent", "baggage", "x-correlation-id"].map(has).concat()
    }));
    let there = Server::start(echo).await;
    // The same server by another name.
    let by_name = format!("http://localhost:{}/", there.addr.port());
    let by_address = there.url("/");
    let first = Server::start(
        Router::new()
            .route("/name", get(async move || Redirect::temporary(&by_name)))
            .route("/address", get(async move || Redirect::temporary(&by_address))),
    )
    .await;
    let only_addresses = Propagation::default().destinations(Destinations::new(["127.0.0.1"]).unwrap());
    let handle = handle_over(&fixture).propagation(only_addresses).build();
    let layer = ClientTraceLayer::new().handle(handle.clone());
    let client = FollowRedirectLayer::new().layer(layer.layer(http1()));
    let mut work = tenants_work(&fixture);
    for (path, got) in [("/address", "111"), ("/name", "100")] {
        let request = Request::get(first.url(path)).body(Full::default()).unwrap();
        let answer = Answer::read(work.drive(client.clone().oneshot(request)).await.unwrap()).await;
        assert_eq!(answer.text, got, "{path}");
    }
    assert_eq!(handle.stats().refused(Refusal::WithheldBaggage), 1);
    work.finish(Outcome::Ok);
    only_trace(&fixture).await.has_spans(5);
}

/// What a service sends on that copies all headers of a request into the one that it makes for it.
async fn passed_on(inbound: &[(&str, &str)], handle: &Handle) -> HeaderMap {
    let client = ClientTraceLayer::new().layer(service_fn(mirror));
    let service = ServerTraceLayer::new().handle(handle.clone()).server_timing(false);
    let service = service.layer(service_fn(move |inbound: Request<()>| {
        let mut outbound = Request::get("http://orders.internal/").body(Full::default()).unwrap();
        *outbound.headers_mut() = inbound.headers().clone();
        client.clone().oneshot(outbound)
    }));
    let request = Request::get("/");
    let request = inbound.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    service.oneshot(request.body(()).unwrap()).await.unwrap().headers().clone()
}

#[tokio::test]
async fn copies_of_what_came_in_are_replaced_or_removed() {
    let traceparent = format!("00-{TRACE_ID}-{SPAN_ID}-01");
    let b3 = format!("{TRACE_ID}-{SPAN_ID}-1");
    for inbound in [
        &[("traceparent", &*traceparent), ("tracestate", "a=1"), ("baggage", "tenant=acme")][..],
        &[("b3", &b3)],
        &[("x-b3-traceid", TRACE_ID), ("x-b3-spanid", SPAN_ID), ("x-b3-sampled", "1")],
        &[("x-trace-id", TRACE_ID), ("x-span-id", SPAN_ID), ("x-parent-id", SPAN_ID)],
    ] {
        let fixture = Fixture::start("shop");
        let headers = [inbound, &[("x-own", "kept")]].concat();
        let sent = passed_on(&headers, fixture.handle()).await;
        assert_eq!(sent["x-own"], "kept");
        let traceparents: Vec<_> = sent.get_all("traceparent").iter().collect();
        assert_eq!(traceparents.len(), 1, "{sent:?}");
        for (name, value) in &sent {
            let value = value.to_str().unwrap();
            assert!(!value.contains(SPAN_ID), "{name} names the sender's span: {value}");
            assert!(name == "traceparent" || !value.contains(TRACE_ID), "{name}: {value}");
        }
    }
}

#[tokio::test]
async fn a_service_that_is_switched_off_passes_the_trace_of_others_on() {
    let traceparent = format!("00-{TRACE_ID}-{SPAN_ID}-01");
    let sent =
        passed_on(&[("traceparent", &traceparent), ("baggage", "tenant=acme")], &Handle::disabled()).await;
    assert_eq!(sent["traceparent"], traceparent.as_str());
    assert_eq!(sent["baggage"], "tenant=acme");
}

#[tokio::test]
async fn what_a_stranger_brought_goes_no_further() {
    let fixture = Fixture::start("edge");
    let edge = handle_over(&fixture).service("edge", Some(trilha_core::schema::Zone::Z1)).build();
    let traceparent = format!("00-{TRACE_ID}-{SPAN_ID}-01");
    let b3 = format!("{TRACE_ID}-{SPAN_ID}-1");
    let inbound =
        [("traceparent", &*traceparent), ("baggage", "tenant=evil"), ("b3", &b3), ("tracestate", "ot=th:0")];
    let sent = passed_on(&inbound, &edge).await;
    assert!(!sent["traceparent"].to_str().unwrap().contains(TRACE_ID));
    for gone in ["baggage", "b3", "tracestate"] {
        assert!(!sent.contains_key(gone), "{gone}: {sent:?}");
    }
}

#[tokio::test]
async fn other_formats_are_written_where_they_are_wanted() {
    let fixture = Fixture::start("shop");
    let b3 = Formats::of(&[Format::B3, Format::XTrace]);
    let propagation = Propagation::default().formats(Formats::of(&Format::ALL), b3);
    let handle = handle_over(&fixture).propagation(propagation).build();
    let sent = passed_on(&[("b3", &format!("{TRACE_ID}-{SPAN_ID}-1"))], &handle).await;
    assert!(!sent.contains_key("traceparent"));
    let b3 = sent["b3"].to_str().unwrap();
    assert!(b3.starts_with(TRACE_ID) && !b3.contains(SPAN_ID), "{b3}");
    assert_eq!(sent["x-trace-id"], TRACE_ID);
}
