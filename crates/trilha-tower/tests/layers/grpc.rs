//! Both layers around a tonic service and client, over a loopback socket.

use std::{
    convert::Infallible,
    future::{Future, Ready, ready},
    pin::Pin,
    task::{Context, Poll},
};

use futures_util::{StreamExt, stream, stream::BoxStream};
use http::uri::PathAndQuery;
use opentelemetry::trace::SpanKind;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{
    Code, Request, Response, Status, body::Body, client::Grpc as Client, server::Grpc, server::NamedService,
    server::ServerStreamingService, server::UnaryService, transport::Channel,
    transport::server::TcpConnectInfo,
};
use tonic_prost::ProstCodec;
use tower::{Layer, Service};
use trilha_core::{BrokenReason, CarrierKind, Propagation, schema::Zone, trust::Peers};
use trilha_testing::Trace;
use trilha_tower::{ClientTraceLayer, ServerTraceLayer, client::ClientTrace};

use crate::support::{Fixture, Server, handle_over, listen, only_trace, trace_under, traces_where};

const PLACE: &str = "shop.v1.Orders/Place";
const WATCH: &str = "shop.v1.Orders/Watch";

#[derive(Clone, PartialEq, prost::Message)]
struct Order {
    /// The code to answer with.
    #[prost(int32, tag = "1")]
    code: i32,
}

impl Order {
    fn result(&self) -> Result<Response<Self>, Status> {
        match Code::from(self.code) {
            Code::Ok => Ok(Response::new(self.clone())),
            code => Err(Status::new(code, "ana@example.com")),
        }
    }
}

/// What protoc would write for `service Orders { rpc Place(Order) …; rpc Watch(Order) returns (stream …) }`.
#[derive(Clone)]
struct Orders;

impl NamedService for Orders {
    const NAME: &'static str = "shop.v1.Orders";
}

impl Service<http::Request<Body>> for Orders {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let mut grpc = Grpc::new(ProstCodec::<Order, Order>::default());
        Box::pin(async move {
            Ok(match request.uri().path() {
                "/shop.v1.Orders/Place" => grpc.unary(Place, request).await,
                "/shop.v1.Orders/Watch" => grpc.server_streaming(Watch, request).await,
                _ => Status::unimplemented("").into_http(),
            })
        })
    }
}

struct Place;

impl UnaryService<Order> for Place {
    type Response = Order;
    type Future = Ready<Result<Response<Order>, Status>>;

    fn call(&mut self, request: Request<Order>) -> Self::Future {
        trilha_core::ContextAttributes::current().tenant("acme");
        ready(request.get_ref().result())
    }
}

struct Watch;

impl ServerStreamingService<Order> for Watch {
    type Response = Order;
    type ResponseStream = BoxStream<'static, Result<Order, Status>>;
    type Future = Ready<Result<Response<Self::ResponseStream>, Status>>;

    /// Three orders, and then the end; with a code of `-1` no end.
    fn call(&mut self, request: Request<Order>) -> Self::Future {
        let order = request.into_inner();
        let three = stream::repeat(Ok(Order::default())).take(3);
        ready(Ok(Response::new(match order.code {
            -1 => three.chain(stream::pending()).boxed(),
            _ => three.chain(stream::iter(order.result().err().map(Err))).boxed(),
        })))
    }
}

async fn serve(layer: ServerTraceLayer) -> Server {
    let listener = listen().await;
    let addr = listener.local_addr().unwrap();
    let server = tonic::transport::Server::builder().layer(layer).add_service(Orders);
    Server::spawn(addr, async {
        server.serve_with_incoming(TcpListenerStream::new(listener)).await.unwrap();
    })
}

async fn client(server: &Server, layer: ClientTraceLayer) -> Client<ClientTrace<Channel>> {
    let channel = Channel::from_shared(server.url("")).unwrap().connect().await.unwrap();
    let mut client = Client::new(layer.layer(channel));
    client.ready().await.unwrap();
    client
}

