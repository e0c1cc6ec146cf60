//! Producers and consumers against two brokers: librdkafka's mock cluster in this process, and the one
//! that `TRILHA_TEST_KAFKA_URL` names.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "helpers of tests"
)]

mod batch;
mod contract;
mod failure;
mod metrics;
mod receive;
mod send;
mod settle;
mod support;
mod trust;
