//! Sentences about a span or a trace, for tests.
//!
//! Each returns what it was asked about, so that they chain, and panics with the claim and the
//! whole tree where it is not true.

use std::fmt;

use opentelemetry::trace::{SpanId, SpanKind, Status, TraceId};

use super::{Span, SpanRef, Trace, Value};

/// Each sentence panics, with the tree, where it is not true.
impl<'t> SpanRef<'t> {
    /// It has no parent.
    #[track_caller]
    pub fn is_root(self) -> Self {
        self.claim(self.span.parent_span_id.is_none(), "is a root")
    }

    /// Its parent has arrived and is named so.
    #[track_caller]
    pub fn is_child_of(self, parent_name: &str) -> Self {
        let parent = self.parent();
        let is_child = parent.is_some_and(|parent| parent.span.name == parent_name);
        self.claim(is_child, format_args!("is a child of {parent_name:?}"))
    }

    /// Its parent is that span, of this trace.
    #[track_caller]
    pub fn is_child_of_span(self, parent: &Span) -> Self {
        let is_child =
            self.span.parent_span_id == Some(parent.span_id) && self.span.trace_id == parent.trace_id;
        self.claim(is_child, format_args!("is a child of {}", named(parent)))
    }

    /// Its parent id is that one, whether that span has arrived or not.
    #[track_caller]
    pub fn has_parent_id(self, parent_id: SpanId) -> Self {
        let is_child = self.span.parent_span_id == Some(parent_id);
        self.claim(is_child, format_args!("has the parent {parent_id}"))
    }

    /// A span of that name is somewhere above it.
    #[track_caller]
    pub fn is_descendant_of(self, ancestor_name: &str) -> Self {
        let longest = self.trace.spans().len();
        let ancestors = std::iter::successors(self.parent(), |found| found.parent());
        let is_below = ancestors.take(longest).any(|found| found.span.name == ancestor_name);
        self.claim(is_below, format_args!("is below {ancestor_name:?}"))
    }

    /// It is of that kind.
    #[track_caller]
    pub fn has_kind(self, kind: SpanKind) -> Self {
        self.claim(self.span.kind == kind, format_args!("has the kind {kind:?}"))
    }

    /// That service sent it.
    #[track_caller]
    pub fn is_of_service(self, service: &str) -> Self {
        let is_of = self.span.service() == service;
        self.claim(is_of, format_args!("is of the service {service:?}"))
    }

    /// The instrumentation of that name made it.
    #[track_caller]
    pub fn has_scope(self, name: &str) -> Self {
        let scope = &self.span.scope.name;
        let claim = format_args!("has the scope {name:?}, not {scope:?}");
        self.claim(scope == name, claim)
    }

    /// It has that attribute exactly once, with that value and type.
    #[track_caller]
    pub fn has(self, key: &str, value: impl Into<Value>) -> Self {
        let expected = value.into();
        let (actual, times) = (self.span.attribute(key), self.span.attributes.occurrences(key));
        let claim = format_args!("has {key} = {expected:?} once, not {actual:?} {times} time(s)");
        self.claim(actual == Some(&expected) && times == 1, claim)
    }

    /// It has that attribute, whatever the value.
    #[track_caller]
    pub fn has_attribute(self, key: &str) -> Self {
        let is_there = self.span.attribute(key).is_some();
        self.claim(is_there, format_args!("has the attribute {key}"))
    }

    /// It does not have that attribute.
    #[track_caller]
    pub fn lacks(self, key: &str) -> Self {
        let actual = self.span.attribute(key);
        let claim = format_args!("lacks the attribute {key}, which is {actual:?}");
        self.claim(actual.is_none(), claim)
    }

    /// Its resource has that attribute with that value and type.
    #[track_caller]
    pub fn has_resource(self, key: &str, value: impl Into<Value>) -> Self {
        let expected = value.into();
        let actual = self.span.resource.get(key);
        let claim = format_args!("has the resource {key} = {expected:?}, not {actual:?}");
        self.claim(actual == Some(&expected), claim)
    }

    /// It did not fail: its status is not an error, and it has no `error.type`.
    #[track_caller]
    pub fn is_ok(self) -> Self {
        let failed = self.span.is_failed() || self.span.attribute("error.type").is_some();
        self.claim(!failed, "is ok")
    }

