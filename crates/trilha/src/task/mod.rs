//! Tasks that take the context of the work in hand along: tokio's own functions under their own names.
//!
//! A task of tokio's starts without a context: its spans begin a trace of their own, and a tenant that
//! it sets is lost. Tasks that are spawned here run under the context that is current at the call: their
//! spans are children of the current one, carry its context attributes, and what they set there reaches
//! the operation that is open, its metrics and its log lines.
//!
//! ```
//! use trilha::task;
//!
//! # async fn stock() {}
//! # async fn price() {}
//! # async fn handler() {
//! let stock = task::spawn(stock());
//! let price = task::spawn_blocking(|| trilha::attributes().tenant("acme").clone());
//! task::background("send receipt", async { Err("no printer") as Result<(), &str> });
//! # }
//! ```
//!
//! | work | takes the context along with |
//! |---|---|
//! | a task | [`spawn`], [`spawn_local`] |
//! | a blocking function | [`spawn_blocking`] |
//! | a set of tasks | [`JoinSetExt`], in the [prelude](crate::prelude) |
//! | a thread, another pool | [`carry`]: `std::thread::spawn(carry(…))` |
//! | a future or a stream, elsewhere | `with_current_context()`, in the [prelude](crate::prelude) |
//! | what a callback starts elsewhere, as axum's `on_upgrade` | `Context::current()` before it, and `with_context` on the future in it |
//! | a job that outlives its request | [`background`] |
//! | what a process was started for | [`job`] |
//!
//! Handles, panics and aborts are tokio's. A panic in a task does not fail the operation that spawned it:
//! that goes on, and may fail when it sees the `JoinError`. Spans that the task has open are ended.

mod background;
mod job;
mod join_set;

use opentelemetry::context::FutureExt;
use tokio::task::JoinHandle;
use trilha_core::carry;

pub use self::{
    background::{JobOutput, background},
    job::job,
    join_set::JoinSetExt,
};

/// [`tokio::spawn`] under the current context.
///
/// # Panics
/// Outside a tokio runtime, as tokio's.
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    tokio::spawn(future.with_current_context())
}

/// [`tokio::task::spawn_local`] under the current context.
///
/// # Panics
/// Outside a `LocalSet`, as tokio's.
#[track_caller]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: 'static> + 'static,
{
    tokio::task::spawn_local(future.with_current_context())
}

/// [`tokio::task::spawn_blocking`] under the current context.
///
/// # Panics
/// Outside a tokio runtime, as tokio's.
#[track_caller]
pub fn spawn_blocking<F, R>(f: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    tokio::task::spawn_blocking(carry(f))
}
