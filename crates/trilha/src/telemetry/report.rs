//! What became of everything, as a user reads it.

use std::fmt;

use trilha_core::{BrokenPropagation, Handle, Refusal, SpanCounts, fence::Callback, guard::Redaction};
use trilha_sdk::ExportCounts;

/// The counts of a service at one moment.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// What became of every span.
    pub spans: SpanCounts,
    /// How often metrics were exported.
    pub metric_exports: ExportCounts,
    /// What was refused at a boundary, and how often.
    pub refused: Vec<(Refusal, u64)>,
    /// Where work of one of us came in without a trace to continue, and how often.
    pub broken_propagation: Vec<BrokenPropagation>,
    /// How often foreign code panicked in the midst of somebody's work, of what did.
    pub panics: Vec<(Callback, u64)>,
    /// What the guard hid, or in a dry run would have hidden: with keys and places, and never values.
    pub redactions: Vec<Redaction>,
}

impl Snapshot {
    pub(crate) fn new(handle: &Handle, metric_exports: ExportCounts) -> Self {
        let stats = handle.stats();
        Self {
            spans: handle.span_counts(),
            metric_exports,
            refused: stats.refusals().collect(),
            broken_propagation: stats.broken_propagation(),
            panics: handle.panics().by_callback().filter(|(_, count)| *count > 0).collect(),
            redactions: handle.guard().report(),
        }
    }
}

/// What a flush or a shutdown achieved.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
#[must_use = "it says what was lost"]
pub struct Report {
    /// Whether every span that had ended got its fate before the deadline, and the export of metrics ended
    /// before it. Whether the receiver took them is told by the counts.
    pub is_complete: bool,
    /// The counts afterwards.
    pub counts: Snapshot,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spans = &self.counts.spans;
        write!(f, "{} of {} spans delivered", spans.delivered, spans.created)?;
        let lost = spans.dropped.by_reason().into_iter().chain([
            ("unacknowledged", spans.unacknowledged),
            ("queued", spans.queued),
            ("in flight", spans.in_flight),
            ("open", spans.open),
        ]);
        for (what, count) in lost.filter(|(_, count)| *count > 0) {
            write!(f, ", {count} {what}")?;
        }
        if spans.overdue > 0 {
            write!(f, " ({} overdue)", spans.overdue)?; // of those that are open, named last
        }
        let failed = self.counts.metric_exports.failed;
        if failed > 0 {
            write!(f, ", {failed} metric exports failed")?;
        }
        if !self.is_complete {
            f.write_str(" (the deadline passed first)")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_names_what_was_not_delivered_and_what_will_not_end() {
        let mut counts = Snapshot::new(&Handle::disabled(), ExportCounts::default());
        (counts.spans.created, counts.spans.delivered) = (9, 4);
        (counts.spans.queued, counts.spans.open) = (2, 3);
        let mut report = Report { is_complete: true, counts };
        assert_eq!(report.to_string(), "4 of 9 spans delivered, 2 queued, 3 open");
        report.counts.spans.overdue = 1;
        assert_eq!(report.to_string(), "4 of 9 spans delivered, 2 queued, 3 open (1 overdue)");
    }
}
