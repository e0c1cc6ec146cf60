//! What the tests of several detectors share.

use std::ops::Range;

/// What `find` finds in the text, one after the other.
pub(super) fn found(find: fn(&[u8], usize) -> Option<Range<usize>>, text: &str) -> Vec<&str> {
    let mut from = 0;
    std::iter::from_fn(|| {
        let range = find(text.as_bytes(), from)?;
        assert!(range.start >= from && !range.is_empty(), "{range:?} from {from} in {text:?}");
        from = range.end;
        Some(text.get(range).expect("the range is one of characters of the text"))
    })
    .collect()
}

/// Property tests of a `find`: it never panics, and its ranges are within the text, go forward, and hold whole
/// characters.
macro_rules! never_panics {
    ($find:path, $shape:literal) => {
        proptest::proptest! {
            #[test]
            fn ranges_are_sound(text in $shape, any in "\\PC{0,40}") {
                for text in [&text, &any, &format!("{any}{text}"), &format!("{text}{any}{text}")] {
                    $crate::guard::detect::testing::found($find, text);
                }
            }

            #[test]
            fn bytes_that_are_no_text_are_read(bytes: Vec<u8>, from in 0_usize..80) {
                if let Some(range) = $find(&bytes, from) {
                    assert!(range.start >= from && range.start < range.end && range.end <= bytes.len());
                }
            }
        }
    };
}
pub(super) use never_panics;
