//! Policy files: which are refused, where, and why; and that what is written can be read.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod faults;
mod hostile;
mod round_trip;
