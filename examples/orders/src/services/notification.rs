//! The notification service: tells the customer, and keeps a log of it.

use std::time::Duration;

use trilha::prelude::*;

use super::{
    Failure, Placed, Role, Settings,
    process::{Error, Stop, ready},
};
use crate::{
    database::Database,
    queue::{Message, PAYMENT_COMPLETE, Queue},
};

pub(super) async fn run(settings: Settings, stop: Stop) -> Result<trilha::Report, Error> {
    let telemetry = Telemetry::builder("notification-service")
        .version(env!("CARGO_PKG_VERSION"))
        .team("customers")
        .zone(Zone::Z4)
        .install()?;

    let database = Database::connect(&settings.database).await?;
    let queue = Queue::connect(&settings.broker, &settings.queue_suffix).await?;
    let mut messages = queue.consume(PAYMENT_COMPLETE).await?;
    ready("");
    while let Some((message, operation)) = stop.or(messages.recv()).await? {
        // A failure is the operation's outcome, and in the log: the next message may fare better.
        let _ = operation.run(notify(&database, &message)).await;
        message.settle().await?;
    }

    Ok(telemetry.shutdown(Duration::from_secs(5)).await)
}

#[tracing::instrument(skip_all, err(level = "warn"))]
async fn notify(database: &Database, message: &Message<'_>) -> Result<(), Failure> {
    let Placed { tenant, order } = message.body()?;
    trilha::attributes().tenant(tenant).correlation_id(&order.id);
    database.insert_notification(&order.id, "your order is paid").await?;
    order.take_time(Role::Notification).await;
    Ok(())
}
