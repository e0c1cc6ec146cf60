//! An edge, and what a stranger asks for there: no sampling decision and no tenant comes in from outside, and
//! each that is refused is counted. Beside it, the same from one of us.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::time::Duration;

use axum::{Router, http::HeaderMap, routing::get};
use trilha::{
    Refusal, Sampler, SpanCounts, Telemetry, Trust, opentelemetry::TraceId, schema::Zone,
    tower::ServerTraceLayer,
};
use trilha_testing::{Receiver, Trace};
use trilha_tests::serve;

const REQUESTS: u64 = 20;

/// Those of a request: one serves it, one calls on.
const SPANS: u64 = 2;

/// A trace that every ratio above zero keeps.
const LUCKY: &str = "c0ffee00c0ffee00c0ffffffffffffff";

#[tokio::test]
async fn a_stranger_who_is_sampled_does_not_raise_the_rate() {
    let sampled = format!("00-{LUCKY}-deadbeefdeadbeef-03");
    let headers = [("traceparent", sampled.as_str()), ("tracestate", "ot=th:0;rv:ffffffffffffff")];
    for sender in STRANGERS {
        let service = Service::start(sender, Sampler::ratio(1e-9).unwrap().parent_based()).await;
        assert_eq!(service.kept(&headers).await, 0, "{sender:?}");
        assert_eq!(service.refused(Refusal::UntrustedDecision), REQUESTS);
    }
    let service = Service::start(Sender::OneOfUs, Sampler::ratio(1e-9).unwrap().parent_based()).await;
    assert_eq!(service.kept(&headers).await, REQUESTS * SPANS);
    assert_eq!(service.refused(Refusal::UntrustedDecision), 0);
}

#[tokio::test]
async fn a_stranger_who_is_not_sampled_does_not_suppress_it() {
    let not_sampled = format!("00-{LUCKY}-deadbeefdeadbeef-00");
    let headers = [("traceparent", not_sampled.as_str()), ("tracestate", "ot=th:ffffffffffffff;rv:0")];
    for sender in STRANGERS {
        let service = Service::start(sender, Sampler::always_on().parent_based()).await;
        assert_eq!(service.kept(&headers).await, REQUESTS * SPANS, "{sender:?}");
        assert_eq!(service.refused(Refusal::UntrustedDecision), REQUESTS);
    }
    let service = Service::start(Sender::OneOfUs, Sampler::always_on().parent_based()).await;
    assert_eq!(service.kept(&headers).await, 0);
}

#[tokio::test]
async fn a_strangers_tenant_is_refused() {
    let headers = [("baggage", "tenant=mallory,plan=gold")];
    for sender in STRANGERS {
        let service = Service::start(sender, Sampler::always_on()).await;
        assert_eq!(service.get(&headers).await, "", "{sender:?}");
        let trace = service.receiver.trace_where(|_| true).await;
        trace.has_spans(2).lacks_text("mallory").lacks_text("gold");
        assert_eq!(service.refused(Refusal::UntrustedBaggage), 1);
        assert_eq!(service.refused(Refusal::UntrustedAttribute), 1);
    }
    let service = Service::start(Sender::OneOfUs, Sampler::always_on()).await;
    assert_eq!(service.get(&headers).await, "tenant=mallory,plan=gold");
    let trace = service.receiver.trace_where(|_| true).await;
    trace.span("GET /").has("tenant", "mallory");
    trace.span("GET").has("tenant", "mallory");
    assert_eq!(service.refused(Refusal::UntrustedBaggage), 0);
}

#[tokio::test]
async fn a_strangers_trace_goes_on_only_where_that_is_asked_for_and_without_its_sampling() {
    let traceparent = format!("00-{LUCKY}-deadbeefdeadbeef-01");
    let headers = [("traceparent", traceparent.as_str()), ("tracestate", "vendor=1,ot=rv:ffffffffffffff")];
    for (sender, tracestate) in [
        (Sender::Stranger, None),
        (Sender::StrangerInTheSameTrace, Some("")),
        (Sender::OneOfUs, Some("vendor=1,ot=rv:ffffffffffffff")),
    ] {
        let service = Service::start(sender, Sampler::always_on()).await;
        service.get(&headers).await;
        let traces = service.receiver.wait_for(|traces| traces.iter().any(|trace| trace.spans().len() == 2));
        for span in traces.await.iter().flat_map(Trace::spans) {
            let goes_on = span.trace_id == TraceId::from_hex(LUCKY).unwrap();
            assert_eq!(goes_on.then_some(span.trace_state.as_str()), tracestate, "{sender:?}: {}", span.name);
        }
    }
}

/// Who sends the requests, as the service sees it.
#[derive(Clone, Copy, Debug)]
enum Sender {
    Stranger,
    StrangerInTheSameTrace,
    OneOfUs,
}

const STRANGERS: [Sender; 2] = [Sender::Stranger, Sender::StrangerInTheSameTrace];

/// A service that answers what baggage it sent on.
struct Service {
    telemetry: Telemetry, // stops first: its last spans want a receiver
    receiver: Receiver,
    url: String,
}

impl Service {
    async fn start(sender: Sender, sampler: Sampler) -> Self {
        let (zone, trust) = match sender {
            Sender::Stranger => (Zone::Z1, None),
            Sender::StrangerInTheSameTrace => (Zone::Z1, Some(Trust::EdgeSameTrace)),
            Sender::OneOfUs => (Zone::Z2, None),
        };
        let receiver = Receiver::start();
        let telemetry = Telemetry::builder("service").zone(zone).sampler(sampler);
        let telemetry = telemetry.endpoint(receiver.http_endpoint()).build().unwrap();

        let next = serve(Router::new().route("/", get(baggage))).await;
        let client = trilha::reqwest::Client::default().handle(telemetry.handle().clone());
        let call = async move || client.get(&next).send().await.unwrap().text().await.unwrap();
        let layer = ServerTraceLayer::new().handle(telemetry.handle().clone());
        let layer = trust.into_iter().fold(layer, ServerTraceLayer::trust);
        let url = serve(Router::new().route("/", get(call)).layer(layer)).await;
        Self { telemetry, receiver, url }
    }

    /// Sends one request, and returns the answer.
    async fn get(&self, headers: &[(&str, &str)]) -> String {
        let request = reqwest::Client::new().get(&self.url);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        request.send().await.unwrap().text().await.unwrap()
    }

    /// How many spans of all requests are kept.
    async fn kept(&self, headers: &[(&str, &str)]) -> u64 {
        for _ in 0..REQUESTS {
            self.get(headers).await;
        }
        let report = self.telemetry.flush(Duration::from_secs(10)).await;
        let SpanCounts { created, sampled_out, delivered, .. } = report.counts.spans;
        assert_eq!((created + sampled_out, delivered), (REQUESTS * SPANS, created));
        created
    }

    fn refused(&self, what: Refusal) -> u64 {
        self.telemetry.handle().stats().refused(what)
    }
}

async fn baggage(headers: HeaderMap) -> String {
    let values = headers.get_all("baggage").iter().map(|value| value.to_str().unwrap());
    values.collect::<Vec<_>>().join(",")
}
