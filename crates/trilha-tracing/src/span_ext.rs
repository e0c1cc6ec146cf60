//! What the OpenTelemetry API can say of a span and `tracing` cannot, on `tracing`'s own span.

use std::{borrow::Cow, time::SystemTime};

use opentelemetry::{
    Context, Key, KeyValue, Value,
    trace::{SpanContext, Status, TraceContextExt},
};
use trilha_core::current;

use crate::TraceLayer;

/// What the OpenTelemetry API can say of a span and `tracing` cannot: the methods that users know from
/// tracing-opentelemetry, except for `set_parent`.
///
/// A span starts when it is made, so that it is sampled, has its ids and holds no copy of its fields. A parent that
/// came from somewhere else is therefore the current context *while the span is made*:
///
/// ```
/// use opentelemetry::Context;
/// use tracing::info_span;
///
/// fn request_span(parent: Context) -> tracing::Span {
///     let _attached = parent.attach();
///     info_span!("request") // `set_parent(parent)`, with tracing-opentelemetry
/// }
/// # request_span(Context::new());
/// ```
///
/// A parent that is known only later is a link, by [`add_link`](Self::add_link).
///
/// Where a span has no record, because it is [`tracing::Span::none`], because a filter switched it off, or because no
/// [`TraceLayer`] saw it, nothing is written; nor where the layer cannot be found, as in a
/// [`reload::Layer`](tracing_subscriber::reload::Layer).
///
/// - **Cardinality:** keys and names are the caller's.
/// - **PII:** all text passes the [guard](trilha_core::guard).
pub trait SpanExt {
    /// The current context with this span in it: what runs under it, and what is sent with it, belongs to the
    /// span. For a span without a record, it is the current context as it is.
    fn context(&self) -> Context;

    /// Sets an attribute, or replaces it. Its key need not be a field of the span.
    fn set_attribute(&self, key: impl Into<Key>, value: impl Into<Value>);

    /// Sets the status. `Ok` is final, and `Unset` changes nothing.
    fn set_status(&self, status: Status);

    /// Adds a link to a span that caused this one, unless it is invalid.
    fn add_link(&self, to: SpanContext) {
        self.add_link_with_attributes(to, Vec::new());
    }

    /// Adds a link with attributes of its own.
    fn add_link_with_attributes(&self, to: SpanContext, attributes: Vec<KeyValue>);

    /// Adds an event that happened now, whatever the layer's
    /// [`event_level`](crate::TraceLayer::event_level).
    fn add_event(&self, name: impl Into<Cow<'static, str>>, attributes: Vec<KeyValue>) {
        self.add_event_with_timestamp(name, SystemTime::now(), attributes);
    }

    /// Adds an event that happened at `time`.
    fn add_event_with_timestamp(
        &self,
        name: impl Into<Cow<'static, str>>,
        time: SystemTime,
        attributes: Vec<KeyValue>,
    );
}

impl SpanExt for tracing::Span {
    fn context(&self) -> Context {
        let current = current::context();
        recorded(self, &current).unwrap_or(current)
    }

    fn set_attribute(&self, key: impl Into<Key>, value: impl Into<Value>) {
        if let Some(context) = recorded(self, &Context::new()) {
            context.span().set_attribute(KeyValue::new(key, value));
        }
    }

    fn set_status(&self, status: Status) {
        if let Some(context) = recorded(self, &Context::new()) {
            context.span().set_status(status);
        }
    }

    fn add_link_with_attributes(&self, to: SpanContext, attributes: Vec<KeyValue>) {
        if let Some(context) = recorded(self, &Context::new()) {
            context.span().add_link(to, attributes);
        }
    }

    fn add_event_with_timestamp(
        &self,
        name: impl Into<Cow<'static, str>>,
        time: SystemTime,
        attributes: Vec<KeyValue>,
    ) {
        if let Some(context) = recorded(self, &Context::new()) {
            context.span().add_event_with_timestamp(name, time, attributes);
        }
    }
}

/// `context` with the record of `span` as its current span, if it has one.
fn recorded(span: &tracing::Span, context: &Context) -> Option<Context> {
    let made = span.with_subscriber(|(id, dispatch)| dispatch.downcast_ref::<TraceLayer>()?.span_of(id));
    Some(made??.in_context(context))
}
