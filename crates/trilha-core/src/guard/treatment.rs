//! What is known of a key before its value is seen: looked up once, and kept. No value is looked at.

use std::{hash::BuildHasher, sync::OnceLock};

use rustc_hash::FxBuildHasher;

use super::{
    Action, Detector, Detectors, Rules,
    conventions::{Convention, NUMBERS, convention},
    keys::names_secret,
};
use crate::schema::{Definition, Format, PiiClass, Schema};

/// What is shown of a key that may not be shown.
const HIDDEN_KEY: &str = "[redacted]";

/// How the values of one key are treated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Treatment {
    pub(super) kind: Kind,
    /// What may stand in them.
    pub(super) except: Detectors,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// Text that may leave, without what is found in it.
    Declared,
    /// Text that nobody declared, or that may hold anything: in the mode `Strict` it does not leave.
    Undeclared,
    /// Hidden whatever it looks like, since the key says so: what becomes of it, if the rules say that.
    Hidden(Option<Action>),
    /// The key itself holds what may not leave.
    Unfit,
    /// Its class decides: personal, secret, or another one of which the rules say something.
    Class(PiiClass),
}

impl Kind {
    /// Whether the key decides, whatever the value looks like.
    pub(super) const fn is_of_key(self) -> bool {
        matches!(self, Self::Hidden(_) | Self::Unfit | Self::Class(_))
    }
}

impl Treatment {
    /// Of text without a key: a name, a message.
    pub(super) const UNNAMED: Self = Self { kind: Kind::Undeclared, except: Detectors::of(&[]) };

    pub(super) fn of(key: &str, schema: &Schema, rules: &Rules) -> Self {
        let of_key = rules.keys.get(key);
        let allowed = of_key.map_or_else(Detectors::default, |of_key| of_key.allowed).union(rules.off);
        let action = of_key.and_then(|of_key| of_key.action);
        let (kind, except) = match (schema.get(key), convention(key)) {
            _ if action.is_some() => (Kind::Hidden(action), allowed),
            (Some(definition), of_opentelemetry) => {
                let except = match of_opentelemetry {
                    Some(Convention::Open(except)) => except,
                    _ if matches!(definition.format(), Format::Digest | Format::Number) => NUMBERS,
                    _ => Detectors::default(),
                };
                (kind_of(definition, rules), except)
            }
            (None, Some(Convention::Open(except))) => (Kind::Declared, except),
            (None, Some(Convention::Prose)) => (Kind::Undeclared, allowed),
            (None, Some(Convention::Personal)) => (Kind::Class(PiiClass::Personal), allowed),
            (None, None) if names_secret(key.as_bytes()) && !allowed.contains(Detector::Key) => {
                (Kind::Hidden(None), allowed)
            }
            (None, None) if of_key.is_some() => (Kind::Declared, allowed),
            (None, None) => (Kind::Undeclared, allowed),
        };
        let debug = match kind {
            // The values of what is declared are text of the platform's, not somebody's `Debug` output.
            Kind::Declared => Detectors::of(&[Detector::Debug]),
            _ => Detectors::default(),
        };
        Self { kind, except: except.union(allowed).union(debug) }
    }

    /// The key as it may be shown.
    pub(super) fn shown(self, key: &str) -> &str {
        if self.kind == Kind::Unfit { HIDDEN_KEY } else { key }
    }
}

fn kind_of(definition: &Definition, rules: &Rules) -> Kind {
    match definition.pii() {
        class @ (PiiClass::Personal | PiiClass::Secret) => Kind::Class(class),
        class if rules.classes.contains_key(&class) => Kind::Class(class),
        PiiClass::None | PiiClass::Pseudonymous => Kind::Declared,
    }
}

/// The treatments of the keys that were seen. Those beyond its bound are looked up anew each time.
///
/// Nothing is ever taken out or moved, so that reading needs no lock.
pub(super) struct Treatments(Box<[OnceLock<Known>]>);

/// What is known of a key.
pub(super) struct Known {
    key: Box<str>,
    /// Zeros, if the key is long.
    fingerprint: Fingerprint,
    pub(super) treatment: Treatment,
    /// A text of so many bytes or more is not looked at before it is judged. Zero: none is.
    pub(super) unseen_bytes: usize,
}

/// Keys that are kept, a power of two. A program has a few hundred.
const SLOTS: usize = 2_048;
/// How many places a key may stand at.
const TRIES: usize = 4;

impl Treatments {
    /// The longest key, in bytes. Longer ones are nobody's: they are not looked at, and do not leave.
    pub(super) const LONGEST: usize = 1_024;

    pub(super) fn new() -> Self {
        Self(std::iter::repeat_with(OnceLock::new).take(SLOTS).collect())
    }

    /// Of a key that was kept.
    #[inline]
    pub(super) fn get(&self, key: &str) -> Option<&Known> {
        self.at_first(key).or_else(|| self.get_any(key))
    }

