//! The zones of a platform.

use std::{fmt, str::FromStr};

/// Where in the platform a service stands; the resource attribute `zone`.
///
/// - **Cardinality:** at most nine.
/// - **PII:** none.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Zone {
    /// Takes requests in from outside: the edge.
    Z1,
    /// Moves and shapes data, as Z3 to Z5 do.
    Z2,
    /// Moves and shapes data.
    Z3,
    /// Moves and shapes data.
    Z4,
    /// Moves and shapes data.
    Z5,
    /// Serves models.
    Z6,
    /// Consumes their answers.
    Z7,
    /// For a platform to assign.
    Z8,
    /// Watches.
    Z9,
}

impl Zone {
    const ALL: [(Self, &'static str); 9] = [
        (Self::Z1, "Z1"),
        (Self::Z2, "Z2"),
        (Self::Z3, "Z3"),
        (Self::Z4, "Z4"),
        (Self::Z5, "Z5"),
        (Self::Z6, "Z6"),
        (Self::Z7, "Z7"),
        (Self::Z8, "Z8"),
        (Self::Z9, "Z9"),
    ];

    /// The zone's name.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(zone, _)| *zone == self).map_or("", |(_, name)| name)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Zone {
    type Err = InvalidZone;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().find(|(_, name)| *name == text).map(|(zone, _)| *zone).ok_or(InvalidZone)
    }
}

/// The text names no zone.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a zone is one of Z1 to Z9")]
pub struct InvalidZone;