    /// It failed with that `error.type`.
    #[track_caller]
    pub fn is_error(self, error_type: &str) -> Self {
        let actual = self.span.str("error.type");
        let claim = format_args!("is an error of the type {error_type:?}, not {actual:?}");
        self.claim(self.span.is_failed() && actual == Some(error_type), claim)
    }

    /// Its status is exactly that, message included.
    #[track_caller]
    pub fn has_status(self, status: Status) -> Self {
        let actual = &self.span.status;
        let claim = format_args!("has the status {status:?}, not {actual:?}");
        self.claim(*actual == status, claim)
    }

    /// It has an event of that name.
    #[track_caller]
    pub fn has_event(self, name: &str) -> Self {
        let is_there = self.span.event(name).is_some();
        self.claim(is_there, format_args!("has an event {name:?}"))
    }

    /// It has no event of that name.
    #[track_caller]
    pub fn lacks_event(self, name: &str) -> Self {
        let is_there = self.span.event(name).is_some();
        self.claim(!is_there, format_args!("lacks an event {name:?}"))
    }

    /// It links to that span, of whatever trace.
    #[track_caller]
    pub fn links_to(self, other: &Span) -> Self {
        let is_linked = links(self.span, other.trace_id, other.span_id);
        self.claim(is_linked, format_args!("links to {}", named(other)))
    }

    /// It links to that span, which needs not have arrived.
    #[track_caller]
    pub fn links_to_ids(self, trace_id: TraceId, span_id: SpanId) -> Self {
        let is_linked = links(self.span, trace_id, span_id);
        let claim = format_args!("links to span {span_id} of trace {trace_id}");
        self.claim(is_linked, claim)
    }

    /// It has so many links.
    #[track_caller]
    pub fn has_links(self, count: usize) -> Self {
        let actual = self.span.links.len();
        let claim = format_args!("has {count} link(s), not {actual}");
        self.claim(actual == count, claim)
    }

    /// It started no earlier and ended no later than that span. Clocks of two machines differ:
    /// meant for spans of one.
    #[track_caller]
    pub fn is_within(self, outer: &Span) -> Self {
        let is_within = self.span.start >= outer.start && self.span.end <= outer.end;
        self.claim(is_within, format_args!("is within {}", named(outer)))
    }

    #[track_caller]
    fn claim(self, is_true: bool, claim: impl fmt::Display) -> Self {
        if !is_true {
            let span = named(self.span);
            self.trace.fail(format_args!("it is not true that {span} {claim}"));
        }
        self
    }
}

/// Each sentence panics, with the tree, where it is not true.
impl Trace {
    /// Every span hangs on a root ([`is_whole`](Self::is_whole)).
    #[track_caller]
    pub fn hangs_on_a_root(&self) -> &Self {
        self.claim(self.is_whole(), "every span hangs on a root")
    }

    /// It has so many spans.
    #[track_caller]
    pub fn has_spans(&self, count: usize) -> &Self {
        let actual = self.spans().len();
        self.claim(actual == count, format_args!("it has {count} span(s), not {actual}"))
    }

    /// Spans of exactly these services have arrived, in whatever order.
    #[track_caller]
    pub fn has_services<const N: usize>(&self, services: [&str; N]) -> &Self {
        let (mut actual, mut expected) = (self.services(), services);
        actual.sort_unstable();
        expected.sort_unstable();
        let claim = format_args!("its services are {expected:?}, not {actual:?}");
        self.claim(actual == expected, claim)
    }

    /// No span has that name.
    #[track_caller]
    pub fn lacks_span(&self, name: &str) -> &Self {
        let is_there = !self.spans_named(name).is_empty();
        self.claim(!is_there, format_args!("no span is named {name:?}"))
    }

    /// A text stands nowhere in it: not in a name, key, value, event, link, status, tracestate,
    /// scope or resource. For canaries: plant a value, and see that no exit lets it out.
    #[track_caller]
    pub fn lacks_text(&self, text: &str) -> &Self {
        let place = self.find_text(text);
        let found = place.as_deref().unwrap_or_default();
        let claim = format_args!("{text:?} stands nowhere; it is in {found}");
        self.claim(place.is_none(), claim)
    }

    #[track_caller]
    fn claim(&self, is_true: bool, claim: impl fmt::Display) -> &Self {
        if !is_true {
            self.fail(format_args!("it is not true that {claim}"));
        }
        self
    }
}

