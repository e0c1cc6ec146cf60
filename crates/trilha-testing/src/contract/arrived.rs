//! What a fixture's receiver got, once it got everything, and claims about it.

use std::{fmt, time::Duration};

use opentelemetry::TraceId;
use tokio::time::{Instant, sleep};

use super::SCOPE;
use crate::{DEFAULT_DEADLINE, Fixture, Span, Trace};

/// All traces of a fixture.
#[derive(Debug)]
pub(super) struct Arrived(Vec<Trace>);

impl Arrived {
    /// Waits until every span that was started has ended, and has arrived.
    pub(super) async fn all_of(fixture: &Fixture, claim: &str) -> Self {
        let deadline = Instant::now() + DEFAULT_DEADLINE;
        loop {
            let counts = fixture.flush().await;
            if counts.open == 0 && counts.delivered == counts.created {
                return Self(fixture.receiver().traces());
            }
            assert!(Instant::now() < deadline, "{BROKEN}{claim}: a span is still open: {counts:?}");
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// What of it is in one trace.
    pub(super) fn in_trace(&self, id: TraceId) -> Self {
        Self(self.0.iter().filter(|trace| trace.trace_id() == id).cloned().collect())
    }

    /// The one span that is not the suite's own.
    #[track_caller]
    pub(super) fn adapters_span(&self, claim: &str) -> &Span {
        self.one(|span| span.scope.name != SCOPE.name(), claim)
    }

    /// The suite's own span of this name.
    #[track_caller]
    pub(super) fn own_span(&self, name: &str) -> &Span {
        self.one(
            |span| span.scope.name == SCOPE.name() && span.name == name,
            "what it calls or serves runs once",
        )
    }

    #[track_caller]
    fn one(&self, is_wanted: impl Fn(&Span) -> bool, claim: &str) -> &Span {
        let mut spans = self.0.iter().flat_map(Trace::spans).filter(|span| is_wanted(span));
        match (spans.next(), spans.next()) {
            (Some(span), None) => span,
            _ => panic!("{BROKEN}{claim}{self}"),
        }
    }

    #[track_caller]
    pub(super) fn check(&self, holds: bool, claim: &str) {
        assert!(holds, "{BROKEN}{claim}{self}");
    }

    #[track_caller]
    pub(super) fn lacks_text(&self, text: &str) {
        for trace in &self.0 {
            trace.lacks_text(text);
        }
    }
}

const BROKEN: &str = "the adapter breaks its contract: ";

impl fmt::Display for Arrived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|trace| write!(f, "\n\n{}", trace.tree()))
    }
}
