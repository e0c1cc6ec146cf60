//! It believes whom it should, and nobody else.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{Router, body::Bytes, extract::ConnectInfo, routing::get};
use http::{Request, Response};
use http_body_util::Empty;
use tower::{Layer, ServiceExt, service_fn};
use trilha_core::{
    Baggage, ContextAttributes, Handle, HandleBuilder, Refusal, SpanCounts, Traceparent, Trust,
    sampling::Sampler,
    schema::{Key, Zone},
    trust::Peers,
};
use trilha_otlp::{Endpoint, Pipeline, PipelineConfig};
use trilha_tower::ServerTraceLayer;

use crate::support::{Answer, Caller, Fixture, Server, handle_over, trace};

const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN_ID: &str = "b7ad6b7169203331";
const BAGGAGE: &str = "tenant=evil,source=outside";

/// What the handler of a request found in its context.
#[derive(Clone, Debug, Default, PartialEq)]
struct Found {
    tenant: Option<String>,
    baggage: String,
}

/// Sends a request to a layer in this process; what the handler found, and the trace that the response names.
async fn send(layer: &ServerTraceLayer, request: http::request::Builder) -> (Found, Option<Traceparent>) {
    let service = layer.layer(service_fn(async |_| {
        let found = Found {
            tenant: ContextAttributes::current().value(Key::Tenant).map(|tenant| tenant.to_string()),
            baggage: Baggage::current().as_str().to_owned(),
        };
        let response = Response::builder().extension(found);
        Ok::<_, Infallible>(response.body(Empty::<Bytes>::new()).unwrap())
    }));
    let mut response = service.oneshot(request.body(()).unwrap()).await.unwrap();
    let found = response.extensions_mut().remove().unwrap();
    (found, Answer::read(response).await.named_traces().pop())
}

/// A request that asks for everything.
fn request(flags: &str) -> http::request::Builder {
    Request::get("/orders/1")
        .header("traceparent", format!("00-{TRACE_ID}-{SPAN_ID}-{flags}"))
        .header("tracestate", "ot=th:0;rv:ffffffffffffff")
        .header("baggage", BAGGAGE)
}

fn from(request: http::request::Builder, address: &str) -> http::request::Builder {
    let address: IpAddr = address.parse().unwrap();
    request.extension(ConnectInfo(SocketAddr::new(address, 4711)))
}

fn handle(zone: Zone, change: impl FnOnce(HandleBuilder) -> HandleBuilder) -> Handle {
    let builder = Handle::builder(Arc::new(trilha_core::NoopRecorder));
    change(builder.service("orders", Some(zone))).build()
}

/// The counts after `count` requests of a stranger to an edge that keeps this share of its traces.
async fn sampled(strangers: Trust, ratio: f64, flags: &str, count: u32) -> SpanCounts {
    let config = PipelineConfig::new(Endpoint::http("http://127.0.0.1:9/v1/traces"));
    let sampler = Sampler::ratio(ratio).unwrap().parent_based();
    let pipeline = Pipeline::start(config.sampler(sampler)).unwrap();
    let edge = Handle::builder(pipeline.recorder()).service("edge", Some(Zone::Z1)).strangers(strangers);
    let edge = edge.build();
    let layer = ServerTraceLayer::new().handle(edge.clone());
    for _ in 0..count {
        let (found, _) = send(&layer, request(flags)).await;
        assert_eq!(found, Found::default());
    }
    for refusal in [Refusal::UntrustedDecision, Refusal::UntrustedBaggage, Refusal::UntrustedAttribute] {
        assert_eq!(edge.stats().refused(refusal), u64::from(count), "{refusal:?}");
    }
    assert_eq!(edge.stats().broken_propagation(), []);
    let counts = edge.span_counts();
    let _ = pipeline.shutdown(std::time::Duration::ZERO).await; // nobody listens
    counts
}

#[tokio::test]
async fn a_stranger_decides_nothing_at_an_edge_that_keeps_no_trace() {
    for strangers in [Trust::Edge, Trust::EdgeSameTrace] {
        assert_eq!(sampled(strangers, 0.0, "01", 20).await.created, 0, "{strangers:?}");
        assert_eq!(sampled(strangers, 0.0, "03", 20).await.created, 0, "{strangers:?}");
    }
}

#[tokio::test]
async fn a_stranger_suppresses_nothing_at_an_edge_that_keeps_all() {
    for strangers in [Trust::Edge, Trust::EdgeSameTrace] {
        assert_eq!(sampled(strangers, 1.0, "00", 20).await.sampled_out, 0, "{strangers:?}");
    }
}

#[tokio::test]
async fn an_edge_keeps_its_share_whatever_strangers_ask_for() {
    for strangers in [Trust::Edge, Trust::EdgeSameTrace] {
        for flags in ["00", "01"] {
            let counts = sampled(strangers, 0.1, flags, 1000).await;
            assert_eq!(counts.created + counts.sampled_out, 1000);
            // Six standard deviations around 100.
            assert!((43..=157).contains(&counts.created), "{strangers:?} {flags}: {}", counts.created);
        }
    }
}

