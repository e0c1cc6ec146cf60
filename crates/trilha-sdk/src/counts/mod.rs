//! The counts of a service as metrics.

mod instruments;
mod snapshots;
mod spans;

use opentelemetry::{KeyValue, metrics::Meter};
use trilha_core::{Handle, guard::PiiGuard};

pub use self::instruments::Component;
pub(crate) use self::instruments::{CountMetrics, EXPORTED, INFLIGHT, PROCESSED};

/// Queue and exporter behind a recorder, as metrics name them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SpanPipeline {
    /// What holds the queue.
    pub processor: Component,
    /// What sends.
    pub exporter: Component,
    /// How many spans may wait.
    pub queue_capacity: u64,
}

/// Publishes what became of every span, and what was refused. `pipeline` is what stands behind the recorder; without
/// one only what starts is known.
///
/// | metric | unit | attributes |
/// |---|---|---|
/// | `otel.sdk.span.started` | `{span}` | `otel.span.sampling_result` |
/// | `otel.sdk.span.live` | `{span}` | `otel.span.sampling_result` |
/// | `trilha.spans.overdue` | `{span}` | |
/// | `otel.sdk.processor.span.queue.size`, `…queue.capacity` | `{span}` | component |
/// | `otel.sdk.processor.span.processed` | `{span}` | component, `error.type`: `queue_full`, `already_shutdown`, `too_large` |
/// | `otel.sdk.exporter.span.inflight` | `{span}` | component |
/// | `otel.sdk.exporter.span.exported` | `{span}` | component, `error.type`: `rejected`, `export_failed`, `unacknowledged` |
/// | `trilha.panics` | `{panic}` | `callback` |
/// | `trilha.refused` | `{item}` | `what` |
/// | `trilha.propagation.broken` | `{item}` | `reason`, `carrier`, `peer`, `zone` |
/// | `trilha.guard.redactions` | `{item}` | `exit`, `detector` |
/// | `trilha.guard.cuts` | `{item}` | `exit` |
/// | `trilha.guard.refused_purposes` | `{item}` | `purpose` |
///
/// *component* is `otel.component.type` and `otel.component.name`. The names are those of the
/// [semantic conventions 1.42](https://github.com/open-telemetry/semantic-conventions/blob/v1.42.0/docs/otel/sdk-metrics.md)
/// (development) where they have one.
///
/// The values of one collection are of one moment, and add up: of the spans that are kept,
/// `started = live + queue.size + inflight + processed`, and `processed` without an error is all that was `exported`.
/// For that a span is *processed* when its export has ended, and not already when it begins; and a span that still
/// waits at the deadline of a shutdown is `already_shutdown` too. Spans that are overdue are live too, and most will
/// never end.
///
/// - **Cardinality:** the errors, six; the callbacks, 15; what can be refused, twelve; of broken propagation four
///   reasons and the kinds of carriers for each of at most 65 peers; the guard's exits, 15, and detectors, 19 and
///   those of the platform; at most 65 purposes.
/// - **PII:** none; a peer is the address of a service, a topic or a queue.
pub fn observe_counts(meter: &Meter, handle: &Handle, pipeline: Option<&SpanPipeline>) {
    spans::observe(meter, handle, pipeline);
    let stats = handle.stats().clone();
    let panics = handle.panics(); // not the handle, which would keep its own meters alive
    meter
        .u64_observable_counter("trilha.panics")
        .with_unit("{panic}")
        .with_description("Panics of foreign code that were caught, by callback")
        .with_callback(move |observer| {
            for (callback, count) in panics.by_callback() {
                observer.observe(count, &[KeyValue::new("callback", callback.name())]);
            }
        })
        .build();
    let refused = stats.clone();
    meter
        .u64_observable_counter("trilha.refused")
        .with_unit("{item}")
        .with_description("Contexts and values that were refused, withheld or cut, by kind")
        .with_callback(move |observer| {
            for (what, count) in refused.refusals() {
                observer.observe(count, &[KeyValue::new("what", what.name())]);
            }
        })
        .build();
    let zone = handle.service().zone.as_ref().map(|zone| KeyValue::new("zone", zone.to_string()));
    meter
        .u64_observable_counter("trilha.propagation.broken")
        .with_unit("{item}")
        .with_description("Work that came in from one of us without a trace to continue")
        .with_callback(move |observer| {
            for broken in stats.broken_propagation() {
                let mut attributes = vec![
                    KeyValue::new("reason", broken.reason.name()),
                    KeyValue::new("carrier", broken.carrier.name()),
                    KeyValue::new("peer", broken.peer),
                ];
                attributes.extend(zone.clone());
                observer.observe(broken.count, &attributes);
            }
        })
        .build();
    observe_guard(meter, handle.guard());
}

/// In a dry run, what would have been hidden.
fn observe_guard(meter: &Meter, guard: &PiiGuard) {
    let redacting = guard.clone();
    meter
        .u64_observable_counter("trilha.guard.redactions")
        .with_unit("{item}")
        .with_description("What the guard hid, by the place where it would have left and by what it is")
        .with_callback(move |observer| {
            for (place, detector, count) in redacting.redactions().filter(|(.., count)| *count > 0) {
                let detector = redacting.name(detector).to_owned();
                let attributes = [KeyValue::new("exit", place.name()), KeyValue::new("detector", detector)];
                observer.observe(count, &attributes);
            }
        })
        .build();
    let cutting = guard.clone();
    meter
        .u64_observable_counter("trilha.guard.cuts")
        .with_unit("{item}")
        .with_description("Values that the guard cut, since they were longer than allowed")
        .with_callback(move |observer| {
            for (place, count) in cutting.cuts().filter(|(_, count)| *count > 0) {
                observer.observe(count, &[KeyValue::new("exit", place.name())]);
            }
        })
        .build();
    let refusing = guard.clone();
    meter
        .u64_observable_counter("trilha.guard.refused_purposes")
        .with_unit("{item}")
        .with_description("Personal values that were dropped, by the purpose that does not allow them")
        .with_callback(move |observer| {
            for (purpose, count) in refusing.refused_purposes() {
                observer.observe(count, &[KeyValue::new("purpose", purpose)]);
            }
        })
        .build();
}
