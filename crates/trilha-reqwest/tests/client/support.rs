//! What the tests share: a caller with a trace, and servers on the loopback address.

use std::future::Future;

use axum::Router;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use trilha_core::{Operation, Outcome, Scope, SpanKind};
use trilha_reqwest::Client;
use trilha_testing::{Fixture, SpanRef, Trace};

const SCOPE: Scope = Scope::new("test", "0");

/// Something that makes requests.
pub(crate) struct Caller {
    pub(crate) fixture: Fixture,
    pub(crate) client: Client,
}

impl Caller {
    pub(crate) fn new() -> Self {
        let fixture = Fixture::start("caller");
        let client = Client::new(reqwest::Client::builder().no_proxy().build().unwrap());
        Self { fixture, client }
    }

    pub(crate) fn operation(&self) -> Operation {
        Operation::builder(&SCOPE, "caller", SpanKind::Internal)
            .handle(self.fixture.handle().clone())
            .root()
            .start()
    }

    /// Runs a future as the root of a trace, and waits for all that ended until then.
    pub(crate) async fn trace_of<T>(&self, future: impl Future<Output = T>) -> (T, Trace) {
        let operation = self.operation();
        let trace_id = operation.trace_context().trace_id();
        let output = operation.run_with(future, |_| Outcome::Ok).await;
        self.fixture.flush().await;
        (output, self.fixture.receiver().trace(trace_id).await)
    }
}

/// The only request of a trace.
pub(crate) fn request(trace: &Trace) -> SpanRef<'_> {
    trace.has_spans(2);
    trace.root().children()[0]
}

/// Serves `router`, and returns its URL without a path.
pub(crate) async fn serve(router: Router) -> String {
    let (listener, url) = listen().await;
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// Answers each connection with these bytes, and closes it.
pub(crate) async fn answer(bytes: &'static str) -> String {
    let (listener, url) = listen().await;
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let _ = connection.read(&mut [0; 4096]).await;
            let _ = connection.write_all(bytes.as_bytes()).await;
        }
    });
    url
}

pub(crate) async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}
