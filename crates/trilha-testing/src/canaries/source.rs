//! Where the randomness of canaries comes from: a seed, and nothing else.

use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

#[derive(Clone)]
pub(super) struct Source(ChaCha8Rng);

impl Source {
    pub(super) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// One of these. There has to be one.
    pub(super) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        let [first, ..] = all else { panic!("nothing to take one of") };
        *all.choose(&mut self.0).unwrap_or(first)
    }

    /// A number of this range.
    pub(super) fn number(&mut self, range: std::ops::Range<u64>) -> u64 {
        self.0.random_range(range)
    }

    /// Whether, once in so many times.
    pub(super) fn once_in(&mut self, times: u64) -> bool {
        self.number(0..times) == 0
    }

    /// So many characters of this alphabet.
    pub(super) fn text(&mut self, alphabet: &str, length: usize) -> String {
        let alphabet: Vec<char> = alphabet.chars().collect();
        (0..length).map(|_| self.one_of(&alphabet)).collect()
    }

    pub(super) fn digits(&mut self, length: usize) -> String {
        self.text(DIGITS, length)
    }

    /// A secret without special characters. It has capitals, small letters and digits.
    pub(super) fn secret(&mut self, length: usize) -> String {
        loop {
            let secret = self.text(ALPHANUMERIC, length);
            let has = |kind: fn(&char) -> bool| secret.chars().any(|letter| kind(&letter));
            if has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase) && has(char::is_ascii_digit) {
                return secret;
            }
        }
    }
}

pub(super) const DIGITS: &str = "0123456789";
pub(super) const CAPITALS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
pub(super) const SMALL_LETTERS: &str = "abcdefghijklmnopqrstuvwxyz";
pub(super) const HEX: &str = "0123456789abcdef";
pub(super) const ALPHANUMERIC: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
pub(super) const CAPITALS_AND_DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
pub(super) const BASE64: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
pub(super) const BASE64_URL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The text with its characters in groups of this many, with this between them.
pub(super) fn grouped(text: &str, length: usize, separator: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let groups: Vec<String> = letters.chunks(length).map(|group| group.iter().collect()).collect();
    groups.join(separator)
}

/// The text written in a form: each `#` is the next character of it.
pub(super) fn formed(text: &str, form: &str) -> String {
    let mut letters = text.chars();
    form.chars().filter_map(|place| if place == '#' { letters.next() } else { Some(place) }).collect()
}