async fn call(
    client: &mut Client<ClientTrace<Channel>>,
    method: &str,
    code: i32,
) -> Result<Response<Order>, Status> {
    let path: PathAndQuery = format!("/{method}").parse().unwrap();
    client.unary(Request::new(Order { code }), path, ProstCodec::<Order, Order>::default()).await
}

async fn watch(
    client: &mut Client<ClientTrace<Channel>>,
    code: i32,
) -> Result<tonic::Streaming<Order>, Status> {
    let path: PathAndQuery = format!("/{WATCH}").parse().unwrap();
    let order = Request::new(Order { code });
    let response = client.server_streaming(order, path, ProstCodec::<Order, Order>::default()).await;
    response.map(Response::into_inner)
}

/// Both sides of calls, each with a receiver of its own.
struct Sides {
    caller: Fixture,
    callee: Fixture,
    _server: Server,
    client: Client<ClientTrace<Channel>>,
}

impl Sides {
    async fn start() -> Self {
        let (caller, callee) = (Fixture::start("shop"), Fixture::start("orders"));
        let server = serve(ServerTraceLayer::grpc().handle(callee.handle().clone())).await;
        let layer = ClientTraceLayer::grpc().handle(caller.handle().clone());
        let layer = layer.server("orders.internal", server.addr.port());
        let client = client(&server, layer).await;
        Self { caller, callee, _server: server, client }
    }

    /// The only call, as both sides saw it.
    async fn traces(&self) -> (Trace, Trace) {
        let sent = only_trace(&self.caller).await;
        let span = sent.root().span_id;
        let served = trace_under(&self.callee, sent.trace_id(), span).await;
        (sent, served)
    }
}

#[tokio::test]
async fn a_unary_call_is_one_trace_of_both_sides() {
    let mut sides = Sides::start().await;
    call(&mut sides.client, PLACE, 0).await.unwrap();
    let (sent, served) = sides.traces().await;
    let span = sent.span(PLACE).has_kind(SpanKind::Client).is_ok();
    span.has("rpc.system.name", "grpc")
        .has("rpc.method", PLACE)
        .has("rpc.status_code", "OK")
        .has("server.address", "orders.internal")
        .lacks("http.response.status_code");
    served
        .span(PLACE)
        .has_kind(SpanKind::Server)
        .has_parent_id(span.span_id)
        .is_ok()
        .has("rpc.system.name", "grpc")
        .has("rpc.method", PLACE)
        .has("rpc.status_code", "OK")
        .has("route", PLACE)
        .has("tenant", "acme")
        .has("server.address", "127.0.0.1")
        .lacks("http.request.method");
}

#[tokio::test]
async fn every_failure_is_the_clients_error_and_some_are_the_servers() {
    for (code, name, is_servers) in [
        (Code::Cancelled, "CANCELLED", false),
        (Code::Unknown, "UNKNOWN", true),
        (Code::NotFound, "NOT_FOUND", false),
        (Code::DeadlineExceeded, "DEADLINE_EXCEEDED", true),
        (Code::Internal, "INTERNAL", true),
        (Code::Unavailable, "UNAVAILABLE", true),
        (Code::DataLoss, "DATA_LOSS", true),
        (Code::Unauthenticated, "UNAUTHENTICATED", false),
    ] {
        let mut sides = Sides::start().await;
        let error = call(&mut sides.client, PLACE, code.into()).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (code, "ana@example.com"));
        let (sent, served) = sides.traces().await;
        sent.span(PLACE).is_error(name).has("rpc.status_code", name);
        let span = served.span(PLACE).has("rpc.status_code", name);
        match is_servers {
            true => span.is_error(name),
            false => span.is_ok(),
        };
        sent.lacks_text("ana@example.com");
        served.lacks_text("ana@example.com");
    }
}

