//! The server's layer, under axum.

mod broken;
mod ends;
mod keeps;
mod never_fails;
mod parents;
mod records;
mod survives;
mod trust;

use axum::{Router, routing::get};
use trilha_tower::ServerTraceLayer;

use crate::support::{Fixture, Server};

/// A server of one route, `GET /orders/{id}`.
async fn orders<H, T>(fixture: &Fixture, handler: H) -> Server
where
    H: axum::handler::Handler<T, ()>,
    T: 'static,
{
    let layer = ServerTraceLayer::new().handle(fixture.handle().clone());
    Server::start(Router::new().route("/orders/{id}", get(handler)).layer(layer)).await
}

const ORDERS: &str = "GET /orders/{id}";

/// What a client that goes away sends before.
fn raw_request(traceparent: &str) -> Vec<u8> {
    format!("GET /orders/1 HTTP/1.1\r\nhost: a\r\ntraceparent: {traceparent}\r\n\r\n").into_bytes()
}
