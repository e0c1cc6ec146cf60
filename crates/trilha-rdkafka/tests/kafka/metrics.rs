//! What is counted and measured, and by what.

use std::sync::Arc;

use opentelemetry_sdk::metrics::{
    InMemoryMetricExporter, PeriodicReader, SdkMeterProvider,
    data::{AggregatedMetrics, MetricData},
};
use trilha_core::{Handle, NoopRecorder, Outcome};
use trilha_rdkafka::{ConsumerExt, FutureProducerExt};

use crate::support::{Broker, PATIENCE, Shop, in_time};

#[tokio::test]
async fn operations_and_messages_are_measured_by_destination() {
    let shop = Shop::open(Broker::mock()).await;
    let exporter = InMemoryMetricExporter::default();
    let meters =
        SdkMeterProvider::builder().with_reader(PeriodicReader::builder(exporter.clone()).build()).build();
    let handle = Handle::builder(Arc::new(NoopRecorder)).meter_provider(Arc::new(meters.clone())).build();

    let producer = shop.producer.traced().handle(handle.clone());
    producer.send(shop.record(), PATIENCE).await.unwrap();
    producer.send(shop.record().partition(7), PATIENCE).await.unwrap_err();
    let consumer = shop.consumer.traced().handle(handle).consumer_group("billing");
    let (_message, operation) = in_time(consumer.recv()).await.unwrap();
    operation.finish(Outcome::Ok);
    meters.force_flush().unwrap();

    let topic = format!("messaging.destination.name={}", shop.topic);
    let all = points(&exporter);
    let expect = |name: &str, attributes: &[&str], count: u64| {
        let mut attributes: Vec<_> = attributes.iter().map(|text| (*text).to_owned()).collect();
        attributes.extend(["messaging.system=kafka".to_owned(), topic.clone()]);
        attributes.sort();
        assert!(all.contains(&(name.to_owned(), attributes, count)), "{name} of {all:#?}");
    };
    let send = ["messaging.operation.name=send", "messaging.operation.type=send"];
    let failed = [send[0], send[1], "error.type=UnknownPartition"];
    for name in ["messaging.client.operation.duration", "messaging.client.sent.messages"] {
        expect(name, &send, 1);
        expect(name, &failed, 1);
    }
    let group = "messaging.consumer.group.name=billing";
    let process = ["messaging.operation.name=process", "messaging.operation.type=process", group];
    expect("messaging.process.duration", &process, 1);
    expect("messaging.client.consumed.messages", &["messaging.operation.name=receive", group], 1);
    assert_eq!(all.len(), 6);
}

/// Each series: its name, its attributes as sorted text, and its count.
fn points(exporter: &InMemoryMetricExporter) -> Vec<(String, Vec<String>, u64)> {
    let mut points = Vec::new();
    for resource in exporter.get_finished_metrics().unwrap() {
        for metric in resource.scope_metrics().flat_map(|scope| scope.metrics()) {
            let name = metric.name().to_owned();
            let text = |attributes: &mut dyn Iterator<Item = &opentelemetry::KeyValue>| {
                let mut text: Vec<_> = attributes.map(|kv| format!("{}={}", kv.key, kv.value)).collect();
                text.sort();
                text
            };
            match metric.data() {
                AggregatedMetrics::F64(MetricData::Histogram(histogram)) => points.extend(
                    histogram.data_points().map(|p| (name.clone(), text(&mut p.attributes()), p.count())),
                ),
                AggregatedMetrics::U64(MetricData::Sum(sum)) => points
                    .extend(sum.data_points().map(|p| (name.clone(), text(&mut p.attributes()), p.value()))),
                _ => panic!("{name} is of another type"),
            }
        }
    }
    points
}
