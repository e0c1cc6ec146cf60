//! The counts of a service as metrics.

use opentelemetry::{KeyValue, metrics::Meter};
use trilha_core::{Handle, guard::PiiGuard};

/// Publishes what became of every span, and what was refused:
///
/// | metric | unit | attributes |
/// |---|---|---|
/// | `trilha.spans.created` | `{span}` | – |
/// | `trilha.spans.sampled_out` | `{span}` | – |
/// | `trilha.spans.delivered` | `{span}` | – |
/// | `trilha.spans.unacknowledged` | `{span}` | – |
/// | `trilha.spans.dropped` | `{span}` | `reason` |
/// | `trilha.spans.queued` | `{span}` | – |
/// | `trilha.refused` | `{item}` | `what` |
/// | `trilha.propagation.broken` | `{item}` | `reason`, `carrier`, `peer`, `zone` |
/// | `trilha.guard.redactions` | `{item}` | `exit`, `detector` |
/// | `trilha.guard.cuts` | `{item}` | `exit` |
/// | `trilha.guard.refused_purposes` | `{item}` | `purpose` |
///
/// - **Cardinality:** the reasons, five; what can be refused, twelve; of broken propagation three reasons and
///   the kinds of carriers for each of at most 65 peers; the guard's exits, 15, and detectors, 19 and those
///   of the platform; at most 65 purposes.
/// - **PII:** none; a peer is the address of a service, a topic or a queue.
pub fn observe_counts(meter: &Meter, handle: &Handle) {
    let recorder = handle.recorder().clone();
    let stats = handle.stats().clone();
    type Read = fn(&trilha_core::SpanCounts) -> u64;
    let totals: [(&'static str, &'static str, Read); 4] = [
        ("trilha.spans.created", "Spans that were started and are to be kept", |c| c.created),
        ("trilha.spans.sampled_out", "Spans that the sampler did not keep", |c| c.sampled_out),
        ("trilha.spans.delivered", "Spans that the receiver took", |c| c.delivered),
        ("trilha.spans.unacknowledged", "Spans sent over a connection that broke before the answer", |c| {
            c.unacknowledged
        }),
    ];
    for (name, description, read) in totals {
        let recorder = recorder.clone();
        meter
            .u64_observable_counter(name)
            .with_unit("{span}")
            .with_description(description)
            .with_callback(move |observer| observer.observe(read(&recorder.counts()), &[]))
            .build();
    }
    let queue = recorder.clone();
    meter
        .u64_observable_gauge("trilha.spans.queued")
        .with_unit("{span}")
        .with_description("Spans that wait to be sent")
        .with_callback(move |observer| observer.observe(queue.counts().queued, &[]))
        .build();
    meter
        .u64_observable_counter("trilha.spans.dropped")
        .with_unit("{span}")
        .with_description("Spans that were lost, by reason")
        .with_callback(move |observer| {
            for (reason, count) in recorder.counts().dropped.by_reason() {
                observer.observe(count, &[KeyValue::new("reason", reason)]);
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
