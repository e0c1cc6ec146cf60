//! Links without an end: what one span cannot hold goes to child spans. A recorder whose limit is below
//! 128 links drops what is above it, and says so on the span.
//!
//! It keeps nothing back: a link is on a span as soon as it is added.

use opentelemetry::Context;
use trilha_core::{Operation, Outcome, SpanKind, TraceContext, recorder::Link};

use crate::SCOPE;

/// As many as the SDKs of OpenTelemetry keep on a span unless told otherwise.
const PER_SPAN: u32 = 128;

/// Where the links of a span stand. Dropped, it ends the child span that is open.
#[derive(Debug)]
pub(crate) struct Links {
    /// A child span that holds links; before the first one, the owner itself does.
    child: Option<Operation>,
    /// How many more the present span may hold.
    room: u32,
    part: u32,
    total: u64,
}

impl Default for Links {
    fn default() -> Self {
        Self { child: None, room: PER_SPAN, part: 1, total: 0 }
    }
}

impl Links {
    /// Adds a link to `owner` or, where that has ended or is full, to a child span in `context`.
    pub(crate) fn add(&mut self, link: &TraceContext, owner: Option<&Operation>, context: &Context) {
        if self.room == 0 || (self.child.is_none() && owner.is_none()) {
            self.next_part(context);
        }
        if let Some(span) = self.child.as_ref().or(owner).and_then(Operation::span) {
            span.add_link(&Link { context: link, attributes: &[] });
        }
        self.room -= 1;
        self.total += 1;
    }

    /// The owner ends: so does the child span, and later links get one of their own.
    pub(crate) fn close(&mut self, owner: &Operation) {
        self.end_part();
        if self.total > 0 {
            owner.set_attribute("trilha.batch.link_count", i64::try_from(self.total).unwrap_or(i64::MAX));
        }
    }

    fn next_part(&mut self, context: &Context) {
        self.end_part();
        self.part += 1;
        let child = Operation::builder(&SCOPE, "links", SpanKind::Internal)
            .parent(context)
            .attributes(&[("trilha.batch.link_part", self.part.into())])
            .start();
        (self.child, self.room) = (Some(child), PER_SPAN);
    }

    fn end_part(&mut self) {
        if let Some(child) = self.child.take() {
            child.finish(Outcome::Ok);
        }
    }
}

impl Drop for Links {
    fn drop(&mut self) {
        self.end_part();
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::SystemTime};

    use opentelemetry::{SpanId, TraceFlags, TraceId};
    use parking_lot::Mutex;
    use proptest::prelude::*;
    use trilha_core::{
        Handle, Recorder, SpanCounts, Traceparent, Tracestate,
        recorder::{Attribute, SpanRecord, SpanStart, Status, Value},
    };

    use super::*;

    /// Keeps what a test asks of a span: its name, its part, its links, its end.
    #[derive(Clone, Debug)]
    struct Kept {
        context: TraceContext,
        name: String,
        numbers: Arc<Mutex<Vec<(String, i64)>>>,
        links: Arc<Mutex<Vec<SpanId>>>,
        is_ended: Arc<Mutex<bool>>,
    }

    #[derive(Debug, Default)]
    struct Keeper(Mutex<Vec<Kept>>);

    impl Recorder for Keeper {
        fn start(&self, start: &SpanStart<'_>) -> Arc<dyn SpanRecord> {
            let span = Kept {
                context: TraceContext::of_child(start.parent, |_| true),
                name: start.name.to_owned(),
                numbers: Arc::default(),
                links: Arc::default(),
                is_ended: Arc::default(),
            };
            start.attributes.iter().for_each(|(key, value)| span.set_attribute(key, *value));
            self.0.lock().push(span.clone());
            Arc::new(span)
        }

        fn counts(&self) -> SpanCounts {
            SpanCounts::default()
        }
    }

    impl SpanRecord for Kept {
        fn trace_context(&self) -> &TraceContext {
            &self.context
        }

        fn is_recording(&self) -> bool {
            !*self.is_ended.lock()
        }

        fn set_attribute(&self, key: &str, value: Value<'_>) {
            assert_ne!(key, "error.type", "holding links goes well");
            if let Value::Int(number) = value {
                self.numbers.lock().push((key.to_owned(), number));
            }
        }

        fn add_link(&self, link: &Link<'_>) {
            assert!(self.is_recording(), "a link that comes after the end is lost");
            self.links.lock().push(link.context.span_id());
        }

        fn end(&self, _: Option<SystemTime>) {
            *self.is_ended.lock() = true;
        }

        fn add_event(&self, _: &str, _: Option<SystemTime>, _: &[Attribute<'_>]) {}
        fn set_name(&self, _: &str) {}
        fn set_status(&self, _: Status<'_>) {}
        fn withhold(&self) {}
    }

    fn link(number: u64) -> TraceContext {
        let ids = (TraceId::from(1), SpanId::from(number));
        TraceContext::new(Traceparent::new(ids.0, ids.1, TraceFlags::SAMPLED).unwrap(), Tracestate::default())
    }

    /// The spans of an owner that gets `before` links while it is open and `after` when it has ended.
    fn spans(before: u64, after: u64) -> Vec<Kept> {
        let keeper = Arc::new(Keeper::default());
        let owner = Operation::builder(&SCOPE, "owner", SpanKind::Internal)
            .handle(Handle::builder(keeper.clone()).build())
            .start();
        let (context, mut links) = (owner.context(), Links::default());
        (1..=before).for_each(|number| links.add(&link(number), Some(&owner), &context));
        links.close(&owner);
        owner.finish(Outcome::Ok);
        (1..=after).for_each(|number| links.add(&link(before + number), None, &context));
        drop(links);
        keeper.0.lock().clone()
    }

    #[test]
    fn the_129th_link_goes_to_a_second_span() {
        let count = |links| spans(links, 0).iter().map(|span| span.links.lock().len()).collect::<Vec<_>>();
        assert_eq!(count(0), [0]);
        assert_eq!(count(128), [128]);
        assert_eq!(count(129), [128, 1]);
        assert_eq!(count(385), [128, 128, 128, 1]);
    }

    proptest! {
        #[test]
        fn every_link_stands_once_and_no_span_holds_too_many(before in 0u64..600, after in 0u64..300) {
            let spans = spans(before, after);
            let found: Vec<u64> = (spans.iter())
                .flat_map(|span| span.links.lock().clone())
                .map(|id| u64::from_be_bytes(id.to_bytes()))
                .collect();
            prop_assert_eq!(found, (1..=before + after).collect::<Vec<_>>());
            for (at, span) in spans.iter().enumerate() {
                prop_assert!(span.links.lock().len() <= 128);
                prop_assert!(*span.is_ended.lock());
                let numbers = span.numbers.lock().clone();
                let expected = match (at, before) {
                    (0, 0) => vec![],
                    (0, _) => vec![("trilha.batch.link_count".to_owned(), before as i64)],
                    _ => vec![("trilha.batch.link_part".to_owned(), at as i64 + 1)],
                };
                prop_assert_eq!(numbers, expected);
                prop_assert_eq!(&span.name, if at == 0 { "owner" } else { "links" });
                prop_assert_eq!(span.context.trace_id(), spans[0].context.trace_id());
            }
        }
    }
}