    /// Of a key that is short, and stands at its first place: most do.
    #[inline(always)]
    pub(super) fn at_first(&self, key: &str) -> Option<&Known> {
        let fingerprint = Fingerprint::of(key)?;
        let known = self.0.get(fingerprint.place())?.get()?;
        if known.fingerprint != fingerprint {
            return None;
        }
        Some(known)
    }

    #[inline(never)]
    fn get_any(&self, key: &str) -> Option<&Known> {
        self.slots(key).find_map(|slot| slot.get().filter(|known| *known.key == *key))
    }

    /// Keeps the treatment of a key that was not, if there is a place.
    pub(super) fn keep(&self, key: &str, treatment: Treatment, unseen_bytes: usize) {
        if let Some(slot) = self.slots(key).find(|slot| slot.get().is_none()) {
            let fingerprint = Fingerprint::of(key).unwrap_or_default();
            // Who comes second to a slot finds it taken: its key is looked up once more, and then kept elsewhere.
            let _ = slot.set(Known { key: key.into(), fingerprint, treatment, unseen_bytes });
        }
    }

    fn slots(&self, key: &str) -> impl Iterator<Item = &OnceLock<Known>> {
        let hash = || FxBuildHasher.hash_one(key) as usize % SLOTS;
        let first = Fingerprint::of(key).map_or_else(hash, Fingerprint::place);
        (first..first + TRIES).filter_map(|at| self.0.get(at % SLOTS))
    }
}

/// What a key of at most sixteen bytes is compared by, without a call: its first bytes and its last ones, which meet or
/// overlap in the middle, and its length.
#[derive(Clone, Copy, Default, Eq, PartialEq)]
struct Fingerprint {
    first: u64,
    last: u64,
    length: u64,
}

impl Fingerprint {
    #[inline(always)]
    fn of(key: &str) -> Option<Self> {
        let (key, length) = (key.as_bytes(), key.len() as u64);
        if length > 16 {
            return None;
        }
        if let (Some(first), Some(last)) = (key.first_chunk(), key.last_chunk()) {
            return Some(Self { first: u64::from_le_bytes(*first), last: u64::from_le_bytes(*last), length });
        }
        if let (Some(first), Some(last)) = (key.first_chunk(), key.last_chunk()) {
            let [first, last] = [first, last].map(|four| u64::from(u32::from_le_bytes(*four)));
            return Some(Self { first, last, length });
        }
        let first = key.iter().fold(0, |bytes, byte| bytes << 8 | u64::from(*byte));
        Some(Self { first, last: 0, length })
    }

    #[inline(always)]
    fn place(self) -> usize {
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        // The upper bits of a product depend on all bits of its factors.
        let hash = (self.first ^ self.last.rotate_left(23)).wrapping_mul(ODD);
        (hash >> (u64::BITS - SLOTS.ilog2())) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn treatment(except: Detector) -> Treatment {
        Treatment { kind: Kind::Declared, except: Detectors::of(&[except]) }
    }

    fn kept(treatments: &Treatments, key: &str) -> Option<Treatment> {
        Some(treatments.get(key)?.treatment)
    }

    #[test]
    fn a_key_that_was_kept_is_known_and_no_other_is() {
        let treatments = Treatments::new();
        let keys = ["a", "a\0", "\0", "order.id", "order.i", "carrier.service", "messaging.message.id"];
        for key in keys {
            assert_eq!(kept(&treatments, key), None, "{key}");
            treatments.keep(key, treatment(Detector::Card), 0);
            assert_eq!(kept(&treatments, key), Some(treatment(Detector::Card)), "{key}");
        }
        for key in ["", "b", "a\0\0", "order.is", "carrier.servicf", "messaging.message.ie"] {
            assert_eq!(kept(&treatments, key), None, "{key}");
        }
    }

    #[test]
    fn keys_that_share_a_place_are_told_apart_and_those_beyond_the_bound_are_not_kept() {
        let treatments = Treatments::new();
        let place = |key: &str| Fingerprint::of(key).map(Fingerprint::place);
        let keys = (0..).map(|number| format!("key{number}")).filter(|key| place(key) == place("key0"));
        for (number, key) in (0_u8..).zip(keys.take(TRIES + 1)) {
            treatments.keep(&key, treatment(Detector::Own(number)), 0);
            let expected = (usize::from(number) < TRIES).then(|| treatment(Detector::Own(number)));
            assert_eq!(kept(&treatments, &key), expected, "{key}");
        }
    }

    #[test]
    fn no_key_is_taken_for_another_however_alike_they_are() {
        let treatments = Treatments::new();
        let starts = (0..5_000).map(|number| format!("{number:04}customer"));
        let middles = ('a'..='z').map(|letter| format!("customer{letter}password"));
        let keys: Vec<_> = middles.chain(starts).collect();
        let own = |at: usize| treatment(if at.is_multiple_of(2) { Detector::Email } else { Detector::Card });
        for (at, key) in keys.iter().enumerate() {
            treatments.keep(key, own(at), 0);
        }
        for (at, key) in keys.iter().enumerate() {
            assert!(kept(&treatments, key).is_none_or(|known| known == own(at)), "{key}");
        }
    }
}
