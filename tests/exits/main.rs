//! Every way by which text leaves a service: the guard is asked at each, and a new one is not forgotten.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod places;
mod sources;
