//! What a platform asks of the guard: plain data, as its policy file says it. Nothing is judged here.

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, Detector, Detectors, Place};
use crate::schema::PiiClass;

/// What happens to text under keys that nobody declared.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Mode {
    /// It leaves, without what the detectors find in it.
    #[default]
    Scan,
    /// It does not leave.
    Strict,
}

impl Mode {
    /// Every mode.
    pub const ALL: [Self; 2] = [Self::Scan, Self::Strict];

    /// The name in a policy file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::Strict => "strict",
        }
    }
}

/// The rules of a [`PiiGuard`](super::PiiGuard). By default it scans, with every detector, and replaces what
/// it finds; personal data does not leave.
///
/// What becomes of a find is said by its detector and by its place: the stricter of the two, or the one that
/// is said; else it is replaced. Where the rules of a key say something, it holds for all of its values.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rules {
    pub(crate) mode: Mode,
    pub(crate) is_dry_run: bool,
    pub(crate) value_bytes: usize,
    pub(crate) off: Detectors,
    pub(crate) detectors: BTreeMap<Detector, Action>,
    pub(crate) classes: BTreeMap<PiiClass, Action>,
    pub(crate) places: BTreeMap<Place, Action>,
    pub(crate) keys: BTreeMap<String, KeyRules>,
    pub(crate) purposes: BTreeSet<String>,
}

/// What the rules say of one key.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct KeyRules {
    pub(crate) action: Option<Action>,
    pub(crate) allowed: Detectors,
    pub(crate) purposes: Option<BTreeSet<String>>,
}

impl Rules {
    /// How much of a value leaves, in bytes, unless the rules say otherwise.
    pub const VALUE_BYTES: usize = 16 * 1_024;

    /// The default.
    pub fn new() -> Self {
        Self {
            mode: Mode::Scan,
            is_dry_run: false,
            value_bytes: Self::VALUE_BYTES,
            off: Detectors::default(),
            detectors: BTreeMap::new(),
            classes: BTreeMap::new(),
            places: BTreeMap::new(),
            keys: BTreeMap::new(),
            purposes: BTreeSet::new(),
        }
    }

    /// What happens to text under keys that nobody declared. Defaults to [`Mode::Scan`].
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Whether everything is counted and nothing is hidden: for the first days of adoption. Defaults to
    /// false.
    #[must_use]
    pub fn dry_run(mut self, is_dry_run: bool) -> Self {
        self.is_dry_run = is_dry_run;
        self
    }

    /// How much of a value leaves, in bytes: the rest is cut, and that is counted. Defaults to
    /// [`VALUE_BYTES`](Self::VALUE_BYTES).
    #[must_use]
    pub fn value_bytes(mut self, most: usize) -> Self {
        self.value_bytes = most;
        self
    }

    /// Switches a detector off. By default all are on.
    #[must_use]
    pub fn without(mut self, detector: Detector) -> Self {
        self.off = self.off.union(Detectors::of(&[detector]));
        self
    }

    /// What becomes of what this detector finds.
    #[must_use]
    pub fn detector(mut self, detector: Detector, action: Action) -> Self {
        self.detectors.insert(detector, action);
        self
    }

    /// What becomes of all values whose key is of this class, at least. By default one that is
    /// [personal](PiiClass::Personal) is hashed where a [purpose](Self::purpose) allows that it leaves, else
    /// dropped; a [secret](PiiClass::Secret) one is always dropped; others leave, if nothing is found in
    /// them.
    #[must_use]
    pub fn class(mut self, class: PiiClass, action: Action) -> Self {
        self.classes.insert(class, action);
        self
    }

    /// What becomes at least of what is found at this place. What would cross to others (baggage, tracestate,
    /// headers, comments of queries) is dropped at least: nobody there knows a marker.
    #[must_use]
    pub fn place(mut self, place: Place, action: Action) -> Self {
        self.places.insert(place, action);
        self
    }

    /// What holds for one key.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>, rules: KeyRules) -> Self {
        self.keys.insert(key.into(), rules);
        self
    }

    /// A purpose under which [personal](PiiClass::Personal) values leave as a keyed hash. None by default.
    #[must_use]
    pub fn purpose(mut self, purpose: impl Into<String>) -> Self {
        self.purposes.insert(purpose.into());
        self
    }

    /// What happens to text under keys that nobody declared.
    pub fn undeclared(&self) -> Mode {
        self.mode
    }

    /// Whether nothing is hidden.
    pub fn is_dry_run(&self) -> bool {
        self.is_dry_run
    }

    pub(super) fn detectors_on(&self) -> Detectors {
        Detectors::ALL.without(self.off)
    }

    /// Whether a [`HashKey`](super::HashKey) is needed.
    pub(super) fn needs_hash_key(&self) -> bool {
        let of_keys = self.keys.values().any(|key| {
            key.action == Some(Action::Hash) || key.purposes.as_ref().is_some_and(|these| !these.is_empty())
        });
        let mut actions = self.detectors.values().chain(self.places.values()).chain(self.classes.values());
        of_keys || !self.purposes.is_empty() || actions.any(|action| *action == Action::Hash)
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self::new()
    }
}

impl KeyRules {
    /// Nothing special.
    pub fn new() -> Self {
        Self::default()
    }

    /// What becomes of all values of the key, whatever they look like.
    #[must_use]
    pub fn action(mut self, action: Action) -> Self {
        self.action = Some(action);
        self
    }

    /// What may stand under the key: this detector does not look there. With [`Detector::Key`] the key's name
    /// does not hide its value.
    #[must_use]
    pub fn allow(mut self, detector: Detector) -> Self {
        self.allowed = self.allowed.union(Detectors::of(&[detector]));
        self
    }

    /// The purposes under which a [personal](PiiClass::Personal) value of the key leaves as a keyed hash, in
    /// the place of those that hold for [all](Rules::purpose).
    #[must_use]
    pub fn purposes<I>(mut self, purposes: I) -> Self
    where
        I: IntoIterator<Item: Into<String>>,
    {
        self.purposes = Some(purposes.into_iter().map(Into::into).collect());
        self
    }
}
