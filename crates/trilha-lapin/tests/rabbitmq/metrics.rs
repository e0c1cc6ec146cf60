//! What is counted and measured, and by what.

use std::sync::Arc;

use lapin::BasicProperties;
use opentelemetry_sdk::metrics::{
    InMemoryMetricExporter, PeriodicReader, SdkMeterProvider,
    data::{AggregatedMetrics, MetricData},
};
use trilha_core::{Handle, NoopRecorder, Outcome};
use trilha_lapin::{ChannelExt, ConsumerExt, MessageExt};

use crate::support::{Shop, in_time, short};

#[tokio::test]
async fn operations_and_messages_are_measured_by_destination() {
    let Some(mut shop) = Shop::open_with("").await else { return };
    let exporter = InMemoryMetricExporter::default();
    let reader = PeriodicReader::builder(exporter.clone()).build();
    let meters = SdkMeterProvider::builder().with_reader(reader).build();
    let handle = Handle::builder(Arc::new(NoopRecorder)).meter_provider(Arc::new(meters.clone())).build();

    let (queue, channel) = (short(&shop.queue), shop.channel.traced().handle(handle.clone()));
    for (exchange, key) in [(short(""), queue), (short("amq.topic"), short("order.4711"))] {
        let properties = BasicProperties::default();
        channel.basic_publish(exchange, key, Default::default(), b"the body", properties).await.unwrap();
    }
    let mut consumer = shop.consumer().traced().handle(handle.clone());
    let (delivery, operation) = in_time(consumer.recv()).await.unwrap().unwrap();
    operation.finish(Outcome::Ok);
    delivery.traced().handle(handle).ack(Default::default()).await.unwrap();
    meters.force_flush().unwrap();

    let send = "messaging.operation.name=send messaging.operation.type=send messaging.system=rabbitmq";
    let ack = "messaging.operation.name=ack messaging.operation.type=settle messaging.system=rabbitmq";
    let template = "messaging.destination.template=amq.topic";
    let mut expected = vec![
        format!("messaging.client.operation.duration {ack}"),
        format!("messaging.client.operation.duration {send}"),
        format!("messaging.client.operation.duration {template} {send}"),
        format!("messaging.client.sent.messages {send}"),
        format!("messaging.client.sent.messages {template} {send}"),
        "messaging.client.consumed.messages messaging.operation.name=receive messaging.system=rabbitmq"
            .into(),
        "messaging.process.duration messaging.operation.name=process messaging.operation.type=process \
         messaging.system=rabbitmq"
            .into(),
    ];
    expected.sort();
    assert_eq!(series(&exporter), expected);
}

/// Each series: its name, and its attributes in order.
fn series(exporter: &InMemoryMetricExporter) -> Vec<String> {
    let mut series = Vec::new();
    for resource in exporter.get_finished_metrics().unwrap() {
        for metric in resource.scope_metrics().flat_map(|scope| scope.metrics()) {
            let text = |attributes: &mut dyn Iterator<Item = &opentelemetry::KeyValue>| {
                let mut text: Vec<_> = attributes.map(|kv| format!("{}={}", kv.key, kv.value)).collect();
                text.sort();
                format!("{} {}", metric.name(), text.join(" "))
            };
            match metric.data() {
                AggregatedMetrics::F64(MetricData::Histogram(histogram)) => {
                    series.extend(histogram.data_points().map(|point| text(&mut point.attributes())));
                }
                AggregatedMetrics::U64(MetricData::Sum(sum)) => {
                    series.extend(sum.data_points().map(|point| text(&mut point.attributes())));
                }
                _ => panic!("{} is of another type", metric.name()),
            }
        }
    }
    series.sort();
    series
}
