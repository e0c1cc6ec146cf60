//! Telemetry as its environment has it.

use trilha_core::{Operation, SpanKind};
use trilha_testing::{PointValue, Receiver};

use super::*;
use crate::settings::{Env, Options, Settings};

fn start(variables: &[(&str, &str)]) -> Result<Telemetry, SetupError> {
    let mut options = Options::default();
    options.resource.service_name = "orders".into();
    Telemetry::start(&Settings::resolve(options, &Env::of(variables))?)
}

#[test]
fn a_dead_receiver_of_spans_leaves_time_for_the_metrics_that_tell_of_it() {
    let (receiver, dead) = (Receiver::start(), Receiver::start());
    let (traces, metrics) = (dead.http_endpoint(), format!("{}/v1/metrics", receiver.http_endpoint()));
    dead.stop();
    let telemetry = start(&[
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &traces),
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", &metrics),
    ])
    .unwrap();
    drop(Operation::builder(&SCOPE, "work", SpanKind::Internal).handle(telemetry.handle().clone()).start());
    let counts = telemetry.shutdown_blocking(Duration::from_secs(5)).counts;
    assert_eq!((counts.spans.dropped.shutdown, counts.metric_exports.delivered), (1, 1), "{counts:?}");
    let dropped = [("error.type", "already_shutdown".into())];
    let processed = receiver.metric("otel.sdk.processor.span.processed").blocking();
    assert!(processed.points_with(&dropped).any(|point| point.value == PointValue::Int(1)), "{processed:?}");
}

#[test]
fn a_tenth_of_the_time_and_at_most_half_a_second_is_kept_for_metrics() {
    let receiver = Receiver::start();
    let telemetry = start(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.http_endpoint())]).unwrap();
    let of_a_second: fn(&Pipeline, Duration) -> _ = |spans, time| {
        assert_eq!(time, Duration::from_millis(900));
        spans.flush_blocking(time)
    };
    let of_a_minute: fn(&Pipeline, Duration) -> _ = |spans, time| {
        assert_eq!(time, Duration::from_millis(59_500));
        spans.flush_blocking(time)
    };
    for (timeout, spans) in [(1, of_a_second), (60, of_a_minute)] {
        let metrics = |_: &Metrics, time: Duration| !time.is_zero();
        assert!(telemetry.0.settle(Duration::from_secs(timeout), spans, metrics).is_complete);
    }
}
