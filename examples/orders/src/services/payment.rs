//! The payment service: pays for orders, and says so.

use std::time::Duration;

use trilha::prelude::*;

use super::{
    Failure, Placed, Role, Settings,
    process::{Error, Stop, ready},
};
use crate::{
    database::Database,
    queue::{Message, PAYMENT_COMPLETE, PAYMENT_NEEDED, Queue},
};

pub(super) async fn run(settings: Settings, stop: Stop) -> Result<trilha::Report, Error> {
    let telemetry = Telemetry::builder("payment-service")
        .version(env!("CARGO_PKG_VERSION"))
        .team("payments")
        .zone(Zone::Z3)
        .install()?;

    let database = Database::connect(&settings.database).await?;
    let queue = Queue::connect(&settings.broker, &settings.queue_suffix).await?;
    let mut messages = queue.consume(PAYMENT_NEEDED).await?;
    ready("");
    while let Some((message, operation)) = stop.or(messages.recv()).await? {
        // A failure is the operation's outcome, and in the log: the next message may fare better.
        let _ = operation.run(pay(&database, &queue, &message)).await;
        message.settle().await?;
    }

    Ok(telemetry.shutdown(Duration::from_secs(5)).await)
}

#[tracing::instrument(skip_all, err(level = "warn"))]
async fn pay(database: &Database, queue: &Queue, message: &Message<'_>) -> Result<(), Failure> {
    let placed: Placed = message.body()?;
    let Placed { tenant, order } = &placed;
    trilha::attributes().tenant(tenant).correlation_id(&order.id);
    if order.is_declined {
        database.update_order(&order.id, "declined").await?;
        return Err(Failure::Declined);
    }
    database.update_order(&order.id, "paid").await?;
    order.take_time(Role::Payment).await;
    queue.publish(PAYMENT_COMPLETE, &placed).await?;
    Ok(())
}
