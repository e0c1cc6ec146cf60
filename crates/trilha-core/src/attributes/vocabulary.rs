//! The schema of one service at work: what its attributes may be called, how many values they had, and who
//! judges them.

use std::{collections::HashSet, sync::Arc};

use parking_lot::RwLock;

use crate::{
    Refusal, Stats,
    guard::PiiGuard,
    recorder::Opening,
    schema::{Definition, Exit, Key, Schema},
};

/// What stands on a metric for a value beyond a key's cardinality.
pub(crate) const OTHER: &str = "_other";

/// A schema, and the values that metrics have seen of its keys.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    schema: Schema,
    seen: Vec<RwLock<HashSet<Arc<str>>>>, // one for each context key
    stats: Arc<Stats>,
    guard: PiiGuard,
    /// Whether spans may tell the route.
    is_route_on_spans: bool,
}

impl Vocabulary {
    pub(crate) fn new(schema: Schema, stats: Arc<Stats>, guard: PiiGuard) -> Self {
        let seen = schema.context_keys().iter().map(|_| RwLock::default()).collect();
        let is_route_on_spans = schema.get(Key::Route.name()).is_some_and(|route| route.travels(Exit::Span));
        Self { schema, seen, stats, guard, is_route_on_spans }
    }

    /// Whether an opening leaves by spans as it is.
    pub(crate) fn lets_through(&self, opening: &Opening) -> bool {
        !self.schema.has_former_names()
            && (self.is_route_on_spans || opening.route().is_none())
            && self.guard.lets_opening_through(opening)
    }

    pub(crate) fn guard(&self) -> &PiiGuard {
        &self.guard
    }

    pub(crate) fn schema(&self) -> &Schema {
        &self.schema
    }

    pub(crate) fn stats(&self) -> &Arc<Stats> {
        &self.stats
    }

    pub(crate) fn definition(&self, position: usize) -> Option<&Definition> {
        self.schema.context_keys().get(position)
    }

    /// What a metric may say of `value`: the value itself, or [`OTHER`] once its key has had as many
    /// different ones as it may have.
    pub(super) fn bounded(&self, position: usize, value: &Arc<str>) -> Arc<str> {
        let (Some(seen), Some(definition)) = (self.seen.get(position), self.definition(position)) else {
            return OTHER.into();
        };
        if seen.read().contains(value) {
            return value.clone();
        }
        let mut seen = seen.write();
        let max = definition.cardinality().unwrap_or_default();
        if seen.contains(value) || seen.len() < usize::try_from(max).unwrap_or(usize::MAX) {
            seen.insert(value.clone());
            return value.clone();
        }
        drop(seen);
        self.stats.refuse(Refusal::Cardinality);
        OTHER.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Key;

    #[test]
    fn values_beyond_the_bound_are_other_and_known_ones_stay() {
        let vocabulary = Vocabulary::new(Schema::builtin(), Arc::default(), PiiGuard::default());
        let stage = |value: String| vocabulary.bounded(Key::ModelStage.index(), &value.into());
        let bound = Key::ModelStage.definition().cardinality().unwrap();
        for at in 0..bound {
            assert_ne!(&*stage(at.to_string()), OTHER);
        }
        assert_eq!((&*stage("late".into()), &*stage("0".into())), (OTHER, "0"));
        assert_eq!(vocabulary.stats().refused(Refusal::Cardinality), 1);
    }
}
