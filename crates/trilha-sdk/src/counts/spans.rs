//! What became of every span of a service, as metrics.

use opentelemetry::{KeyValue, metrics::Meter};
use trilha_core::{Handle, SpanCounts};

use super::{
    SpanPipeline,
    instruments::{
        CountMetrics, EXPORTED, INFLIGHT, LIVE, OVERDUE, PROCESSED, QUEUE_CAPACITY, QUEUE_SIZE, STARTED,
    },
};

/// `pipeline` is what stands behind the recorder, where it is ours.
pub(super) fn observe(meter: &Meter, handle: &Handle, pipeline: Option<&SpanPipeline>) {
    let recorder = handle.recorder().clone();
    let metrics = CountMetrics::new(meter, move || recorder.counts());
    let [kept, not_kept] =
        ["RECORD_AND_SAMPLE", "DROP"].map(|result| [KeyValue::new("otel.span.sampling_result", result)]);
    metrics.level(LIVE, kept.clone(), |counts| counts.open);
    metrics.counter(STARTED, move |counts, started| {
        started.observe(counts.created, &kept);
        started.observe(counts.sampled_out, &not_kept);
    });
    if let Some(pipeline) = pipeline {
        observe_pipeline(&metrics, pipeline);
    }
}

fn observe_pipeline(metrics: &CountMetrics<'_, SpanCounts>, pipeline: &SpanPipeline) {
    let (processor, exporter) = (pipeline.processor.attributes(), pipeline.exporter.attributes());
    let capacity = pipeline.queue_capacity;
    metrics.level(OVERDUE, [], |counts| counts.overdue);
    metrics.level(QUEUE_SIZE, processor.without_error(), |counts| counts.queued);
    metrics.level(QUEUE_CAPACITY, processor.without_error(), move |_| capacity);
    metrics.level(INFLIGHT, exporter.without_error(), |counts| counts.in_flight);
    metrics.counter(PROCESSED, move |counts, processed| {
        let exported = counts.delivered + failures(counts).map(|(_, count)| count).sum::<u64>();
        processed.observe(exported, &processor.without_error());
        for (error, count) in drops(counts) {
            processed.observe(count, &processor.with_error(error));
        }
    });
    metrics.counter(EXPORTED, move |counts, exported| {
        exported.observe(counts.delivered, &exporter.without_error());
        for (error, count) in failures(counts) {
            exported.observe(count, &exporter.with_error(error));
        }
    });
}

/// Spans that were sent and did not arrive for certain, by `error.type`.
fn failures(counts: &SpanCounts) -> impl Iterator<Item = (&'static str, u64)> {
    let lost = counts.dropped.by_reason().into_iter().filter(|(reason, _)| is_exporters(reason));
    lost.chain([("unacknowledged", counts.unacknowledged)])
}

/// Spans that never came to be sent, by `error.type`.
fn drops(counts: &SpanCounts) -> impl Iterator<Item = (&'static str, u64)> {
    let lost = counts.dropped.by_reason().into_iter().filter(|(reason, _)| !is_exporters(reason));
    lost.map(|(reason, count)| (if reason == "shutdown" { "already_shutdown" } else { reason }, count))
}

fn is_exporters(reason: &str) -> bool {
    matches!(reason, "rejected" | "export_failed")
}
