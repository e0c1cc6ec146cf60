//! libFuzzer's way to [`trilha_fuzz::traceparent::check`]; empty without it.

#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| trilha_fuzz::traceparent::check(input));

#[cfg(not(fuzzing))]
fn main() {}
