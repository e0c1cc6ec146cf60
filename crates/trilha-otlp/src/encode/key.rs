//! The keys of attributes: those that stand in the code, and all others.

use trilha_core::recorder::StaticKey;

use super::copy::copy_short;

/// The key of an attribute.
pub(crate) trait Key: Copy {
    /// The key itself.
    fn text(&self) -> &str;

    /// By which it is told whether a span has it already.
    fn mark(self) -> u8;

    /// Writes one that is [short](super::is_short), and returns the place behind it.
    fn write(self, place: &mut [u8]) -> Option<&mut [u8]>;
}

impl Key for &str {
    #[inline(always)]
    fn text(&self) -> &str {
        self
    }

    #[inline(always)]
    fn mark(self) -> u8 {
        StaticKey::mark_of(self)
    }

    #[inline(always)]
    fn write(self, place: &mut [u8]) -> Option<&mut [u8]> {
        let (name, place) = place.split_at_mut_checked(self.len())?;
        copy_short(name, self.as_bytes());
        Some(place)
    }
}

impl Key for &StaticKey {
    #[inline(always)]
    fn text(&self) -> &str {
        StaticKey::text(self)
    }

    #[inline(always)]
    fn mark(self) -> u8 {
        StaticKey::mark(self)
    }

    #[inline(always)]
    fn write(self, place: &mut [u8]) -> Option<&mut [u8]> {
        *place.first_chunk_mut()? = *self.padded(); // what is behind its end is written over
        place.get_mut(StaticKey::text(self).len()..)
    }
}
