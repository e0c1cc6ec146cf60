//! libFuzzer's way to [`trilha_fuzz::guard::check`]; empty without it.

#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| trilha_fuzz::guard::check(input));

#[cfg(not(fuzzing))]
fn main() {}
