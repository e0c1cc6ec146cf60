//! What the tests of all databases share: work that leaves a trace, and services of any kind.

use std::future::Future;

use trilha_core::{
    CarrierKind, Handle, HandleBuilder, Operation, Outcome, Propagation, Scope, SpanKind, TraceContext,
    Traceparent, schema::Zone,
};
use trilha_testing::{Fixture, Trace};

static SCOPE: Scope = Scope::new("test", "");

/// Service names, and routes, that would break a query if they were taken as they are.
pub(crate) const HOSTILE: &[&str] = &[
    "*/ select 1; --",
    "/* open",
    "o'rders",
    "\\'",
    "\"",
    "`",
    "nul\0",
    "line\nbreak -- x",
    "?",
    "$1",
    "%s%00%27",
    ";",
    "é\u{202e}",
];

/// Runs `work` as an operation of its own, and waits for the trace of it.
///
/// Whatever asks for the current handle gets the one of the fixture.
pub(crate) async fn trace_of<T>(fixture: &Fixture, work: impl Future<Output = T>) -> (T, Trace) {
    let mut operation = operation(fixture.handle(), "work", None);
    let id = operation.trace_context().trace_id();
    let result = operation.drive(work).await;
    operation.finish(Outcome::Ok);
    fixture.flush().await;
    (result, fixture.receiver().trace(id).await)
}

/// An operation of the test's, under a remote parent if there is one.
pub(crate) fn operation(handle: &Handle, name: &str, parent: Option<&str>) -> Operation {
    let builder = Operation::builder(&SCOPE, name, SpanKind::Internal).handle(handle.clone());
    let remote = |text: &str| TraceContext::new(text.parse::<Traceparent>().unwrap(), Default::default());
    match parent {
        Some(parent) => builder.remote_parent(Some(remote(parent))).start(),
        None => builder.start(),
    }
}

/// A parent that was not sampled.
pub(crate) const UNSAMPLED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

/// A handle over the fixture's recorder, with other settings.
pub(crate) fn handle(fixture: &Fixture, settings: impl FnOnce(HandleBuilder) -> HandleBuilder) -> Handle {
    settings(Handle::builder(fixture.handle().recorder().clone())).build()
}

/// The service `orders` of zone Z2.
pub(crate) fn orders(fixture: &Fixture) -> Handle {
    handle(fixture, |builder| builder.service("orders", Some(Zone::Z2)))
}

/// A service whose databases are told nothing.
pub(crate) fn silent(fixture: &Fixture) -> Handle {
    let propagation = Propagation::default().with(CarrierKind::Database, false);
    handle(fixture, |builder| builder.service("orders", Some(Zone::Z2)).propagation(propagation))
}

/// The names of the adapter's spans, in the order in which they started.
pub(crate) fn names(trace: &Trace) -> Vec<&str> {
    let mut spans: Vec<_> = trace.spans().iter().filter(|span| span.scope.name == "trilha-sqlx").collect();
    spans.sort_by_key(|span| span.start);
    spans.into_iter().map(|span| span.name.as_str()).collect()
}

/// A query that answers with its own text, and what it says of who asks.
pub(crate) fn comment(text: &str) -> Option<&str> {
    Some(text.split_once("/*")?.1.split_once("*/")?.0)
}
