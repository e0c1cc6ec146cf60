//! The spans that a layer made and that are open, by their ids. They are not in the registry's extensions, where
//! each one is an allocation of its own, and each look costs as much as a small span.

use std::{collections::HashMap, fmt, iter, sync::Arc};

use parking_lot::{Mutex, MutexGuard};
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
pub(crate) struct OpenSpans(Arc<[Mutex<Place>]>);

/// The spans whose ids lead here: nearly always one, which is found without a hash table.
#[derive(Default)]
struct Place {
    first: Option<(Id, Made)>,
    more: HashMap<Id, Made, FxBuildHasher>,
}

/// Places, each with a lock of its own, so that threads seldom meet. A power of two.
const PLACES: usize = 1_024;

/// The bits of an id that tell a registry's slot: it counts above them how often the slot was used. The spans that
/// use a slot one after the other share a place, which the processor's cache still has.
const SLOT: u64 = (1 << 51) - 1;

impl OpenSpans {
    pub(crate) fn insert(&self, id: &Id, made: Made) {
        let Some(mut place) = self.place(id) else { return };
        match &place.first {
            None => place.first = Some((id.clone(), made)),
            Some(_) => drop(place.more.insert(id.clone(), made)),
        }
    }

    /// A clone: what is done with a span may run foreign code, under no lock.
    pub(crate) fn get(&self, id: &Id) -> Option<Span> {
        self.with(id, |made| made.span.clone())
    }

    /// Changes what is kept of a span. `change` must run no foreign code.
    pub(crate) fn with<R>(&self, id: &Id, change: impl FnOnce(&mut Made) -> R) -> Option<R> {
        let mut place = self.place(id)?;
        match &mut place.first {
            Some((first, made)) if first == id => Some(change(made)),
            _ => place.more.get_mut(id).map(change),
        }
    }

    pub(crate) fn remove(&self, id: &Id) -> Option<Made> {
        let mut place = self.place(id)?;
        if let Some((_, made)) = place.first.take_if(|(first, _)| first == id) {
            return Some(made);
        }
        let made = place.more.remove(id);
        if place.more.is_empty() {
            place.more = HashMap::default(); // gives the room back
        }
        made
    }

    #[inline]
    fn place(&self, id: &Id) -> Option<MutexGuard<'_, Place>> {
        // The upper bits of a product depend on all bits of its factors.
        let hash = (id.into_u64() & SLOT).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0.get((hash >> (u64::BITS - PLACES.ilog2())) as usize).map(Mutex::lock)
    }
}

impl Default for OpenSpans {
    fn default() -> Self {
        Self(iter::repeat_with(Mutex::default).take(PLACES).collect())
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
        let fullest = open.0.iter().map(|place| place.lock().more.len()).max();
        assert!(fullest < Some(2 * ids.len() / PLACES), "{fullest:?}");
        let (removed, left) = ids.split_at(ids.len() / 3);
        assert!(removed.iter().rev().all(|id| open.remove(id).is_some() && open.get(id).is_none()));
        assert!(left.iter().all(|id| open.get(id).is_some()));
        assert!(left.iter().rev().all(|id| open.remove(id).is_some() && open.get(id).is_none()));
        let room: usize = open.0.iter().map(|place| place.lock().more.capacity()).sum();
        assert_eq!(room, 0);
    }
}