#[tokio::test]
async fn a_stream_ends_with_its_trailers() {
    let mut sides = Sides::start().await;
    let mut orders = watch(&mut sides.client, 0).await.unwrap();
    assert_eq!(sides.caller.handle().span_counts().open, 1);
    let mut count = 0;
    while orders.message().await.unwrap().is_some() {
        count += 1;
    }
    assert_eq!(count, 3);
    let (sent, served) = sides.traces().await;
    sent.span(WATCH).is_ok().has("rpc.status_code", "OK");
    served.span(WATCH).is_ok().has("rpc.status_code", "OK").has_parent_id(sent.root().span_id);
}

#[tokio::test]
async fn a_stream_that_fails_in_the_middle_is_an_error() {
    let mut sides = Sides::start().await;
    let mut orders = watch(&mut sides.client, Code::DataLoss.into()).await.unwrap();
    let error = loop {
        match orders.message().await {
            Ok(order) => drop(order.expect("the stream ended well")),
            Err(error) => break error,
        }
    };
    assert_eq!(error.code(), Code::DataLoss);
    let (sent, served) = sides.traces().await;
    sent.span(WATCH).is_error("DATA_LOSS");
    served.span(WATCH).is_error("DATA_LOSS");
}

#[tokio::test]
async fn a_stream_that_the_client_leaves_is_cancelled_on_both_sides() {
    let mut sides = Sides::start().await;
    let mut orders = watch(&mut sides.client, -1).await.unwrap();
    orders.message().await.unwrap().unwrap();
    drop(orders);
    let (sent, served) = sides.traces().await;
    sent.span(WATCH).is_error("cancelled").lacks("rpc.status_code");
    served.span(WATCH).is_error("cancelled").lacks("rpc.status_code");
}

#[tokio::test]
async fn a_stream_that_is_never_read_is_cancelled() {
    let mut sides = Sides::start().await;
    drop(watch(&mut sides.client, -1).await.unwrap());
    let (sent, served) = sides.traces().await;
    sent.span(WATCH).is_error("cancelled");
    served.span(WATCH).is_error("cancelled");
}

#[tokio::test]
async fn methods_that_callers_invent_name_nothing_on_the_server() {
    let mut sides = Sides::start().await;
    let error = call(&mut sides.client, "evil.Service/Method1", 0).await.unwrap_err();
    assert_eq!(error.code(), Code::Unimplemented);
    let (sent, served) = sides.traces().await;
    sent.span("evil.Service/Method1").is_error("UNIMPLEMENTED");
    served
        .span("grpc")
        .is_error("UNIMPLEMENTED")
        .has("rpc.method", "_OTHER")
        .has("rpc.method_original", "evil.Service/Method1")
        .has("route", "_OTHER");
}

#[tokio::test]
async fn a_call_is_known_by_its_content_type() {
    let (caller, callee) = (Fixture::start("shop"), Fixture::start("orders"));
    let server = serve(ServerTraceLayer::new().handle(callee.handle().clone())).await;
    let layer = ClientTraceLayer::new().handle(caller.handle().clone());
    call(&mut client(&server, layer).await, PLACE, 0).await.unwrap();
    let sent = only_trace(&caller).await;
    sent.span(PLACE).has("rpc.system.name", "grpc");
    let served = trace_under(&callee, sent.trace_id(), sent.root().span_id).await;
    served.span(PLACE).has("rpc.system.name", "grpc");

    // Anything else that the server gets is HTTP.
    server.send(crate::support::http2(), "GET", "/", &[]).await;
    traces_where(&callee, |traces| traces.iter().any(|trace| !trace.spans_named("GET").is_empty())).await;
}

#[tokio::test]
async fn grpc_is_a_carrier_of_its_own() {
    let all = Propagation::default();
    let no_http = all.clone().with(CarrierKind::Http, false);
    let no_grpc = all.clone().with(CarrierKind::Grpc, false);
    for (sends, reads, is_continued) in
        [(&no_http, &no_http, true), (&no_grpc, &all, false), (&all, &no_grpc, false)]
    {
        let (caller, callee) = (Fixture::start("shop"), Fixture::start("orders"));
        let reader = handle_over(&callee).propagation(reads.clone()).build();
        let server = serve(ServerTraceLayer::grpc().handle(reader)).await;
        let layer = ClientTraceLayer::grpc().handle(handle_over(&caller).propagation(sends.clone()).build());
        call(&mut client(&server, layer).await, PLACE, 0).await.unwrap();
        let sent = only_trace(&caller).await;
        let served = traces_where(&callee, |traces| !traces.is_empty()).await;
        assert_eq!(served[0].trace_id() == sent.trace_id(), is_continued);
    }
}

