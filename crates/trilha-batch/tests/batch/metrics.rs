//! The durations of runs and partitions, as they are aggregated.

use std::sync::Arc;

use opentelemetry_sdk::metrics::{
    InMemoryMetricExporter, SdkMeterProvider,
    data::{AggregatedMetrics, MetricData},
};
use trilha_batch::BatchRun;
use trilha_core::{Handle, NoopRecorder, Outcome, schema::Model};

#[test]
fn durations_are_by_job_error_and_context_attributes() {
    let exporter = InMemoryMetricExporter::default();
    let meters = SdkMeterProvider::builder().with_periodic_exporter(exporter.clone()).build();
    let handle = Handle::builder(Arc::new(NoopRecorder)).meter_provider(Arc::new(meters.clone())).build();
    let model = Model::new("churn", "2.3.1").unwrap();
    let run = BatchRun::builder("nightly").run_id("many").model(&model).handle(handle).start();
    for date in ["2026-11-19", "2026-11-20"] {
        run.partition(date).finish(Outcome::Ok);
    }
    run.partition("2026-11-21").finish(Outcome::Error("no_data"));
    run.finish(Outcome::Ok);

    meters.force_flush().unwrap();
    let exported = exporter.get_finished_metrics().unwrap();
    let metrics = exported.last().unwrap().scope_metrics().flat_map(|scope| scope.metrics());
    let mut found = Vec::new();
    for metric in metrics {
        assert_eq!(metric.unit(), "s");
        let AggregatedMetrics::F64(MetricData::Histogram(data)) = metric.data() else { panic!() };
        for point in data.data_points() {
            let mut attributes: Vec<_> =
                point.attributes().map(|kv| format!("{}={}", kv.key, kv.value)).collect();
            attributes.sort();
            found.push(format!("{} {} {}", metric.name(), attributes.join(" "), point.count()));
        }
    }
    found.sort();
    let job = "model_name=churn model_version=2.3.1 trilha.batch.name=nightly";
    let expected = [
        format!("trilha.batch.partition.duration error.type=no_data {job} 1"),
        format!("trilha.batch.partition.duration {job} 2"),
        format!("trilha.batch.run.duration {job} 1"),
    ];
    assert_eq!(found, expected);
}
