//! The classes of a text's bytes, as one bit for each byte of a window of at most 64. What they mean for a
//! detector, [`suspects`](super::suspects) knows.

use wide::{bytemuck::cast, i8x16};

/// Part of a text. What a detector needs to see at once to become suspicious stands in one of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window<'t> {
    text: &'t [u8],
}

impl<'t> Window<'t> {
    /// Its bytes, at most: one for each bit of a mask.
    pub(super) const SIZE: usize = 64;

    /// All of a text, if it is as short.
    #[inline]
    pub(super) fn whole(text: &'t [u8]) -> Option<Self> {
        (text.len() <= Self::SIZE).then_some(Self { text })
    }

    /// Those of a text: each shares half of its bytes with the one before.
    pub(super) fn all(text: &'t [u8]) -> impl Iterator<Item = Self> {
        let half = Self::SIZE / 2;
        let starts = (0..text.len()).step_by(half).take_while(move |at| *at == 0 || at + half < text.len());
        starts
            .filter_map(|at| text.get(at..))
            .map(|text| Self { text: text.get(..Self::SIZE).unwrap_or(text) })
    }

    pub(super) fn text(self) -> &'t [u8] {
        self.text
    }

    /// What every window is asked, in one pass; and whether it has a `%`, a `\`, a `"` or a byte that is not ASCII.
    #[inline(always)]
    pub(super) fn look(self) -> (Look, bool) {
        let (mut visible, mut high, mut beyond_nine, mut word) = (0, 0, 0, 0);
        let mut written = i8x16::ZERO;
        self.for_each_block(
            #[inline(always)]
            |x, at| {
                // A byte that is not ASCII is negative, as is an equal one in the result of a comparison.
                written |= x.simd_eq(all(b'%')) | x.simd_eq(all(b'\\')) | x.simd_eq(all(b'"')) | x;
                visible |= mask(x.simd_gt(all(b' ')), at);
                high |= mask(x.simd_gt(all(b'/')), at);
                beyond_nine |= mask(x.simd_gt(all(b'9')), at);
                word |= mask(x.simd_gt(all(b'@')) | x.simd_eq(all(b'-')), at);
            },
        );
        let digit = high ^ beyond_nine; // which is a part of it
        (Look::of(self, high, word | digit, visible ^ digit), written.to_bitmask() != 0)
    }

    /// Where letters stand.
    pub(super) fn letters(self) -> u64 {
        self.mask(|x| {
            let lower = x | all(b'a' - b'A');
            lower.simd_gt(all(b'a' - 1)) & all(b'z' + 1).simd_gt(lower)
        })
    }

    /// Where `byte` stands.
    pub(super) fn of(self, byte: u8) -> u64 {
        self.mask(|x| x.simd_eq(all(byte)))
    }

    /// Where each of some bytes stands, in one pass.
    #[inline]
    pub(super) fn each<const N: usize>(self, bytes: [u8; N]) -> [u64; N] {
        let mut masks = [0; N];
        self.for_each_block(
            #[inline(always)]
            |x, at| {
                masks.iter_mut().zip(bytes).for_each(|(bits, byte)| *bits |= mask(x.simd_eq(all(byte)), at))
            },
        );
        masks
    }

    /// Where the bytes of a range stand: ASCII, without the first and the last character of all.
    pub(super) fn within(self, first: u8, last: u8) -> u64 {
        self.mask(|x| x.simd_gt(all(first - 1)) & all(last + 1).simd_gt(x))
    }

    /// Where hexadecimal digits stand.
    pub(super) fn hexadecimal(self) -> u64 {
        self.mask(|x| {
            let lower = x | all(b'a' - b'A');
            x.simd_gt(all(b'/')) & all(b'9' + 1).simd_gt(x)
                | lower.simd_gt(all(b'a' - 1)) & all(b'f' + 1).simd_gt(lower)
        })
    }

    /// Where an escape may begin, or a character beyond ASCII that looks like another one: most letters do not.
    pub(super) fn escapes(self) -> u64 {
        self.mask(|x| {
            // As signed numbers, what is below zero is not ASCII, and what is above 0xdf begins three bytes or four.
            let long = x.simd_gt(all(0xdf)) & x;
            let short = x.simd_eq(all(0xc2)) | x.simd_eq(all(0xd9)) | x.simd_eq(all(0xdb));
            long | short | x.simd_eq(all(b'%')) | x.simd_eq(all(b'\\'))
        })
    }

    #[inline(always)]
    fn mask(self, is_in: impl Fn(i8x16) -> i8x16) -> u64 {
        let mut bits = 0;
        self.for_each_block(
            #[inline(always)]
            |x, at| bits |= mask(is_in(x), at),
        );
        bits
    }

    /// Shows sixteen bytes at a time, and where they stand. The last ones may have been shown before; where there
    /// are fewer, zeros follow.
    #[inline(always)]
    fn for_each_block(self, mut show: impl FnMut(i8x16, usize)) {
        let (text, length) = (self.text, self.text.len());
        let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) else {
            return show(cast(padded(text)), 0);
        };
        show(vector(first), 0);
        // No loop: the places in the middle are known when this is compiled.
        for at in [BLOCK, 2 * BLOCK] {
            if length > at + BLOCK
                && let Some(block) = text.get(at..).and_then(<[u8]>::first_chunk)
            {
                show(vector(block), at);
            }
        }
        if length > BLOCK {
            show(vector(last), length - BLOCK);
        }
    }
}

