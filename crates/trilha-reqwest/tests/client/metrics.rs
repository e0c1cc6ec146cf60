//! `http.client.request.duration`, as it is aggregated.

use std::{collections::HashMap, sync::Arc, time::Instant};

use axum::{Router, http::StatusCode, routing::get};
use opentelemetry::{Context, context::FutureExt};
use opentelemetry_sdk::metrics::{
    InMemoryMetricExporter, SdkMeterProvider,
    data::{AggregatedMetrics, MetricData},
};
use trilha_core::{Handle, NoopRecorder, Operation, Outcome, Scope, SpanKind};
use trilha_reqwest::Client;

use crate::support::{listen, serve};

const SCOPE: Scope = Scope::new("test", "0");

/// Count, largest value and boundaries of each series, by its attributes.
type Series = HashMap<String, (u64, f64, usize)>;

struct Metrics {
    exporter: InMemoryMetricExporter,
    meters: SdkMeterProvider,
    handle: Handle,
}

impl Metrics {
    fn new() -> Self {
        let exporter = InMemoryMetricExporter::default();
        let meters = SdkMeterProvider::builder().with_periodic_exporter(exporter.clone()).build();
        let handle = Handle::builder(Arc::new(NoopRecorder)).meter_provider(Arc::new(meters.clone())).build();
        Self { exporter, meters, handle }
    }

    fn client(&self) -> Client {
        Client::new(reqwest::Client::new()).handle(self.handle.clone())
    }

    fn durations(&self) -> Series {
        self.meters.force_flush().unwrap();
        let exported = self.exporter.get_finished_metrics().unwrap();
        let scopes = exported.last().unwrap().scope_metrics();
        let scope = scopes.into_iter().find(|scope| scope.scope().name() == "trilha-reqwest").unwrap();
        let metric = scope.metrics().find(|metric| metric.name() == "http.client.request.duration").unwrap();
        assert_eq!(metric.unit(), "s");
        let AggregatedMetrics::F64(MetricData::Histogram(data)) = metric.data() else { panic!() };
        let series = data.data_points().map(|point| {
            let mut attributes: Vec<_> = (point.attributes())
                .map(|attribute| format!("{}={}", attribute.key, attribute.value))
                .collect();
            attributes.sort();
            (attributes.join(" "), (point.count(), point.max().unwrap(), point.bounds().count()))
        });
        series.collect()
    }
}

#[tokio::test]
async fn durations_are_by_method_server_template_status_and_error() {
    let metrics = Metrics::new();
    let router = Router::new()
        .route("/orders/{id}", get(|| async { "order" }))
        .route("/missing", get(|| async { (StatusCode::NOT_FOUND, "none") }));
    let url = serve(router).await;
    let port = url.rsplit_once(':').unwrap().1;
    let client = metrics.client();
    for id in 1..=3 {
        let request = client.get(format!("{url}/orders/{id}?secret={id}")).template("/orders/{id}");
        request.send().await.unwrap().bytes().await.unwrap();
    }
    client.get(format!("{url}/missing")).send().await.unwrap();
    let (listener, refusing) = listen().await;
    drop(listener);
    client.get(&refusing).send().await.unwrap_err();
    let refused = refusing.rsplit_once(':').unwrap().1;

    let durations = metrics.durations();
    let count = |attributes: String| durations.get(&attributes).map(|(count, ..)| *count);
    let found = count(format!(
        "http.request.method=GET http.response.status_code=200 network.protocol.version=1.1 \
         server.address=127.0.0.1 server.port={port} url.template=/orders/{{id}}"
    ));
    assert_eq!(found, Some(3), "{durations:#?}");
    let missing = count(format!(
        "error.type=404 http.request.method=GET http.response.status_code=404 \
         network.protocol.version=1.1 server.address=127.0.0.1 server.port={port}"
    ));
    assert_eq!(missing, Some(1), "{durations:#?}");
    let refused = count(format!(
        "error.type=connect http.request.method=GET server.address=127.0.0.1 server.port={refused}"
    ));
    assert_eq!(refused, Some(1), "{durations:#?}");
    assert_eq!(durations.len(), 3);
    assert!(durations.values().all(|(.., boundaries)| *boundaries == 14));
}

#[tokio::test]
async fn context_attributes_are_dimensions() {
    let metrics = Metrics::new();
    let url = serve(Router::new().route("/", get(|| async {}))).await;
    let mut operation =
        Operation::builder(&SCOPE, "caller", SpanKind::Server).handle(metrics.handle.clone()).start();
    operation.attributes().tenant("acme").correlation_id("order-7");
    let client = Client::new(reqwest::Client::new()); // the operation's handle is used
    operation.drive(client.get(&url).send()).await.unwrap();
    operation.finish(Outcome::Ok);
    let durations = metrics.durations();
    let attributes = durations.keys().next().unwrap();
    assert!(attributes.contains("tenant=acme") && !attributes.contains("order-7"), "{attributes}");
}

#[tokio::test]
async fn where_telemetry_is_suppressed_nothing_is_measured() {
    let metrics = Metrics::new();
    let url = serve(Router::new().route("/", get(|| async {}))).await;
    let suppressed = Context::current().with_telemetry_suppressed();
    metrics.client().get(&url).send().with_context(suppressed).await.unwrap();
    metrics.client().get(&url).send().await.unwrap();
    assert!(metrics.durations().values().all(|(count, ..)| *count == 1));
}

#[tokio::test]
async fn a_response_that_is_held_does_not_lengthen_the_duration() {
    let metrics = Metrics::new();
    let url = serve(Router::new().route("/", get(|| async { "unread" }))).await;
    let started = Instant::now();
    let response = metrics.client().get(&url).send().await.unwrap();
    let until_arrival = started.elapsed();
    while started.elapsed() < 2 * until_arrival {
        tokio::task::yield_now().await;
    }
    drop(response);
    let durations = metrics.durations();
    let (_, longest, _) = durations.values().next().unwrap();
    assert!(*longest <= until_arrival.as_secs_f64(), "{longest} s, and the answer came in {until_arrival:?}");
}
