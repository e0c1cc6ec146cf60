//! A service under its platform's policy: what it may say, whom it believes, how it is known.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::time::Duration;

use axum::{Router, http::HeaderMap, routing::get};
use tokio::net::TcpListener;
use trilha::{Refusal, Report, Telemetry, policy::Policy, schema::Zone, tower::ServerTraceLayer};
use trilha_testing::{Receiver, Trace, Value};

const POLICY: &str = r#"
version = 1

[zones.dmz]
meaning = "Takes the partners' requests in"
edge = true

[keys.sales_channel]
meaning = "Where the order came from"
values = ["web", "app"]
pii = "none"
travels = ["span", "metric", "log", "baggage"]

[keys.tenant]
travels = ["span"]

[trust]
peers = ["127.0.0.0/8"]

[names]
former = true
"#;

const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";

#[tokio::test]
async fn a_service_speaks_and_trusts_as_its_policy_says() {
    let channel = [("baggage", "sales_channel=web,tenant=acme,plan=gold")];
    let (trace, report, receiver) = served(POLICY, Zone::custom("dmz").unwrap(), &channel).await;
    let digest = Policy::parse(POLICY).unwrap().digest().to_owned();
    let span = trace.span("GET /");
    span.has("sales_channel", "web").lacks("tenant"); // the policy lets no tenant come by baggage
    span.has("http.response.status_code", 200).has("http.status_code", 200);
    span.has_resource("zone", "dmz").has_resource("trilha.policy.digest", digest.as_str());
    assert_eq!(trace.trace_id().to_string(), TRACE_ID, "a peer that is listed is believed, at an edge too");

    let duration = receiver.metric("http.server.request.duration").await;
    assert_eq!(duration.points_with(&[("sales_channel", Value::from("web"))]).count(), 1);
    assert!(duration.points.iter().all(|point| point.attributes.get("tenant").is_none()));
    assert!(report.counts.refused.contains(&(Refusal::Attribute, 1)), "{report:?}");
}

#[tokio::test]
async fn who_is_not_on_the_list_is_a_stranger() {
    let policy = POLICY.replace("127.0.0.0/8", "10.0.0.0/8");
    let channel = [("baggage", "sales_channel=web")];
    let (trace, report, _receiver) = served(&policy, Zone::Z2, &channel).await;
    assert_ne!(trace.trace_id().to_string(), TRACE_ID);
    trace.span("GET /").lacks("sales_channel").has_links(1);
    assert!(report.counts.refused.contains(&(Refusal::UntrustedAttribute, 1)), "{report:?}");
}

#[tokio::test]
async fn a_value_that_is_not_listed_is_refused() {
    let (trace, report, _receiver) = served(POLICY, Zone::Z2, &[("baggage", "sales_channel=fax")]).await;
    trace.span("GET /").lacks("sales_channel");
    trace.lacks_text("fax");
    assert!(report.counts.refused.contains(&(Refusal::Attribute, 1)), "{report:?}");
}

#[test]
fn a_zone_that_the_policy_does_not_know_is_an_error() {
    let builder = Telemetry::builder("orders").policy(Policy::parse(POLICY).unwrap());
    let error = builder.zone(Zone::custom("lan").unwrap()).build().unwrap_err();
    assert_eq!(error.option(), "zone");
}

/// What a service under this policy makes of one request that continues a trace.
async fn served(policy: &str, zone: Zone, headers: &[(&str, &str)]) -> (Trace, Report, Receiver) {
    let receiver = Receiver::start();
    let telemetry = Telemetry::builder("orders")
        .policy(Policy::parse(policy).unwrap())
        .zone(zone)
        .endpoint(receiver.http_endpoint())
        .build()
        .unwrap();
    let layer = ServerTraceLayer::new().handle(telemetry.handle().clone());
    let router = Router::new().route("/", get(|_: HeaderMap| async { "ordered" })).layer(layer);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let service = router.into_make_service_with_connect_info::<std::net::SocketAddr>();
    tokio::spawn(async { axum::serve(listener, service).await });

    let request = reqwest::Client::new().get(url);
    let request = request.header("traceparent", format!("00-{TRACE_ID}-b7ad6b7169203331-01"));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.send().await.unwrap();
    let report = telemetry.shutdown(Duration::from_secs(10)).await;
    let trace = receiver.wait_for(|traces| !traces.is_empty()).await.remove(0);
    (trace, report, receiver)
}
