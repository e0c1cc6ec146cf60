//! Processors and exporters of the SDK behind guard, fence and counts.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "helpers of tests")]

mod canaries;
mod fenced;
mod metrics;
