//! The context attributes of the work in hand, and of work that runs beside.

use opentelemetry::context::{FutureExt, WithContext};
use trilha_core::{ContextAttributes, current};

/// The context attributes of the work in hand: tenant, route, model and what else the schema holds.
///
/// See [`ContextAttributes`].
pub fn attributes() -> ContextAttributes {
    ContextAttributes::current()
}

/// Runs a future, or a stream, with a copy of the context attributes, on which `set` sets some first.
///
/// What is set on the copy, at once or later, reaches the spans that start inside and their logs, and
/// nothing outside: not the operation that is open, nor what runs beside. Outside any operation there
/// are no context attributes, and `set` has no effect.
///
/// ```
/// # async fn predict() {}
/// # async fn handler() {
/// tokio::join!(
///     trilha::with_attributes(|copy| copy.component("champion"), predict()),
///     trilha::with_attributes(|copy| copy.component("challenger"), predict()),
/// );
/// # }
/// ```
pub fn with_attributes<F>(
    set: impl FnOnce(&ContextAttributes) -> &ContextAttributes,
    future: F,
) -> WithContext<F> {
    let attributes = attributes().fork();
    set(&attributes);
    future.with_context(attributes.in_context(&current::context()))
}
