//! Ordinary telemetry stays as it is: at most one value in two hundred is touched.

use std::{collections::BTreeMap, fmt::Write};

use trilha::guard::{PiiGuard, Place, Verdict};

use crate::{
    carriers::UNDECLARED,
    ordinary::{Sample, samples},
};

/// In a thousand.
const MOST_FALSE_ALARMS: usize = 5;

#[test]
fn ordinary_values_under_their_own_keys_stay() {
    assert_clean(|sample| sample.key.map(|key| (Place::SpanAttribute, key)));
}

#[test]
fn ordinary_values_under_keys_that_nobody_declared_stay() {
    assert_clean(|sample| sample.is_plain.then_some((Place::SpanAttribute, UNDECLARED)));
}

#[test]
fn ordinary_texts_without_a_key_stay() {
    assert_clean(|sample| sample.is_plain.then_some((Place::LogBody, "")));
}

#[track_caller]
fn assert_clean(way: fn(&Sample) -> Option<(Place, &'static str)>) {
    let guard = PiiGuard::default();
    let (mut judged, mut alarms) = (0, BTreeMap::<&str, Vec<(&str, String)>>::new());
    let samples = samples();
    for sample in &samples {
        let Some((place, key)) = way(sample) else { continue };
        judged += 1;
        let left = match guard.judge(place, key, &sample.text) {
            Verdict::Clean(_) => continue,
            Verdict::Replaced(left) => left,
            Verdict::Refused | Verdict::SpanRefused => String::new(),
        };
        alarms.entry(sample.group).or_default().push((&sample.text, left));
    }
    assert!(judged >= 5_000, "only {judged} values");
    let count: usize = alarms.values().map(Vec::len).sum();
    let mut table = String::new();
    for (group, alarms) in &alarms {
        writeln!(table, "{group}: {}", alarms.len()).unwrap();
        for (text, left) in alarms.iter().take(12) {
            writeln!(table, "    {text:?} became {left:?}").unwrap();
        }
    }
    assert!(count * 1_000 <= judged * MOST_FALSE_ALARMS, "{count} false alarms of {judged} values:\n{table}");
}
