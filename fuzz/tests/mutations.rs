//! The checks on mutated seeds: the same bytes on every run, so many and no more.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "helpers of tests")]

use std::{fs, panic, path::Path};

use rand::{Rng, SeedableRng, rngs::SmallRng, seq::IndexedRandom};

/// For each codec.
const BYTES: usize = 4 << 20;

/// What means something to a grammar, and what only looks so.
const TOKENS: &[&[u8]] = &[
    b",",
    b"=",
    b";",
    b"-",
    b"%",
    b" ",
    b"\t",
    b"\n",
    b"\0",
    b"\x7f",
    b"\x80",
    b"\xff",
    b"%2C",
    b"%3B",
    b"%25",
    b"%FF",
    b"\xc3\xa9",
    b"\"",
    b"\\",
    b"@",
    b"a=1",
    b"k=v;p",
    b"00",
    b"ff",
    b"d",
    b"0000000000000000",
    b",,",
];

#[test]
fn traceparent_keeps_its_promises() {
    mutate("traceparent", trilha_fuzz::traceparent::check);
}

#[test]
fn tracestate_keeps_its_promises() {
    mutate("tracestate", trilha_fuzz::tracestate::check);
}

#[test]
fn baggage_keeps_its_promises() {
    mutate("baggage", trilha_fuzz::baggage::check);
}

#[test]
fn b3_keeps_its_promises() {
    mutate("b3", trilha_fuzz::b3::check);
}

#[test]
fn x_trace_keeps_its_promises() {
    mutate("x_trace", trilha_fuzz::x_trace::check);
}

fn mutate(codec: &str, check: fn(&[u8])) {
    let seeds = seeds(codec);
    for seed in &seeds {
        checked(check, seed);
    }
    let mut random = SmallRng::seed_from_u64(2026);
    let mut bytes = 0;
    while bytes < BYTES {
        let mut input = seeds.choose(&mut random).unwrap().clone();
        for _ in 0..random.random_range(1..=6) {
            mutated(&mut input, &seeds, &mut random);
        }
        bytes += input.len().max(1);
        checked(check, &input);
    }
}

/// In a fixed order, so that each run does the same.
fn seeds(codec: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(codec);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

fn checked(check: fn(&[u8]), input: &[u8]) {
    let kept = panic::catch_unwind(|| check(input));
    assert!(kept.is_ok(), "broken for b\"{}\"", input.escape_ascii());
}

fn mutated(input: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut SmallRng) {
    let at = random.random_range(0..=input.len());
    let end = random.random_range(at..=input.len());
    match random.random_range(0..7) {
        0 => drop(input.splice(at..at, [random.random()])),
        1 => drop(input.splice(at..at, TOKENS.choose(random).unwrap().iter().copied())),
        2 => drop(input.drain(at..end)),
        3 if at < end => input[at] ^= 1 << random.random_range(0..8),
        4 if at < end => input[at] = random.random_range(b' '..=b'~'),
        5 => {
            let again = input[at..end].to_vec();
            input.splice(at..at, again);
        }
        _ => {
            let other = seeds.choose(random).unwrap();
            input.splice(at..end, other[random.random_range(0..=other.len())..].iter().copied());
        }
    }
}
