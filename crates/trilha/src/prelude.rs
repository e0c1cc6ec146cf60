//! The names that most programs need.

pub use trilha_core::{Operation, Outcome, schema::Zone};
#[cfg(feature = "lapin")]
pub use trilha_lapin::prelude::*;
#[cfg(feature = "rdkafka")]
pub use trilha_rdkafka::prelude::*;

pub use crate::Telemetry;
