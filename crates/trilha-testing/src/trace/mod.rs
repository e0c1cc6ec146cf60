//! The model of what was received: a trace, its spans, and how to find one of them.
//!
//! It is owned data, decoded from OTLP as it came. It does not repair anything: a repeated span
//! id, a missing parent, parents that form a circle are all kept, and shown by
//! [`tree`](Trace::tree).

mod assert;
pub(crate) mod decode;
mod json;
#[cfg(test)]
pub(crate) mod sample;
mod shape;
mod span;
mod value;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::trace::{SpanId, TraceId};

pub(crate) use self::shape::Shape;
pub(crate) use self::span::service_of;
pub use self::span::{Event, Link, Scope, Span, SpanRef};
pub use self::value::{Attributes, Value};
use crate::tree::Tree;

/// The spans of one trace that have arrived so far. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Trace {
    trace_id: TraceId,
    spans: Arc<Vec<Span>>,
}

impl Trace {
    pub(crate) fn new(trace_id: TraceId) -> Self {
        Self { trace_id, spans: Arc::default() }
    }

    /// Adds a span. Copies the others only where somebody still holds an earlier state.
    pub(crate) fn push(&mut self, span: Span) {
        Arc::make_mut(&mut self.spans).push(span);
    }

    /// Its id.
    pub fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// Its spans, in the order in which they arrived.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// Whether every span hangs, over its parents, on a root, and there is at least one root.
    ///
    /// It says that nothing *between* the spans is missing. A leaf that another process has still
    /// to send is not known here: say what you wait for by a condition
    /// ([`Wait::with`](crate::Wait::with)).
    pub fn is_whole(&self) -> bool {
        self.hangs_together(|span| span.parent_span_id.is_none())
    }

    /// Like [`is_whole`](Self::is_whole) for a trace that begins outside: spans whose parent is
    /// `parent_id`, which nobody sends, count as roots too.
    pub fn is_whole_under(&self, parent_id: SpanId) -> bool {
        self.hangs_together(|span| span.parent_span_id.is_none_or(|id| id == parent_id))
    }

