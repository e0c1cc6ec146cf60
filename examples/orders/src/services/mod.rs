//! The four services, and what they share: settings, the order, the tenant, errors, a clean stop.

mod gateway;
mod notification;
mod order;
mod payment;
mod process;

use std::time::Duration;

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

pub(crate) use self::process::{LONGEST_STOP, Word, run};
use crate::{database, queue};

/// One of the services.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ValueEnum)]
pub(crate) enum Role {
    Gateway,
    Order,
    Payment,
    Notification,
}

impl Role {
    /// As the command line calls it.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// Where a service finds the others. Where its telemetry goes is in the variables of OpenTelemetry.
#[derive(Debug, clap::Args)]
pub(crate) struct Settings {
    pub(crate) role: Role,
    #[arg(long, env = "ORDERS_DATABASE")]
    pub(crate) database: String,
    #[arg(long, env = "ORDERS_BROKER")]
    pub(crate) broker: String,
    /// Stands behind the names of all queues, so that runs on one broker do not meet.
    #[arg(long, env = "ORDERS_QUEUE_SUFFIX", default_value = "")]
    pub(crate) queue_suffix: String,
    #[arg(long, env = "ORDERS_ORDER_URL", default_value = "")]
    pub(crate) order_url: String,
}

/// An order, as a client sends it.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Order {
    pub(crate) id: String,
    /// In cents.
    pub(crate) total: i64,
    /// Whether the payment fails.
    pub(crate) is_declined: bool,
    /// The service that takes longer than anybody waits, right after its write to the database.
    pub(crate) slow_in: Option<Role>,
}

impl Order {
    /// Work that takes its time, where the order wants it so.
    pub(crate) async fn take_time(&self, role: Role) {
        if self.slow_in == Some(role) {
            tokio::time::sleep(Duration::from_secs(3600)).await;
        }
    }
}

/// What the queues carry.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Placed {
    pub(crate) tenant: String,
    pub(crate) order: Order,
}

/// On whose behalf a request is made: here a header, in real life what authentication found out.
pub(crate) struct Tenant(pub(crate) String);

impl Tenant {
    pub(crate) const HEADER: &'static str = "x-tenant";
}

impl<S: Sync> FromRequestParts<S> for Tenant {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        let header = parts.headers.get(Self::HEADER).and_then(|value| value.to_str().ok());
        header.map(|tenant| Self(tenant.to_owned())).ok_or(StatusCode::UNAUTHORIZED)
    }
}

/// Why an order could not be handled.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the card was declined")]
    Declined,
    #[error(transparent)]
    Database(#[from] database::Error),
    #[error(transparent)]
    Queue(#[from] queue::Error),
    #[error(transparent)]
    Call(#[from] reqwest::Error),
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::Call(_) => StatusCode::BAD_GATEWAY.into_response(),
            _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
}
