//! The guard: its look at a text, which decides whom of the detectors it asks, overlooks nothing.

use trilha_core::guard::overlooked;

/// Nobody would find something who is not asked.
pub fn check(input: &[u8]) {
    assert_eq!(overlooked(input), None, "in {:?}", String::from_utf8_lossy(input));
}
