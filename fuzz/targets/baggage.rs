//! libFuzzer's way to [`trilha_fuzz::baggage::check`]; empty without it.

#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| trilha_fuzz::baggage::check(input));

#[cfg(not(fuzzing))]
fn main() {}
