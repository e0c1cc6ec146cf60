//! Both tower layers in their gRPC mode, and the client's layer over HTTP: methods, metadata, messages of a status.

use std::convert::Infallible;

use axum::{
    body::Body,
    http::{HeaderValue, Request, Response},
};
use tower::{Layer, ServiceExt, service_fn};
use trilha::tower::{ClientTraceLayer, ServerTraceLayer};

use crate::{plants::Plants, service::Service, web::percent};

const ROUNDS: usize = 200;

pub(crate) async fn plant(service: &Service, plants: &mut Plants) {
    for _ in 0..ROUNDS {
        let server = ServerTraceLayer::grpc().handle(service.handle()).layer(service_fn(answer));
        let client = ClientTraceLayer::grpc().handle(service.handle()).layer(server);
        client.oneshot(request(plants, "http://orders:50051/shop.v1.Orders")).await.unwrap();
        let client = ClientTraceLayer::new().handle(service.handle()).layer(service_fn(answer));
        client.oneshot(request(plants, "http://orders/customers")).await.unwrap();
    }
    service.flush().await;
}

fn request(plants: &mut Plants, to: &str) -> Request<Body> {
    let bytes = |text: String| HeaderValue::from_bytes(text.as_bytes()).unwrap();
    Request::builder()
        .method(plants.method().as_str())
        .uri(format!("{to}/{}?note={}", percent(&plants.text()), percent(&plants.text())))
        .header("content-type", "application/grpc")
        .header("authorization", bytes(plants.line()))
        .header("x-note", bytes(plants.line()))
        .header("user-agent", bytes(plants.ascii()))
        .body(Body::from(plants.text()))
        .unwrap()
}

/// Fails, and says of whom.
async fn answer(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let note = request.headers().get("x-note").cloned().unwrap();
    let response = Response::builder().header("grpc-status", "13").header("grpc-message", note);
    Ok(response.body(Body::empty()).unwrap())
}
