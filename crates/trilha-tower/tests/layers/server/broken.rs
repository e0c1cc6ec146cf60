//! It tells where propagation is broken, and where none is to be expected.

use axum::{Router, routing::any};
use trilha_core::{BrokenReason, CarrierKind, Handle, Trust, schema::Zone, trust::Peers};
use trilha_tower::{ServerTraceLayer, server::is_probe};

use crate::support::{Caller, Fixture, Server, handle_over, trace};

const BROKEN: &str = "trilha.propagation.broken";

async fn serve(layer: ServerTraceLayer) -> Server {
    Server::start_with_connect_info(Router::new().fallback(any(async || ())).layer(layer)).await
}

/// What was counted, as reason, carrier, peer, count.
fn counted(handle: &Handle) -> Vec<(BrokenReason, CarrierKind, String, u64)> {
    let broken = handle.stats().broken_propagation();
    broken.into_iter().map(|broken| (broken.reason, broken.carrier, broken.peer, broken.count)).collect()
}

#[tokio::test]
async fn it_is_counted_by_reason_carrier_and_peer_and_marked() {
    let (first, second) = (Caller::new().header(), Caller::new().header());
    for (headers, reason) in [
        (&[][..], BrokenReason::Missing),
        (&[("traceparent", "00-canary")], BrokenReason::Malformed),
        (&[("traceparent", &first), ("traceparent", &second)], BrokenReason::Repeated),
    ] {
        let fixture = Fixture::start("orders");
        let server = serve(ServerTraceLayer::new().handle(fixture.handle().clone())).await;
        let answer = server.get("/orders/1", headers).await;
        let http = (reason, CarrierKind::Http, "127.0.0.1".to_owned(), 1);
        assert_eq!(counted(fixture.handle()), [http]);
        let trace = trace(&fixture, answer.trace().trace_id()).await;
        let event = trace.root().has_event(BROKEN).event(BROKEN).unwrap().clone();
        assert_eq!(event.attributes.len(), 2);
        assert!(format!("{event:?}").contains(reason.name()), "{event:?}");
        trace.lacks_text("canary");
        assert_eq!(trace.find_text("127.0.0.1:"), None, "a span names its peer");
    }
}

#[tokio::test]
async fn a_trace_that_is_whole_is_not_broken() {
    let fixture = Fixture::start("orders");
    let server = serve(ServerTraceLayer::new().handle(fixture.handle().clone())).await;
    let caller = Caller::new();
    server.get("/orders/1", &[("traceparent", &caller.header())]).await;
    caller.trace(&fixture).await.span("GET").lacks_event(BROKEN);
    assert_eq!(counted(fixture.handle()), []);
}

#[tokio::test]
async fn where_peers_are_listed_a_caller_without_an_address_is_told() {
    let fixture = Fixture::start("orders");
    let peers = Peers::new(["127.0.0.0/8"]).unwrap();
    let listed = handle_over(&fixture).service("orders", Some(Zone::Z2)).peers(peers).build();
    let layer = ServerTraceLayer::new().handle(listed.clone());
    let router = |layer: &ServerTraceLayer| Router::new().fallback(any(async || ())).layer(layer.clone());
    let known = Server::start_with_connect_info(router(&layer)).await;
    let told = Server::start(router(&layer.clone().trust(Trust::Edge))).await;
    for server in [known, told] {
        server.get("/orders/1", &[("traceparent", &Caller::new().header())]).await;
    }
    assert_eq!(counted(&listed), []);

    let unknown = Server::start(router(&layer)).await;
    unknown.get("/healthz", &[]).await;
    let answer = unknown.get("/orders/1", &[("traceparent", &Caller::new().header())]).await;
    trace(&fixture, answer.trace().trace_id()).await.root().has_event(BROKEN);
    let http = (BrokenReason::UnknownSender, CarrierKind::Http, "unknown".to_owned(), 1);
    assert_eq!(counted(&listed), [http]);
}

#[tokio::test]
async fn an_edge_expects_no_traces() {
    let fixture = Fixture::start("edge");
    let edge = handle_over(&fixture).service("edge", Some(Zone::Z1)).build();
    let server = serve(ServerTraceLayer::new().handle(edge.clone())).await;
    let answer = server.get("/orders/1", &[]).await;
    trace(&fixture, answer.trace().trace_id()).await.root().lacks_event(BROKEN);
    assert_eq!(counted(&edge), []);
}

#[tokio::test]
async fn probes_are_traced_and_not_counted() {
    let fixture = Fixture::start("orders");
    let server = serve(ServerTraceLayer::new().handle(fixture.handle().clone())).await;
    let probes = [("/healthz", &[][..]), ("/metrics", &[]), ("/", &[("user-agent", "kube-probe/1.33")])];
    for (path, headers) in probes {
        let answer = server.get(path, headers).await;
        trace(&fixture, answer.trace().trace_id()).await.root().lacks_event(BROKEN);
    }
    assert_eq!(counted(fixture.handle()), []);
}

#[tokio::test]
async fn probes_of_ones_own_stand_in_the_place_of_the_known_ones() {
    let fixture = Fixture::start("orders");
    let layer = ServerTraceLayer::new().handle(fixture.handle().clone());
    let own = layer.clone().probe(|request| request.uri.path() == "/up");
    let both = layer.probe(|request| is_probe(request) || request.uri.path() == "/up");
    for (layer, expected) in [(own, 1), (both, 1)] {
        let server = serve(layer).await;
        server.get("/up", &[]).await;
        server.get("/healthz", &[]).await;
        let count: u64 = counted(fixture.handle()).iter().map(|(.., count)| count).sum();
        assert_eq!(count, expected);
    }
}

#[tokio::test]
async fn a_layer_inside_another_services_is_no_arrival() {
    let (shop, stock) = (Fixture::start("shop"), Fixture::start("stock"));
    let layer = |fixture: &Fixture| ServerTraceLayer::new().handle(fixture.handle().clone());
    let app = Router::new().fallback(any(async || ())).layer(layer(&stock)).layer(layer(&shop));
    Server::start(app).await.get("/orders/1", &[]).await;
    assert_eq!(counted(stock.handle()), []);
    let missing = (BrokenReason::Missing, CarrierKind::Http, "unknown".to_owned(), 1);
    assert_eq!(counted(shop.handle()), [missing]);
}
