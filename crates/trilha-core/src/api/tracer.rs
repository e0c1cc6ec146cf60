//! Tracers for foreign code: each span that they start is one of ours.
//!
//! Specification: [OpenTelemetry, tracing API](https://opentelemetry.io/docs/specs/otel/trace/api/).

use opentelemetry::{
    Context, InstrumentationScope,
    trace::{Span as _, SpanBuilder, SpanKind, Tracer, TracerProvider},
};

use super::{ApiSpan, span::borrow};
use crate::{
    Handle, Scope, Span, TraceContext,
    recorder::{Attribute, Link, SpanStart},
};

/// Tracers for code that makes its spans through the OpenTelemetry API.
///
/// A span is a child of the context that it is started in, takes the context attributes there along, and
/// is sampled and counted as any other. It is recorded by the handle of the operation around it, and by
/// the provider's own outside one. A context in which telemetry is suppressed makes no spans.
///
/// Ignored are a scope's schema URL and attributes, and the counts of what the caller dropped itself.
///
/// - **Cardinality:** names of spans are the foreign code's.
/// - **PII:** so are names, attributes, events and links; they pass the [guard](crate::guard).
///
/// ```
/// use opentelemetry::trace::{Tracer, TracerProvider};
/// use trilha_core::{Handle, api::ApiTracerProvider};
///
/// let tracer = ApiTracerProvider::new(Handle::disabled()).tracer("some-library");
/// tracer.in_span("lookup", |_context| { /* … */ });
/// ```
#[derive(Clone, Debug)]
pub struct ApiTracerProvider(Handle);

impl ApiTracerProvider {
    /// Tracers that record with the handle of the operation around, and with `handle` outside one.
    pub fn new(handle: Handle) -> Self {
        Self(handle)
    }
}

impl TracerProvider for ApiTracerProvider {
    type Tracer = ApiTracer;

    fn tracer_with_scope(&self, scope: InstrumentationScope) -> ApiTracer {
        let version = scope.version().unwrap_or_default().to_owned();
        ApiTracer { scope: Scope::foreign(scope.name().to_owned(), version), handle: self.0.clone() }
    }
}

/// A tracer of an [`ApiTracerProvider`].
#[derive(Clone, Debug)]
pub struct ApiTracer {
    scope: Scope,
    handle: Handle,
}

impl Tracer for ApiTracer {
    type Span = ApiSpan;

    // It may run while the current context is borrowed: nothing is attached or logged.
    fn build_with_context(&self, builder: SpanBuilder, context: &Context) -> ApiSpan {
        let kind = builder.span_kind.unwrap_or(SpanKind::Internal);
        let attributes = builder.attributes.unwrap_or_default();
        let links = builder.links.unwrap_or_default();
        let links: Vec<_> = links.iter().filter_map(known_link).collect();
        let links: Vec<_> = links.iter().map(|(context, attributes)| Link { context, attributes }).collect();
        let start = SpanStart {
            links: &links,
            attributes: &borrow(&attributes),
            start_time: builder.start_time,
            ..SpanStart::new(&self.scope, &builder.name, &kind)
        };
        let mut span = ApiSpan::owned(Span::start(start, context, Some(&self.handle), |_| {}));
        for event in builder.events.into_iter().flatten() {
            span.add_event_with_timestamp(event.name, event.timestamp, event.attributes);
        }
        span
    }
}

/// A link of the API's, unless it leads nowhere.
fn known_link(link: &opentelemetry::trace::Link) -> Option<(TraceContext, Vec<Attribute<'_>>)> {
    Some((TraceContext::from_api(&link.span_context)?, borrow(&link.attributes)))
}
