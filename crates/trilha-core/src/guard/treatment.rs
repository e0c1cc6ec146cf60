//! What is known of a key before its value is seen: looked up once, and kept. No value is looked at.

use std::{hash::BuildHasher, sync::OnceLock};

use rustc_hash::FxBuildHasher;

use super::{
    Action, Detector, Detectors, Rules,
    conventions::{Convention, NUMBERS, convention},
    keys::names_secret,
};
use crate::schema::{Definition, Format, PiiClass, Schema};

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
        let (kind, except) = match (schema.get(key), convention(key)) {
            _ if let Some(action) = of_key.and_then(|of_key| of_key.action) => {
                (Kind::Hidden(Some(action)), allowed)
            }
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

struct Known {
    key: Box<str>,
    treatment: Treatment,
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

    #[inline]
    pub(super) fn get(&self, key: &str, look_up: impl FnOnce() -> Treatment) -> Treatment {
        let first = FxBuildHasher.hash_one(key) as usize % SLOTS;
        for slot in (first..first + TRIES).filter_map(|at| self.0.get(at % SLOTS)) {
            match slot.get() {
                Some(known) if *known.key == *key => return known.treatment,
                Some(_) => {}
                None => return keep(slot, key, look_up()),
            }
        }
        look_up()
    }
}

/// Who comes second to a slot finds it taken: its key is looked up once more, and then kept elsewhere.
#[cold]
fn keep(slot: &OnceLock<Known>, key: &str, treatment: Treatment) -> Treatment {
    let _ = slot.set(Known { key: key.into(), treatment });
    treatment
}
