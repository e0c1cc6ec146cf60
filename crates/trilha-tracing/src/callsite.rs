//! The places in the code at which spans are made.

use std::{hash::BuildHasher, ptr, sync::OnceLock};

use rustc_hash::FxBuildHasher;
use tracing_core::{Metadata, span::Attributes};
use trilha_core::recorder::Callsite;

/// What is known of a place.
#[derive(Debug)]
pub(crate) struct Known {
    metadata: &'static Metadata<'static>,
    pub(crate) callsite: Callsite,
    /// Whether some fields are settings. Nearly always none is.
    pub(crate) has_settings: bool,
}

/// How many are known, a power of two. A program has a few hundred.
const PLACES: usize = 2_048;

/// Those that come first, by the address of what `tracing` knows of them. Nothing is ever taken out, so that reading
/// needs no lock.
static KNOWN: [OnceLock<Known>; PLACES] = [const { OnceLock::new() }; PLACES];

impl Known {
    /// What is known of the place at which a span is made. None where another one has its place.
    #[inline]
    pub(crate) fn of(attributes: &Attributes<'_>) -> Option<&'static Self> {
        let metadata = attributes.metadata();
        let hash = FxBuildHasher.hash_one(ptr::from_ref(metadata).addr());
        let place = KNOWN.get(hash as usize % PLACES)?;
        let known = place.get().unwrap_or_else(|| place.get_or_init(|| Self::new(metadata)));
        // Somebody may have made the values from fields of others.
        let is_its_own = || attributes.values().callsite() == metadata.callsite();
        (ptr::eq(known.metadata, metadata) && is_its_own()).then_some(known)
    }

    #[cold]
    fn new(metadata: &'static Metadata<'static>) -> Self {
        let keys = metadata.fields().iter().map(|field| field.name());
        let callsite = Callsite::new(metadata.name(), keys);
        Self { metadata, callsite, has_settings: has_settings(metadata) }
    }
}

/// Whether some fields of spans that are made there are settings.
fn has_settings(metadata: &Metadata<'_>) -> bool {
    metadata.fields().iter().any(|field| field.name().starts_with("otel."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing_core::{Callsite as Site, Interest, Kind, Level, callsite::Identifier, field::FieldSet};

    /// Somebody's callsite.
    struct Theirs;

    impl Site for Theirs {
        fn set_interest(&self, _: Interest) {}

        fn metadata(&self) -> &Metadata<'_> {
            unreachable!()
        }
    }

    fn leaked<T>(value: T) -> &'static T {
        Box::leak(Box::new(value))
    }

    fn place(number: usize) -> &'static Metadata<'static> {
        // Not of size zero, so that each has an address of its own.
        let (_, site) = leaked((number, Theirs));
        let keys = leaked([&**leaked(format!("key.{number}"))]);
        let fields = FieldSet::new(keys, Identifier(site));
        leaked(Metadata::new("work", "", Level::INFO, None, None, None, fields, Kind::SPAN))
    }

    #[test]
    fn a_place_is_known_again_and_none_is_taken_for_another() {
        let places: Vec<_> = (0..2 * PLACES).map(place).collect();
        let known = |at: usize, values_of: usize| {
            let values = places[values_of].fields().value_set(&[]);
            Known::of(&Attributes::new(places[at], &values))
        };
        for _ in 0..2 {
            let found: Vec<_> = (0..places.len()).filter_map(|at| Some((at, known(at, at)?))).collect();
            assert!((PLACES / 2..=PLACES).contains(&found.len()), "{}", found.len());
            for (at, found) in found {
                assert_eq!(found.callsite.keys()[0].text(), format!("key.{at}"));
                assert!(known(at, (at + 1) % places.len()).is_none(), "its values are of another");
            }
        }
    }
}
