//! Which keys a span has, as far as that can be told without a look at them.

/// A bit for each key that was set, and it stands for others too: what has none is new.
#[derive(Debug, Default)]
pub(super) struct Seen([u64; 4]);

impl Seen {
    /// Whether the key is new for certain; it is not any more.
    #[inline(always)]
    pub(super) fn add(&mut self, key: &str) -> bool {
        let mark = mark(key);
        // The upper bits of a product depend on all bits of its factors.
        let Some(word) = self.0.get_mut((mark >> 30) as usize) else { return false };
        let bit = 1 << (mark >> 24 & 63);
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }
}

/// A number that differs for nearly all keys that differ: of a key's length and its ends.
#[inline(always)]
fn mark(key: &str) -> u32 {
    let key = key.as_bytes();
    let ends = match (key.first_chunk(), key.last_chunk()) {
        (Some(first), Some(last)) => u32::from_le_bytes(*first).rotate_left(13) ^ u32::from_le_bytes(*last),
        _ => key.iter().fold(0, |short, byte| short << 8 | u32::from(*byte)),
    };
    (ends ^ (key.len() as u32).rotate_left(24)).wrapping_mul(0x9e37_79b1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_was_added_is_never_new_and_most_others_are() {
        let mut seen = Seen::default();
        let keys: Vec<_> =
            (0..40).map(|number| format!("key.{number}")).chain(["".into(), "k".into()]).collect();
        let new = keys.iter().filter(|key| seen.add(key)).count();
        assert!(new > 30, "{new}");
        assert!(!keys.iter().any(|key| seen.add(key)));
    }
}
