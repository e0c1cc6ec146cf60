//! What crosses from one process to the next, as an operation takes it over and sends it on.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod arrival;
mod formats;
mod panics;
mod support;