/// The bytes that are looked at together.
const BLOCK: usize = 16;

/// What was seen in a [`Window`]. Six classes of bytes are told apart by three masks, which are few enough to be handed
/// on in registers. They have no bit behind the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// Digits, marks and letters: what is beyond the slash.
    pub(super) high: u64,
    /// Digits, letters and dashes.
    pub(super) token: u64,
    /// All that is visible, but for digits.
    pub(super) solid: u64,
    /// How many bytes there are.
    length: usize,
}

impl Look {
    /// Of a window of which the masks are known.
    #[inline(always)]
    pub(super) fn of(window: Window<'_>, high: u64, token: u64, solid: u64) -> Self {
        Self { high, token, solid, length: window.text.len() }
    }

    /// Letters, `_`, brackets: all of ASCII behind the marks.
    pub(super) const fn letter(self) -> u64 {
        self.word() & self.solid
    }

    pub(super) const fn digit(self) -> u64 {
        self.high & !self.solid
    }

    /// `:;<=>?@`
    pub(super) const fn marks(self) -> u64 {
        self.high & !self.token
    }

    /// `-`
    pub(super) const fn dash(self) -> u64 {
        self.token & !self.high
    }

    /// Digits and letters, without dashes.
    pub(super) const fn word(self) -> u64 {
        self.high & self.token
    }

    /// Visible ASCII.
    pub(super) const fn visible(self) -> u64 {
        self.high | self.solid
    }

    /// What may stand between digits, and is seen: quotes, commas, dashes, slashes.
    pub(super) const fn punctuation(self) -> u64 {
        self.solid & !self.high
    }

    /// A bit for each byte. Where there is none at all, the bits say nothing.
    pub(super) const fn all(self) -> u64 {
        u64::MAX.wrapping_shr((Window::SIZE - self.length) as u32)
    }

    /// What may stand between digits: every byte below them, and what is not ASCII.
    pub(super) const fn between(self) -> u64 {
        self.all() & !self.high
    }

    /// Digits, and what may stand between them.
    pub(super) const fn number(self) -> u64 {
        self.all() & !(self.high & self.solid)
    }

    /// All that is not visible ASCII.
    pub(super) const fn blank(self) -> u64 {
        self.all() & !self.visible()
    }
}

/// At most sixteen bytes, and zeros behind them.
#[inline(always)]
fn padded(text: &[u8]) -> [u64; 2] {
    // Both ends, which meet or overlap in the middle: a loop over the bytes would cost more.
    let unused = |of: usize| 8 * (of - text.len()) as u32;
    if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        let last = u64::from_le_bytes(*last).checked_shr(unused(16)).unwrap_or_default();
        return [u64::from_le_bytes(*first), last];
    }
    if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        let last = u64::from(u32::from_le_bytes(*last)) << 32 >> unused(8);
        return [u64::from(u32::from_le_bytes(*first)) | last, 0];
    }
    [text.iter().rev().fold(0, |bytes, byte| bytes << 8 | u64::from(*byte)), 0]
}

