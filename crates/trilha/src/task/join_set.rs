//! tokio's `JoinSet`, with tasks that take the context of the work in hand along.

use opentelemetry::context::FutureExt;
use tokio::task::{AbortHandle, JoinSet};
use trilha_core::carry;

/// Methods of a [`JoinSet`] that spawn under the current context.
///
/// ```
/// use tokio::task::JoinSet;
/// use trilha::prelude::*;
///
/// # async fn stock_of(item: u32) {}
/// # async fn handler() {
/// let mut set = JoinSet::new();
/// for item in 0..3 {
///     set.spawn_traced(stock_of(item));
/// }
/// set.join_all().await;
/// # }
/// ```
pub trait JoinSetExt<T> {
    /// [`JoinSet::spawn`] under the current context.
    ///
    /// # Panics
    /// Outside a tokio runtime, as tokio's.
    fn spawn_traced<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send;

    /// [`JoinSet::spawn_local`] under the current context.
    ///
    /// # Panics
    /// Outside a `LocalSet`, as tokio's.
    fn spawn_local_traced<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + 'static;

    /// [`JoinSet::spawn_blocking`] under the current context.
    ///
    /// # Panics
    /// Outside a tokio runtime, as tokio's.
    fn spawn_blocking_traced<F>(&mut self, f: F) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send;
}

impl<T: 'static> JoinSetExt<T> for JoinSet<T> {
    #[track_caller]
    fn spawn_traced<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        self.spawn(future.with_current_context())
    }

    #[track_caller]
    fn spawn_local_traced<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        self.spawn_local(future.with_current_context())
    }

    #[track_caller]
    fn spawn_blocking_traced<F>(&mut self, f: F) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        self.spawn_blocking(carry(f))
    }
}