/// The layer as its documentation tells to make it know its peers.
fn knowing_peers(layer: ServerTraceLayer) -> ServerTraceLayer {
    layer.peer(|request| {
        let connection: &TcpConnectInfo = request.extensions.get()?;
        Some(connection.remote_addr()?.ip())
    })
}

#[tokio::test]
async fn tonic_tells_the_address_of_a_peer() {
    for (range, is_believed) in [("127.0.0.0/8", true), ("10.0.0.0/8", false)] {
        let (caller, callee) = (Fixture::start("shop"), Fixture::start("orders"));
        let edge = handle_over(&callee).service("edge", Some(Zone::Z1)).peers(Peers::new([range]).unwrap());
        let server = serve(knowing_peers(ServerTraceLayer::grpc().handle(edge.build()))).await;
        let layer = ClientTraceLayer::grpc().handle(caller.handle().clone());
        call(&mut client(&server, layer).await, PLACE, 0).await.unwrap();
        let sent = only_trace(&caller).await;
        let served = traces_where(&callee, |traces| !traces.is_empty()).await;
        assert_eq!(served[0].trace_id() == sent.trace_id(), is_believed);
    }
}

#[tokio::test]
async fn a_call_without_a_trace_is_broken_unless_it_asks_for_health() {
    let callee = Fixture::start("orders");
    let layer = ServerTraceLayer::grpc().handle(callee.handle().clone());
    let server = serve(knowing_peers(layer)).await;
    let channel = Channel::from_shared(server.url("")).unwrap().connect().await.unwrap();
    let mut untraced = Client::new(channel);
    for method in ["grpc.health.v1.Health/Check", PLACE] {
        untraced.ready().await.unwrap();
        let path: PathAndQuery = format!("/{method}").parse().unwrap();
        let _ =
            untraced.unary(Request::new(Order::default()), path, ProstCodec::<Order, Order>::default()).await;
    }
    let broken = callee.handle().stats().broken_propagation();
    let [broken] = broken.as_slice() else { panic!("{broken:?}") };
    assert_eq!((broken.reason, broken.carrier, broken.count), (BrokenReason::Missing, CarrierKind::Grpc, 1));
    assert_eq!(broken.peer, "127.0.0.1");
}

#[tokio::test]
async fn an_answer_without_status_is_judged_by_http() {
    let layer_of = |fixture: &Fixture| ServerTraceLayer::grpc().handle(fixture.handle().clone());
    for (status, server_error, client_error) in [
        (200, None, "UNKNOWN"),
        (403, None, "PERMISSION_DENIED"),
        (404, Some("UNIMPLEMENTED"), "UNIMPLEMENTED"),
        (503, Some("UNAVAILABLE"), "UNAVAILABLE"),
    ] {
        let (caller, callee) = (Fixture::start("shop"), Fixture::start("orders"));
        let inner = layer_of(&callee).layer(tower::service_fn(move |_: http::Request<Body>| {
            ready(Ok::<_, Infallible>(http::Response::builder().status(status).body(Body::empty()).unwrap()))
        }));
        let mut client = ClientTraceLayer::grpc().handle(caller.handle().clone()).layer(inner);
        client.call(http::Request::post("/a.B/C").body(Body::empty()).unwrap()).await.unwrap();
        only_trace(&caller).await.root().is_error(client_error);
        let served = traces_where(&callee, |traces| !traces.is_empty()).await;
        let span = &served[0].spans()[0];
        assert_eq!(span.str("error.type"), server_error, "{status}");
    }
}
