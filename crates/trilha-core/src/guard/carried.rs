//! What is carried to other processes: members that may not leave are left out, and the others stay as they
//! are.

use super::{PiiGuard, Place, Verdict};
use crate::{Baggage, ContextAttributes, TraceContext, Tracestate, propagation::Member};

impl PiiGuard {
    /// Whether a value that others would read as theirs may leave: all of it, or nothing does.
    pub fn lets_pass(&self, place: Place, key: &str, text: &str) -> bool {
        self.lets_pass_for(place, key, text, None)
    }

    fn lets_pass_for(
        &self,
        place: Place,
        key: &str,
        text: &str,
        attributes: Option<&ContextAttributes>,
    ) -> bool {
        matches!(self.judge_for(place, key, text, attributes), Verdict::Clean(left) if left.len() == text.len())
    }

    /// Takes out the members that may not leave.
    pub(crate) fn judge_baggage(&self, baggage: &mut Baggage, attributes: &ContextAttributes) {
        baggage.retain(|member: Member<'_>| {
            let passes = |text: &str| {
                text.is_empty() || self.lets_pass_for(Place::Baggage, member.key(), text, Some(attributes))
            };
            passes(&member.value()) && passes(member.properties())
        });
    }

    /// The context without the members of its tracestate that may not leave; `None`: it is as it was.
    pub(crate) fn judge_trace(&self, trace: &TraceContext) -> Option<TraceContext> {
        let tracestate = self.judge_tracestate(trace.tracestate())?;
        Some(trace.with_tracestate(tracestate))
    }

    fn judge_tracestate(&self, tracestate: &Tracestate) -> Option<Tracestate> {
        let passes = |text: &str| self.lets_pass(Place::Tracestate, "", text);
        let is_clean = tracestate.is_empty() || self.is_clean(tracestate.as_str());
        (!is_clean).then(|| tracestate.retain(passes)).filter(|left| left != tracestate)
    }
}
