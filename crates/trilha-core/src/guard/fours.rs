//! Sets of four bytes each, for a quick look at how a word begins or ends. Nothing else.

/// A set of four bytes each. Capital and small letters are the same, as are a few others: it may hold more than was put
/// in, never less.
#[derive(Debug)]
pub(super) struct Fours([u64; 1 << 10]);

impl Fours {
    pub(super) const EMPTY: Self = Self([0; 1 << 10]);

    #[expect(clippy::indexing_slicing, reason = "a place is below the length; a const fn has no other way")]
    pub(super) const fn add(&mut self, one: [u8; 4]) {
        let [(first, first_bit), (second, second_bit)] = places(one);
        self.0[first] |= 1 << first_bit;
        self.0[second] |= 1 << second_bit;
    }

    /// Adds these three behind any other.
    pub(super) const fn add_behind_any(&mut self, [b, c, d]: [u8; 3]) {
        let mut any = 0;
        while any < 1 << 8 {
            self.add([any as u8, b, c, d]);
            any += 1;
        }
    }

    /// Whether these four may be in it.
    #[inline]
    pub(super) fn contains(&self, one: [u8; 4]) -> bool {
        let [first, second] = places(one);
        self.has(first) && self.has(second)
    }

    #[inline]
    fn has(&self, (place, bit): (usize, u32)) -> bool {
        self.0.get(place).is_some_and(|bits| bits >> bit & 1 == 1)
    }
}

/// Whether these are the same to a set.
#[inline]
pub(super) const fn are_same(one: [u8; 4], other: [u8; 4]) -> bool {
    folded(one) == folded(other)
}

/// Capital letters for small ones; and the first byte as if it were ASCII, since of that [any](Fours::add_behind_any) may
/// be in a set.
#[inline]
const fn folded(one: [u8; 4]) -> u32 {
    u32::from_le_bytes(one) & 0xdfdf_df5f
}

/// Two places, and a bit in each: nearly all that was not put in misses one of them, and mostly the first.
#[inline]
const fn places(one: [u8; 4]) -> [(usize, u32); 2] {
    // The upper bits of a product depend on all bits of its factors; the lowest ones, on the first byte.
    let (first, second) = (folded(one).wrapping_mul(0x9e37_79b1), folded(one).wrapping_mul(0x85eb_ca6b));
    [((first >> 22) as usize, first & 63), ((second >> 22) as usize, second >> 16 & 63)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_is_there_in_either_case() {
        let mut set = Fours::EMPTY;
        set.add(*b"key-");
        set.add_behind_any(*b"bot");
        for four in [b"key-", b"KEY-", b"/bot", b" BoT"] {
            assert!(set.contains(*four), "{four:?}");
        }
        for four in [b"kex-", b"yek-", b"boot", b"ask-"] {
            assert!(!set.contains(*four), "{four:?}");
        }
    }
}
