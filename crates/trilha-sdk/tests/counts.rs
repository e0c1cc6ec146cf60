//! The counts of a service as metrics: by which names they leave, and that those of one collection add up.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use opentelemetry_sdk::metrics::{
    InMemoryMetricExporter, PeriodicReader, SdkMeterProvider,
    data::{AggregatedMetrics, MetricData, SumDataPoint},
};
use parking_lot::Mutex;
use trilha_core::{
    Handle, Recorder, Refusal, Scope, SpanCounts, TraceContext,
    fence::Callback,
    recorder::{PassThrough, SpanRecord, SpanStart},
};
use trilha_sdk::{Component, SpanPipeline, observe_counts};

/// A ledger in the place of a pipeline.
#[derive(Clone, Debug, Default)]
struct Ledger(Arc<Mutex<SpanCounts>>);

impl Ledger {
    fn change(&self, change: impl FnOnce(&mut SpanCounts)) {
        change(&mut self.0.lock());
    }

    /// A span's way, each step by itself.
    fn one_span(&self, number: u64) {
        self.change(|it| (it.created, it.open) = (it.created + 1, it.open + 1));
        self.change(|it| (it.open, it.queued) = (it.open - 1, it.queued + 1));
        if number.is_multiple_of(7) {
            return self.change(|it| {
                (it.queued, it.dropped.queue_full) = (it.queued - 1, it.dropped.queue_full + 1)
            });
        }
        self.change(|it| (it.queued, it.in_flight) = (it.queued - 1, it.in_flight + 1));
        self.change(|it| {
            it.in_flight -= 1;
            *match number % 3 {
                0 => &mut it.delivered,
                1 => &mut it.dropped.rejected,
                _ => &mut it.unacknowledged,
            } += 1;
        });
    }
}

impl Recorder for Ledger {
    fn start(&self, _: &SpanStart<'_>) -> Arc<dyn SpanRecord> {
        Arc::new(PassThrough(TraceContext::none()))
    }

    fn counts(&self) -> SpanCounts {
        self.0.lock().clone()
    }
}

struct Observed {
    provider: SdkMeterProvider,
    exporter: InMemoryMetricExporter,
}

/// Each metric of one collection: by its name and attributes, without those of the component.
type Collection = BTreeMap<String, i64>;

impl Observed {
    fn start(ledger: &Ledger) -> (Handle, Self) {
        let exporter = InMemoryMetricExporter::default();
        let reader =
            PeriodicReader::builder(exporter.clone()).with_interval(Duration::from_secs(3_600)).build();
        let provider = SdkMeterProvider::builder().with_reader(reader).build();
        let handle =
            Handle::builder(Arc::new(ledger.clone())).meter_provider(Arc::new(provider.clone())).build();
        let pipeline = SpanPipeline {
            processor: Component::new("queue"),
            exporter: Component::new("otlp_http_span_exporter"),
            queue_capacity: 100,
        };
        observe_counts(&handle.meter(&Scope::new("test", "")), &handle, Some(&pipeline));
        (handle, Self { provider, exporter })
    }

