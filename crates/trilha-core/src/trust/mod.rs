//! Who is believed, and who is told what: peers that send to us, destinations that we send to.
//!
//! Rules are configuration: a wrong one is an error at set-up, and its text may be shown.

mod destinations;
mod host;
mod peers;

use std::{borrow::Cow, net::IpAddr};

use self::host::Host;
pub use self::{destinations::Destinations, peers::Peers};

/// Whether a context that comes from outside is believed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Trust {
    /// The sender is one of us: its trace is continued, its sampling decision followed, its baggage kept.
    Internal,
    /// The sender may be anybody: a new trace starts, linked to the sender's, and nothing else is taken
    /// over.
    Edge,
    /// The sender may be anybody, but its trace id is kept, so that it can ask for its trace. Nothing
    /// else is taken over: no sampling decision, no baggage, no tenant.
    EdgeSameTrace,
}

impl Trust {
    /// Whether the sender is not one of us.
    pub const fn is_edge(self) -> bool {
        matches!(self, Self::Edge | Self::EdgeSameTrace)
    }
}

/// Who sent what came in, as the counts of broken propagation tell it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Sender<'a> {
    /// The peer with this address. Only a private one is told; any other may be a person's, and is `public`.
    Address(IpAddr),
    /// Whoever writes to this topic or queue.
    Topic(&'a str),
}

impl<'a> Sender<'a> {
    pub(crate) fn name(self) -> Cow<'a, str> {
        match self {
            // A listener for both versions sees `::ffff:10.0.0.1` where one for IPv4 sees `10.0.0.1`.
            Self::Address(address) => match Host::Address(address.to_canonical()).is_private() {
                true => address.to_canonical().to_string().into(),
                false => "public".into(),
            },
            Self::Topic(name) => name.into(),
        }
    }
}

/// Who gets what is sent. All get the trace; baggage and correlation ids only go where
/// [`Destinations`] allow it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Recipient<'a> {
    /// A server, by name or address.
    Host(&'a str),
    /// Whoever reads from this topic or queue.
    Topic(&'a str),
    /// Another process of the same service: a child, a job.
    Process,
    /// Nobody knows.
    Unknown,
}

/// A rule that says nothing: which one of the list, and what is wrong with it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("rule {} (`{rule}`): {reason}", position + 1)]
pub struct InvalidRule {
    position: usize,
    rule: String,
    reason: &'static str,
}

impl InvalidRule {
    /// Where the rule stands in its list, from 0.
    pub fn position(&self) -> usize {
        self.position
    }

    /// The rule, as it was written.
    pub fn rule(&self) -> &str {
        &self.rule
    }

    /// What is wrong with it.
    pub fn reason(&self) -> &'static str {
        self.reason
    }
}

/// Reads each rule of a list; an error names the place of the first wrong one.
fn parse_all<T>(
    rules: impl IntoIterator<Item: AsRef<str>>,
    parse: impl Fn(&str) -> Result<T, &'static str>,
) -> Result<Vec<T>, InvalidRule> {
    let rules = rules.into_iter().enumerate();
    rules
        .map(|(position, rule)| {
            let rule = rule.as_ref();
            parse(rule).map_err(|reason| InvalidRule { position, rule: rule.to_owned(), reason })
        })
        .collect()
}
