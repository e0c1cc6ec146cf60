//! libFuzzer's way to [`trilha_fuzz::x_trace::check`]; empty without it.

#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| trilha_fuzz::x_trace::check(input));

#[cfg(not(fuzzing))]
fn main() {}
