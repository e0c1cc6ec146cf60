//! Both layers on real servers and clients, under the headings of an adapter's contract.
//!
//! It asserts on what arrived at a receiver, not on internals. The metrics are read where they are
//! aggregated.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::unwrap_used, reason = "helpers of tests")]

mod client;
mod contract;
mod destinations;
mod grpc;
mod metrics;
mod server;
mod support;
