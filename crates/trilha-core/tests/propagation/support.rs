//! A recorder that tells what it was asked, and carriers.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::SystemTime,
};

use trilha_core::{
    Carrier, Handle, HandleBuilder, Operation, Recorder, Scope, Sender, SpanCounts, SpanKind, TraceContext,
    Trust,
    recorder::{Attribute, Decision, Link, PassThrough, SpanRecord, SpanStart, Status, Value},
    schema::Zone,
};

pub(crate) static SCOPE: Scope = Scope::new("test", "");
pub(crate) const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";
pub(crate) const SPAN_ID: &str = "b7ad6b7169203331";

/// Remembers how each span was started, and its events.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch(pub(crate) Arc<Mutex<Vec<Started>>>);

#[derive(Clone, Debug)]
pub(crate) struct Started {
    pub(crate) parent: Option<TraceContext>,
    pub(crate) decision: Decision,
    pub(crate) links: Vec<TraceContext>,
    pub(crate) events: Arc<Mutex<Vec<String>>>,
}

#[derive(Debug)]
struct Watched(PassThrough, Arc<Mutex<Vec<String>>>);

impl Watch {
    pub(crate) fn last(&self) -> Started {
        self.0.lock().unwrap().last().unwrap().clone()
    }
}

impl Recorder for Watch {
    fn start(&self, start: &SpanStart<'_>) -> Arc<dyn SpanRecord> {
        let events = Arc::<Mutex<_>>::default();
        self.0.lock().unwrap().push(Started {
            parent: start.parent.cloned(),
            decision: start.decision,
            links: start.links.iter().map(|link| link.context.clone()).collect(),
            events: events.clone(),
        });
        Arc::new(Watched(PassThrough(TraceContext::of_child(start.parent, |_| true)), events))
    }

    fn counts(&self) -> SpanCounts {
        SpanCounts::default()
    }
}

impl SpanRecord for Watched {
    fn trace_context(&self) -> &TraceContext {
        self.0.trace_context()
    }

    fn is_recording(&self) -> bool {
        true
    }

    fn set_attribute(&self, _: &str, _: Value<'_>) {}

    fn add_event(&self, name: &str, _: Option<SystemTime>, attributes: &[Attribute<'_>]) {
        self.1.lock().unwrap().push(format!("{name} {attributes:?}"));
    }

    fn add_link(&self, _: &Link<'_>) {}
    fn set_name(&self, _: &str) {}
    fn set_status(&self, _: Status<'_>) {}
    fn withhold(&self) {}
    fn end(&self, _: Option<SystemTime>) {}
}

pub(crate) fn handle(zone: Zone) -> (Handle, Watch) {
    handle_with(zone, |builder| builder)
}

pub(crate) fn handle_with(
    zone: Zone,
    change: impl FnOnce(HandleBuilder) -> HandleBuilder,
) -> (Handle, Watch) {
    let watch = Watch::default();
    let builder = Handle::builder(Arc::new(watch.clone())).service("orders", Some(zone));
    (change(builder).build(), watch)
}

pub(crate) fn headers(fields: &[(&str, &str)]) -> HashMap<String, String> {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

pub(crate) fn traceparent() -> String {
    format!("00-{TRACE_ID}-{SPAN_ID}-01")
}

pub(crate) fn serve(handle: &Handle, carrier: &dyn Carrier, trust: Trust) -> Operation {
    let builder = Operation::builder(&SCOPE, "served", SpanKind::Server).handle(handle.clone());
    builder.extract(carrier, trust).sender(Some(Sender::Address([10, 0, 0, 9].into()))).start()
}
