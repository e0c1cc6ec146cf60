//! What the codecs and the guard promise for any input: each `check` panics where a promise is broken.
//!
//! The grammars are written here a second time, slow and obvious, and have to say the same as the codecs.
//! libFuzzer calls the checks (`targets/`, `scripts/fuzz`), and so does a loop of mutations on every test run
//! (`tests/mutations.rs`), but for the guard's: it is in libFuzzer's build alone, and the guard's own tests ask the same.

#![allow(clippy::expect_used, reason = "a check tells by panicking")]

pub mod b3;
pub mod baggage;
#[cfg(fuzzing)]
pub mod guard;
pub mod traceparent;
pub mod tracestate;
pub mod x_trace;

/// The values of several headers in one input: a line each.
fn lines(input: &[u8]) -> Vec<&[u8]> {
    input.split(|byte| *byte == b'\n').collect()
}

/// Without the spaces and tabs around it.
fn trimmed(text: &[u8]) -> &[u8] {
    let is_content = |byte: &u8| *byte != b' ' && *byte != b'\t';
    match (text.iter().position(is_content), text.iter().rposition(is_content)) {
        (Some(first), Some(last)) => text.get(first..=last).unwrap_or_default(),
        _ => &[],
    }
}

/// The number that lower-case hexadecimal digits spell, at most 32 of them.
fn number(digits: &[u8]) -> Option<u128> {
    let mut number = 0;
    for digit in digits {
        let value = "0123456789abcdef".bytes().position(|known| known == *digit)?;
        number = number << 4 | value as u128;
    }
    (digits.len() <= 32).then_some(number)
}

/// The ids of a context, as text.
fn spelt(trace_id: u128, span_id: u128, flags: u8) -> String {
    format!("00-{trace_id:032x}-{span_id:016x}-{flags:02x}")
}
