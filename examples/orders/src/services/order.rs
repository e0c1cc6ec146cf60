//! The order service: saves an order and asks for its payment.

use std::time::Duration;

use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use trilha::prelude::*;

use super::{
    Failure, Order, Placed, Role, Settings, Tenant,
    process::{Error, Stop, serve},
};
use crate::{
    database::Database,
    queue::{PAYMENT_NEEDED, Queue},
};

#[derive(Clone)]
struct App {
    database: Database,
    queue: Queue,
}

pub(super) async fn run(settings: Settings, stop: Stop) -> Result<trilha::Report, Error> {
    let telemetry = Telemetry::builder("order-service")
        .version(env!("CARGO_PKG_VERSION"))
        .team("checkout")
        .zone(Zone::Z2)
        .install()?;

    let app = App {
        database: Database::connect(&settings.database).await?,
        queue: Queue::connect(&settings.broker, &settings.queue_suffix).await?,
    };
    let router = Router::new()
        .route("/orders", post(create_order))
        .layer(trilha::tower::ServerTraceLayer::new())
        .with_state(app);
    serve(router, stop).await?;

    Ok(telemetry.shutdown(Duration::from_secs(5)).await)
}

#[tracing::instrument(skip_all, err(level = "warn"))]
async fn create_order(
    State(app): State<App>,
    Tenant(tenant): Tenant,
    Json(order): Json<Order>,
) -> Result<StatusCode, Failure> {
    trilha::attributes().tenant(&tenant).correlation_id(&order.id);
    app.database.insert_order(&tenant, &order).await?;
    order.take_time(Role::Order).await;
    app.queue.publish(PAYMENT_NEEDED, &Placed { tenant, order }).await?;
    tracing::info!("order created");
    Ok(StatusCode::CREATED)
}
