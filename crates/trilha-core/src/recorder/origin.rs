//! Where an event stands in the code, and what is known of each such place. No attribute is judged or written here.

use std::{fmt, ptr, sync::OnceLock};

use super::{Attribute, Value};

/// Where an event stands in the code: it is the same whenever it happens.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// How important it is.
    pub level: &'static str,
    /// The part of the program.
    pub target: &'static str,
}

impl Origin {
    /// The first attributes of the event.
    pub fn attributes(self) -> [Attribute<'static>; 2] {
        [("level", Value::Str(self.level)), ("target", Value::Str(self.target))]
    }

    /// By the addresses: what is compiled in stays where it is.
    fn is_same(self, other: Self) -> bool {
        ptr::eq(self.level, other.level) && ptr::eq(self.target, other.target)
    }

    #[inline]
    fn place(self) -> usize {
        let [level, target] = [self.level, self.target].map(|text| text.as_ptr().addr() as u64);
        // The upper bits of a product depend on all bits of its factors.
        let hash = (target ^ level.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (hash >> (u64::BITS - PLACES.ilog2())) as usize
    }
}

/// What is kept for each [`Origin`], by those that come first: a program has a few hundred. Nothing is ever taken out,
/// so that reading needs no lock.
pub struct PerOrigin<T>([OnceLock<(Origin, T)>; PLACES]);

/// Origins of which something is kept, a power of two.
const PLACES: usize = 512;

impl<T> PerOrigin<T> {
    /// Nothing is kept yet.
    pub const fn new() -> Self {
        Self([const { OnceLock::new() }; PLACES])
    }

    /// What was kept for `origin`.
    #[inline]
    pub fn get(&self, origin: Origin) -> Option<&T> {
        let (known, kept) = self.0.get(origin.place())?.get()?;
        known.is_same(origin).then_some(kept)
    }

    /// Keeps `value` for `origin`, unless its place is taken.
    pub fn keep(&self, origin: Origin, value: T) {
        if let Some(place) = self.0.get(origin.place()) {
            let _ = place.set((origin, value));
        }
    }
}

impl<T> Default for PerOrigin<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for PerOrigin<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerOrigin").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_for_one_origin_is_for_no_other() {
        let text: &'static str = Box::leak("target::".repeat(1_000).into());
        let origin = |start: usize, len: usize| Origin { level: "INFO", target: &text[start..start + len] };
        let kept = PerOrigin::new();
        // The same address, and another length, or another level.
        kept.keep(origin(0, 6), 0);
        assert_eq!(kept.get(origin(0, 6)), Some(&0));
        assert_eq!(kept.get(origin(0, 8)), None);
        let other_level = Origin { level: "WARN", ..origin(0, 6) };
        assert!(!other_level.is_same(origin(0, 6)));
        assert_eq!(kept.get(other_level), None);
        // More than there are places: those that come first stay.
        (0..1_000).for_each(|at| kept.keep(origin(8 * at, 6), at));
        let found: Vec<_> = (0..1_000).filter_map(|at| Some((at, *kept.get(origin(8 * at, 6))?))).collect();
        assert!(found.iter().all(|(at, kept)| at == kept));
        assert!((PLACES / 2..=PLACES).contains(&found.len()), "{}", found.len());
    }
}
