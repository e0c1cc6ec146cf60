//! What the formats besides Trace Context say of a trace, in one type.
//!
//! The formats themselves are read in [`b3`](super::b3) and [`x_trace`](super::x_trace).

use opentelemetry::{SpanId, TraceFlags, TraceId};

use super::{
    Traceparent,
    hex::{decode_u64, decode_u128},
};

/// A trace as another format than Trace Context names it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ForeignContext {
    /// The trace and the sender's span; none where the sender sent its decision alone. The flag `sampled` is set
    /// where the sender said so, the random flag never.
    pub traceparent: Option<Traceparent>,
    /// The sender's decision whether the trace is recorded; none where the receiver has to decide.
    pub sampled: Option<bool>,
}

impl ForeignContext {
    pub(super) fn new(trace_id: TraceId, span_id: SpanId, sampled: Option<bool>) -> Self {
        let flags = TraceFlags::NOT_SAMPLED.with_sampled(sampled == Some(true));
        Self { traceparent: Traceparent::new(trace_id, span_id, flags), sampled }
    }

    pub(super) fn decision(sampled: bool) -> Self {
        Self { traceparent: None, sampled: Some(sampled) }
    }
}

/// An id of 128 bits, or of 64 with zeros in front. Never zero.
pub(super) fn trace_id(digits: &[u8]) -> Option<TraceId> {
    let id = match digits.try_into() {
        Ok(digits) => decode_u128(digits)?,
        Err(_) => decode_u64(digits.try_into().ok()?)?.into(),
    };
    (id != 0).then(|| TraceId::from(id))
}

/// An id of 64 bits. Never zero.
pub(super) fn span_id(digits: &[u8]) -> Option<SpanId> {
    let id = decode_u64(digits.try_into().ok()?)?;
    (id != 0).then(|| SpanId::from(id))
}
