//! The PII guard: what may leave the process, and as what.
//!
//! Every exit of text asks it, at the moment when the text is written: span name, attribute, event, status,
//! link, resource, log line, metric attribute, baggage, tracestate, comment of a query, message header. What was
//! written is not judged again.
//!
//! A [`Detector`] finds something in a text; an [`Action`] says what stands in its place. Which keys are
//! known, the [schema](crate::schema) and OpenTelemetry's semantic conventions say; all else the
//! [`Rules`]. It knows no names of people: those cannot be told from other words.

mod action;
mod callsite;
mod carried;
mod conventions;
mod counts;
mod debug_shape;
mod detect;
mod detector;
mod fours;
mod judge;
mod keys;
#[cfg(feature = "policy")]
mod pattern;
mod place;
mod rules;
mod scan;
#[cfg(test)]
mod tests;
mod treatment;
mod value;

use std::{
    fmt,
    sync::{Arc, LazyLock, OnceLock},
};

#[cfg(feature = "policy")]
pub use self::pattern::{InvalidPattern, Pattern};
#[cfg(fuzzing)]
#[doc(hidden)]
pub use self::scan::overlooked;
pub use self::{
    action::{Action, HashKey},
    counts::Redaction,
    detector::{Detector, Detectors},
    judge::{Reason, Ruling, Verdict},
    place::Place,
    rules::{KeyRules, Mode, Rules},
    scan::Detect,
};
pub(crate) use self::{callsite::KnownKey, value::Judged};
use self::{counts::Counts, scan::Scanner, treatment::Treatments};
use crate::{
    fence::{Callback, Panics},
    recorder::{Callsite, Opening, Per, PerOrigin},
    schema::Schema,
};

static DEFAULT: LazyLock<PiiGuard> =
    LazyLock::new(|| PiiGuard(Arc::new(Inner::new(PiiGuardBuilder::new(), Vec::new()))));

/// Judges what is about to leave. Cheap to clone; clones share their counts.
///
/// It fails closed: a value that a detector cannot judge, since it panics, is hidden.
///
/// ```
/// use trilha_core::guard::{PiiGuard, Place, Verdict};
///
/// let guard = PiiGuard::builder().build()?;
/// let judge = |text| guard.judge(Place::LogBody, "", text);
/// assert_eq!(judge("order 42 was paid"), Verdict::Clean("order 42 was paid"));
/// assert_eq!(judge("paid by ana@example.com"), Verdict::Replaced("paid by [redacted:email]".into()));
/// # Ok::<(), trilha_core::guard::InvalidGuard>(())
/// ```
#[derive(Clone)]
pub struct PiiGuard(Arc<Inner>);

struct Inner {
    rules: Rules,
    schema: Schema,
    hash_key: Option<HashKey>,
    own: Vec<String>,
    scanner: Scanner,
    /// A text of so many bytes or more is not [looked](judge) at before it is judged.
    unseen_bytes: usize,
    treatments: Treatments,
    /// Of events that leave as they are.
    origins: PerOrigin<()>,
    callsites: Per<Callsite, callsite::Known>,
    /// Of spans that leave as they are.
    openings: Per<Opening, ()>,
    counts: Counts,
    panics: Panics,
    notify: OnceLock<Notify>,
}

type Notify = Box<dyn Fn(Place, &str) + Send + Sync>;

impl PiiGuard {
    /// Starts a guard.
    pub fn builder() -> PiiGuardBuilder {
        PiiGuardBuilder::new()
    }

    /// What it was asked to do.
    pub fn rules(&self) -> &Rules {
        &self.0.rules
    }

    /// Calls `notify` when text under a key that nobody declared is dropped for the first time. It runs where
    /// the text was written, in the midst of somebody's work: it must be quick, and record nothing. Only the
    /// first call counts. Defaults to nobody.
    pub fn on_undeclared<F>(&self, notify: F)
    where
        F: Fn(Place, &str) + Send + Sync + 'static,
    {
        let _ = self.0.notify.set(Box::new(notify));
    }

    /// The name of a detector, of a platform's own one too.
    pub fn name(&self, detector: Detector) -> &str {
        self.0.name(detector)
    }

    /// The detectors that can find something: the built-in ones, and a platform's own.
    pub fn detectors(&self) -> impl Iterator<Item = Detector> {
        let own = (0..).zip(&self.0.own).map(|(number, _)| Detector::Own(number));
        Detector::ALL.into_iter().chain(own)
    }

    /// How often something was hidden, by place and detector; in a dry run, how often it would have been.
    pub fn redactions(&self) -> impl Iterator<Item = (Place, Detector, u64)> {
        self.0.counts.redactions()
    }

    /// How often a value was cut, since it was longer than the rules allow.
    pub fn cuts(&self) -> impl Iterator<Item = (Place, u64)> {
        self.0.counts.cuts()
    }

    /// How often a personal value was dropped, by the purpose that was declared and does not allow it: of at
    /// most 64, all others together as `_other`. An empty one: none was declared.
    pub fn refused_purposes(&self) -> Vec<(String, u64)> {
        self.0.counts.refused_purposes()
    }

