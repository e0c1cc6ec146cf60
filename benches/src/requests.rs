//! A request to an axum service under one layer, answered in memory: no sockets, no runtime.

use std::convert::Infallible;

use axum::{Router, body::Body, extract::Request, response::IntoResponse, routing::get};
use futures_util::FutureExt;
use http_body_util::BodyExt;
use tower::{Layer, Service, ServiceExt};

use crate::Result;

/// The service, ready to answer: its routes are made of handlers and layers once, as `axum::serve` has it, and not for
/// each request.
pub(crate) fn service<L>(layer: L) -> Router
where
    L: Layer<axum::routing::Route> + Clone + Send + Sync + 'static,
    L::Service: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
    <L::Service as Service<Request>>::Response: IntoResponse + 'static,
    <L::Service as Service<Request>>::Future: Send + 'static,
{
    Router::new().route("/orders/{id}", get(|| async { "an order" })).layer(layer).with_state(())
}

/// One request, from its head to the last byte of the answer. `number` makes its trace a new one.
pub(crate) fn answer(router: &Router, number: u64) {
    let answered = async {
        let request = http::Request::get("/orders/42")
            .header("host", "orders.example")
            .header("user-agent", "trilha-benches")
            .header("traceparent", format!("00-{number:032x}-{number:016x}-01"))
            .body(Body::empty())?;
        let response = router.clone().oneshot(request).await?;
        response.into_body().collect().await?;
        Result::Ok(())
    };
    assert!(matches!(answered.now_or_never(), Some(Ok(()))), "the service did not answer at once");
}
