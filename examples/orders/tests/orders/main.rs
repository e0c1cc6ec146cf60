//! The example as a newcomer runs it: the built program, its traces, its drills, its processes.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "helpers of tests")]

mod canaries;
mod drills;
mod forest;
mod processes;
mod program;
mod rotel;
mod servers;
mod whole;
