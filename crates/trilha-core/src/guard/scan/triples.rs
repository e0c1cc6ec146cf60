//! Sets of three letters, for a quick look at words. Nothing else.

/// A set of three letters each. Capital and small ones are the same, as are other bytes with the same five last bits:
/// it may hold more than was put in, never less.
#[derive(Debug)]
pub(super) struct Triples([u64; 1 << (3 * BITS - 6)]);

const BITS: u32 = 5;

impl Triples {
    pub(super) const fn of(these: &[[u8; 3]]) -> Self {
        let mut all = Self([0; _]);
        let mut rest = these;
        while let [first, more @ ..] = rest {
            all.add(*first);
            rest = more;
        }
        all
    }

    #[expect(clippy::indexing_slicing, reason = "a place is below the length; a const fn has no other way")]
    pub(super) const fn add(&mut self, one: [u8; 3]) {
        let place = Rolling::of(one).0;
        self.0[place >> 6] |= 1 << (place & 63);
    }

    /// Adds these two behind any other.
    pub(super) const fn add_with_any(&mut self, [second, third]: [u8; 2]) {
        let mut first = 0;
        while first < 1 << BITS {
            self.add([first, second, third]);
            first += 1;
        }
    }

    /// Whether these three may be in it.
    #[inline]
    pub(super) fn contains(&self, three: Rolling) -> bool {
        let place = three.0 >> 6 & (self.0.len() - 1);
        self.0.get(place).is_some_and(|word| word >> (three.0 & 63) & 1 == 1)
    }
}

/// Three bytes of a text that is read backwards.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rolling(usize);

impl Rolling {
    #[inline]
    pub(super) const fn of([first, second, third]: [u8; 3]) -> Self {
        Self(0).before(third).before(second).before(first)
    }

    /// With this byte before them, and without the last.
    #[inline]
    pub(super) const fn before(self, byte: u8) -> Self {
        Self(self.0 >> BITS | (byte as usize & ((1 << BITS) - 1)) << (2 * BITS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_is_there_in_either_case() {
        let set = Triples::of(&[*b"key", *b"cc_"]);
        for three in [*b"key", *b"KEY", *b"Key", *b"cc_"] {
            assert!(set.contains(Rolling::of(three)), "{three:?}");
        }
        for three in [*b"kex", *b"yek", *b"cca", [0; 3]] {
            assert!(!set.contains(Rolling::of(three)), "{three:?}");
        }
        let read =
            b"api_key".iter().rev().take(3).fold(Rolling::default(), |three, byte| three.before(*byte));
        assert!(set.contains(read));
    }
}
