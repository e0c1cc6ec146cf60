//! The layer of tracing-opentelemetry on our tracer, for code that leans on its extension trait.

use opentelemetry::{InstrumentationScope, trace::TracerProvider};
use tracing_core::Subscriber;
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::registry::LookupSpan;
use trilha_core::{
    Handle,
    api::{ApiTracer, ApiTracerProvider},
};

/// The layer of tracing-opentelemetry, recording by `handle`: for code that calls the `set_parent` of
/// [`OpenTelemetrySpanExt`](tracing_opentelemetry::OpenTelemetrySpanExt) on spans that were made before.
///
/// Its spans are sampled, judged, counted and sent as all others, and operations hang on them and they on operations.
/// It takes the place of [`TraceLayer`](crate::TraceLayer), whose [differences](crate#differences) are the
/// reasons to come back to it: above all, a span that a log filter switched off loses the parent that is set on it.
///
/// As with ours, what describes code and threads is off until it is asked for.
///
/// ```
/// use opentelemetry::Context;
/// use tracing::{info_span, subscriber::with_default};
/// use tracing_subscriber::prelude::*;
/// use trilha_core::Handle;
/// use trilha_tracing::{opentelemetry_layer, tracing_opentelemetry::OpenTelemetrySpanExt};
///
/// let layer = opentelemetry_layer(Handle::disabled()).with_location(true);
/// with_default(tracing_subscriber::registry().with(layer), || {
///     let span = info_span!("request");
///     let parent = Context::new(); // as a propagator extracted it
///     span.set_parent(parent).unwrap();
/// });
/// ```
///
/// - **Cardinality:** names of spans are those in the code.
/// - **PII:** names, fields, errors and messages pass the [guard](trilha_core::guard).
pub fn opentelemetry_layer<S>(handle: Handle) -> OpenTelemetryLayer<S, ApiTracer>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let scope = InstrumentationScope::builder("tracing-opentelemetry").build();
    tracing_opentelemetry::layer()
        .with_tracer(ApiTracerProvider::new(handle).tracer_with_scope(scope))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
}
