//! What the guard finds, what it leaves alone, and what cannot break it: over `PiiGuard` alone.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod carriers;
mod clean;
mod hostile;
mod ordinary;
mod recall;
