//! The duration of queries, as it is aggregated.

use std::sync::Arc;

use opentelemetry_sdk::metrics::{
    InMemoryMetricExporter, SdkMeterProvider,
    data::{AggregatedMetrics, MetricData},
};
use trilha_core::ContextAttributes;
use trilha_sqlx::SqlitePool;
use trilha_testing::Fixture;

use crate::support::{handle, operation};

#[tokio::test]
async fn a_query_is_measured_by_what_it_does() {
    let exporter = InMemoryMetricExporter::default();
    let provider = SdkMeterProvider::builder().with_periodic_exporter(exporter.clone()).build();
    let fixture = Fixture::start("orders");
    let handle = handle(&fixture, |builder| builder.meter_provider(Arc::new(provider.clone())));
    let pool =
        SqlitePool::connect("sqlite::memory:").await.unwrap().handle(handle.clone()).system_name("libsql");

    let mut work = operation(&handle, "work", None);
    work.drive(async {
        sqlx::query("create table orders (id integer primary key)").execute(&pool).await.unwrap();
        ContextAttributes::current().tenant("acme");
        for _ in 0..3 {
            sqlx::query("insert into orders values (1)").execute(&pool).await.ok();
        }
    })
    .await;
    provider.force_flush().unwrap();

    let metrics = exporter.get_finished_metrics().unwrap();
    let mut found =
        metrics.iter().flat_map(|metrics| metrics.scope_metrics()).flat_map(|scope| scope.metrics());
    let metric = found.find(|metric| metric.name() == "db.client.operation.duration").unwrap();
    assert_eq!(metric.unit(), "s");
    let AggregatedMetrics::F64(MetricData::Histogram(histogram)) = metric.data() else {
        panic!("{metric:?}")
    };
    let mut points: Vec<_> = histogram
        .data_points()
        .map(|point| {
            let mut attributes: Vec<_> =
                point.attributes().map(|known| format!("{}={}", known.key, known.value)).collect();
            attributes.sort();
            (attributes.join(" "), point.count())
        })
        .collect();
    points.sort();
    let inserted = "db.collection.name=orders db.operation.name=insert";
    assert_eq!(
        points,
        [
            ("db.collection.name=orders db.operation.name=create table db.system.name=libsql".to_owned(), 1),
            (
                format!(
                    "{inserted} db.response.status_code=1555 db.system.name=libsql error.type=1555 tenant=acme"
                ),
                2
            ),
            (format!("{inserted} db.system.name=libsql tenant=acme"), 1),
        ]
    );
    let bounds: Vec<f64> = histogram.data_points().next().unwrap().bounds().collect();
    assert_eq!(bounds, [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0]);
}