    /// The panics of detectors, and of who is told by [`on_undeclared`](Self::on_undeclared).
    pub fn panics(&self) -> &Panics {
        &self.0.panics
    }

    /// What was hidden, with its key and place, and never a value: at most 1,024 different ones, all others
    /// together as `_other`.
    pub fn report(&self) -> Vec<Redaction> {
        self.0.counts.report()
    }
}

impl Default for PiiGuard {
    /// The guard of all that has none of its own: it scans.
    fn default() -> Self {
        DEFAULT.clone()
    }
}

impl fmt::Debug for PiiGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PiiGuard").field("rules", &self.0.rules).finish_non_exhaustive()
    }
}

/// Settings of a [`PiiGuard`].
#[must_use = "a guard is made by `build`"]
pub struct PiiGuardBuilder {
    rules: Rules,
    schema: Schema,
    hash_key: Option<HashKey>,
    own: Vec<Arc<dyn Detect>>,
}

impl PiiGuardBuilder {
    fn new() -> Self {
        Self { rules: Rules::new(), schema: Schema::builtin(), hash_key: None, own: Vec::new() }
    }

    /// What it is to do. Defaults to [`Rules::new`].
    pub fn rules(mut self, rules: Rules) -> Self {
        self.rules = rules;
        self
    }

    /// How much of a value leaves, in bytes, where the rules leave that at [its default](Rules::VALUE_BYTES).
    pub fn default_value_bytes(mut self, most: usize) -> Self {
        if self.rules.value_bytes == Rules::VALUE_BYTES {
            self.rules.value_bytes = most;
        }
        self
    }

    /// The keys that are declared, with their classes. Defaults to the built-in ones.
    pub fn schema(mut self, schema: Schema) -> Self {
        self.schema = schema;
        self
    }

    /// The secret key of hashed values. By default there is none, and nothing may ask for a hash.
    pub fn hash_key(mut self, key: HashKey) -> Self {
        self.hash_key = Some(key);
        self
    }

    /// Adds a detector of a platform's own. Those that are added later do not look at what an earlier one has
    /// found.
    pub fn detector(mut self, detector: Arc<dyn Detect>) -> Self {
        self.own.push(detector);
        self
    }

    /// The guard.
    ///
    /// # Errors
    /// The rules ask for a hash, or name a purpose, and there is no [`HashKey`]; there are more than 32
    /// detectors of a platform's own, or one panics when it is asked for its name, or has one that is no lower-case
    /// word or is taken.
    pub fn build(self) -> Result<PiiGuard, InvalidGuard> {
        if self.hash_key.is_none() && self.rules.needs_hash_key() {
            return Err(InvalidGuard::HashKey);
        }
        if self.own.len() > Detector::MOST_OWN {
            return Err(InvalidGuard::Detectors);
        }
        let panics = Panics::default();
        let mut names = Vec::with_capacity(self.own.len());
        for own in &self.own {
            let name = panics.fence(Callback::Detector, || own.name().to_owned());
            match name.filter(|name| Detector::is_free(name) && !names.contains(name)) {
                Some(name) => names.push(name),
                None => return Err(InvalidGuard::DetectorName),
            }
        }
        Ok(PiiGuard(Arc::new(Inner::new(self, names))))
    }
}

impl Inner {
    /// `names` are those of the detectors of the platform's own.
    fn new(builder: PiiGuardBuilder, names: Vec<String>) -> Self {
        let PiiGuardBuilder { rules, schema, hash_key, own } = builder;
        // Detectors of the platform's own are asked about every text.
        let unseen_bytes = if own.is_empty() { rules.value_bytes.saturating_add(1) } else { 0 };
        Self {
            unseen_bytes,
            own: names,
            scanner: Scanner::new(rules.detectors_on(), own),
            rules,
            schema,
            hash_key,
            treatments: Treatments::new(),
            origins: PerOrigin::new(),
            callsites: Per::new(),
            openings: Per::new(),
            counts: Counts::new(),
            panics: Panics::default(),
            notify: OnceLock::new(),
        }
    }

    fn name(&self, detector: Detector) -> &str {
        match detector {
            Detector::Own(number) => {
                self.own.get(usize::from(number)).map_or(detector.name(), String::as_str)
            }
            _ => detector.name(),
        }
    }
}

impl fmt::Debug for PiiGuardBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PiiGuardBuilder").field("rules", &self.rules).finish_non_exhaustive()
    }
}

/// Why there is no guard.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidGuard {
    /// Something is to be hashed, and there is no key.
    #[error("something is to be hashed, or a purpose is allowed, and there is no hash key")]
    HashKey,
    /// There are too many detectors.
    #[error("there may be 32 detectors beside the built-in ones")]
    Detectors,
    /// A detector's name cannot be used.
    #[error("the name of a detector is taken, is not made of lower-case letters, digits and `_`, or panics")]
    DetectorName,
}