    /// The only span without a parent.
    ///
    /// # Panics
    /// Where there is none or more than one; the message shows the tree.
    #[track_caller]
    pub fn root(&self) -> SpanRef<'_> {
        let roots = self.roots();
        match roots.as_slice() {
            [root] => *root,
            [] => self.fail("the trace has no root"),
            _ => self.fail(format_args!("the trace has {} roots", roots.len())),
        }
    }

    /// All spans without a parent, by start time.
    pub fn roots(&self) -> Vec<SpanRef<'_>> {
        self.select(|span| span.parent_span_id.is_none())
    }

    /// The only span of a name.
    ///
    /// # Panics
    /// Where there is none or more than one; the message shows the tree.
    #[track_caller]
    pub fn span(&self, name: &str) -> SpanRef<'_> {
        let found = self.spans_named(name);
        match found.as_slice() {
            [span] => *span,
            [] => self.fail(format_args!("no span is named {name:?}")),
            _ => self.fail(format_args!("{} spans are named {name:?}", found.len())),
        }
    }

    /// All spans of a name, by start time.
    pub fn spans_named(&self, name: &str) -> Vec<SpanRef<'_>> {
        self.select(|span| span.name == name)
    }

    /// All spans that one service sent, by start time.
    pub fn spans_of(&self, service: &str) -> Vec<SpanRef<'_>> {
        self.select(|span| span.service() == service)
    }

    /// The span of an id, if it has arrived.
    pub fn span_by_id(&self, span_id: SpanId) -> Option<SpanRef<'_>> {
        let span = self.spans.iter().find(|span| span.span_id == span_id)?;
        Some(SpanRef { trace: self, span })
    }

    /// The spans right below a span, by start time.
    pub fn children_of(&self, parent: &Span) -> Vec<SpanRef<'_>> {
        self.select(|span| span.parent_span_id == Some(parent.span_id))
    }

    /// The spans whose parent has not arrived, by start time.
    pub fn orphans(&self) -> Vec<SpanRef<'_>> {
        let ids: HashSet<SpanId> = self.spans.iter().map(|span| span.span_id).collect();
        self.select(|span| span.parent_span_id.is_some_and(|id| !ids.contains(&id)))
    }

    /// The names of the services that sent its spans, by the time of their first one.
    pub fn services(&self) -> Vec<&str> {
        let mut seen = HashSet::new();
        let spans = self.select(|span| seen.insert(span.service()));
        spans.iter().map(|found| found.span.service()).collect()
    }

    /// From the first start to the last end.
    pub fn duration(&self) -> Duration {
        let start = self.spans.iter().map(|span| span.start).min();
        let end = self.spans.iter().map(|span| span.end).max();
        let both = start.zip(end);
        both.and_then(|(start, end)| end.duration_since(start).ok()).unwrap_or_default()
    }

    /// The first place where a text stands, as it is written here: names, attribute keys and
    /// values, events, links, status, tracestate, scope, resource.
    pub fn find_text(&self, text: &str) -> Option<String> {
        self.spans().iter().find_map(|span| {
            let mut found = None;
            span.visit_text(&mut |place, candidate| {
                if found.is_none() && candidate.contains(text) {
                    found = Some(format!("{place} of span {:?}", span.name));
                }
            });
            found
        })
    }

    /// The trace as a tree to print; see there for colours, slow spans and events.
    pub fn tree(&self) -> Tree<'_> {
        Tree::new(self)
    }

    /// Ends the test with `claim`, and the tree below it.
    #[track_caller]
    fn fail(&self, claim: impl std::fmt::Display) -> ! {
        panic!("{claim}\n\n{}", self.tree().events(true).max_spans(200));
    }

    fn select<'t>(&'t self, mut keep: impl FnMut(&'t Span) -> bool) -> Vec<SpanRef<'t>> {
        let mut by_start: Vec<&Span> = self.spans.iter().collect();
        by_start.sort_by_key(|span| span.start);
        by_start.retain(|span| keep(span));
        let found = by_start.into_iter();
        found.map(|span| SpanRef { trace: self, span }).collect()
    }

    fn hangs_together(&self, is_root: impl Fn(&Span) -> bool) -> bool {
        let ids: HashSet<SpanId> = self.spans.iter().map(|span| span.span_id).collect();
        let has_parent = |span: &Span| span.parent_span_id.is_some_and(|id| ids.contains(&id));
        let mut has_root = false;
        for span in self.spans() {
            if is_root(span) {
                has_root = true;
            } else if !has_parent(span) {
                return false;
            }
        }
        has_root && Shape::new(self).circles.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_whole_when_all_hang_on_a_root() {
        assert!(sample::trace(&[(1, None), (2, Some(1)), (3, Some(2))]).is_whole());
    }

    #[test]
    fn a_trace_is_not_whole_without_root_without_parent_or_in_a_circle() {
        let nothing: &[(u64, Option<u64>)] = &[];
        assert!(!sample::trace(nothing).is_whole());
        assert!(!sample::trace(&[(2, Some(1))]).is_whole());
        assert!(!sample::trace(&[(1, None), (3, Some(2))]).is_whole());
        assert!(!sample::trace(&[(1, None), (2, Some(3)), (3, Some(2))]).is_whole());
        assert!(!sample::trace(&[(1, None), (2, Some(2))]).is_whole());
    }

    #[test]
    fn a_parent_outside_stands_for_the_root() {
        let trace = sample::trace(&[(2, Some(1)), (3, Some(2))]);
        assert!(!trace.is_whole());
        assert!(trace.is_whole_under(SpanId::from(1)));
        assert!(!trace.is_whole_under(SpanId::from(9)));
    }

    #[test]
    fn lookups_follow_the_parents() {
        let trace = sample::trace(&[(1, None), (3, Some(1)), (2, Some(1)), (5, Some(4))]);
        assert_eq!(trace.root().name, "s1");
        let children = trace.root().children();
        assert_eq!(names(&children), ["s2", "s3"]);
        assert_eq!(names(&trace.orphans()), ["s5"]);
        assert_eq!(trace.span("s2").parent().unwrap().name, "s1");
        assert!(trace.span("s5").parent().is_none());
    }

    #[test]
    #[should_panic(expected = "2 spans are named \"same\"")]
    fn an_ambiguous_name_is_refused() {
        let mut trace = Trace::new(sample::TRACE);
        trace.push(sample::span(1, None, "same"));
        trace.push(sample::span(2, Some(1), "same"));
        trace.span("same");
    }

    #[test]
    #[should_panic(expected = "shop  INTERNAL  s1")]
    fn a_lookup_that_fails_shows_the_tree() {
        sample::trace(&[(1, None)]).span("absent");
    }

    #[test]
    fn text_is_found_and_its_place_named() {
        let trace = sample::trace(&[(1, None)]);
        let place = trace.find_text("hop").unwrap();
        assert_eq!(place, "resource attribute service.name of span \"s1\"");
        assert_eq!(trace.find_text("HOP"), None);
    }

    fn names<'t>(spans: &[SpanRef<'t>]) -> Vec<&'t str> {
        spans.iter().map(|found| found.span.name.as_str()).collect()
    }
}
