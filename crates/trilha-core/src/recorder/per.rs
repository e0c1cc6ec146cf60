//! What is kept for each of many things that are numbered as they are made.

use std::{fmt, marker::PhantomData, sync::OnceLock};

/// What has a number of its own among all of its kind.
pub trait Numbered {
    /// The number: they begin with zero.
    fn number(&self) -> usize;
}

/// What is kept for each `K`. For those beyond the first of a program nothing is. Nothing is ever taken out, so that
/// reading needs no lock.
pub struct Per<K, T> {
    kept: [OnceLock<T>; MOST],
    of: PhantomData<fn(&K)>,
}

/// Those for which something is kept.
const MOST: usize = 1_024;

impl<K: Numbered, T> Per<K, T> {
    /// Nothing is kept yet.
    pub const fn new() -> Self {
        Self { kept: [const { OnceLock::new() }; MOST], of: PhantomData }
    }

    /// What was kept for `of`.
    #[inline]
    pub fn get(&self, of: &K) -> Option<&T> {
        self.kept.get(of.number())?.get()
    }

    /// Keeps `value` for `of`, where there is a place for it.
    pub fn keep(&self, of: &K, value: T) {
        if let Some(place) = self.kept.get(of.number()) {
            let _ = place.set(value);
        }
    }
}

impl<K: Numbered, T> Default for Per<K, T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, T> fmt::Debug for Per<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Per").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::Opening;

    #[test]
    fn what_is_kept_for_one_is_for_no_other_and_beyond_the_bound_nothing_is() {
        let kept = Per::new();
        let openings: Vec<_> = (0..2 * MOST).map(|_| Opening::new("alike", [])).collect();
        openings.iter().enumerate().for_each(|(at, opening)| kept.keep(opening, at));
        let found: Vec<_> = openings.iter().map(|opening| kept.get(opening).copied()).collect();
        assert!(found.iter().enumerate().all(|(at, found)| found.is_none_or(|found| found == at)));
        // Other tests have some too.
        assert!(found.iter().flatten().count() <= MOST);
        assert_eq!(kept.get(&Opening::new("alike", [])), None);
    }
}
