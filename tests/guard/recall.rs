//! Each detector's canaries in each carrier: all but one in a hundred are hidden, with nothing left of them.

use std::{collections::HashSet, fmt::Write};

use trilha::guard::{PiiGuard, Place, Rules, Verdict};
use trilha_testing::{Canaries, Canary, Hunt, canaries};

use crate::carriers::{CARRIERS, Carrier, UNDECLARED};

const OF_EACH: usize = 1_000;
/// One in a hundred, in each carrier.
const MOST_MISSES: usize = OF_EACH / 100;

#[test]
fn what_a_detector_knows_is_hidden_in_every_carrier() {
    let misses = misses(&PiiGuard::default());
    assert!(misses.is_empty(), "recall below 0.99:\n{}", table(&misses));
}

#[test]
fn a_guard_that_hides_nothing_misses_everything() {
    let guard = PiiGuard::builder().rules(Rules::new().dry_run(true)).build().unwrap();
    let bare = |misses: &Misses| misses.carrier == "bare" && misses.count == OF_EACH;
    let count = misses(&guard).iter().filter(|misses| bare(misses)).count();
    assert_eq!(count, Canaries::detectors().count());
}

/// What one detector missed in one carrier.
struct Misses {
    detector: &'static str,
    carrier: &'static str,
    key: &'static str,
    count: usize,
    /// One of them, and what was left of it.
    example: (String, String),
}

/// Where more was missed than may be. Detectors are tried beside each other.
fn misses(guard: &PiiGuard) -> Vec<Misses> {
    std::thread::scope(|scope| {
        let detectors: Vec<_> =
            Canaries::detectors().map(|detector| scope.spawn(move || misses_of(detector, guard))).collect();
        detectors.into_iter().flat_map(|detector| detector.join().unwrap()).collect()
    })
}

fn misses_of(detector: &'static str, guard: &PiiGuard) -> Vec<Misses> {
    let canaries: Vec<_> = canaries().of(detector).take(OF_EACH).collect();
    let mut all = Vec::new();
    for carrier in CARRIERS {
        // What has no key is judged as what stands under a key that nobody declared.
        for key in std::iter::once("").chain(Some(carrier.key).filter(|key| *key != UNDECLARED)) {
            let missed = missed(guard, carrier, key, &canaries);
            if let [(example, left), ..] = missed.as_slice()
                && missed.len() > MOST_MISSES
            {
                let example = (example.value().to_owned(), left.clone());
                all.push(Misses { detector, carrier: carrier.name, key, count: missed.len(), example });
            }
        }
    }
    all
}

/// The canaries that the guard let through, as a whole or in part, with what left.
fn missed<'c>(
    guard: &PiiGuard,
    carrier: &Carrier,
    key: &str,
    canaries: &'c [Canary],
) -> Vec<(&'c Canary, String)> {
    let mut hunt = Hunt::new(canaries.iter().cloned());
    let left: Vec<_> = canaries
        .iter()
        .map(|canary| {
            let text = (carrier.carry)(canary.value());
            match guard.judge(Place::SpanAttribute, key, &text) {
                Verdict::Clean(left) => (true, left.to_owned()),
                Verdict::Replaced(left) => (false, left),
                Verdict::Refused | Verdict::SpanRefused => (false, String::new()),
            }
        })
        .collect();
    // A quote in a literal is written twice: the hunt knows nothing of SQL.
    let texts: Vec<_> = left.iter().map(|(_, left)| left.replace("''", "'")).collect();
    hunt.search("what left", texts.join("\n"));
    let seen: HashSet<_> = hunt.sightings().iter().map(|sighting| sighting.canary().value()).collect();
    let both = canaries.iter().zip(left);
    both.filter(|(canary, (is_clean, _))| *is_clean || seen.contains(canary.value()))
        .map(|(canary, (_, left))| (canary, left))
        .collect()
}

fn table(misses: &[Misses]) -> String {
    let mut table = String::new();
    for Misses { detector, carrier, key, count, example: (value, left) } in misses {
        let recall = (OF_EACH - count) as f64 / OF_EACH as f64;
        let key = if key.is_empty() { "no key" } else { key };
        writeln!(table, "{detector:<18}{carrier:<28}{key:<20}{recall:.3}  {value:?} left {left:?}").unwrap();
    }
    table
}
