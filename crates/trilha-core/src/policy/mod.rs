//! One file for a platform: its keys, zones, peers, formats, destinations and what the guard does, the same for
//! all services.
//!
//! A [`Policy`] is plain data: it reads no file, and changes nothing by itself. Every key of a file is
//! known, and every value is checked as it would be in code; what is wrong is told with line and column.
//!
//! ```toml
#![doc = include_str!("example.toml")]
//! ```
//!
//! Specification: [TOML 1.1](https://toml.io/en/v1.1.0).

mod document;
mod error;
mod read;
mod write;

use std::{fmt::Write, sync::Arc};

use sha2::{Digest, Sha256};

pub use self::error::{Fault, InvalidPolicy};
use crate::{
    CarrierKind, Trust,
    guard::{self, Pattern, PiiGuard, PiiGuardBuilder},
    propagation::Formats,
    schema::{Definition, InvalidDefinition, Schema, ZoneDefinition},
    trust::{Destinations, Peers},
};

/// The rules of a platform. What it does not say is left to other settings and their defaults.
///
/// Two policies are equal when they say the same, whatever their [digests](Self::digest).
///
/// ```
/// use trilha_core::policy::Policy;
///
/// let policy = Policy::parse("version = 1\n[trust]\npeers = ['10.0.0.0/8']")?;
/// assert!(policy.peers().is_some_and(|peers| peers.contains([10, 1, 2, 3].into())));
///
/// let wrong = Policy::parse("version = 1\n[trust]\npeer = '10.0.0.0/8'").unwrap_err();
/// assert_eq!(wrong.to_string(), "line 3, column 1: trust.peer: unknown key; expected one of peers, edge");
/// # Ok::<(), trilha_core::policy::InvalidPolicy>(())
/// ```
#[derive(Clone, Debug)]
pub struct Policy {
    rules: Rules,
    digest: String,
}

/// What a policy says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Rules {
    schema: Schema,
    peers: Option<Peers>,
    edge_keeps_trace: bool,
    read: Option<Formats>,
    write: Option<Formats>,
    switched_off: Vec<CarrierKind>, // in the order of `CarrierKind::ALL`
    tracestate_bytes: Option<usize>,
    baggage_bytes: Option<usize>,
    destinations: Option<Destinations>,
    guard: guard::Rules,
    patterns: Vec<Pattern>,
}

impl Rules {
    fn keys(&self) -> impl Iterator<Item = &Definition> {
        let builtin = Schema::builtin();
        self.schema.context_keys().iter().filter(move |key| !builtin.context_keys().contains(key))
    }

    fn zones(&self) -> impl Iterator<Item = &ZoneDefinition> {
        let builtin = Schema::builtin();
        self.schema.zones().iter().filter(move |zone| !builtin.zones().contains(zone))
    }
}

impl Policy {
    /// The longest file, in bytes.
    pub const LONGEST: usize = 1 << 20;

    /// Starts a policy in code.
    pub fn builder() -> PolicyBuilder {
        PolicyBuilder(Rules::default())
    }

    /// Reads a policy file, of at most [`LONGEST`](Self::LONGEST) bytes.
    ///
    /// # Errors
    /// [`InvalidPolicy`] names every key that is wrong, with its place.
    pub fn parse(file: impl AsRef<[u8]>) -> Result<Self, InvalidPolicy> {
        let file = file.as_ref();
        Ok(Self { rules: read::read(file)?, digest: digest(file) })
    }

    /// The policy as a file.
    pub fn to_toml(&self) -> String {
        write::write(&self.rules)
    }

    /// `sha256:` and 64 hex digits: the digest of the file, as `sha256sum` prints it. Of a policy that was
    /// built in code it is the digest of [`to_toml`](Self::to_toml).
    ///
    /// - **Cardinality:** one per policy.
    /// - **PII:** none.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// What is built in, with the platform's own keys and zones. Former names are its setting as well.
    pub fn schema(&self) -> &Schema {
        &self.rules.schema
    }

    /// The keys that the platform adds, or narrows.
    pub fn keys(&self) -> impl Iterator<Item = &Definition> {
        self.rules.keys()
    }

    /// The zones that the platform adds, or gives another meaning.
    pub fn zones(&self) -> impl Iterator<Item = &ZoneDefinition> {
        self.rules.zones()
    }

    /// The peers that are believed. `None`: the zone alone decides.
    pub fn peers(&self) -> Option<&Peers> {
        self.rules.peers.as_ref()
    }

    /// How a stranger is trusted: [`Trust::Edge`], or [`Trust::EdgeSameTrace`].
    pub fn edge(&self) -> Trust {
        if self.rules.edge_keeps_trace { Trust::EdgeSameTrace } else { Trust::Edge }
    }

    /// The formats that are read, if it says so.
    pub fn read(&self) -> Option<Formats> {
        self.rules.read
    }

    /// The formats that are written, if it says so.
    pub fn write(&self) -> Option<Formats> {
        self.rules.write
    }

    /// The carriers that are switched off.
    pub fn switched_off(&self) -> &[CarrierKind] {
        &self.rules.switched_off
    }

