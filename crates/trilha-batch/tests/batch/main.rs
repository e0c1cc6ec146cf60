//! Runs, partitions and fan-out, as they arrive at a receiver; the metrics where they are aggregated.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "helpers of tests")]

mod metrics;
mod processes;
mod runs;
