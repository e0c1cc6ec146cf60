//! The metrics, as they are aggregated.

use std::{collections::BTreeMap, convert::Infallible, sync::Arc};

use axum::{Router, body::Bytes, routing::get};
use http::{Request, Response};
use http_body_util::Full;
use opentelemetry_sdk::metrics::{
    InMemoryMetricExporter, PeriodicReader, SdkMeterProvider,
    data::{AggregatedMetrics, Metric, MetricData},
};
use tower::{Layer, ServiceExt, service_fn};
use trilha_core::{ContextAttributes, Handle, NoopRecorder};
use trilha_tower::{ClientTraceLayer, ServerTraceLayer, UrlTemplate};

use crate::support::{Answer, Server, http1};

/// A handle that measures and records no spans.
struct Meters {
    exporter: InMemoryMetricExporter,
    provider: Arc<SdkMeterProvider>,
    handle: Handle,
}

type Dimensions = BTreeMap<String, String>;

impl Meters {
    fn new() -> Self {
        let exporter = InMemoryMetricExporter::default();
        let reader = PeriodicReader::builder(exporter.clone()).build();
        let provider = Arc::new(SdkMeterProvider::builder().with_reader(reader).build());
        let handle = Handle::builder(Arc::new(NoopRecorder)).meter_provider(provider.clone()).build();
        Self { exporter, provider, handle }
    }

    /// What `read` makes of the metric of this name.
    fn read<T>(&self, name: &str, read: impl FnOnce(&Metric) -> T) -> T {
        self.exporter.reset();
        self.provider.force_flush().unwrap();
        let exported = self.exporter.get_finished_metrics().unwrap();
        let scopes = exported.iter().flat_map(|resource| resource.scope_metrics());
        let mut metrics = scopes.flat_map(|scope| {
            assert_eq!(scope.scope().name(), "trilha-tower");
            scope.metrics()
        });
        let metric = metrics.find(|metric| metric.name() == name);
        read(metric.unwrap_or_else(|| panic!("there is no metric {name}")))
    }

    /// The dimensions of the only series of a duration, of one value.
    fn duration(&self, name: &str) -> Dimensions {
        self.read(name, |metric| {
            assert_eq!(metric.unit(), "s");
            let AggregatedMetrics::F64(MetricData::Histogram(data)) = metric.data() else { panic!() };
            let points: Vec<_> = data.data_points().collect();
            let [point] = points.as_slice() else { panic!("{} series", points.len()) };
            assert_eq!(point.count(), 1);
            let advised = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
            assert!(point.bounds().eq(advised));
            point.attributes().map(|kv| (kv.key.to_string(), kv.value.to_string())).collect()
        })
    }

    fn active_requests(&self) -> Vec<i64> {
        self.read("http.server.active_requests", |metric| {
            let AggregatedMetrics::I64(MetricData::Sum(data)) = metric.data() else { panic!() };
            data.data_points().map(|point| point.value()).collect()
        })
    }
}

fn dimensions<const N: usize>(expected: [(&str, &str); N]) -> Dimensions {
    expected.into_iter().map(|(key, value)| (key.into(), value.into())).collect()
}

#[tokio::test]
async fn a_served_request_is_measured_with_what_the_handler_learned() {
    let meters = Meters::new();
    let layer = ServerTraceLayer::new().handle(meters.handle.clone());
    let handler = async || {
        ContextAttributes::current().tenant("acme").correlation_id("order-7");
        "ordered"
    };
    let server = Server::start(Router::new().route("/orders/{id}", get(handler)).layer(layer)).await;
    server.get("/orders/1?email=ana@example.com", &[]).await;
    let expected = dimensions([
        ("http.request.method", "GET"),
        ("http.response.status_code", "200"),
        ("http.route", "/orders/{id}"),
        ("network.protocol.version", "1.1"),
        ("route", "/orders/{id}"),
        ("tenant", "acme"),
        ("url.scheme", "http"),
    ]);
    assert_eq!(meters.duration("http.server.request.duration"), expected);
}

#[tokio::test]
async fn what_went_wrong_is_a_dimension() {
    let meters = Meters::new();
    let service = ServerTraceLayer::new().handle(meters.handle.clone()).layer(service_fn(async |_| {
        std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>().await
    }));
    let mut response = Box::pin(service.oneshot(Request::get("/wp-admin").body(()).unwrap()));
    assert!(futures_util::poll!(&mut response).is_pending());
    assert_eq!(meters.active_requests(), [1]);
    drop(response);
    assert_eq!(meters.active_requests(), [0]);
    let expected = dimensions([
        ("error.type", "cancelled"),
        ("http.request.method", "GET"),
        ("network.protocol.version", "1.1"),
        ("url.scheme", "http"),
    ]);
    assert_eq!(meters.duration("http.server.request.duration"), expected);
}

#[tokio::test]
async fn a_request_is_active_until_its_body_ends() {
    let meters = Meters::new();
    let service = ServerTraceLayer::new()
        .handle(meters.handle.clone())
        .layer(service_fn(async |_| Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("a"))))));
    let response = service.oneshot(Request::get("/").body(()).unwrap()).await.unwrap();
    assert_eq!(meters.active_requests(), [1]);
    Answer::read(response).await;
    assert_eq!(meters.active_requests(), [0]);
}

#[tokio::test]
async fn a_call_is_measured_by_its_template() {
    let meters = Meters::new();
    let server = Server::start(Router::new().route("/orders/{id}", get(async || "an order"))).await;
    let mut request = Request::get(server.url("/orders/1")).body(Full::default()).unwrap();
    request.extensions_mut().insert(UrlTemplate::new("/orders/{id}"));
    let client = ClientTraceLayer::new().handle(meters.handle.clone()).layer(http1());
    Answer::read(client.oneshot(request).await.unwrap()).await;
    let port = server.addr.port().to_string();
    let expected = dimensions([
        ("http.request.method", "GET"),
        ("http.response.status_code", "200"),
        ("network.protocol.version", "1.1"),
        ("server.address", "127.0.0.1"),
        ("server.port", &port),
        ("url.template", "/orders/{id}"),
    ]);
    assert_eq!(meters.duration("http.client.request.duration"), expected);
}

#[tokio::test]
async fn grpc_calls_have_metrics_of_their_own() {
    let (caller, callee) = (Meters::new(), Meters::new());
    let inner = service_fn(async |_: Request<Full<Bytes>>| {
        let response = Response::builder().header("grpc-status", "12");
        Ok::<_, Infallible>(response.body(Full::new(Bytes::new())).unwrap())
    });
    let server = ServerTraceLayer::grpc().handle(callee.handle.clone()).layer(inner);
    let client = ClientTraceLayer::grpc().handle(caller.handle.clone()).layer(server);
    client.oneshot(Request::post("http://a:1/b.C/D").body(Full::default()).unwrap()).await.unwrap();
    let expected = dimensions([
        ("error.type", "UNIMPLEMENTED"),
        ("rpc.method", "b.C/D"),
        ("rpc.status_code", "UNIMPLEMENTED"),
        ("rpc.system.name", "grpc"),
        ("server.address", "a"),
        ("server.port", "1"),
    ]);
    assert_eq!(caller.duration("rpc.client.call.duration"), expected);
    let expected = dimensions([
        ("error.type", "UNIMPLEMENTED"),
        ("route", "_OTHER"),
        ("rpc.method", "_OTHER"),
        ("rpc.status_code", "UNIMPLEMENTED"),
        ("rpc.system.name", "grpc"),
    ]);
    assert_eq!(callee.duration("rpc.server.call.duration"), expected);
}
