//! What every adapter promises, for both layers: over HTTP on axum and hyper, over gRPC on tonic.

use std::{
    convert::Infallible,
    future::{pending, ready},
    panic::AssertUnwindSafe,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    Router,
    body::Bytes,
    response::IntoResponse,
    routing::{future::RouteFuture, get},
};
use futures_util::future::{BoxFuture, FutureExt};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, uri::PathAndQuery};
use http_body_util::Full;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{
    Request, Response, Status,
    body::Body,
    client::{Grpc as Client, GrpcService},
    metadata::MetadataMap,
    server::{Grpc, NamedService, UnaryService},
    transport::Channel,
};
use tonic_prost::ProstCodec;
use tower::{Layer, Service, ServiceExt, util::MapFutureLayer};
use trilha_core::{CarrierKind, Handle};
use trilha_testing::contract::{
    Answer, Call, CallError, Handler, Headers, Inbound, Outbound, Seen, inbound, outbound,
};
use trilha_tower::{ClientTraceLayer, ServerTraceLayer};

use crate::support::{Answer as HttpAnswer, HttpClient, Server, http1, listen};

#[tokio::test]
async fn a_server_keeps_the_contract_over_http() {
    inbound(&HttpServer).await;
}

#[tokio::test]
async fn a_server_keeps_the_contract_over_grpc() {
    inbound(&GrpcServer).await;
}

#[tokio::test]
async fn a_client_keeps_the_contract_over_http() {
    outbound(&HttpCaller::new().await).await;
}

#[tokio::test]
async fn a_client_keeps_the_contract_over_grpc() {
    outbound(&GrpcCaller::new().await).await;
}

struct HttpServer;

impl Inbound for HttpServer {
    async fn deliver(&self, handle: Handle, headers: Headers, handler: Handler) {
        let answer = async move || match handler.run().await {
            Ok(()) => (StatusCode::OK, String::new()),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
        };
        let layer = ServerTraceLayer::new().handle(handle);
        // As a layer does that catches panics: what it wraps is dropped when the unwinding is over.
        let catch_panic = MapFutureLayer::new(|answer: RouteFuture<Infallible>| {
            let error = |_| Ok(StatusCode::INTERNAL_SERVER_ERROR.into_response());
            AssertUnwindSafe(answer).catch_unwind().map(move |answer| answer.unwrap_or_else(error))
        });
        let app = Router::new().route("/", get(answer)).layer(layer).layer(catch_panic);
        let server = Server::start(app).await;
        let mut request = http::Request::new(Full::<Bytes>::default());
        *request.uri_mut() = server.url("/").parse().unwrap();
        *request.headers_mut() = header_map(headers);
        HttpAnswer::read(http1().request(request).await.unwrap()).await;
    }
}

/// Whose handlers panic in a task of their own.
struct GrpcServer;

impl Inbound for GrpcServer {
    const CARRIER: CarrierKind = CarrierKind::Grpc;

    async fn deliver(&self, handle: Handle, headers: Headers, handler: Handler) {
        let method = Method::new(move |_| {
            let handler = handler.clone();
            Box::pin(async move {
                let done = handler.run().await.map(|()| String::new());
                done.map_err(|error| Status::internal(error.to_string()))
            })
        });
        let (_server, channel) = method.serve(ServerTraceLayer::grpc().handle(handle)).await;
        let _ = unary(channel, header_map(headers)).await;
    }
}

/// Where requests go by their path: `/ok` answers with the headers that it got.
struct HttpCaller {
    client: HttpClient,
    server: Server,
}

impl HttpCaller {
    async fn new() -> Self {
        let app = Router::new()
            .route("/ok", get(async |headers: HeaderMap| lines(&headers)))
            .route("/fails", get(async || StatusCode::SERVICE_UNAVAILABLE))
            .route("/never", get(pending::<()>));
        Self { client: http1(), server: Server::start(app).await }
    }
}

impl Outbound for HttpCaller {
    const CARRIER: CarrierKind = CarrierKind::Http;
    type Returned = String;

    async fn call(&self, handle: Handle, call: Call) -> Result<String, CallError> {
        let client = ClientTraceLayer::new().handle(handle).layer(self.client.clone());
        let mut request = http::Request::new(Full::default());
        let path = match call.answer {
            Answer::Ok => "/ok",
            Answer::Fails => "/fails",
            Answer::Never => "/never",
        };
        *request.uri_mut() = self.server.url(path).parse().unwrap();
        *request.headers_mut() = header_map(call.headers);
        let response = client.oneshot(request).await.map_err(|error| CallError(error.to_string()))?;
        Ok(HttpAnswer::read(response).await.text)
    }

