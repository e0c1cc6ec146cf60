//! Channels, consumers and deliveries against the RabbitMQ that `TRILHA_TEST_AMQP_URL` names.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "helpers of tests"
)]

mod batch;
mod contract;
mod destination;
mod failure;
mod metrics;
mod publish;
mod receive;
mod settle;
mod support;
mod trust;
