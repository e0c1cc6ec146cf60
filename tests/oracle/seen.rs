//! What arrived of a program, without what differs from run to run: ids and times.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use trilha::opentelemetry::{
    TraceId,
    trace::{SpanKind, Status},
};
use trilha_testing::{Span, Value};

/// The attribute by which a program numbers its spans.
pub(crate) const NUMBER: &str = "n";

/// Spans by their number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seen(pub(crate) BTreeMap<i64, SeenSpan>);

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SeenSpan {
    pub(crate) name: String,
    pub(crate) kind: SpanKind,
    pub(crate) parent: Option<Place>,
    /// The trace, told by the lowest number in it.
    pub(crate) trace: i64,
    pub(crate) trace_state: String,
    pub(crate) flags: u32,
    pub(crate) attributes: Vec<(String, Value)>,
    pub(crate) events: Vec<SeenEvent>,
    pub(crate) links: Vec<SeenLink>,
    pub(crate) status: Status,
    pub(crate) dropped: [u32; 3],
    pub(crate) scope: (String, String),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SeenEvent {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, Value)>,
    pub(crate) dropped: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SeenLink {
    pub(crate) to: Place,
    pub(crate) trace_state: String,
    pub(crate) flags: u32,
    pub(crate) attributes: Vec<(String, Value)>,
    pub(crate) dropped: u32,
}

/// A span that was referred to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Place {
    Numbered(i64),
    /// In another process, or not kept.
    NotSent(TraceId),
}

impl Seen {
    pub(crate) fn of(spans: &[&Span]) -> Self {
        let numbers: HashMap<_, _> = spans.iter().map(|span| (span.span_id, number(span))).collect();
        let mut lowest = HashMap::new();
        for span in spans {
            let lowest = lowest.entry(span.trace_id).or_insert(i64::MAX);
            *lowest = number(span).min(*lowest);
        }
        let place = |trace_id, span_id| match numbers.get(&span_id) {
            Some(number) => Place::Numbered(*number),
            None => Place::NotSent(trace_id),
        };
        let seen: BTreeMap<_, _> = (spans.iter())
            .map(|span| {
                let seen = SeenSpan {
                    name: span.name.clone(),
                    kind: span.kind.clone(),
                    parent: span.parent_span_id.map(|parent| place(span.trace_id, parent)),
                    trace: lowest[&span.trace_id],
                    trace_state: span.trace_state.clone(),
                    flags: span.flags,
                    attributes: pairs(&span.attributes),
                    events: (span.events.iter())
                        .map(|event| SeenEvent {
                            name: event.name.clone(),
                            attributes: pairs(&event.attributes),
                            dropped: event.dropped_attributes,
                        })
                        .collect(),
                    links: (span.links.iter())
                        .map(|link| SeenLink {
                            to: place(link.trace_id, link.span_id),
                            trace_state: link.trace_state.clone(),
                            flags: link.flags,
                            attributes: pairs(&link.attributes),
                            dropped: link.dropped_attributes,
                        })
                        .collect(),
                    status: span.status.clone(),
                    dropped: [span.dropped_attributes, span.dropped_events, span.dropped_links],
                    scope: (span.scope.name.clone(), span.scope.version.clone()),
                };
                assert!(span.start <= span.end, "{span:?}");
                (number(span), seen)
            })
            .collect();
        assert_eq!(seen.len(), numbers.len(), "each span has a number of its own");
        Self(seen)
    }

    /// The span of a number.
    #[track_caller]
    pub(crate) fn span(&self, number: i64) -> &SeenSpan {
        &self.0[&number]
    }

    /// The spans that are not the same in both, to read.
    pub(crate) fn differing(&self, ours: &Self) -> String {
        let numbers: BTreeSet<_> = self.0.keys().chain(ours.0.keys()).collect();
        let differing = numbers.into_iter().filter(|number| self.0.get(number) != ours.0.get(number));
        let shown =
            |seen: &Self, number| seen.0.get(number).map_or("nothing".into(), |span| format!("{span:?}"));
        differing
            .map(|number| {
                format!("{number}\n  theirs: {}\n  ours:   {}\n", shown(self, number), shown(ours, number))
            })
            .collect()
    }

    /// Adds how many spans dropped attributes, events and links.
    pub(crate) fn dropping(&self, mut counts: [u32; 3]) -> [u32; 3] {
        for span in self.0.values() {
            for (count, dropped) in counts.iter_mut().zip(span.dropped) {
                *count += u32::from(dropped > 0);
            }
        }
        counts
    }

    /// The lists of attributes: of spans, and of their events.
    pub(crate) fn attributes_mut(&mut self) -> impl Iterator<Item = &mut Vec<(String, Value)>> {
        self.0.values_mut().flat_map(|span| {
            [&mut span.attributes]
                .into_iter()
                .chain(span.events.iter_mut().map(|event| &mut event.attributes))
        })
    }

    /// Without what differs from run to run, or means nothing: numbers of threads, times, the order of
    /// attributes.
    pub(crate) fn settled(mut self) -> Self {
        for attributes in self.attributes_mut() {
            for (key, value) in attributes.iter_mut() {
                if let ("thread.id" | "busy_ns" | "idle_ns", Value::Int(number)) = (key.as_str(), value) {
                    assert!(*number >= 0);
                    *number = 0;
                }
            }
            attributes.sort_by(|(one, _), (other, _)| one.cmp(other));
        }
        self
    }
}

impl SeenSpan {
    pub(crate) fn attribute(&self, key: &str) -> Option<&Value> {
        self.attributes.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    pub(crate) fn event_names(&self) -> Vec<&str> {
        self.events.iter().map(|event| event.name.as_str()).collect()
    }
}

#[track_caller]
fn number(span: &Span) -> i64 {
    span.int(NUMBER).unwrap_or_else(|| panic!("a span without a number: {span:?}"))
}

fn pairs(attributes: &trilha_testing::Attributes) -> Vec<(String, Value)> {
    attributes.iter().map(|(key, value)| (key.to_owned(), value.clone())).collect()
}
