//! The names that most programs need, and the traits that add `…_traced` to the hosts' own types.

pub use opentelemetry::context::FutureExt as _;
pub use trilha_core::{Operation, Outcome, Scope, SpanKind, schema::Zone};
#[cfg(feature = "lapin")]
pub use trilha_lapin::{ChannelExt as _, ConsumerExt as _, DeliveryExt as _, MessageExt as _};
#[cfg(feature = "rdkafka")]
pub use trilha_rdkafka::{
    BaseConsumerExt as _, ConsumerExt as _, FutureProducerExt as _, MessageExt as _, ProducerExt as _,
    StreamConsumerExt as _,
};
pub use trilha_tracing::SpanExt as _;

pub use crate::{Telemetry, task::JoinSetExt as _};
