//! The counts of several guarded components as metrics of one meter.

use opentelemetry::{
    metrics::MeterProvider,
    trace::{Span, Tracer, TracerProvider},
};
use opentelemetry_sdk::metrics::{
    InMemoryMetricExporter, PeriodicReader,
    data::{AggregatedMetrics, MetricData},
};
use opentelemetry_sdk::{
    metrics::SdkMeterProvider,
    trace::{InMemorySpanExporter, SdkTracerProvider},
};
use trilha_core::guard::PiiGuard;
use trilha_sdk::{Component, GuardedExporter, GuardedProcessor};

#[test]
fn each_component_has_its_series() {
    let guard = PiiGuard::default();
    let first = GuardedExporter::new(InMemorySpanExporter::default(), guard.clone());
    let second = GuardedExporter::new(InMemorySpanExporter::default(), guard.clone());
    let exported = InMemoryMetricExporter::default();
    let metrics =
        SdkMeterProvider::builder().with_reader(PeriodicReader::builder(exported.clone()).build()).build();
    let meter = metrics.meter("test");
    let kind = Component::new("InMemorySpanExporter");
    first.stats().observe(&meter, kind);
    second.stats().observe(&meter, kind.number(1));
    let batch = opentelemetry_sdk::trace::BatchSpanProcessor::builder(second).build();
    let batch = GuardedProcessor::new(batch, guard);
    batch.stats().observe(&meter, Component::new("batching_span_processor"));
    let spans = SdkTracerProvider::builder().with_simple_exporter(first).with_span_processor(batch).build();
    spans.tracer("test").start("one").end();
    spans.force_flush().unwrap();
    metrics.force_flush().unwrap();

    let mut series = Vec::new();
    for collected in exported.get_finished_metrics().unwrap() {
        for metric in collected.scope_metrics().flat_map(|scope| scope.metrics()) {
            let AggregatedMetrics::U64(MetricData::Sum(sum)) = metric.data() else { continue };
            for point in sum.data_points().filter(|point| point.value() > 0) {
                let mut attributes: Vec<_> = point.attributes().map(|it| it.value.to_string()).collect();
                attributes.sort();
                series.push((metric.name().to_owned(), attributes.join(" "), point.value()));
            }
        }
    }
    series.sort();
    let expected = [
        ("otel.sdk.exporter.span.exported", "InMemorySpanExporter InMemorySpanExporter/0", 1),
        ("otel.sdk.exporter.span.exported", "InMemorySpanExporter InMemorySpanExporter/1", 1),
        ("otel.sdk.processor.span.processed", "batching_span_processor batching_span_processor/0", 1),
    ];
    assert_eq!(
        series,
        expected.map(|(name, attributes, value)| (name.to_owned(), attributes.to_owned(), value))
    );
}
