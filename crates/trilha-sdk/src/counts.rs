//! The counts of a service as metrics.

use opentelemetry::{KeyValue, metrics::Meter};
use trilha_core::Handle;

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
///
/// - **Cardinality:** the reasons, five; what can be refused, twelve; of broken propagation three reasons and
///   the kinds of carriers for each of at most 65 peers.
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
}
