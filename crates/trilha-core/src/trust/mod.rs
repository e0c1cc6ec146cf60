//! Who is believed, and who is told what: peers that send to us, destinations that we send to.
//!
//! Rules are configuration: a wrong one is an error at set-up, and its text may be shown.

mod destinations;
mod host;
mod peers;

pub use self::{destinations::Destinations, peers::Peers};

/// What a request from outside keeps of its trace, at an edge.
///
/// Either way its sampling decision, its baggage and its context attributes are not taken over.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum EdgeTrace {
    /// A new trace starts, linked to the sender's. The default.
    #[default]
    New,
    /// The sender's trace id is continued, and nothing else of it.
    Same,
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
