//! What a span's message begins with: ids, flags, kind and start time.

use trilha_core::{TraceContext, recorder::SpanKind};

use super::bytes::Bytes;
use crate::{
    encode::{field::span, put_array, put_fixed32, put_fixed64, put_text, put_uint},
    queue::Rank,
};

/// The bits of OTLP's `flags` that say where a span's parent is, beside the eight of W3C.
const HAS_IS_REMOTE: u32 = 0x100;
const IS_REMOTE: u32 = 0x200;

/// What is known of a span when it starts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head<'a> {
    pub(crate) context: &'a TraceContext,
    pub(crate) parent: Option<&'a TraceContext>,
    pub(crate) is_parent_remote: bool,
    pub(crate) kind: &'a SpanKind,
    pub(crate) start_nanos: u64,
}

impl Head<'_> {
    pub(super) fn put(&self, out: &mut Bytes) {
        let fixed = self.fixed();
        out.put(fixed.len(), |out| out.copy_from_slice(&fixed));
        if let Some(parent) = self.parent {
            let id = parent.span_id().to_bytes();
            out.put(2 + id.len(), |mut out| put_array(&mut out, span::PARENT_SPAN_ID, id));
        }
        if !self.context.tracestate().is_empty() {
            out.append(|out| put_text(out, span::TRACE_STATE, self.context.tracestate().as_str()));
        }
    }

    /// What the span is worth where there is no room for all, unless it fails.
    pub(super) fn rank(&self) -> Rank {
        let is_entry = self.parent.is_none()
            || self.is_parent_remote
            || matches!(self.kind, SpanKind::Server | SpanKind::Consumer);
        if is_entry { Rank::Entry } else { Rank::Inner }
    }

    /// What is as long for each span, so that it is copied at once.
    fn fixed(&self) -> [u8; 18 + 10 + 2 + 9 + 6] {
        let remote = if self.is_parent_remote { HAS_IS_REMOTE | IS_REMOTE } else { HAS_IS_REMOTE };
        let mut fixed = [0; _];
        let mut out = fixed.as_mut_slice();
        put_array(&mut out, span::TRACE_ID, self.context.trace_id().to_bytes());
        put_array(&mut out, span::SPAN_ID, self.context.span_id().to_bytes());
        put_uint(&mut out, span::KIND, otlp_kind(self.kind));
        put_fixed64(&mut out, span::START_TIME, self.start_nanos);
        put_fixed32(&mut out, span::FLAGS, w3c_flags(self.context) | remote);
        fixed
    }
}

/// The eight bits of W3C.
pub(super) fn w3c_flags(context: &TraceContext) -> u32 {
    context.traceparent().map_or(0, |traceparent| u32::from(traceparent.flags().to_u8()))
}

fn otlp_kind(kind: &SpanKind) -> u64 {
    match kind {
        SpanKind::Internal => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        SpanKind::Producer => 4,
        SpanKind::Consumer => 5,
    }
}