/// The bits of a comparison's result, for bytes that stand at `at` and behind.
#[inline(always)]
fn mask(is_in: i8x16, at: usize) -> u64 {
    u64::from(is_in.to_bitmask()) << at
}

#[inline(always)]
fn vector(block: &[u8; 16]) -> i8x16 {
    cast(*block)
}

#[inline(always)]
fn all(byte: u8) -> i8x16 {
    i8x16::splat(byte as i8)
}

/// Where runs of at least `length` bits begin.
#[inline]
pub(super) const fn runs(mask: u64, length: u32) -> u64 {
    let (mut begins, mut is_proven) = (mask, 1);
    while is_proven < length {
        let more = if is_proven * 2 <= length { is_proven } else { length - is_proven };
        begins &= begins >> more;
        is_proven += more;
    }
    begins
}

/// The places of the bits of a mask.
pub(super) fn bits(mut mask: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        if mask == 0 {
            return None;
        }
        let at = mask.trailing_zeros() as usize;
        mask &= mask - 1;
        Some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_byte(text: &[u8], is_in: impl Fn(u8) -> bool) -> u64 {
        text.iter().enumerate().filter(|(_, byte)| is_in(**byte)).fold(0, |mask, (at, _)| mask | 1 << at)
    }

    #[test]
    fn each_byte_of_a_window_of_any_size_is_classed() {
        let bytes: Vec<u8> = (0..=255).collect();
        for start in 0..bytes.len() {
            for size in (1..=17).chain([31, 32, 40, 63, 64, 65]) {
                let text = &bytes[start..(start + size).min(bytes.len())];
                let window = Window::all(text).next().unwrap();
                let text = window.text();
                assert!(text.len() <= Window::SIZE);
                let (look, is_written) = window.look();
                assert_eq!(look.letter(), by_byte(text, |byte| (b'A'..0x80).contains(&byte)));
                assert_eq!(look.dash(), by_byte(text, |byte| byte == b'-'));
                assert_eq!(look.digit(), by_byte(text, |byte| byte.is_ascii_digit()));
                assert_eq!(look.number(), by_byte(text, |byte| byte <= b'9' || byte >= 0x80));
                assert_eq!(look.blank(), by_byte(text, |byte| byte <= b' ' || byte >= 0x80));
                assert_eq!(look.marks(), by_byte(text, |byte| (b':'..=b'@').contains(&byte)));
                assert_eq!(is_written, text.iter().any(|byte| b"%\\\"".contains(byte) || !byte.is_ascii()));
                assert_eq!(window.of(b'a'), by_byte(text, |byte| byte == b'a'));
                assert_eq!(window.each(*b"a("), [b'a', b'('].map(|one| by_byte(text, |byte| byte == one)));
                assert_eq!(window.within(b'0', b'9'), by_byte(text, |byte| byte.is_ascii_digit()));
                assert_eq!(window.hexadecimal(), by_byte(text, |byte| byte.is_ascii_hexdigit()));
                assert_eq!(window.letters(), by_byte(text, |byte| byte.is_ascii_alphabetic()));
            }
        }
    }

    #[test]
    fn whatever_is_not_longer_than_half_a_window_is_seen_at_once() {
        for size in 0..300 {
            let bytes: Vec<u8> = (0..size).map(|at| at as u8).collect();
            let windows: Vec<_> = Window::all(&bytes).collect();
            for short in bytes.windows(bytes.len().clamp(1, 32)) {
                assert!(
                    windows.iter().any(|window| window.text().windows(short.len()).any(|part| part == short))
                );
            }
        }
    }

    #[test]
    fn a_run_begins_where_all_its_bits_follow() {
        for length in 1..20 {
            for mask in [0, u64::MAX, 0b1110_1111_0000_1111_1111, u64::MAX >> 7, 0xffff_fff0] {
                let expected =
                    (0..64).filter(|at| (*at..at + length).all(|bit| bit < 64 && mask >> bit & 1 == 1));
                assert_eq!(
                    runs(mask, length),
                    expected.fold(0, |begins, at| begins | 1 << at),
                    "{length} {mask:b}"
                );
            }
        }
    }
}
