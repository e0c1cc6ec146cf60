//! Canaries: made-up personal and secret values that a test plants in a service's inputs, and then hunts in what
//! left it. How they are made, the modules beside this one know; it shares no code with the guard that is tested.

mod base64;
mod card;
mod hunt;
mod iban;
mod ip_address;
mod key;
mod personal;
mod phone;
mod secret;
mod source;
mod views;

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;

use self::source::Source;

pub use self::hunt::{Encoding, Hunt, Sighting};

/// Made-up values of each kind that the guard finds by its look, one kind after the other, without an end.
///
/// The same values come each time, so that a failure can be repeated; [`Canaries::seed`] gives others. No two are
/// alike. Check digits and shapes are right, all else is random: one may by chance be somebody's number.
///
/// ```
/// use trilha_testing::{Hunt, canaries};
///
/// let planted: Vec<_> = canaries().take(1_000).collect();
/// let log: String = planted.iter().map(|canary| log_line(canary.value())).collect();
///
/// let mut hunt = Hunt::new(planted);
/// hunt.search("log", log).assert_none();
///
/// # fn log_line(_: &str) -> String {
/// "no such customer: [redacted]\n".to_owned() // the code under test, which was given a value
/// # }
/// ```
pub fn canaries() -> Canaries {
    Canaries { kinds: KINDS.to_vec(), turn: 0, source: Source::new(0), seen: HashSet::new() }
}

/// An endless iterator of [`Canary`]s, from [`canaries`].
///
/// It remembers what it gave, so as to give nothing twice.
#[derive(Clone)]
pub struct Canaries {
    kinds: Vec<Kind>,
    turn: usize,
    source: Source,
    seen: HashSet<String>,
}

impl Canaries {
    /// Other values: the same for the same seed. Defaults to 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.source = Source::new(seed);
        self
    }

    /// Those for one detector of the guard only: `email`, `cpf`, `api_key`… Defaults to all in turn.
    ///
    /// # Panics
    /// Where there are none for a detector of this name.
    #[track_caller]
    pub fn of(mut self, detector: &str) -> Self {
        let names = Self::detectors().collect::<Vec<_>>().join(", ");
        assert!(
            Self::detectors().any(|name| name == detector),
            "no canaries for {detector:?}, only for {names}"
        );
        self.kinds = KINDS.into_iter().filter(|(name, _)| *name == detector).collect();
        self
    }

    /// The names of the detectors that there are canaries for, in their turn.
    pub fn detectors() -> impl Iterator<Item = &'static str> {
        KINDS.into_iter().map(|(name, _)| name)
    }
}

impl Iterator for Canaries {
    type Item = Canary;

    fn next(&mut self) -> Option<Canary> {
        let (detector, make) = *self.kinds.get(self.turn % self.kinds.len())?;
        self.turn += 1;
        loop {
            let Made { value, core } = make(&mut self.source);
            let canary = Canary { detector, value, core };
            if self.seen.insert(canary.core().to_lowercase()) {
                return Some(canary);
            }
        }
    }
}

impl fmt::Debug for Canaries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canaries").field("given", &self.turn).finish_non_exhaustive()
    }
}

/// A made-up value that must not leave.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Canary {
    detector: &'static str,
    value: String,
    core: Range<usize>,
}

impl Canary {
    /// The text to plant.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The name of the detector that should find it.
    pub fn detector(&self) -> &'static str {
        self.detector
    }

    /// The part of the value that must not survive: of a URL its password, of `Bearer …` the token.
    pub fn core(&self) -> &str {
        self.value.get(self.core.clone()).unwrap_or(&self.value)
    }
}

impl fmt::Display for Canary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.value)
    }
}

type Kind = (&'static str, fn(&mut Source) -> Made);

const KINDS: [Kind; 14] = [
    ("email", personal::email),
    ("card", card::card),
    ("iban", iban::iban),
    ("cpf", personal::cpf),
    ("cnpj", personal::cnpj),
    ("ssn", personal::ssn),
    ("phone", phone::phone),
    ("ip_address", ip_address::ip_address),
    ("jwt", secret::jwt),
    ("credentials", secret::credentials),
    ("private_key", secret::private_key),
    ("url", secret::url),
    ("connection_string", secret::connection_string),
    ("api_key", key::api_key),
];

/// A value, and where in it the part is that must not survive.
struct Made {
    value: String,
    core: Range<usize>,
}

impl Made {
    /// All of it must not survive.
    fn whole(value: impl Into<String>) -> Self {
        Self::within("", value, "")
    }

    /// The part between these must not survive.
    fn within(before: impl Into<String>, core: impl Into<String>, after: impl AsRef<str>) -> Self {
        let (mut value, core) = (before.into(), core.into());
        let start = value.len();
        value.push_str(&core);
        let core = start..value.len();
        value.push_str(after.as_ref());
        Self { value, core }
    }
}

#[cfg(test)]
mod tests {
    use trilha_core::guard::Detector;

    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_values() {
        let some = |seed| canaries().seed(seed).take(100).collect::<Vec<_>>();
        assert_eq!(some(7), some(7));
        assert_ne!(some(7), some(8));
        assert_eq!(some(0), canaries().take(100).collect::<Vec<_>>());
    }

    #[test]
    fn every_name_is_a_detectors() {
        for name in Canaries::detectors() {
            assert!(Detector::ALL.into_iter().any(|detector| detector.name() == name), "{name}");
        }
    }

    #[test]
    fn no_two_are_alike() {
        const MANY: usize = 200_000; // so many random ones of the rarest kind would hold a dozen pairs
        let cores: HashSet<_> =
            canaries().of("ssn").take(MANY).map(|canary| canary.core().to_owned()).collect();
        assert_eq!(cores.len(), MANY);
    }

    #[test]
    fn a_core_is_long_enough_to_be_hunted() {
        for canary in canaries().take(20_000) {
            assert!(canary.core().len() >= 11, "{canary:?}");
            assert!(canary.value().contains(canary.core()));
        }
    }

    #[test]
    fn one_kind_can_be_had_alone() {
        assert!(canaries().of("cpf").take(10).all(|canary| canary.detector() == "cpf"));
    }

    #[test]
    #[should_panic(expected = "no canaries for \"name\", only for email, card")]
    fn an_unknown_kind_is_told() {
        let _ = canaries().of("name");
    }
}
