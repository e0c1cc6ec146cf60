//! What a receiver keeps, within bounds.
//!
//! When there are too many spans, or too many bytes of them, the oldest whole traces go first,
//! then the oldest of all; each is counted. No locks and no waiting here.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_proto::tonic::{logs, metrics, trace};

use super::request::ReceivedRequest;
use crate::logs::{LogRecord, records};
use crate::metrics::Metrics;
use crate::trace::{Trace, decode};

/// How much a receiver keeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) spans: usize,
    pub(crate) span_bytes: usize,
    pub(crate) logs: usize,
    pub(crate) series: usize,
    pub(crate) requests: usize,
}

/// What a receiver has counted since it was started.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Received {
    /// Export requests that arrived, whatever was answered.
    pub requests: u64,
    /// Requests that could not be read: malformed, too large, of an unknown type or encoding.
    pub malformed_requests: u64,
    /// Requests that were answered by a [`Fault`](crate::Fault).
    pub faulted_requests: u64,
    /// Spans that were accepted, each one once, however often it was sent.
    pub spans: u64,
    /// Spans that had been accepted before, equal in everything.
    pub repeated_spans: u64,
    /// Spans that were refused, because an id of theirs is invalid.
    pub refused_spans: u64,
    /// Traces that were given up to make room.
    pub evicted_traces: u64,
    /// The spans of those traces.
    pub evicted_spans: u64,
    /// Log records that were accepted.
    pub logs: u64,
    /// Log records that were given up to make room.
    pub evicted_logs: u64,
    /// Points of metric series that found no room.
    pub dropped_points: u64,
}

/// How many items of a request were refused, and why.
#[derive(Debug, Default, Eq, PartialEq)]
pub(crate) struct Refused {
    pub(crate) count: i64,
    pub(crate) reason: &'static str,
}

#[derive(Debug)]
pub(crate) struct Store {
    limits: Limits,
    counts: Received,
    /// Traces by age: the key only grows.
    traces: BTreeMap<u64, Entry>,
    ages: HashMap<TraceId, u64>,
    next_age: u64,
    spans: usize,
    span_bytes: usize,
    metrics: Metrics,
    logs: VecDeque<LogRecord>,
    requests: VecDeque<ReceivedRequest>,
    /// Grows with every change.
    revision: u64,
}

#[derive(Debug)]
struct Entry {
    trace: Trace,
    /// Id and digest of the spans that are here.
    known: HashSet<(SpanId, u64)>,
    bytes: usize,
    revision: u64,
    /// Whether the trace is whole, once somebody has asked since the last change.
    whole: Option<bool>,
}

