//! A recorder that keeps nothing, and still lets the trace of others pass through.

use std::{sync::Arc, time::SystemTime};

use super::{Attribute, Link, Recorder, SpanRecord, SpanStart, Status, Value};
use crate::{SpanCounts, TraceContext};

/// Keeps nothing: telemetry is switched off, or was never set up.
///
/// A span that has a parent passes the parent's context on unchanged, so that a service without
/// telemetry does not tear the traces of its neighbours. A span without a parent has an empty context.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoopRecorder;

impl Recorder for NoopRecorder {
    fn start(&self, start: &SpanStart<'_>) -> Arc<dyn SpanRecord> {
        Arc::new(PassThrough(start.parent.cloned().unwrap_or_else(TraceContext::none)))
    }

    fn looks_at_content(&self) -> bool {
        false
    }

    fn drop_child(&self) -> bool {
        true
    }

    fn counts(&self) -> SpanCounts {
        SpanCounts::default()
    }
}

/// A span that records nothing: its context still reaches children and other processes.
#[derive(Debug)]
pub struct PassThrough(pub TraceContext);

impl SpanRecord for PassThrough {
    fn trace_context(&self) -> &TraceContext {
        &self.0
    }

    fn is_recording(&self) -> bool {
        false
    }

    fn needs_end(&self) -> bool {
        false
    }

    fn set_attribute(&self, _: &str, _: Value<'_>) {}
    fn add_event(&self, _: &str, _: Option<SystemTime>, _: &[Attribute<'_>]) {}
    fn add_link(&self, _: &Link<'_>) {}
    fn set_name(&self, _: &str) {}
    fn set_status(&self, _: Status<'_>) {}
    fn withhold(&self) {}
    fn end(&self, _: Option<SystemTime>) {}
}
