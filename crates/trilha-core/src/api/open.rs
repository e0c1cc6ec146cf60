//! The open spans of foreign code, by their ids: who has one in a `Context` finds ours without the lock that the
//! OpenTelemetry API puts around it. The API holds that lock while it formats an error, which may log, and an event
//! for the same span would then wait for ever.

use std::collections::HashMap;

use opentelemetry::{SpanId, trace::SpanContext};
use parking_lot::Mutex;
use rustc_hash::FxBuildHasher;

use crate::recorder::Span;

/// Threads that make spans seldom meet.
const SHARDS: usize = 16;

static OPEN: [Mutex<HashMap<SpanId, Span, FxBuildHasher>>; SHARDS] =
    [const { Mutex::new(HashMap::with_hasher(FxBuildHasher)) }; SHARDS];

/// A span was started; it is to be [removed](remove).
pub(super) fn add(span: &Span) {
    let id = span.trace_context().span_id();
    shard(id).lock().insert(id, span.clone());
}

pub(super) fn remove(span: &Span) {
    let id = span.trace_context().span_id();
    let removed = shard(id).lock().remove(&id);
    drop(removed); // runs what a recorder does at its end: not under the lock
}

pub(super) fn find(context: &SpanContext) -> Option<Span> {
    let id = context.span_id();
    let span = shard(id).lock().get(&id).cloned();
    span.filter(|span| span.trace_context().trace_id() == context.trace_id())
}

fn shard(id: SpanId) -> &'static Mutex<HashMap<SpanId, Span, FxBuildHasher>> {
    let [.., last] = id.to_bytes();
    let [first, ..] = &OPEN;
    OPEN.get(usize::from(last) % SHARDS).unwrap_or(first)
}