    #[allow(clippy::unwrap_used, reason = "a test")]
    fn collect(&self) -> Collection {
        self.exporter.reset();
        self.provider.force_flush().unwrap();
        let mut collection = Collection::new();
        for metrics in self.exporter.get_finished_metrics().unwrap() {
            for metric in metrics.scope_metrics().flat_map(|scope| scope.metrics()) {
                match metric.data() {
                    AggregatedMetrics::U64(MetricData::Sum(sum)) => {
                        sum.data_points()
                            .for_each(|it| add(&mut collection, metric.name(), it, it.value() as i64));
                    }
                    AggregatedMetrics::I64(MetricData::Sum(sum)) => {
                        sum.data_points().for_each(|it| add(&mut collection, metric.name(), it, it.value()));
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
        collection
    }
}

fn add<T>(collection: &mut Collection, name: &str, point: &SumDataPoint<T>, value: i64) {
    let attributes = point.attributes().filter(|it| !it.key.as_str().starts_with("otel.component"));
    let key = attributes.fold(name.to_owned(), |key, it| format!("{key} {}", it.value.as_str()));
    assert_eq!(collection.insert(key.clone(), value), None, "{key} stands there twice");
}

fn sum(collection: &Collection, prefix: &str) -> i64 {
    collection.iter().filter(|(name, _)| name.starts_with(prefix)).map(|(_, value)| value).sum()
}

#[test]
fn each_count_has_one_name() {
    let ledger = Ledger::default();
    let (handle, observed) = Observed::start(&ledger);
    ledger.change(|it| {
        (it.created, it.sampled_out, it.open, it.queued, it.in_flight) = (36, 9, 2, 2, 3);
        (it.overdue, it.delivered, it.unacknowledged) = (1, 4, 5);
        (it.dropped.queue_full, it.dropped.export_failed, it.dropped.rejected) = (6, 7, 8);
        (it.dropped.shutdown, it.dropped.too_large) = (10, 11);
    });
    handle.refuse(Refusal::Baggage);
    handle.stats().panics().fence(Callback::Route, || panic!("foreign"));
    let collection = observed.collect();
    let spans: Vec<_> = collection.iter().filter(|(name, _)| name.starts_with("otel.sdk.")).collect();
    let spans: Vec<_> = spans.into_iter().map(|(name, value)| (name.as_str(), *value)).collect();
    assert_eq!(
        spans,
        [
            ("otel.sdk.exporter.span.exported", 4),
            ("otel.sdk.exporter.span.exported export_failed", 7),
            ("otel.sdk.exporter.span.exported rejected", 8),
            ("otel.sdk.exporter.span.exported unacknowledged", 5),
            ("otel.sdk.exporter.span.inflight", 3),
            ("otel.sdk.processor.span.processed", 24),
            ("otel.sdk.processor.span.processed already_shutdown", 10),
            ("otel.sdk.processor.span.processed queue_full", 6),
            ("otel.sdk.processor.span.processed too_large", 11),
            ("otel.sdk.processor.span.queue.capacity", 100),
            ("otel.sdk.processor.span.queue.size", 2),
            ("otel.sdk.span.live RECORD_AND_SAMPLE", 2),
            ("otel.sdk.span.started DROP", 9),
            ("otel.sdk.span.started RECORD_AND_SAMPLE", 36),
        ]
    );
    assert_eq!(collection.get("trilha.spans.overdue"), Some(&1));
    assert_eq!(collection.get("trilha.panics route"), Some(&1));
    assert_eq!(sum(&collection, "trilha.panics"), 1);
    assert_eq!(collection.get("trilha.refused baggage"), Some(&1));
}

#[test]
fn sums_are_equal_in_every_collection_while_spans_run_on_other_threads() {
    let ledger = Ledger::default();
    let (_handle, observed) = Observed::start(&ledger);
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                (0..).take_while(|_| !is_done.load(Relaxed)).for_each(|number| ledger.one_span(number))
            });
        }
        let collections: Vec<_> = (0..300).map(|_| observed.collect()).collect();
        is_done.store(true, Relaxed);
        for collection in collections {
            let started = sum(&collection, "otel.sdk.span.started RECORD_AND_SAMPLE");
            let known = [
                "span.live",
                "processor.span.queue.size",
                "exporter.span.inflight",
                "processor.span.processed",
            ];
            let known: i64 =
                known.into_iter().map(|name| sum(&collection, &format!("otel.sdk.{name}"))).sum();
            assert_eq!(started, known, "{collection:?}");
            let processed = collection.get("otel.sdk.processor.span.processed").copied();
            assert_eq!(
                processed,
                Some(sum(&collection, "otel.sdk.exporter.span.exported")),
                "{collection:?}"
            );
        }
    });
}

#[test]
fn what_is_observed_does_not_keep_the_handle_alive() {
    let ledger = Ledger::default();
    let (handle, observed) = Observed::start(&ledger);
    let stats = Arc::downgrade(handle.stats());
    drop((handle, observed));
    assert!(stats.upgrade().is_none());
}
