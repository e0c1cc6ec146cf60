//! Our span behind the OpenTelemetry API's `Span`, so that foreign code which asks the current
//! `Context` for its span gets one that records.

use std::{borrow::Cow, time::SystemTime};

use opentelemetry::{
    Context, KeyValue,
    trace::{Span as ApiSpanTrait, SpanContext, Status as ApiStatus, TraceContextExt},
};

use super::open;
use crate::{
    TraceContext,
    recorder::{Attribute, Link, Span, Status, Value},
};

/// Our span as the OpenTelemetry API knows one.
///
/// That of an operation, or of a span of `tracing`, shows no tracestate there: the global propagator sends it,
/// a propagator that somebody makes themselves does not.
///
/// What was started by an [`ApiTracer`](super::ApiTracer) ends when it is dropped.
#[derive(Debug)]
pub struct ApiSpan {
    span: Span,
    context: SpanContext,
    ends_on_drop: bool,
}

impl ApiSpan {
    /// A span that somebody else ends, in a context that holds its trace as we know it.
    ///
    /// It shows no tracestate: to make the API's of ours costs more than a span, and what we send is what the
    /// context holds.
    pub(crate) fn shared(span: Span) -> Self {
        let context = span.trace_context().to_api_without_tracestate(false);
        Self { span, context, ends_on_drop: false }
    }

    /// A span that is foreign code's own, in whatever context.
    pub(super) fn owned(span: Span) -> Self {
        let context = span.trace_context().to_api(false);
        if span.is_kept() {
            open::add(&span);
        }
        Self { span, context, ends_on_drop: true }
    }

    /// The current span of `context`, where an [`ApiTracer`](super::ApiTracer) made it. What is written on it here
    /// waits for nobody who writes on it through the API.
    pub fn of(context: &Context) -> Option<Span> {
        open::find(context.span().span_context())
    }
}

impl Drop for ApiSpan {
    fn drop(&mut self) {
        if self.ends_on_drop {
            self.span.end(None);
            open::remove(&self.span);
        }
    }
}

impl ApiSpanTrait for ApiSpan {
    fn add_event_with_timestamp<T>(&mut self, name: T, time: SystemTime, attributes: Vec<KeyValue>)
    where
        T: Into<Cow<'static, str>>,
    {
        self.span.add_event(&name.into(), Some(time), &borrow(&attributes));
    }

    fn span_context(&self) -> &SpanContext {
        &self.context
    }

    fn is_recording(&self) -> bool {
        self.span.is_recording()
    }

    fn set_attribute(&mut self, attribute: KeyValue) {
        self.span.set_attribute(attribute.key.as_str(), Value::from(&attribute.value));
    }

    fn set_status(&mut self, status: ApiStatus) {
        self.span.set_status(match &status {
            ApiStatus::Unset => Status::Unset,
            ApiStatus::Ok => Status::Ok,
            ApiStatus::Error { description } => Status::Error(description),
        });
    }

    fn update_name<T>(&mut self, new_name: T)
    where
        T: Into<Cow<'static, str>>,
    {
        self.span.set_name(&new_name.into());
    }

    fn add_link(&mut self, span_context: SpanContext, attributes: Vec<KeyValue>) {
        if let Some(context) = TraceContext::from_api(&span_context) {
            self.span.add_link(&Link { context: &context, attributes: &borrow(&attributes) });
        }
    }

    fn end_with_timestamp(&mut self, time: SystemTime) {
        self.span.end(Some(time));
    }
}

pub(super) fn borrow(attributes: &[KeyValue]) -> Vec<Attribute<'_>> {
    attributes.iter().map(|attribute| (attribute.key.as_str(), (&attribute.value).into())).collect()
}