fn links(span: &Span, trace_id: TraceId, span_id: SpanId) -> bool {
    let mut links = span.links.iter();
    links.any(|link| link.trace_id == trace_id && link.span_id == span_id)
}

fn named(span: &Span) -> String {
    format!("{:?} (span {})", span.name, span.span_id)
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::trace::{Link, sample};

    fn trace() -> Trace {
        let mut trace = sample::trace(&[(1, None), (2, Some(1))]);
        let mut failed = sample::span(3, Some(2), "failed");
        failed.kind = SpanKind::Client;
        failed.status = Status::error("no answer");
        failed.attributes = [("error.type", "timeout"), ("tenant", "acme")].into_iter().collect();
        failed.links.push(Link {
            trace_id: sample::TRACE,
            span_id: SpanId::from(2),
            trace_state: String::new(),
            flags: 0,
            attributes: Default::default(),
            dropped_attributes: 0,
        });
        trace.push(failed);
        trace
    }

    #[test]
    fn true_sentences_chain() {
        let trace = trace();
        trace.root().is_root().is_ok().lacks("tenant").has_status(Status::Unset);
        trace
            .span("failed")
            .is_child_of("s2")
            .is_child_of_span(&trace.span("s2"))
            .has_parent_id(SpanId::from(2))
            .is_descendant_of("s1")
            .has_kind(SpanKind::Client)
            .is_of_service("shop")
            .has("tenant", "acme")
            .has_attribute("tenant")
            .has_resource("service.name", "shop")
            .is_error("timeout")
            .links_to(&trace.span("s2"))
            .has_links(1)
            .lacks_event("exception");
        trace.hangs_on_a_root().has_spans(3).has_services(["shop"]).lacks_span("absent").lacks_text("canary");
    }

    #[test]
    fn a_false_sentence_panics_with_claim_and_tree() {
        let trace = trace();
        let failed = trace.span("failed");
        let false_sentences: [(&str, &dyn Fn()); 15] = [
            ("is a root", &|| _ = failed.is_root()),
            ("is a child of \"s1\"", &|| _ = failed.is_child_of("s1")),
            ("is a child of \"s1\"", &|| _ = failed.is_child_of_span(&trace.span("s1"))),
            ("is below \"failed\"", &|| _ = failed.is_descendant_of("failed")),
            ("has the kind Server", &|| _ = failed.has_kind(SpanKind::Server)),
            ("has tenant = String(\"x\") once", &|| _ = failed.has("tenant", "x")),
            ("lacks the attribute tenant", &|| _ = failed.lacks("tenant")),
            ("is ok", &|| _ = failed.is_ok()),
            ("is an error of the type \"x\"", &|| _ = failed.is_error("x")),
            ("has an event \"x\"", &|| _ = failed.has_event("x")),
            ("links to \"s1\"", &|| _ = failed.links_to(&trace.span("s1"))),
            ("has 2 link(s), not 1", &|| _ = failed.has_links(2)),
            ("is within \"s1\"", &|| _ = failed.is_within(&trace.span("s1"))),
            ("has 9 span(s), not 3", &|| _ = trace.has_spans(9)),
            ("it is in status message", &|| _ = trace.lacks_text("answer")),
        ];
        for (claim, sentence) in false_sentences {
            let panic = catch_unwind(AssertUnwindSafe(sentence)).expect_err(claim);
            let message = panic.downcast_ref::<String>().unwrap();
            assert!(message.contains(claim), "{claim}: {message}");
            assert!(message.contains("shop  CLIENT  failed"), "{message}");
        }
    }

    #[test]
    #[should_panic(expected = "2 time(s)")]
    fn a_key_that_was_sent_twice_is_refused() {
        let mut trace = Trace::new(sample::TRACE);
        let mut span = sample::span(1, None, "twice");
        span.attributes = [("k", 1), ("k", 1)].into_iter().collect();
        trace.push(span);
        trace.root().has("k", 1);
    }

    #[test]
    fn ancestors_in_a_circle_come_to_an_end() {
        let trace = sample::trace(&[(1, Some(2)), (2, Some(1))]);
        let claim = AssertUnwindSafe(|| _ = trace.span("s1").is_descendant_of("absent"));
        assert!(catch_unwind(claim).is_err());
    }
}
