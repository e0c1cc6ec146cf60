//! Places in the code at which spans are made, and what is worked out of each of them once. No value is looked at.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::Numbered;

/// A place in the code at which spans are made: their name, and the keys that they may have. Each guard judges these once.
/// For what a program has some hundreds of, and keeps for as long as it runs.
#[derive(Debug)]
pub struct Callsite {
    number: usize,
    name: &'static str,
    keys: Box<[StaticKey]>,
}

impl Callsite {
    /// One of a name and of keys, in their order.
    pub fn new(name: &'static str, keys: impl IntoIterator<Item = &'static str>) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let keys = keys.into_iter().map(StaticKey::new).collect();
        Self { number: NEXT.fetch_add(1, Relaxed), name, keys }
    }

    /// The name of its spans.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The keys, in their order.
    pub fn keys(&self) -> &[StaticKey] {
        &self.keys
    }
}

impl Numbered for Callsite {
    #[inline]
    fn number(&self) -> usize {
        self.number
    }
}

/// A key that stands in the code, and what a recorder needs of it for each attribute.
#[derive(Clone, Debug)]
pub struct StaticKey {
    text: &'static str,
    mark: u8,
    padded: [u8; Self::PADDED],
}

impl StaticKey {
    /// What is no longer is [padded](Self::padded).
    pub const PADDED: usize = 32;

    fn new(text: &'static str) -> Self {
        let mut padded = [0; _];
        padded.iter_mut().zip(text.as_bytes()).for_each(|(to, byte)| *to = *byte);
        Self { text, mark: Self::mark_of(text), padded }
    }

    /// The key itself.
    #[inline]
    pub fn text(&self) -> &'static str {
        self.text
    }

    /// Its [mark](Self::mark_of).
    #[inline]
    pub fn mark(&self) -> u8 {
        self.mark
    }

    /// Its bytes and zeros behind them, or the first bytes of a longer one: so many are copied without a look at how many
    /// there are.
    #[inline]
    pub fn padded(&self) -> &[u8; Self::PADDED] {
        &self.padded
    }

    /// A number that differs for nearly all keys that stand on one span: of a key's length and its ends.
    #[inline(always)]
    pub fn mark_of(key: &str) -> u8 {
        let key = key.as_bytes();
        let ends = match (key.first_chunk(), key.last_chunk()) {
            (Some(first), Some(last)) => {
                u32::from_le_bytes(*first).rotate_left(13) ^ u32::from_le_bytes(*last)
            }
            _ => match key {
                [first, .., last] => u32::from(*first) << 8 | u32::from(*last),
                _ => key.first().map_or(0, |only| u32::from(*only)),
            },
        };
        // The upper bits of a product depend on all bits of its factors.
        ((ends ^ (key.len() as u32).rotate_left(31)).wrapping_mul(0x9e37_79b1) >> 24) as u8
    }
}
