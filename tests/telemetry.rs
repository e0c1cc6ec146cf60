//! `Telemetry` from its start to its report: what arrives, and what the counts say where nothing does.

use std::time::{Duration, Instant};

use trilha::{
    Operation, Outcome, Protocol, Report, Sampler, SpanKind, Telemetry, TelemetryBuilder, schema::Zone,
};
use trilha_testing::{Fault, Receiver, Signal};
use trilha_tests::{SCOPE, spans};

const SOON: Duration = Duration::from_secs(10);

fn service(receiver: &Receiver) -> TelemetryBuilder {
    Telemetry::builder("orders").endpoint(receiver.http_endpoint())
}

fn assert_adds_up(report: &Report) {
    let spans = &report.counts.spans;
    let known = spans.delivered + spans.unacknowledged + spans.dropped.total();
    assert_eq!(spans.created, known + spans.queued + spans.in_flight + spans.open, "{spans:?}");
}

#[tokio::test]
async fn spans_and_metrics_arrive_with_their_resource() {
    let receiver = Receiver::start();
    let telemetry = service(&receiver).version("1.4.0").team("checkout").zone(Zone::Z2).build().unwrap();
    spans(telemetry.handle(), 3);
    let report = telemetry.shutdown(SOON).await;
    assert!(report.is_complete, "{report}");
    assert_eq!(report.counts.spans.delivered, 3);
    assert_eq!(report.to_string(), "3 of 3 spans delivered");
    let trace = receiver.trace_where(|_| true).await;
    trace
        .span("work")
        .is_of_service("orders")
        .has_resource("service.version", "1.4.0")
        .has_resource("team", "checkout")
        .has_resource("zone", "Z2")
        .has_resource("runtime", "rust");
    let started = receiver.metric("otel.sdk.span.started").await;
    assert_eq!((started.unit.as_str(), started.total()), ("{span}", 3.0));
    let exported = receiver.metric("otel.sdk.exporter.span.exported").await;
    let kind = [("otel.component.type", "otlp_http_span_exporter".into())];
    assert_eq!((exported.points_with(&kind).count(), exported.total()), (exported.points.len(), 3.0));
    assert_eq!(report.counts.metric_exports.failed, 0);
}

#[tokio::test]
async fn grpc_carries_both() {
    let receiver = Receiver::start();
    let telemetry = Telemetry::builder("orders")
        .endpoint(receiver.grpc_endpoint())
        .protocol(Protocol::Grpc)
        .header("x-tenant-token", "t")
        .build()
        .unwrap();
    spans(telemetry.handle(), 1);
    let report = telemetry.shutdown(SOON).await;
    assert_eq!((report.is_complete, report.counts.spans.delivered), (true, 1), "{report}");
    receiver.metric("otel.sdk.span.started").await;
    assert_header_once_a_request(&receiver);
}

#[tokio::test]
async fn a_header_arrives_once_with_each_signal() {
    let receiver = Receiver::start();
    let telemetry = service(&receiver).header("X-Tenant-Token", "t").build().unwrap();
    spans(telemetry.handle(), 1);
    assert!(telemetry.shutdown(SOON).await.is_complete);
    assert_header_once_a_request(&receiver);
}

fn assert_header_once_a_request(receiver: &Receiver) {
    let requests = receiver.requests();
    for signal in [Signal::Traces, Signal::Metrics] {
        assert!(requests.iter().any(|request| request.signal == signal), "{signal:?}");
    }
    for request in requests {
        let tokens: Vec<_> = request.headers.iter().filter(|(name, _)| name == "x-tenant-token").collect();
        assert_eq!(tokens, [&("x-tenant-token".to_owned(), "t".to_owned())], "{:?}", request.signal);
    }
}

#[test]
fn a_builder_shows_no_secret() {
    let builder = Telemetry::builder("orders").endpoint("http://user:secret@c").header("key", "secret");
    let shown = format!("{builder:?}");
    assert!(shown.contains("orders") && !shown.contains("secret"), "{shown}");
}

#[test]
fn dropping_it_sends_what_is_left() {
    let receiver = Receiver::start();
    let telemetry = service(&receiver).build().unwrap();
    spans(telemetry.handle(), 5);
    drop(telemetry);
    assert_eq!(receiver.received().spans, 5);
}

#[tokio::test]
async fn a_dead_receiver_costs_no_more_than_the_deadline_and_is_told() {
    let receiver = Receiver::start();
    let telemetry = service(&receiver).build().unwrap();
    receiver.stop();
    spans(telemetry.handle(), 7);
    let started = Instant::now();
    let report = telemetry.shutdown(Duration::from_millis(300)).await;
    // Not a measurement: an order of magnitude below the time-outs of connections and exports.
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert!(!report.is_complete, "{report}"); // until the deadline, it is tried again
    assert_eq!(report.counts.spans.delivered, 0);
    assert_adds_up(&report);
    assert_eq!(report.counts.spans.dropped.total() + report.counts.spans.unacknowledged, 7, "{report}");
    assert!(report.to_string().starts_with("0 of 7 spans delivered, 7 "), "{report}");
    assert!(report.to_string().ends_with(" (the deadline passed first)"), "{report}");
}

