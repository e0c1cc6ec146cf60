//! Sets of four bytes each, for a quick look at how a word begins or ends. Nothing else.

/// A set of four bytes each. Capital and small letters are the same, as are a few others: it may hold more than was put
/// in, never less.
#[derive(Debug)]
pub(super) struct Fours([u64; 1 << 10]);

impl Fours {
    pub(super) const EMPTY: Self = Self([0; 1 << 10]);

    #[expect(clippy::indexing_slicing, reason = "a place is below the length; a const fn has no other way")]
    pub(super) const fn add(&mut self, one: [u8; 4]) {
        let place = place(one);
        self.0[place >> 6] |= 1 << (place & 63);
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
        let place = place(one);
        self.0.get(place >> 6).is_some_and(|places| places >> (place & 63) & 1 == 1)
    }
}

/// One of 65,536 places.
#[inline]
const fn place(one: [u8; 4]) -> usize {
    ((u32::from_le_bytes(one) | 0x2020_2020).wrapping_mul(0x9e37_79b1) >> 16) as usize
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
