//! Telemetry as the process's own. One test: what it sets is global.

use axum::{Router, extract::Path, routing::get};
use trilha::{Handle, Telemetry, prelude::*, tower::ServerTraceLayer};
use trilha_testing::Receiver;
use trilha_tests::serve;

#[tracing::instrument]
async fn order(Path(id): Path<u32>) -> String {
    trilha::attributes().tenant("acme");
    tracing::info!("found");
    id.to_string()
}

#[tokio::test]
async fn three_lines_make_a_service_whose_calls_are_one_trace() {
    let receiver = Receiver::start();
    let telemetry = Telemetry::builder("orders")
        .zone(Zone::Z2)
        .endpoint(receiver.http_endpoint())
        .logs(trilha::LogFormat::Off)
        .install()
        .unwrap();
    assert!(Handle::current().is_same(telemetry.handle()));

    let app = Router::new().route("/orders/{id}", get(order)).layer(ServerTraceLayer::new());
    let url = format!("{}/orders/42", serve(app).await);

    let client = trilha::reqwest::Client::from(reqwest::Client::new());
    let response = client.get(url).send().await.unwrap();
    let named = response.headers()["server-timing"].to_str().unwrap().to_owned();
    assert_eq!(response.text().await.unwrap(), "42");

    let report = telemetry.shutdown(std::time::Duration::from_secs(10)).await;
    assert!(report.is_complete, "{report}");
    let trace = receiver.trace_where(|trace| trace.is_whole()).await;
    trace.has_spans(3);
    trace.span("GET").is_root();
    trace.span("GET /orders/{id}").is_child_of("GET").has("tenant", "acme").has("route", "/orders/{id}");
    trace.span("order").is_child_of("GET /orders/{id}").has_event("found").has("tenant", "acme");
    assert!(named.contains(&trace.trace_id().to_string()), "{named}");
    let duration = receiver.metric("http.server.request.duration").await;
    let point = &duration.points[0];
    assert_eq!(point.attributes.get("tenant"), Some(&"acme".into()));

    let again = Telemetry::builder("orders").endpoint(receiver.http_endpoint()).install().unwrap_err();
    assert_eq!(again.option(), "install");
}