#[tokio::test]
async fn a_black_hole_leaves_spans_unacknowledged_and_keeps_the_deadline() {
    let receiver = Receiver::start();
    receiver.respond(Fault::Hang);
    let telemetry = service(&receiver).build().unwrap();
    spans(telemetry.handle(), 2);
    receiver.received_when(|received| received.requests == 1).await;
    let started = Instant::now();
    let report = telemetry.shutdown(Duration::from_millis(300)).await;
    // Not a measurement: below the time-out of an export.
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert_adds_up(&report);
    assert_eq!((report.counts.spans.delivered, report.counts.spans.unacknowledged), (0, 2), "{report}");
    assert!(!report.is_complete, "{report}");
}

#[tokio::test]
async fn metrics_that_are_refused_are_told_and_are_no_missed_deadline() {
    let receiver = Receiver::start();
    let telemetry = service(&receiver).build().unwrap();
    spans(telemetry.handle(), 2);
    assert!(telemetry.flush(SOON).await.is_complete);
    receiver.respond(Fault::Status(400));
    let report = telemetry.shutdown(SOON).await;
    assert!(report.is_complete, "{report}");
    assert_eq!(report.to_string(), "2 of 2 spans delivered, 1 metric exports failed");
}

#[test]
fn the_longest_timeout_is_none() {
    let receiver = Receiver::start();
    let telemetry = service(&receiver).build().unwrap();
    spans(telemetry.handle(), 1);
    let report = telemetry.flush_blocking(Duration::MAX);
    assert_eq!((report.is_complete, report.counts.spans.delivered), (true, 1), "{report}");
    assert!(telemetry.shutdown_blocking(Duration::MAX).is_complete);
}

#[tokio::test]
async fn after_shutdown_spans_are_counted_as_dropped() {
    let receiver = Receiver::start();
    let telemetry = service(&receiver).build().unwrap();
    let _ = telemetry.shutdown(SOON).await;
    spans(telemetry.handle(), 1);
    let again = telemetry.shutdown(SOON).await;
    assert_eq!(again.counts.spans.dropped.shutdown, 1, "{again}");
    assert_adds_up(&again);
}

#[test]
fn flush_and_shutdown_need_no_runtime_and_stand_every_one() {
    let receiver = Receiver::start();
    let work = |telemetry: &Telemetry| spans(telemetry.handle(), 1);

    let none = service(&receiver).build().unwrap();
    work(&none);
    assert_eq!(none.flush_blocking(SOON).counts.spans.delivered, 1);

    let current_thread = tokio::runtime::Builder::new_current_thread().build().unwrap();
    current_thread.block_on(async {
        let telemetry = service(&receiver).build().unwrap();
        work(&telemetry);
        assert_eq!(telemetry.flush(SOON).await.counts.spans.delivered, 1);
        work(&telemetry);
        assert_eq!(telemetry.shutdown(SOON).await.counts.spans.delivered, 2);
    });

    let one_worker = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let telemetry = one_worker.block_on(async { service(&receiver).build().unwrap() });
    work(&telemetry);
    drop(one_worker); // the program's runtime goes first
    assert_eq!(telemetry.shutdown_blocking(SOON).counts.spans.delivered, 1);
}

#[tokio::test]
async fn what_is_sampled_out_is_counted_and_its_trace_goes_on() {
    let receiver = Receiver::start();
    let telemetry = service(&receiver).sampler(Sampler::always_off()).build().unwrap();
    let operation = Operation::builder(&SCOPE, "work", SpanKind::Internal);
    let operation = operation.handle(telemetry.handle().clone()).start();
    let context = operation.trace_context();
    assert!(context.traceparent().is_some() && !context.is_sampled());
    operation.finish(Outcome::Ok);
    let report = telemetry.shutdown(SOON).await;
    assert_eq!((report.counts.spans.created, report.counts.spans.sampled_out), (0, 1));
}

#[test]
fn a_wrong_endpoint_is_named() {
    for (endpoint, text) in [
        ("localhost:4318", "endpoint: a URL begins with http:// or https://"),
        ("http://local host", "endpoint: not a valid URL"),
        ("", "endpoint: a URL begins with http:// or https://"),
    ] {
        let error = Telemetry::builder("orders").endpoint(endpoint).build().unwrap_err();
        assert_eq!((error.option(), error.to_string().as_str()), ("endpoint", text));
    }
    let error = Telemetry::builder("").build().unwrap_err();
    assert_eq!(error.option(), "OTEL_SERVICE_NAME");
}

#[test]
fn a_header_that_cannot_be_sent_is_refused() {
    let error = Telemetry::builder("orders").header("a", "secret\n").build().unwrap_err();
    let text = "header: the value of \"a\" has characters that no header may have";
    assert_eq!((error.option(), error.to_string().as_str()), ("header", text));
}