#[tokio::test]
async fn one_of_us_is_believed_with_all_it_brings() {
    let inside = handle(Zone::Z2, |builder| builder);
    let (found, named) = send(&ServerTraceLayer::new().handle(inside.clone()), request("01")).await;
    assert_eq!(found, Found { tenant: Some("evil".into()), baggage: BAGGAGE.into() });
    assert_eq!(named.unwrap().trace_id().to_string(), TRACE_ID);
    assert_eq!(inside.stats().refusals().map(|(_, count)| count).sum::<u64>(), 0);
}

#[tokio::test]
async fn the_response_of_an_edge_names_its_own_trace() {
    for (strangers, is_same) in [(Trust::Edge, false), (Trust::EdgeSameTrace, true)] {
        let fixture = Fixture::start("edge");
        let edge = handle_over(&fixture).service("edge", Some(Zone::Z1)).strangers(strangers).build();
        let layer = ServerTraceLayer::new().handle(edge);
        let named = send(&layer, request("01")).await.1.unwrap();
        assert_eq!(named.trace_id().to_string() == TRACE_ID, is_same, "{strangers:?}");
        assert_ne!(named.parent_id().to_string(), SPAN_ID);
    }
}

#[tokio::test]
async fn peers_are_believed_and_nobody_else() {
    let peers = Peers::new(["10.0.0.0/8"]).unwrap();
    for zone in [Zone::Z1, Zone::Z2] {
        let handle = handle(zone, |builder| builder.peers(peers.clone()));
        let layer = ServerTraceLayer::new().handle(handle.clone());
        for (address, is_believed) in
            [("10.1.2.3", true), ("::ffff:10.1.2.3", true), ("11.0.0.1", false), ("::1", false)]
        {
            let (found, _) = send(&layer, from(request("01"), address)).await;
            assert_eq!(found.tenant.is_some(), is_believed, "{address}");
        }
        assert_eq!(handle.stats().refused(Refusal::UntrustedBaggage), 2);
    }
}

#[tokio::test]
async fn where_peers_are_listed_an_unknown_address_is_a_strangers() {
    let everybody = Peers::new(["0.0.0.0/0", "::/0"]).unwrap();
    let handle = handle(Zone::Z2, |builder| builder.peers(everybody));
    let layer = ServerTraceLayer::new().handle(handle.clone());
    assert_eq!(send(&layer, request("01")).await.0, Found::default());
    // A rule of the user's that finds none is not asked twice.
    let silent = layer.peer(|_| None);
    assert_eq!(send(&silent, from(request("01"), "10.0.0.1")).await.0, Found::default());
    assert_eq!(handle.stats().refused(Refusal::UntrustedBaggage), 2);
}

#[tokio::test]
async fn forwarding_headers_are_not_believed() {
    let peers = Peers::new(["10.0.0.0/8"]).unwrap();
    let handle = handle(Zone::Z1, |builder| builder.peers(peers));
    let layer = ServerTraceLayer::new().handle(handle);
    let names = ["x-forwarded-for", "x-real-ip", "forwarded", "cf-connecting-ip", "true-client-ip"];
    let forged = names.into_iter().fold(request("01"), |request, name| {
        request.header(name, if name == "forwarded" { "for=10.0.0.1" } else { "10.0.0.1" })
    });
    assert_eq!(send(&layer, from(forged, "192.0.2.1")).await.0, Found::default());
}

#[tokio::test]
async fn the_last_rule_for_trust_counts() {
    let handle = handle(Zone::Z2, |builder| builder);
    let layer = || ServerTraceLayer::new().handle(handle.clone());
    let by_port = |request: &http::request::Parts| match request.headers.contains_key("x-tls") {
        true => Trust::Internal,
        false => Trust::Edge,
    };
    for (layer, bare, with_header) in [
        (layer().trust(Trust::Edge), false, false),
        (layer().trust(Trust::Edge).trust_by(by_port), false, true),
        (layer().trust_by(by_port).trust(Trust::Internal), true, true),
    ] {
        assert_eq!(send(&layer, request("01")).await.0.tenant.is_some(), bare);
        let request = request("01").header("x-tls", "1");
        assert_eq!(send(&layer, request).await.0.tenant.is_some(), with_header);
    }
}

#[tokio::test]
async fn axum_tells_the_address_of_a_peer() {
    for (range, is_believed) in [("127.0.0.0/8", true), ("10.0.0.0/8", false)] {
        let fixture = Fixture::start("edge");
        let edge = handle_over(&fixture).service("edge", Some(Zone::Z1)).peers(Peers::new([range]).unwrap());
        let layer = ServerTraceLayer::new().handle(edge.build());
        let inside = Router::new().route("/", get(async || ())).layer(layer.clone());
        let around = Router::new().fallback_service(layer.layer(Router::new().route("/", get(async || ()))));
        for app in [inside, around] {
            let server = Server::start_with_connect_info(app).await;
            let caller = Caller::new();
            let answer = server.get("/", &[("traceparent", &caller.header())]).await;
            assert_eq!(answer.trace().trace_id() == caller.trace_id(), is_believed);
            if !is_believed {
                let trace = trace(&fixture, answer.trace().trace_id()).await;
                trace.root().links_to_ids(caller.trace_id(), caller.span_id());
            }
        }
    }
}
