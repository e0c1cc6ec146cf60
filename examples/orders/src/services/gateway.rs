//! The gateway: takes orders in from outside and hands them to the order service.

use std::time::Duration;

use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use trilha::prelude::*;

use super::{
    Failure, Order, Settings, Tenant,
    process::{Error, Stop, serve},
};

#[derive(Clone)]
struct App {
    client: trilha::reqwest::Client,
    order_url: String,
}

pub(super) async fn run(settings: Settings, stop: Stop) -> Result<trilha::Report, Error> {
    let telemetry = Telemetry::builder("gateway")
        .version(env!("CARGO_PKG_VERSION"))
        .team("edge")
        .zone(Zone::Z1)
        .install()?;

    let app = App { client: trilha::reqwest::Client::default(), order_url: settings.order_url };
    let router = Router::new()
        .route("/orders", post(place_order))
        .layer(trilha::tower::ServerTraceLayer::new())
        .with_state(app);
    serve(router, stop).await?;

    Ok(telemetry.shutdown(Duration::from_secs(5)).await)
}

async fn place_order(
    State(app): State<App>,
    Tenant(tenant): Tenant,
    Json(order): Json<Order>,
) -> Result<StatusCode, Failure> {
    trilha::attributes().tenant(&tenant).correlation_id(&order.id);
    let request = app.client.post(format!("{}/orders", app.order_url)).header(Tenant::HEADER, tenant);
    request.json(&order).send().await?.error_for_status()?;
    Ok(StatusCode::ACCEPTED)
}
