//! The OpenTelemetry API for foreign code: libraries that know nothing of us make spans in our traces.
//!
//! Our own adapters do not come this way: they make [`Operation`](crate::Operation)s.

mod span;
mod tracer;

pub use self::{
    span::ApiSpan,
    tracer::{ApiTracer, ApiTracerProvider},
};