impl Store {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            counts: Received::default(),
            traces: BTreeMap::new(),
            ages: HashMap::new(),
            next_age: 0,
            spans: 0,
            span_bytes: 0,
            metrics: Metrics::new(limits.series),
            logs: VecDeque::new(),
            requests: VecDeque::new(),
            revision: 0,
        }
    }

    pub(crate) fn counts(&self) -> Received {
        Received { dropped_points: self.metrics.dropped_points, ..self.counts }
    }

    pub(crate) fn counts_mut(&mut self) -> &mut Received {
        &mut self.counts
    }

    pub(crate) fn trace(&self, trace_id: TraceId) -> Option<&Trace> {
        let entry = self.traces.get(self.ages.get(&trace_id)?)?;
        Some(&entry.trace)
    }

    /// All traces, the oldest first.
    pub(crate) fn traces(&self) -> Vec<Trace> {
        self.traces.values().map(|entry| entry.trace.clone()).collect()
    }

    /// The traces that gained a span after a revision, and the revision now.
    pub(crate) fn traces_since(&self, revision: u64) -> (Vec<Trace>, u64) {
        let entries = self.traces.values();
        let changed = entries.filter(|entry| entry.revision > revision);
        (changed.map(|entry| entry.trace.clone()).collect(), self.revision)
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    pub(crate) fn logs(&self) -> impl Iterator<Item = &LogRecord> {
        self.logs.iter()
    }

    pub(crate) fn requests(&self) -> impl Iterator<Item = &ReceivedRequest> {
        self.requests.iter()
    }

    pub(crate) fn add_request(&mut self, request: ReceivedRequest) {
        self.counts.requests += 1;
        if self.requests.len() >= self.limits.requests {
            self.requests.pop_front();
        }
        self.requests.push_back(request);
    }

    pub(crate) fn add_spans(&mut self, spans: Vec<trace::v1::ResourceSpans>) -> Refused {
        self.revision += 1;
        let mut refused = Refused::default();
        for decoded in decode::spans(spans) {
            match decoded {
                Ok(decoded) => self.add_span(decoded),
                Err(reason) => {
                    self.counts.refused_spans += 1;
                    refused.count += 1;
                    refused.reason = reason;
                }
            }
        }
        self.make_room();
        refused
    }

    pub(crate) fn add_metrics(&mut self, metrics: Vec<metrics::v1::ResourceMetrics>) -> Refused {
        self.revision += 1;
        self.metrics.add(metrics);
        Refused::default()
    }

    pub(crate) fn add_logs(&mut self, logs: Vec<logs::v1::ResourceLogs>) -> Refused {
        self.revision += 1;
        for record in records(logs) {
            self.counts.logs += 1;
            if self.logs.len() >= self.limits.logs {
                self.logs.pop_front();
                self.counts.evicted_logs += 1;
            }
            self.logs.push_back(record);
        }
        Refused::default()
    }

    fn add_span(&mut self, decoded: decode::Decoded) {
        let trace_id = decoded.span.trace_id;
        let age = *self.ages.entry(trace_id).or_insert_with(|| {
            self.next_age += 1;
            self.next_age
        });
        let entry = self.traces.entry(age).or_insert_with(|| Entry {
            trace: Trace::new(trace_id),
            known: HashSet::new(),
            bytes: 0,
            revision: 0,
            whole: None,
        });
        if !entry.known.insert((decoded.span.span_id, decoded.digest)) {
            self.counts.repeated_spans += 1;
            return;
        }
        entry.trace.push(decoded.span);
        entry.bytes += decoded.bytes;
        entry.revision = self.revision;
        entry.whole = None;
        self.counts.spans += 1;
        self.spans += 1;
        self.span_bytes += decoded.bytes;
    }

    /// Gives up traces until a tenth of the room is free again, so that it is not done for every
    /// request.
    fn make_room(&mut self) {
        let limits = self.limits;
        if self.spans <= limits.spans && self.span_bytes <= limits.span_bytes {
            return;
        }
        for must_be_whole in [true, false] {
            let by_age: Vec<u64> = self.traces.keys().copied().collect();
            for age in by_age {
                if self.spans <= limits.spans / 10 * 9 && self.span_bytes <= limits.span_bytes / 10 * 9 {
                    return;
                }
                if !must_be_whole || self.is_whole(age) {
                    self.evict(age);
                }
            }
        }
    }

    fn is_whole(&mut self, age: u64) -> bool {
        self.traces
            .get_mut(&age)
            .is_some_and(|entry| *entry.whole.get_or_insert_with(|| entry.trace.is_whole()))
    }

    fn evict(&mut self, age: u64) {
        if let Some(entry) = self.traces.remove(&age) {
            let spans = entry.trace.spans().len();
            self.ages.remove(&entry.trace.trace_id());
            self.spans -= spans;
            self.span_bytes -= entry.bytes;
            self.counts.evicted_traces += 1;
            self.counts.evicted_spans += spans as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::trace::v1 as otlp;

    use super::*;

    fn store(spans: usize) -> Store {
        Store::new(Limits { spans, span_bytes: 1 << 20, logs: 2, series: 2, requests: 2 })
    }

    fn span(trace: u8, id: u8, parent: Option<u8>) -> otlp::Span {
        otlp::Span {
            trace_id: vec![trace; 16],
            span_id: vec![id; 8],
            parent_span_id: parent.map(|id| vec![id; 8]).unwrap_or_default(),
            ..Default::default()
        }
    }

    fn batch(spans: Vec<otlp::Span>) -> Vec<otlp::ResourceSpans> {
        let scope_spans = vec![otlp::ScopeSpans { spans, ..Default::default() }];
        vec![otlp::ResourceSpans { scope_spans, ..Default::default() }]
    }

    fn ids(store: &Store) -> Vec<u8> {
        let traces = store.traces();
        traces.iter().map(|trace| trace.trace_id().to_bytes()[0]).collect()
    }

    #[test]
    fn the_oldest_whole_trace_goes_first_and_is_counted() {
        let mut store = store(10);
        store.add_spans(batch(vec![span(1, 2, Some(1))]));
        store.add_spans(batch((1..=5).map(|id| span(2, id, None)).collect()));
        store.add_spans(batch((1..=5).map(|id| span(3, id, None)).collect()));
        assert_eq!(ids(&store), [1, 3]);
        assert_eq!(store.counts().evicted_traces, 1);
        assert_eq!(store.counts().evicted_spans, 5);
    }

    #[test]
    fn a_trace_that_was_whole_may_not_be_whole_any_more() {
        let mut store = store(10);
        store.add_spans(batch(vec![span(1, 1, None)]));
        let age = store.ages[&store.traces()[0].trace_id()];
        assert!(store.is_whole(age));
        store.add_spans(batch(vec![span(1, 3, Some(2))]));
        assert!(!store.is_whole(age));
    }

    #[test]
    fn a_single_trace_that_is_too_large_is_given_up_too() {
        let mut store = store(10);
        store.add_spans(batch((1..=11).map(|id| span(1, id, Some(200))).collect()));
        assert!(ids(&store).is_empty());
        assert_eq!(store.counts().evicted_spans, 11);
        assert_eq!((store.spans, store.span_bytes), (0, 0));
    }

    #[test]
    fn bytes_are_bounded_as_well() {
        let mut store = store(10);
        let large = otlp::Span { name: "x".repeat(1 << 20), ..span(1, 1, None) };
        store.add_spans(batch(vec![large]));
        assert!(ids(&store).is_empty());
    }

    #[test]
    fn a_span_that_is_sent_again_is_kept_once() {
        let mut store = store(10);
        store.add_spans(batch(vec![span(1, 1, None)]));
        store.add_spans(batch(vec![span(1, 1, None)]));
        let other = otlp::Span { name: "other".into(), ..span(1, 1, None) };
        store.add_spans(batch(vec![other]));
        assert_eq!(store.traces()[0].spans().len(), 2);
        assert_eq!(store.counts().spans, 2);
        assert_eq!(store.counts().repeated_spans, 1);
    }

    #[test]
    fn a_span_without_valid_ids_is_refused_and_the_others_are_kept() {
        let mut store = store(10);
        let refused = store.add_spans(batch(vec![span(0, 1, None), span(1, 1, None)]));
        assert_eq!(refused, Refused { count: 1, reason: "invalid trace id" });
        assert_eq!(ids(&store), [1]);
        assert_eq!(store.counts().refused_spans, 1);
    }

    #[test]
    fn only_traces_that_changed_are_told() {
        let mut store = store(10);
        store.add_spans(batch(vec![span(1, 1, None)]));
        let (changed, revision) = store.traces_since(0);
        assert_eq!(changed.len(), 1);
        store.add_spans(batch(vec![span(2, 1, None)]));
        let (changed, revision) = store.traces_since(revision);
        assert_eq!(changed[0].trace_id().to_bytes()[0], 2);
        assert!(store.traces_since(revision).0.is_empty());
    }

    #[test]
    fn logs_are_bounded() {
        let mut store = store(10);
        for text in ["a", "b", "c"] {
            let record = logs::v1::LogRecord { severity_text: text.into(), ..Default::default() };
            let scope_logs = vec![logs::v1::ScopeLogs { log_records: vec![record], ..Default::default() }];
            store.add_logs(vec![logs::v1::ResourceLogs { scope_logs, ..Default::default() }]);
        }
        let kept: Vec<_> = store.logs().map(|record| record.severity_text.as_str()).collect();
        assert_eq!(kept, ["b", "c"]);
        assert_eq!(store.counts().evicted_logs, 1);
    }
}
