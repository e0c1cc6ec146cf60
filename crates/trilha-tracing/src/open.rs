//! The spans that a layer made and that are open, by their ids. They are not in the registry's extensions, where
//! each one is an allocation of its own, and each look costs as much as a small span.

use std::{collections::HashMap, fmt, hash::BuildHasher, sync::Arc};

use parking_lot::Mutex;
use rustc_hash::FxBuildHasher;
use tracing_core::span::Id;
use trilha_core::Span;

use crate::timing::Timing;

/// What the layer keeps of a span.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) span: Span,
    pub(crate) timing: Timing,
}

/// The open spans of one subscriber. Clones share them.
#[derive(Clone)]
pub(crate) struct OpenSpans(Arc<[Shard; SHARDS]>);

type Shard = Mutex<HashMap<Id, Made, FxBuildHasher>>;

/// Parts with a lock of their own, so that threads seldom meet.
const SHARDS: usize = 32;

/// Room that a part keeps when it is empty.
const KEPT: usize = 256;

impl OpenSpans {
    pub(crate) fn insert(&self, id: &Id, made: Made) {
        self.shard(id).lock().insert(id.clone(), made);
    }

    /// A clone: what is done with a span may run foreign code, under no lock.
    pub(crate) fn get(&self, id: &Id) -> Option<Span> {
        self.with(id, |made| made.span.clone())
    }

    /// Changes what is kept of a span. `change` must run no foreign code.
    pub(crate) fn with<R>(&self, id: &Id, change: impl FnOnce(&mut Made) -> R) -> Option<R> {
        self.shard(id).lock().get_mut(id).map(change)
    }

    pub(crate) fn remove(&self, id: &Id) -> Option<Made> {
        let mut open = self.shard(id).lock();
        let made = open.remove(id);
        if open.is_empty() && open.capacity() > KEPT {
            open.shrink_to(KEPT);
        }
        made
    }

    fn shard(&self, id: &Id) -> &Shard {
        // The map itself looks at the lowest bits and at the highest.
        let at = (FxBuildHasher.hash_one(id) >> 32) as usize % SHARDS;
        let [first, ..] = &*self.0;
        self.0.get(at).unwrap_or(first)
    }
}

impl Default for OpenSpans {
    fn default() -> Self {
        Self(Arc::new(std::array::from_fn(|_| Shard::default())))
    }
}

impl fmt::Debug for OpenSpans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenSpans").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::Context;
    use trilha_core::{
        Handle, Scope,
        recorder::{SpanKind, SpanStart},
    };

    fn made() -> Made {
        let scope = Scope::new("test", "");
        let start = SpanStart::new(&scope, "span", &SpanKind::Internal);
        let span = Span::start(start, &Context::new(), Some(&Handle::disabled()), |_| {});
        Made { span, timing: Timing::start(false) }
    }

    #[test]
    fn a_span_is_found_until_it_is_removed_and_room_is_given_back() {
        let open = OpenSpans::default();
        let ids: Vec<_> = (1..100_000).map(Id::from_u64).collect();
        ids.iter().for_each(|id| open.insert(id, made()));
        assert!(ids.iter().all(|id| open.get(id).is_some()));
        let fullest = open.0.iter().map(|shard| shard.lock().len()).max();
        assert!(fullest < Some(2 * ids.len() / SHARDS), "{fullest:?}");
        assert!(ids.iter().all(|id| open.remove(id).is_some() && open.get(id).is_none()));
        let room: usize = open.0.iter().map(|shard| shard.lock().capacity()).sum();
        assert!(room < SHARDS * 2 * KEPT, "{room}");
    }
}
