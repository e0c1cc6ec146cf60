//! The OpenTelemetry API for foreign code: libraries that know nothing of us make spans in our traces, and
//! carry them in their headers.
//!
//! Our own adapters do not come this way: they make [`Operation`](crate::Operation)s.

mod meter;
mod open;
mod propagator;
mod span;
#[cfg(test)]
mod tests;
mod tracer;

pub(crate) use self::meter::{guarded, idle};
pub use self::{
    meter::ApiMeterProvider,
    propagator::ApiPropagator,
    span::ApiSpan,
    tracer::{ApiTracer, ApiTracerProvider},
};