    async fn seen(&self, lines: String) -> Seen {
        seen(&lines)
    }
}

/// Calls to a method that answers as its metadata says, if it does well with the headers that it got.
struct GrpcCaller {
    channel: Channel,
    server: Server,
}

impl GrpcCaller {
    const ANSWER: &str = "x-answer";

    async fn new() -> Self {
        let method = Method::new(|headers| match headers.get(Self::ANSWER).unwrap().to_str().unwrap() {
            "Ok" => Box::pin(ready(Ok(lines(&headers)))),
            "Fails" => Box::pin(ready(Err(Status::unavailable("gone for ana@example.com")))),
            _ => Box::pin(pending()),
        });
        let (server, channel) = method.serve(ServerTraceLayer::grpc().filter(|_| false)).await;
        Self { channel, server }
    }
}

impl Outbound for GrpcCaller {
    const CARRIER: CarrierKind = CarrierKind::Grpc;
    type Returned = String;

    async fn call(&self, handle: Handle, call: Call) -> Result<String, CallError> {
        let mut headers = header_map(call.headers);
        headers.insert(Self::ANSWER, format!("{:?}", call.answer).parse().unwrap());
        // tonic's requests do not name their host.
        let layer = ClientTraceLayer::grpc().handle(handle).server("127.0.0.1", self.server.addr.port());
        let client = layer.layer(self.channel.clone());
        unary(client, headers).await.map_err(|status| CallError(status.to_string()))
    }

    async fn seen(&self, lines: String) -> Seen {
        seen(&lines)
    }
}

/// The method `a.B/C` of a tonic service, which takes nothing and returns text.
#[derive(Clone)]
struct Method(Arc<dyn Fn(HeaderMap) -> Returned + Send + Sync>);

type Returned = BoxFuture<'static, Result<String, Status>>;

impl Method {
    fn new(method: impl Fn(HeaderMap) -> Returned + Send + Sync + 'static) -> Self {
        Self(Arc::new(method))
    }

    async fn serve(self, layer: ServerTraceLayer) -> (Server, Channel) {
        let listener = listen().await;
        let addr = listener.local_addr().unwrap();
        let connections = TcpListenerStream::new(listener);
        let service = tonic::transport::Server::builder().layer(layer).add_service(self);
        let serve = async { service.serve_with_incoming(connections).await.unwrap() };
        let server = Server::spawn(addr, serve);
        let channel = Channel::from_shared(server.url("")).unwrap().connect().await.unwrap();
        (server, channel)
    }
}

impl NamedService for Method {
    const NAME: &'static str = "a.B";
}

impl Service<http::Request<Body>> for Method {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let method = self.clone();
        Box::pin(async move { Ok(Grpc::new(ProstCodec::default()).unary(method, request).await) })
    }
}

impl UnaryService<()> for Method {
    type Response = String;
    type Future = BoxFuture<'static, Result<Response<String>, Status>>;

    fn call(&mut self, request: Request<()>) -> Self::Future {
        let returned = (self.0)(request.into_parts().0.into_headers());
        Box::pin(async { returned.await.map(Response::new) })
    }
}

async fn unary<S>(service: S, headers: HeaderMap) -> Result<String, Status>
where
    S: GrpcService<Body, Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
    S::ResponseBody:
        http_body::Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    let mut client = Client::new(service);
    client.ready().await.map_err(|error| Status::from_error(error.into()))?;
    let request = Request::from_parts(MetadataMap::from_headers(headers), Default::default(), ());
    let path = PathAndQuery::from_static("/a.B/C");
    Ok(client.unary(request, path, ProstCodec::<(), String>::default()).await?.into_inner())
}

fn header_map(headers: Headers) -> HeaderMap {
    let header = |(name, value): (_, Vec<u8>)| {
        (HeaderName::from_static(name), HeaderValue::from_bytes(&value).unwrap())
    };
    headers.into_iter().map(header).collect()
}

/// Headers as text, and back.
fn lines(headers: &HeaderMap) -> String {
    headers.iter().map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap())).collect()
}

fn seen(lines: &str) -> Seen {
    let headers = lines.lines().map(|line| line.split_once(": ").unwrap());
    Some(headers.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())).collect())
}
