//! Tracing for tower services over `http`: axum, tonic, hyper, and whatever else speaks
//! `Service<http::Request<_>>`.
//!
//! [`ServerTraceLayer`] continues the trace of whoever calls, [`ClientTraceLayer`] takes it along to
//! whoever is called. Both measure the duration of requests, and end with the response's body, not with
//! its head. gRPC is HTTP to both, read by its own rules.
//!
//! ```
//! use axum::{Router, routing::get};
//! use trilha_tower::ServerTraceLayer;
//!
//! let app: Router = Router::new()
//!     .route("/orders/{id}", get(|| async {
//!         // Reaches the server's span, which is already open, its metrics, and all that follows.
//!         trilha_core::ContextAttributes::current().tenant("acme");
//!         "an order"
//!     }))
//!     .layer(ServerTraceLayer::new());
//! ```
//!
//! A tonic server takes the layer as `Server::builder().layer(ServerTraceLayer::grpc())`, a tonic client
//! as `Client::new(ClientTraceLayer::grpc().layer(channel))`.
//!
//! # Features
//! | feature | adds |
//! |---|---|
//! | `axum` | the route of an axum handler (`MatchedPath`) as `http.route`; the caller's address (`ConnectInfo`) |
//!
//! # What this crate does not do
//! It records no headers but those that its layers name, no query of a server's request, no body and no
//! message of an error. It does not catch panics, retry, follow redirects, or answer in the service's
//! place: a request and its response pass as they are, but for the context in a client's headers and
//! `Server-Timing` in a server's.

pub mod client;
pub mod server;

mod exchange;
mod grpc;
mod instruments;
mod request;

use trilha_core::Scope;

pub use crate::{
    client::{ClientTraceLayer, UrlTemplate},
    exchange::{ResponseBody, ResponseFuture},
    server::ServerTraceLayer,
};

const SCOPE: Scope = Scope::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
