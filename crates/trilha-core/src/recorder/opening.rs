//! What many spans begin with. No attribute is judged or written here.

use std::{
    fmt,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use super::{Attribute, Value};
use crate::{MatchedRoute, schema::Key};

/// The name and the first attributes of many spans, such as those of all requests to one route: each guard judges them
/// once, and a recorder may write them once. For what a program has some dozens of, and keeps for as long as it runs.
#[derive(Debug)]
pub struct Opening {
    number: usize,
    name: Box<str>,
    attributes: Box<[(&'static str, Box<str>)]>,
    route: Option<MatchedRoute>,
}

impl Opening {
    /// That of a name, of low cardinality, and of attributes that differ by their keys.
    pub fn new<'v>(name: &str, attributes: impl IntoIterator<Item = (&'static str, &'v str)>) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let attributes = attributes.into_iter().map(|(key, text)| (key, text.into())).collect();
        Self { number: NEXT.fetch_add(1, Relaxed), name: name.into(), attributes, route: None }
    }

    /// As [`new`](Self::new), of spans whose work begins with the context attribute `route`: it is the last of the
    /// attributes.
    pub fn of_route<'v>(
        name: &str,
        route: &'v MatchedRoute,
        attributes: impl IntoIterator<Item = (&'static str, &'v str)>,
    ) -> Self {
        let attributes = attributes.into_iter().chain([(Key::Route.name(), route.as_str())]);
        Self { route: Some(route.clone()), ..Self::new(name, attributes) }
    }

    /// The context attribute `route` with which the work begins.
    pub(crate) fn route(&self) -> Option<&MatchedRoute> {
        self.route.as_ref()
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The attributes, in their order.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'_>> {
        self.texts().map(|(key, text)| (key, Value::Str(text)))
    }

    /// What a span begins with. Of one that does not leave as it is the route is told at the end, when more is known,
    /// such as the purpose.
    pub(super) fn first_texts(&self, is_whole: bool) -> impl Iterator<Item = (&'static str, &str)> {
        let waits = !is_whole && self.route.is_some();
        self.texts().take(self.attributes.len() - usize::from(waits))
    }

    /// The same as the texts that they are.
    pub fn texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.attributes.iter().map(|(key, text)| (*key, &**text))
    }
}

/// What is kept for each [`Opening`]. For those beyond the first of a program nothing is. Nothing is ever taken out, so
/// that reading needs no lock.
pub struct PerOpening<T>([OnceLock<T>; MOST]);

/// Openings for which something is kept.
const MOST: usize = 1_024;

impl<T> PerOpening<T> {
    /// Nothing is kept yet.
    pub const fn new() -> Self {
        Self([const { OnceLock::new() }; MOST])
    }

    /// What was kept for `opening`.
    #[inline]
    pub fn get(&self, opening: &Opening) -> Option<&T> {
        self.0.get(opening.number)?.get()
    }

    /// Keeps `value` for `opening`, where there is a place for it.
    pub fn keep(&self, opening: &Opening, value: T) {
        if let Some(place) = self.0.get(opening.number) {
            let _ = place.set(value);
        }
    }
}

impl<T> Default for PerOpening<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for PerOpening<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerOpening").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_for_one_opening_is_for_no_other_and_beyond_the_bound_nothing_is() {
        let kept = PerOpening::new();
        let openings: Vec<_> = (0..2 * MOST).map(|_| Opening::new("alike", [])).collect();
        openings.iter().enumerate().for_each(|(at, opening)| kept.keep(opening, at));
        let found: Vec<_> = openings.iter().map(|opening| kept.get(opening).copied()).collect();
        assert!(found.iter().enumerate().all(|(at, found)| found.is_none_or(|found| found == at)));
        // Other tests have some too.
        assert!(found.iter().flatten().count() <= MOST);
        assert_eq!(kept.get(&Opening::new("alike", [])), None);
    }
}