    /// The longest `tracestate` that is sent, in bytes, if it says so.
    pub fn tracestate_bytes(&self) -> Option<usize> {
        self.rules.tracestate_bytes
    }

    /// The longest `baggage` that is sent, in bytes, if it says so.
    pub fn baggage_bytes(&self) -> Option<usize> {
        self.rules.baggage_bytes
    }

    /// Who may get baggage, if it says so.
    pub fn destinations(&self) -> Option<&Destinations> {
        self.rules.destinations.as_ref()
    }

    /// What the guard is asked to do.
    pub fn guard(&self) -> &guard::Rules {
        &self.rules.guard
    }

    /// The detectors that the platform adds, in the order of [`Detector::Own`](guard::Detector::Own).
    pub fn patterns(&self) -> &[Pattern] {
        &self.rules.patterns
    }

    /// Starts a guard with its rules, keys and patterns.
    pub fn to_guard(&self) -> PiiGuardBuilder {
        let builder = PiiGuard::builder().rules(self.rules.guard.clone()).schema(self.rules.schema.clone());
        let patterns = self.rules.patterns.iter().cloned();
        patterns.fold(builder, |builder, pattern| builder.detector(Arc::new(pattern)))
    }
}

impl Default for Policy {
    /// A policy that says nothing.
    fn default() -> Self {
        Self::builder().build()
    }
}

impl Eq for Policy {}

impl PartialEq for Policy {
    fn eq(&self, other: &Self) -> bool {
        self.rules == other.rules
    }
}

/// Settings of a [`Policy`] that is built in code. Each is checked where it is made, as in a file.
#[derive(Clone, Debug)]
#[must_use = "a policy is made by `build`"]
pub struct PolicyBuilder(Rules);

impl PolicyBuilder {
    /// Adds a zone.
    ///
    /// # Errors
    /// As [`Schema::with_zone`].
    pub fn zone(mut self, zone: ZoneDefinition) -> Result<Self, InvalidDefinition> {
        self.0.schema = self.0.schema.with_zone(zone)?;
        Ok(self)
    }

    /// Adds a key, or makes the rule of one that is there narrower.
    ///
    /// # Errors
    /// As [`Schema::with_key`].
    pub fn key(mut self, key: Definition) -> Result<Self, InvalidDefinition> {
        self.0.schema = self.0.schema.with_key(key)?;
        Ok(self)
    }

    /// Whether attributes are also written under their former names. Defaults to false.
    pub fn former_names(mut self, has_former_names: bool) -> Self {
        self.0.schema = self.0.schema.with_former_names(has_former_names);
        self
    }

    /// The peers that are believed. By default the zone alone decides.
    pub fn peers(mut self, peers: Peers) -> Self {
        self.0.peers = Some(peers);
        self
    }

    /// Whether an edge continues a stranger's trace id, and nothing else of it. Defaults to false: a new
    /// trace starts, linked to the stranger's.
    pub fn edge_keeps_trace(mut self, is_kept: bool) -> Self {
        self.0.edge_keeps_trace = is_kept;
        self
    }

    /// The formats that are read. Not said by default.
    pub fn read(mut self, formats: Formats) -> Self {
        self.0.read = Some(formats);
        self
    }

    /// The formats that are written. Not said by default.
    pub fn write(mut self, formats: Formats) -> Self {
        self.0.write = Some(formats);
        self
    }

    /// Switches off what one kind of carrier reads and writes. By default all take part.
    pub fn without(mut self, carrier: CarrierKind) -> Self {
        let is_off = |kind: &CarrierKind| *kind == carrier || self.0.switched_off.contains(kind);
        self.0.switched_off = CarrierKind::ALL.into_iter().filter(is_off).collect();
        self
    }

    /// The longest `tracestate` that is sent, in bytes. Not said by default.
    pub fn tracestate_bytes(mut self, most: usize) -> Self {
        self.0.tracestate_bytes = Some(most);
        self
    }

    /// The longest `baggage` that is sent, in bytes. Not said by default.
    pub fn baggage_bytes(mut self, most: usize) -> Self {
        self.0.baggage_bytes = Some(most);
        self
    }

    /// Who may get baggage. Not said by default.
    pub fn destinations(mut self, destinations: Destinations) -> Self {
        self.0.destinations = Some(destinations);
        self
    }

    /// What the guard is asked to do. Defaults to [`guard::Rules::new`].
    pub fn guard(mut self, rules: guard::Rules) -> Self {
        self.0.guard = rules;
        self
    }

    /// Adds a detector of the platform's own: the first one is [`Detector::Own(0)`](guard::Detector::Own) in
    /// the rules of the [guard](Self::guard).
    pub fn pattern(mut self, pattern: Pattern) -> Self {
        self.0.patterns.push(pattern);
        self
    }

    /// The policy.
    pub fn build(self) -> Policy {
        let digest = digest(write::write(&self.0).as_bytes());
        Policy { rules: self.0, digest }
    }
}

fn digest(file: &[u8]) -> String {
    Sha256::digest(file).iter().fold("sha256:".to_owned(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
