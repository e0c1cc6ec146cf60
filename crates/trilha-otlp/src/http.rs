//! An HTTP client that lives on the pipeline's own thread, for other signals of the same service.
//!
//! It posts bytes and knows nothing of OTLP. It neither follows redirects nor tries again.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, header::USER_AGENT, response::Parts};
use http_body_util::{BodyExt, Limited};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use tokio::{runtime, task::JoinHandle};

use crate::transport::Payload;

/// What an answer's body may take.
const MAX_ANSWER: usize = 1024 * 1024;

const AGENT: HeaderValue = HeaderValue::from_static(concat!("trilha-otlp/", env!("CARGO_PKG_VERSION")));

/// Posts bytes from any thread, with or without a runtime of its own: the work is done on the
/// pipeline's thread, and is not traced. Cheap to clone; clones share the connections.
///
/// It works until the [`Pipeline`](crate::Pipeline) that it comes from is shut down.
#[derive(Clone, Debug)]
pub struct Client {
    exchange: Exchange,
    runtime: runtime::Handle,
    timeout: Duration,
}

impl Client {
    pub(crate) fn new(exchange: Exchange, runtime: runtime::Handle) -> Self {
        Self { exchange, runtime, timeout: Duration::from_secs(10) }
    }

    /// How long a request may take, its answer included. Defaults to 10 s.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Posts `body` to an `http://` address. Dropping the future ends the request.
    ///
    /// # Errors
    /// [`SendError`] where no whole answer came; any status is an answer.
    pub fn post(
        &self,
        uri: Uri,
        headers: HeaderMap,
        body: Bytes,
    ) -> impl Future<Output = Result<Response<Bytes>, SendError>> + Send + use<> {
        let (exchange, timeout) = (self.exchange.clone(), self.timeout);
        let payload = Payload { body, attempt: Arc::default() };
        let task = self.runtime.spawn(async move {
            let request = exchange.post(uri, headers, payload);
            let (head, body) = tokio::time::timeout(timeout, request).await.map_err(|_| Kind::Timeout)??;
            Ok(Response::from_parts(head, body?))
        });
        Posting(task)
    }
}

/// Why no whole answer came.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct SendError(#[from] Kind);

#[derive(Debug, thiserror::Error)]
enum Kind {
    #[error("no answer in time")]
    Timeout,
    #[error("the pipeline was shut down")]
    Closed,
    #[error("the receiver could not be reached")]
    Connect(#[source] legacy::Error),
    #[error("the connection broke before the answer")]
    Broken(#[source] legacy::Error),
    #[error("the answer broke off, or is too large")]
    Answer(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl SendError {
    /// Whether time was up.
    pub fn is_timeout(&self) -> bool {
        matches!(self.0, Kind::Timeout)
    }

    /// Whether there was no connection, so that nothing was sent.
    pub fn is_connect(&self) -> bool {
        matches!(self.0, Kind::Connect(_))
    }

    /// Whether the pipeline was shut down.
    pub fn is_closed(&self) -> bool {
        matches!(self.0, Kind::Closed)
    }
}

/// A request that ends when it is dropped.
struct Posting(JoinHandle<Result<Response<Bytes>, SendError>>);

impl Future for Posting {
    type Output = Result<Response<Bytes>, SendError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|joined| joined.unwrap_or_else(|_| Err(Kind::Closed.into())))
    }
}

impl Drop for Posting {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The connections, to be used on the pipeline's runtime only.
#[derive(Clone)]
pub(crate) struct Exchange(legacy::Client<HttpConnector, Payload>);

impl Exchange {
    pub(crate) fn new() -> Self {
        let client = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .build_http();
        Self(client)
    }

    /// The head of the answer, and its body unless that broke off.
    pub(crate) async fn post(
        &self,
        uri: Uri,
        mut headers: HeaderMap,
        payload: Payload,
    ) -> Result<(Parts, Result<Bytes, SendError>), SendError> {
        headers.entry(USER_AGENT).or_insert(AGENT);
        let mut request = Request::new(payload);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        let (head, body) = match self.0.request(request).await {
            Ok(response) => response.into_parts(),
            Err(error) if error.is_connect() => return Err(Kind::Connect(error).into()),
            Err(error) => return Err(Kind::Broken(error).into()),
        };
        let body = Limited::new(body, MAX_ANSWER).collect().await;
        Ok((head, body.map(|body| body.to_bytes()).map_err(|error| Kind::Answer(error).into())))
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").finish_non_exhaustive()
    }
}
