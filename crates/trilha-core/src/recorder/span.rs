//! An open span together with the context attributes that it takes along when it ends.

use std::{sync::Arc, time::SystemTime};

use super::{Attribute, Link, SpanRecord, Status, Value};
use crate::{ContextAttributes, TraceContext, schema};

/// An open span. Clones share it.
///
/// The [context attributes](ContextAttributes) under which it was started are written when it ends,
/// so that a value which is known late (a tenant, after authentication) stands on every span that
/// was open at that time. Dropping a `Span` does not end it.
#[derive(Clone, Debug)]
pub struct Span {
    record: Arc<dyn SpanRecord>,
    attributes: ContextAttributes,
}

impl Span {
    pub(crate) fn new(record: Arc<dyn SpanRecord>, attributes: ContextAttributes) -> Self {
        Self { record, attributes }
    }

    /// The ids, flags and tracestate that children and other processes get.
    pub fn trace_context(&self) -> &TraceContext {
        self.record.trace_context()
    }

    /// Whether anything that is set is written down.
    pub fn is_recording(&self) -> bool {
        self.record.is_recording()
    }

    /// Sets an attribute, or replaces it.
    pub fn set_attribute<'a>(&self, key: &str, value: impl Into<Value<'a>>) {
        self.record.set_attribute(key, value.into());
    }

    /// Adds an event. `time` defaults to now.
    pub fn add_event(&self, name: &str, time: Option<SystemTime>, attributes: &[Attribute<'_>]) {
        self.record.add_event(name, time, attributes);
    }

    /// Adds a link.
    pub fn add_link(&self, link: &Link<'_>) {
        self.record.add_link(link);
    }

    /// Replaces the name.
    pub fn set_name(&self, name: &str) {
        self.record.set_name(name);
    }

    /// Sets the status. `Ok` is final, and `Unset` changes nothing.
    pub fn set_status(&self, status: Status<'_>) {
        self.record.set_status(status);
    }

    /// Writes the context attributes and ends the span. `time` defaults to now. Only the first call counts.
    pub fn end(&self, time: Option<SystemTime>) {
        if self.record.is_recording() {
            self.attributes.for_each(|key, value| {
                if key.travels(schema::Exit::Span) {
                    self.record.set_attribute(key.name(), Value::Str(value));
                }
            });
        }
        self.record.end(time);
    }
}
