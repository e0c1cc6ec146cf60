//! Real servers and clients on loopback sockets, and the trace that a caller sends.

use std::{
    future::{Future, IntoFuture},
    net::SocketAddr,
    time::Duration,
};

use axum::{Router, body::Bytes};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use opentelemetry::trace::{SpanId, TraceId};
use tokio::{io::AsyncWriteExt, net::TcpListener, net::TcpStream, task::JoinHandle};
use trilha_core::{Handle, HandleBuilder, TraceContext, Traceparent};
use trilha_testing::{Trace, Wait};

pub(crate) use trilha_testing::Fixture;

pub(crate) type HttpClient = Client<HttpConnector, Full<Bytes>>;

/// A server, for as long as the value lives.
pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(app: Router) -> Self {
        let listener = listen().await;
        let addr = listener.local_addr().unwrap();
        Self::spawn(addr, async { axum::serve(listener, app).await.unwrap() })
    }

    /// A server whose requests know the address that they come from.
    pub(crate) async fn start_with_connect_info(app: Router) -> Self {
        let listener = listen().await;
        let addr = listener.local_addr().unwrap();
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        Self::spawn(addr, async { axum::serve(listener, app).await.unwrap() })
    }

    pub(crate) fn spawn(addr: SocketAddr, serve: impl Future<Output = ()> + Send + 'static) -> Self {
        Self { addr, task: tokio::spawn(serve) }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// Sends a request over HTTP/1 and reads all of the answer.
    pub(crate) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(http1(), "GET", path, headers).await
    }

    pub(crate) async fn send(
        &self,
        client: HttpClient,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(self.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = client.request(request.body(Full::default()).unwrap()).await.unwrap();
        Answer::read(response).await
    }

    /// A connection on which a request was sent, to be dropped by a client that goes away.
    pub(crate) async fn send_raw(&self, request: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.addr).await.unwrap();
        stream.write_all(request).await.unwrap();
        stream
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) async fn read<B>(response: Response<B>) -> Self
    where
        B: http_body::Body<Data: Send, Error: std::fmt::Debug>,
    {
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Self {
            status: head.status.as_u16(),
            headers: head.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    /// The trace that the answer names.
    pub(crate) fn trace(&self) -> Traceparent {
        self.named_traces().pop().expect("no trace is named")
    }

    pub(crate) fn named_traces(&self) -> Vec<Traceparent> {
        let values = self.headers.get_all("server-timing").iter();
        values
            .filter_map(|value| {
                value.to_str().unwrap().strip_prefix("traceparent;desc=\"")?.strip_suffix('"')?.parse().ok()
            })
            .collect()
    }
}

/// A caller's trace.
pub(crate) struct Caller(Traceparent);

impl Caller {
    pub(crate) fn new() -> Self {
        Self(*TraceContext::of_child(None, |_| true).traceparent().unwrap())
    }

    pub(crate) fn header(&self) -> String {
        self.0.to_string()
    }

    pub(crate) fn trace_id(&self) -> TraceId {
        self.0.trace_id()
    }

    pub(crate) fn span_id(&self) -> SpanId {
        self.0.parent_id()
    }

    /// The spans below the caller, once they are whole.
    pub(crate) async fn trace(&self, fixture: &Fixture) -> Trace {
        trace_under(fixture, self.trace_id(), self.span_id()).await
    }
}

/// A whole trace.
pub(crate) async fn trace(fixture: &Fixture, trace_id: TraceId) -> Trace {
    arrival(fixture, fixture.receiver().trace(trace_id)).await
}

/// A trace that is whole below a span of somebody else.
pub(crate) async fn trace_under(fixture: &Fixture, trace_id: TraceId, span_id: SpanId) -> Trace {
    arrival(fixture, fixture.receiver().trace_under(trace_id, span_id)).await
}

/// The only trace of a service.
pub(crate) async fn only_trace(fixture: &Fixture) -> Trace {
    arrival(fixture, fixture.receiver().trace_where(|_| true)).await
}

/// All traces of a service, once they meet a condition.
pub(crate) async fn traces_where(
    fixture: &Fixture,
    condition: impl FnMut(&[Trace]) -> bool + Send,
) -> Vec<Trace> {
    arrival(fixture, fixture.receiver().wait_for(condition)).await
}

/// Waits, and meanwhile sends what ends, so that no test waits for the end of a batch.
async fn arrival<T: Send>(fixture: &Fixture, wait: Wait<'_, T>) -> T {
    let sending = async {
        loop {
            fixture.flush().await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        found = wait.into_future() => found,
        never = sending => never,
    }
}

/// A handle of other settings over the same recorder.
pub(crate) fn handle_over(fixture: &Fixture) -> HandleBuilder {
    Handle::builder(fixture.handle().recorder().clone())
}

pub(crate) async fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

pub(crate) fn http1() -> HttpClient {
    Client::builder(TokioExecutor::new()).build_http()
}

pub(crate) fn http2() -> HttpClient {
    Client::builder(TokioExecutor::new()).http2_only(true).build_http()
}

/// An operation of the test's own, in whose context clients are called.
pub(crate) fn work(fixture: &Fixture) -> trilha_core::Operation {
    const SCOPE: trilha_core::Scope = trilha_core::Scope::new("test", "");
    trilha_core::Operation::builder(&SCOPE, "work", trilha_core::SpanKind::Internal)
        .handle(fixture.handle().clone())
        .start()
}
