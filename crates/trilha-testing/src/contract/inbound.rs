//! The contract of work that comes in: a request that is served, a message that is processed.

use std::{
    fmt,
    future::{Future, pending},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use futures_util::future::BoxFuture;
use opentelemetry::trace::Status;
use parking_lot::Mutex;
use trilha_core::{ContextAttributes, Handle, Outcome, Refusal, TraceContext};

use super::{CANARY, TRACESTATE, adapters_span, catch, check, delivered, drop_when, operation, remote};
use crate::{Fixture, Trace};

/// An adapter for work that comes in, under test.
pub trait Inbound: Sync {
    /// Brings one piece of work with these headers to a real host that the adapter instruments with
    /// this handle, and waits until `handler` has run for it. Dropped, it gives up: the connection
    /// closes, or the handler's future is dropped.
    fn deliver(&self, handle: Handle, headers: Headers, handler: Handler) -> impl Future<Output = ()> + Send;
}

/// Headers of the work, as the sender made them.
pub type Headers = Vec<(&'static str, Vec<u8>)>;

/// What the host runs for a piece of work. Clones are the same handler.
#[derive(Clone)]
pub struct Handler(Arc<dyn Fn() -> BoxFuture<'static, Result<(), HandlerError>> + Send + Sync>);

impl Handler {
    fn new<F>(f: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), HandlerError>> + Send + 'static,
    {
        Self(Arc::new(move || Box::pin(f())))
    }

    /// Runs it. The host turns an error into what it calls a failure: a status 500, a rejected message.
    ///
    /// # Errors
    /// Where the suite wants the work to fail.
    pub async fn run(&self) -> Result<(), HandlerError> {
        (self.0)().await
    }
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handler")
    }
}

/// The work failed, as the suite wanted it to.
///
/// Its text must not be recorded; a host may well send it to whoever brought the work.
#[derive(Debug, thiserror::Error)]
#[error("the work failed for {CANARY}")]
pub struct HandlerError(());

/// Runs the whole contract.
///
/// # Panics
/// With the first claim that does not hold, and the tree of what arrived.
pub async fn inbound(adapter: &impl Inbound) {
    Box::pin(it_continues_the_trace_of_its_carrier(adapter)).await;
    Box::pin(it_starts_a_trace_where_there_is_none(adapter)).await;
    Box::pin(it_survives_hostile_headers(adapter)).await;
    Box::pin(it_tells_failure_panic_and_cancellation_apart(adapter)).await;
    Box::pin(it_does_not_mix_work(adapter)).await;
    Box::pin(it_works_without_telemetry(adapter)).await;
}

fn carrying(context: &TraceContext) -> Headers {
    let traceparent = context.traceparent().map(|traceparent| traceparent.to_string().into_bytes());
    let tracestate = context.tracestate().as_str().as_bytes().to_vec();
    vec![("traceparent", traceparent.unwrap_or_default()), ("tracestate", tracestate)]
}

/// A handler that does some work of its own: a child, and a tenant that is known late.
fn working(handle: &Handle) -> Handler {
    let handle = handle.clone();
    Handler::new(move || {
        let handle = handle.clone();
        async move {
            let mut child = operation(&handle, "child");
            child.drive(tokio::task::yield_now()).await;
            child.finish(Outcome::Ok);
            ContextAttributes::current().tenant("acme");
            Ok(())
        }
    })
}

/// Brings one piece of work with these headers, in the middle of something else that goes on, and
/// waits until all of it has arrived.
async fn deliver(adapter: &impl Inbound, headers: Headers, fixture: &Fixture, handler: Handler) {
    let mut around = operation(fixture.handle(), AROUND);
    let work = around.drive(adapter.deliver(fixture.handle().clone(), headers, handler));
    let _ = catch(work).await;
    around.finish(Outcome::Ok);
    delivered(fixture, "work that is done ends its span").await;
}

/// What goes on where a message is waited for: a consumer's loop, say.
const AROUND: &str = "around";

/// As [`deliver`], of work that brings no trace along.
async fn trace_of(adapter: &impl Inbound, headers: Headers, fixture: &Fixture, handler: Handler) -> Trace {
    deliver(adapter, headers, fixture, handler).await;
    own_trace(fixture).await
}

async fn own_trace(fixture: &Fixture) -> Trace {
    fixture.receiver().trace_where(|trace| trace.spans_named(AROUND).is_empty()).await
}

async fn it_continues_the_trace_of_its_carrier(adapter: &impl Inbound) {
    let fixture = Fixture::start("host");
    let sender = remote(0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c);
    deliver(adapter, carrying(&sender), &fixture, working(fixture.handle())).await;
    let trace = fixture.receiver().trace_under(sender.trace_id(), sender.span_id()).await;
    let span = adapters_span(&trace, "one piece of work is one span");
    check(span.parent_span_id == Some(sender.span_id()), "work hangs on its sender", &trace);
    check(span.trace_state == TRACESTATE, "work takes its sender's tracestate along", &trace);
    let child = trace.span("child");
    check(child.parent_span_id == Some(span.span_id), "what the handler does hangs on the work", &trace);
    check(child.trace_state == TRACESTATE, "the tracestate reaches what the handler does", &trace);
    check(child.start >= span.start && child.end <= span.end, "work ends after its handler", &trace);
    check(span.str("tenant") == Some("acme"), "a tenant that is known late reaches the span", &trace);
    check(!span.is_failed(), "work that went well is no error", &trace);
}

async fn it_starts_a_trace_where_there_is_none(adapter: &impl Inbound) {
    let fixture = Fixture::start("host");
    let trace = trace_of(adapter, Vec::new(), &fixture, working(fixture.handle())).await;
    let span = adapters_span(&trace, "work without a trace is one span");
    check(span.parent_span_id.is_none(), "work without a trace starts one", &trace);
    let parent = trace.span("child").parent_span_id;
    check(parent == Some(span.span_id), "what the handler does hangs on work that starts a trace", &trace);
}

async fn it_survives_hostile_headers(adapter: &impl Inbound) {
    let hostile: [Vec<u8>; 5] = [
        b"00-00000000000000000000000000000000-b7ad6b7169203331-01".to_vec(),
        b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more".to_vec(),
        b"\xff\xfe\x80".to_vec(),
        b"x".repeat(8_000),
        b" ".to_vec(),
    ];
    for value in hostile {
        let fixture = Fixture::start("host");
        let headers = vec![("traceparent", value), ("tracestate", BAD_TRACESTATE.to_vec())];
        let trace = trace_of(adapter, headers, &fixture, working(fixture.handle())).await;
        let span = adapters_span(&trace, "work with a hostile header is one span");
        check(span.parent_span_id.is_none(), "a malformed context is not followed", &trace);
        trace.span("child");
        let refused = fixture.handle().stats().refused(Refusal::Traceparent);
        check(refused == 1, "a malformed context is counted", &trace);
    }

    let fixture = Fixture::start("host");
    let sender = remote(3);
    let mut headers = carrying(&sender);
    headers.retain(|(name, _)| *name == "traceparent");
    headers.push(("tracestate", BAD_TRACESTATE.to_vec()));
    deliver(adapter, headers, &fixture, working(fixture.handle())).await;
    let trace = fixture.receiver().trace_under(sender.trace_id(), sender.span_id()).await;
    let span = adapters_span(&trace, "work with a hostile tracestate is one span");
    check(span.parent_span_id == Some(sender.span_id()), "a bad tracestate loses no parent", &trace);
    check(span.trace_state.is_empty(), "a bad tracestate is not passed on", &trace);
    let refused = fixture.handle().stats().refused(Refusal::Tracestate);
    check(refused == 1, "a bad tracestate is counted", &trace);
}

const BAD_TRACESTATE: &[u8] = b"=,=,\xff";

async fn it_tells_failure_panic_and_cancellation_apart(adapter: &impl Inbound) {
    let fixture = Fixture::start("host");
    let failing = Handler::new(|| async { Err(HandlerError(())) });
    let trace = trace_of(adapter, Vec::new(), &fixture, failing).await;
    let span = adapters_span(&trace, "work that fails is one span");
    check(span.is_failed() && span.str("error.type").is_some(), "a failure is an error", &trace);
    check(span.status == Status::error(""), "an error's message is not recorded", &trace);
    trace.lacks_text(CANARY);

    let fixture = Fixture::start("host");
    let panicking = Handler::new(|| async { panic!("as the suite wants, with {CANARY}") });
    let trace = trace_of(adapter, Vec::new(), &fixture, panicking).await;
    let span = adapters_span(&trace, "work that panics is one span");
    check(span.str("error.type") == Some("panic"), "a panic is told as one", &trace);
    trace.lacks_text(CANARY);

    let fixture = Fixture::start("host");
    let started = Arc::new(AtomicUsize::new(0));
    let counter = started.clone();
    let hanging = Handler::new(move || {
        counter.fetch_add(1, SeqCst);
        pending()
    });
    let work = adapter.deliver(fixture.handle().clone(), Vec::new(), hanging);
    drop_when(work, || started.load(SeqCst) > 0, "the handler starts").await;
    delivered(&fixture, "work that is given up ends its span").await;
    let trace = own_trace(&fixture).await;
    let span = adapters_span(&trace, "work that is given up is one span");
    check(span.str("error.type") == Some("cancelled"), "work that is given up is cancelled", &trace);
}

async fn it_does_not_mix_work(adapter: &impl Inbound) {
    let fixture = Fixture::start("host");
    let senders: Vec<_> = (1..=4).map(remote).collect();
    let works = senders
        .iter()
        .map(|sender| adapter.deliver(fixture.handle().clone(), carrying(sender), working(fixture.handle())));
    futures_util::future::join_all(works).await;
    delivered(&fixture, "pieces of work beside each other end").await;
    for sender in senders {
        let trace = fixture.receiver().trace_under(sender.trace_id(), sender.span_id()).await;
        let span = adapters_span(&trace, "each piece of work is in its sender's trace");
        let parent = trace.span("child").parent_span_id;
        check(parent == Some(span.span_id), "pieces of work do not mix", &trace);
    }
}

async fn it_works_without_telemetry(adapter: &impl Inbound) {
    for (headers, expected) in [(Vec::new(), TraceContext::none()), (carrying(&remote(4)), remote(4))] {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let contexts = seen.clone();
        let handler = Handler::new(move || {
            contexts.lock().push(operation(&Handle::disabled(), "child").trace_context());
            async { Ok(()) }
        });
        adapter.deliver(Handle::disabled(), headers, handler).await;
        let seen = seen.lock();
        assert_eq!(*seen, [expected], "without telemetry work is done once, in the trace of its sender");
    }
}
