//! What the guard did, and where: counts, keys and places, never values.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use parking_lot::Mutex;

use super::{Detector, Place};

const DETECTORS: usize = Detector::ALL.len() + Detector::MOST_OWN;

/// Keys that are told apart, at each place and for each detector; others are `_other`.
const MOST_KEYS: usize = 1_024;
/// Purposes that are told apart; others are `_other`.
const MOST_PURPOSES: usize = 64;
const OTHER: &str = "_other";

/// What was hidden, at one place under one key by one detector.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Redaction {
    /// Where it would have left.
    pub place: Place,
    /// Its key. Empty: it has none, as a name and a message have none.
    pub key: String,
    /// What it is, or why it was hidden. [`PiiGuard::name`](super::PiiGuard::name) tells that of a platform's own.
    pub detector: Detector,
    /// How often.
    pub count: u64,
}

#[derive(Debug)]
pub(super) struct Counts {
    redactions: [[AtomicU64; DETECTORS]; Place::ALL.len()],
    cuts: [AtomicU64; Place::ALL.len()],
    report: Mutex<Report>,
}

#[derive(Debug, Default)]
struct Report {
    keys: BTreeMap<(Place, Detector), BTreeMap<Box<str>, u64>>,
    key_count: usize,
    purposes: BTreeMap<Box<str>, u64>,
}

impl Counts {
    pub(super) fn new() -> Self {
        Self {
            redactions: std::array::from_fn(|_| std::array::from_fn(|_| AtomicU64::new(0))),
            cuts: std::array::from_fn(|_| AtomicU64::new(0)),
            report: Mutex::default(),
        }
    }

    /// Counts a find. Whether its key was not in the report yet.
    pub(super) fn redact(&self, place: Place, key: &str, detector: Detector) -> bool {
        let of_place = self.redactions.get(place as usize);
        if let Some(count) = of_place.and_then(|of_place| of_place.get(detector.index())) {
            count.fetch_add(1, Relaxed);
        }
        self.report.lock().redact(place, key, detector)
    }

    pub(super) fn cut(&self, place: Place) {
        if let Some(count) = self.cuts.get(place as usize) {
            count.fetch_add(1, Relaxed);
        }
    }

    /// Counts a personal value that was dropped, since this purpose, or none, does not allow it.
    pub(super) fn refuse_purpose(&self, purpose: &str) {
        let purposes = &mut self.report.lock().purposes;
        let is_known = purposes.contains_key(purpose) || purposes.len() < MOST_PURPOSES;
        *purposes.entry(if is_known { purpose } else { OTHER }.into()).or_default() += 1;
    }

    pub(super) fn redactions(&self) -> impl Iterator<Item = (Place, Detector, u64)> {
        Place::ALL.into_iter().zip(&self.redactions).flat_map(|(place, of_place)| {
            let own = (0..Detector::MOST_OWN as u8).map(Detector::Own);
            let counts = Detector::ALL.into_iter().chain(own).zip(of_place);
            counts.map(move |(detector, count)| (place, detector, count.load(Relaxed)))
        })
    }

    pub(super) fn cuts(&self) -> impl Iterator<Item = (Place, u64)> {
        Place::ALL.into_iter().zip(&self.cuts).map(|(place, count)| (place, count.load(Relaxed)))
    }

    pub(super) fn report(&self) -> Vec<Redaction> {
        let report = self.report.lock();
        let each = report.keys.iter().flat_map(|(&(place, detector), keys)| {
            keys.iter().map(move |(key, &count)| Redaction { place, key: key.to_string(), detector, count })
        });
        each.collect()
    }

    pub(super) fn refused_purposes(&self) -> Vec<(String, u64)> {
        self.report.lock().purposes.iter().map(|(purpose, count)| (purpose.to_string(), *count)).collect()
    }
}

impl Report {
    fn redact(&mut self, place: Place, key: &str, detector: Detector) -> bool {
        let keys = self.keys.entry((place, detector)).or_default();
        if let Some(count) = keys.get_mut(key) {
            *count += 1;
            return false;
        }
        let has_room = self.key_count < MOST_KEYS;
        self.key_count += usize::from(has_room);
        *keys.entry(if has_room { key } else { OTHER }.into()).or_default() += 1;
        has_room
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_beyond_the_bound_are_counted_together() {
        let counts = Counts::new();
        for at in 0..MOST_KEYS + 10 {
            let is_new = counts.redact(Place::Status, &at.to_string(), Detector::Email);
            assert_eq!(is_new, at < MOST_KEYS);
        }
        assert!(!counts.redact(Place::Status, "0", Detector::Email));
        let report = counts.report();
        assert_eq!(report.len(), MOST_KEYS + 1);
        let of = |key| report.iter().find(|line| line.key == key).map(|line| line.count);
        assert_eq!((of("0"), of(OTHER)), (Some(2), Some(10)));
        let total: u64 = counts.redactions().map(|(.., count)| count).sum();
        assert_eq!(total, report.iter().map(|line| line.count).sum());
    }

    #[test]
    fn purposes_beyond_the_bound_are_counted_together() {
        let counts = Counts::new();
        (0..MOST_PURPOSES + 3).for_each(|at| counts.refuse_purpose(&at.to_string()));
        let refused = counts.refused_purposes();
        assert_eq!(refused.len(), MOST_PURPOSES + 1);
        assert!(refused.contains(&(OTHER.to_owned(), 3)));
    }
}
