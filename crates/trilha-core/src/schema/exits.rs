//! The ways by which a value leaves the process. It decides nothing: a [`Definition`](super::Definition) does.

use std::fmt;

use crate::enum_set::enum_set;

/// A way by which a value leaves the process.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Exit {
    /// An attribute of the resource: of everything that the service sends.
    Resource,
    /// An attribute of a span.
    Span,
    /// An attribute of a span's event.
    Event,
    /// A metric's attribute: bounded values only.
    Metric,
    /// A field of a log line.
    Log,
    /// A member of the `baggage` that goes to other services.
    Baggage,
    /// A comment in a query.
    SqlComment,
    /// A header or property of a message, of its own name.
    MessageHeader,
}

impl Exit {
    /// Every exit.
    pub const ALL: [Self; 8] = [
        Self::Resource,
        Self::Span,
        Self::Event,
        Self::Metric,
        Self::Log,
        Self::Baggage,
        Self::SqlComment,
        Self::MessageHeader,
    ];

    /// The name in the registry and in a policy file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Resource => "resource",
            Self::Span => "span",
            Self::Event => "event",
            Self::Metric => "metric",
            Self::Log => "log",
            Self::Baggage => "baggage",
            Self::SqlComment => "sql_comment",
            Self::MessageHeader => "message_header",
        }
    }

    /// Whether others read what leaves here: another service, a database, whoever sees a metric.
    pub(super) const fn is_far(self) -> bool {
        matches!(self, Self::Metric | Self::Baggage | Self::SqlComment | Self::MessageHeader)
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

enum_set! {
    /// A set of [`Exit`]s. Empty by default.
    #[cfg_attr(
        feature = "serde",
        derive(serde::Deserialize, serde::Serialize),
        serde(from = "Vec<Exit>", into = "Vec<Exit>")
    )]
    pub struct Exits of Exit;
}

impl Exits {
    /// Whether each is also in `other`.
    pub const fn is_subset(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }
}

impl From<Vec<Exit>> for Exits {
    fn from(exits: Vec<Exit>) -> Self {
        exits.into_iter().collect()
    }
}

impl From<Exits> for Vec<Exit> {
    fn from(exits: Exits) -> Self {
        exits.iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in() {
        for exit in Exit::ALL {
            let exits = Exits::of(&[exit, Exit::Log]);
            assert!(exits.contains(exit) && exits.contains(Exit::Log), "{exit}");
            assert_eq!(exits.iter().collect::<Exits>(), exits);
            assert!(exits.iter().all(|one| one == exit || one == Exit::Log));
        }
        assert!(Exits::default().is_empty());
        assert!(Exits::of(&[Exit::Span]).is_subset(Exits::of(&[Exit::Span, Exit::Log])));
        assert!(!Exits::of(&[Exit::Span, Exit::Log]).is_subset(Exits::of(&[Exit::Span])));
    }
}
