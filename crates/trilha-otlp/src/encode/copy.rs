//! Copies of few bytes: a call would cost more than the copy.

use trilha_core::recorder::StaticKey;

/// What is no longer is copied without a call.
pub(super) const LONGEST_COPY: usize = StaticKey::PADDED;

/// Copies bytes to a place of their length.
#[inline(always)]
pub(crate) fn copy(to: &mut [u8], from: &[u8]) {
    match from.len() <= LONGEST_COPY {
        true => copy_short(to, from),
        false => to.copy_from_slice(from),
    }
}

/// As [`copy`], of bytes that are known to be few: by two copies of a known size, which may overlap.
#[inline(always)]
pub(super) fn copy_short(to: &mut [u8], from: &[u8]) {
    if !copy_ends::<16>(to, from) && !copy_ends::<8>(to, from) && !copy_ends::<4>(to, from) {
        // Up to three bytes: the last of them, the one in the middle, and the first.
        copy_ends::<1>(to, from);
        if let (Some(to), Some(from)) = (to.get_mut(from.len() / 2), from.get(from.len() / 2)) {
            *to = *from;
        }
    }
}

#[inline(always)]
fn copy_ends<const N: usize>(to: &mut [u8], from: &[u8]) -> bool {
    if let (Some(first), Some(last)) = (from.first_chunk::<N>(), from.last_chunk::<N>()) {
        if let Some(to) = to.first_chunk_mut() {
            *to = *first;
        }
        if let Some(to) = to.last_chunk_mut() {
            *to = *last;
        }
        return true;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_bytes_are_copied_as_there_are() {
        let from: Vec<u8> = (1..=100).collect();
        for len in 0..=from.len() {
            let mut to = vec![0; len];
            copy(&mut to, &from[..len]);
            assert_eq!(to, from[..len]);
        }
    }
}
