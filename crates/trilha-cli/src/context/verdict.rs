//! What a service would do with the headers: one does it, and is watched.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use trilha_core::{
    Handle, Operation, Recipient, Recorder, Scope, SpanCounts, SpanKind, TraceContext,
    recorder::{Decision, PassThrough, SpanRecord, SpanStart},
    schema::Zone,
};

use super::{fields::Fields, report::Section};

const SCOPE: Scope = Scope::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));

/// The verdict of a service that believes the sender, and of one that does not.
pub(super) fn all(fields: &Fields) -> Vec<Section> {
    vec![
        of_service("An internal service", None, fields),
        of_service("A service at the edge, for a stranger", Some(Zone::Z1), fields),
    ]
}

fn of_service(title: &str, zone: Option<Zone>, fields: &Fields) -> Section {
    let witness = Arc::new(Witness::default());
    let handle = Handle::builder(witness.clone()).service("service", zone).build();
    let operation = Operation::builder(&SCOPE, "receive", SpanKind::Server)
        .handle(handle.clone())
        .extract(fields, handle.trust(None))
        .start();

    let mut section = Section::new(title);
    if let Some(started) = witness.0.get() {
        started.tell(&mut section);
    }
    let mut sent = HashMap::new();
    operation.inject(&mut sent, Recipient::Process);
    if let Some(tracestate) = sent.get("tracestate") {
        section.row("passes on", format!("tracestate {tracestate}"));
    }
    operation.attributes().for_each(|key, value| section.row("sets", format!("{} = {value}", key.name())));
    if let Some(baggage) = sent.get("baggage") {
        section.row("passes on", format!("baggage {baggage}, to allowed destinations"));
    }
    for withheld in handle.guard().report() {
        let what = [withheld.place.name(), &withheld.key].join(" ");
        section.row("withholds", format!("{}: {}", what.trim_end(), withheld.detector.meaning()));
    }
    for (what, count) in handle.stats().refusals().filter(|(_, count)| *count > 0) {
        section.row("refuses", format!("{} ({count})", what.name()));
    }
    for broken in handle.stats().broken_propagation() {
        section.row("counts", format!("broken propagation: the trace is {}", broken.reason.name()));
    }
    section
}

/// Keeps what it was told of the first span that was started; there is no other.
#[derive(Debug, Default)]
struct Witness(OnceLock<Started>);

#[derive(Debug)]
struct Started {
    parent: Option<TraceContext>,
    decision: Decision,
    link: Option<TraceContext>,
}

impl Recorder for Witness {
    fn start(&self, start: &SpanStart<'_>) -> Arc<dyn SpanRecord> {
        let link = start.links.first().map(|link| link.context.clone());
        let parent = start.parent.cloned();
        let context = parent.clone().unwrap_or_else(TraceContext::none);
        let _ = self.0.set(Started { parent, decision: start.decision, link });
        Arc::new(PassThrough(context))
    }

    fn counts(&self) -> SpanCounts {
        SpanCounts::default()
    }
}

impl Started {
    fn tell(&self, section: &mut Section) {
        let ids =
            |context: &TraceContext| format!("trace {}, span {}", context.trace_id(), context.span_id());
        match (&self.parent, &self.link) {
            (Some(parent), _) => section.row("continues", ids(parent)),
            (None, Some(link)) => section.row("starts", format!("a new trace, linked to {}", ids(link))),
            (None, None) => section.row("starts", "a new trace"),
        }
        let sampling = match (&self.parent, self.decision) {
            (Some(parent), Decision::Parent) if parent.is_sampled() => "kept, as the sender's",
            (Some(_), Decision::Parent) => "not kept, as the sender's",
            _ => "as the service's own sampler decides",
        };
        section.row("its spans", sampling);
    }
}
