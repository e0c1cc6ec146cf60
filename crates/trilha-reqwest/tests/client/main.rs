//! The client against real servers on the loopback address.
//!
//! It asserts on what arrived at a receiver, not on internals. The metrics are read where they are
//! aggregated.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "helpers of tests")]

mod bodies;
mod contract;
mod hostile;
mod metrics;
mod redirects;
mod requests;
mod support;
