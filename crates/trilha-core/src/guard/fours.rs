//! Sets of four bytes each, for a quick look at how a word begins or ends. Nothing else.

/// A set of four bytes each. Capital and small letters are the same, as are a few others: it may hold more than was put
/// in, never less.
#[derive(Debug)]
pub(super) struct Fours([u64; 1 << 10]);

impl Fours {
    pub(super) const EMPTY: Self = Self([0; 1 << 10]);

    #[expect(clippy::indexing_slicing, reason = "a place is below the length; a const fn has no other way")]
    pub(super) const fn add(&mut self, one: [u8; 4]) {
        let [first, second] = places(one);
        self.0[first >> 6] |= 1 << (first & 63);
        self.0[second >> 6] |= 1 << (second & 63);
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
    fn has(&self, place: usize) -> bool {
        self.0.get(place >> 6).is_some_and(|places| places >> (place & 63) & 1 == 1)
    }
}

/// Two of 65,536 places: nearly all that was not put in has one of them empty, and mostly the first.
#[inline]
const fn places(one: [u8; 4]) -> [usize; 2] {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let hash = ((u32::from_le_bytes(one) | 0x2020_2020) as u64).wrapping_mul(ODD);
    [(hash >> 48) as usize, (hash >> 32) as usize & 0xffff]
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
