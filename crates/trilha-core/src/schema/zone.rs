//! The zones of a platform.

use std::{borrow::Cow, fmt, str::FromStr};

use super::InvalidDefinition;

/// Where in the platform a service stands; the resource attribute `zone`.
///
/// - **Cardinality:** at most 32.
/// - **PII:** none.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(try_from = "Cow<'static, str>", into = "Cow<'static, str>")
)]
pub struct Zone(Cow<'static, str>);

/// What is known of a zone.
#[derive(Clone, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize), serde(deny_unknown_fields))]
pub struct ZoneDefinition {
    #[cfg_attr(feature = "serde", serde(rename = "name"))]
    pub(super) zone: Zone,
    #[cfg_attr(feature = "serde", serde(rename = "meaning"))]
    pub(super) brief: Cow<'static, str>,
    #[cfg_attr(feature = "serde", serde(default, rename = "edge"))]
    pub(super) is_edge: bool,
}

impl Zone {
    pub(super) const fn known(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// A zone of a platform's own: 1 to 32 letters, digits, `-` and `_`, of which the first is a letter.
    ///
    /// What it means, and whether it is an edge, [`Schema::with_zone`](super::Schema::with_zone) says.
    ///
    /// # Errors
    /// When the name has not this form.
    pub fn custom(name: impl Into<Cow<'static, str>>) -> Result<Self, InvalidZone> {
        let name = name.into();
        let is_name = (1..=32).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if is_name { Ok(Self(name)) } else { Err(InvalidZone::Name) }
    }

    /// The zone's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Knows the built-in zones only; those of a platform are found by [`Schema::zone`](super::Schema::zone).
impl FromStr for Zone {
    type Err = InvalidZone;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|zone| zone.as_str() == text).ok_or(InvalidZone::Unknown)
    }
}

impl TryFrom<Cow<'static, str>> for Zone {
    type Error = InvalidZone;

    fn try_from(name: Cow<'static, str>) -> Result<Self, Self::Error> {
        Self::custom(name)
    }
}

impl From<Zone> for Cow<'static, str> {
    fn from(zone: Zone) -> Self {
        zone.0
    }
}

impl ZoneDefinition {
    /// A zone that trusts who sends to it.
    ///
    /// # Errors
    /// When the name is none of a zone, or the meaning is empty.
    pub fn new(
        name: impl Into<Cow<'static, str>>,
        brief: impl Into<Cow<'static, str>>,
    ) -> Result<Self, InvalidDefinition> {
        let (name, brief) = (name.into(), brief.into());
        let invalid = |field, problem| InvalidDefinition { name: name.to_string(), field, problem };
        if brief.trim().is_empty() {
            return Err(invalid("meaning", "is empty"));
        }
        match Zone::custom(name.clone()) {
            Ok(zone) => Ok(Self { zone, brief, is_edge: false }),
            Err(_) => Err(invalid("name", "is not 1 to 32 letters, digits, `-` and `_`")),
        }
    }

    /// Whether the zone takes work from strangers: then it continues nobody's trace. Defaults to false.
    #[must_use]
    pub fn edge(mut self, is_edge: bool) -> Self {
        self.is_edge = is_edge;
        self
    }

    /// The zone.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// What it means, in one sentence without a full stop.
    pub fn brief(&self) -> &str {
        &self.brief
    }

    /// Whether the zone takes work from strangers.
    pub fn is_edge(&self) -> bool {
        self.is_edge
    }
}

/// The text names no zone.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidZone {
    /// It has not the form of a zone's name.
    #[error("a zone's name is 1 to 32 letters, digits, `-` and `_`")]
    Name,
    /// The schema has no such zone.
    #[error("a zone is one of Z1 to Z9, or one that the platform's policy defines")]
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_known_or_has_a_name_of_its_own() {
        assert_eq!("Z1".parse(), Ok(Zone::Z1));
        assert_eq!("dmz".parse::<Zone>(), Err(InvalidZone::Unknown));
        assert_eq!(Zone::custom("dmz").unwrap().as_str(), "dmz");
        for bad in ["", "1a", "two words", "é", &"x".repeat(33)] {
            assert_eq!(Zone::custom(bad.to_owned()), Err(InvalidZone::Name), "{bad}");
        }
    }
}
