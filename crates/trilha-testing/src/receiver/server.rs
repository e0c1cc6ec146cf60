//! The thread and runtime of a receiver, its listeners, and its connections.
//!
//! The accept loop is our own, so that a test may have a connection cut without an answer.

use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::http::HeaderMap;
use axum::{Extension, Router};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Handle};
use tokio::sync::Notify;

use super::shared::Shared;
use super::{grpc, http};
use crate::error::{Kind, SetupError};

/// A running server.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) http_addr: SocketAddr,
    pub(super) grpc_addr: SocketAddr,
    pub(super) runtime: Handle,
    pub(super) thread: JoinHandle<()>,
}

/// Listens on both addresses, and serves on a thread of its own until `shared` is stopped.
pub(super) fn start(
    shared: Arc<Shared>,
    http_addr: SocketAddr,
    grpc_addr: SocketAddr,
) -> Result<Server, SetupError> {
    let (http_listener, http_addr) = bind("http_addr", http_addr)?;
    let (grpc_listener, grpc_addr) = bind("grpc_addr", grpc_addr)?;
    let runtime = Builder::new_current_thread().enable_all().build().map_err(Kind::Thread)?;
    let handle = runtime.handle().clone();
    let (http_listener, grpc_listener) = {
        let _inside = runtime.enter();
        let http_listener = TcpListener::from_std(http_listener).map_err(Kind::Thread)?;
        let grpc_listener = TcpListener::from_std(grpc_listener).map_err(Kind::Thread)?;
        (http_listener, grpc_listener)
    };

    let thread = thread::Builder::new().name("trilha-receiver".to_owned());
    let thread = thread.spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                () = accept(http_listener, http::router(Arc::clone(&shared)), Http::Any) => {}
                () = accept(grpc_listener, grpc::router(Arc::clone(&shared)), Http::Two) => {}
                () = shared.stopped() => {}
            }
        });
        // Dropping the runtime here closes what is left of the connections.
    });
    Ok(Server { http_addr, grpc_addr, runtime: handle, thread: thread.map_err(Kind::Thread)? })
}

/// The connection that a request came over.
#[derive(Clone, Debug, Default)]
pub(super) struct Connection(Arc<Notify>);

impl Connection {
    /// Cuts it; the request that asked for it never goes on.
    pub(super) async fn cut<T>(&self) -> T {
        self.0.notify_one();
        std::future::pending().await
    }
}

/// Headers whose values are text.
pub(super) fn text_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let texts = headers.iter().filter_map(|(name, value)| {
        let value = value.to_str().ok()?;
        Some((name.as_str().to_owned(), value.to_owned()))
    });
    texts.collect()
}

#[derive(Clone, Copy, Debug)]
enum Http {
    Any,
    Two,
}

fn bind(option: &'static str, address: SocketAddr) -> Result<(StdListener, SocketAddr), SetupError> {
    let bound = StdListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    });
    let failed = |source| Kind::Bind { option, address, source };
    Ok(bound.map_err(failed)?)
}

async fn accept(listener: TcpListener, router: Router, http: Http) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(serve(stream, router.clone(), http));
            }
            // Too many open files, or a peer that has gone already: the next try may succeed.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn serve(stream: TcpStream, router: Router, http: Http) {
    // Answers are small; without it they would wait for more.
    let _ = stream.set_nodelay(true);
    let connection = Connection::default();
    let service = TowerToHyperService::new(router.layer(Extension(connection.clone())));
    let mut builder = auto::Builder::new(TokioExecutor::new());
    if let Http::Two = http {
        builder = builder.http2_only();
    }
    tokio::select! {
        // A connection that ends badly is its peer's business.
        _ = builder.serve_connection(TokioIo::new(stream), service) => {}
        () = connection.0.notified() => {}
    }
}
