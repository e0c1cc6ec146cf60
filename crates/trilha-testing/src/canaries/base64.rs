//! What a value looks like inside of base64, wherever in it the value begins.

use std::iter;

use ::base64::Engine;
use ::base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// The characters that base64 has for this value whatever stands around it: for each of the three places in a group
/// that it may begin at, in both alphabets.
pub(super) fn base64_of(value: &str) -> Vec<String> {
    let mut all: Vec<String> = (0..3)
        .flat_map(|before| {
            let bytes: Vec<u8> = iter::repeat_n(0, before).chain(value.bytes()).collect();
            // A character of base64 holds six bits. Those that share bits with the neighbours are not telling.
            let first = (before * 8).div_ceil(6);
            let end = bytes.len() * 8 / 6;
            [STANDARD_NO_PAD, URL_SAFE_NO_PAD]
                .map(|engine| engine.encode(&bytes).get(first..end).unwrap_or_default().to_owned())
        })
        .collect();
    all.sort();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_value_is_seen_wherever_it_begins(before in ".{0,9}", value in ".{9,30}", after in ".{0,9}") {
            let text = format!("{before}{value}{after}");
            for encoded in [STANDARD_NO_PAD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
                prop_assert!(base64_of(&value).iter().any(|one| encoded.contains(one)), "{encoded}");
            }
        }
    }

    #[test]
    fn it_is_as_long_as_what_is_told() {
        for one in base64_of("0123456789ab") {
            assert!((14..=16).contains(&one.len()), "{one}");
        }
    }
}
