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
use opentelemetry::{SpanId, TraceFlags, TraceId};
use trilha_core::{ContextAttributes, Handle, Outcome, Refusal, Traceparent};

use super::{adapters_span, catch, check, delivered, drop_when, operation};
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
#[derive(Debug, thiserror::Error)]
#[error("the work failed")]
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

fn traceparent(trace_id: u128) -> Traceparent {
    let (trace_id, parent) = (TraceId::from(trace_id), SpanId::from(0xb7ad_6b71_6920_3331));
    Traceparent::new(trace_id, parent, TraceFlags::SAMPLED).unwrap_or_else(|| panic!("a zero id"))
}

fn header(traceparent: &Traceparent) -> Headers {
    vec![("traceparent", traceparent.to_string().into_bytes())]
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

/// Brings one piece of work with these headers, and waits for the trace of the adapter's span.
async fn trace_of(adapter: &impl Inbound, headers: Headers, fixture: &Fixture, handler: Handler) -> Trace {
    let _ = catch(adapter.deliver(fixture.handle().clone(), headers, handler)).await;
    delivered(fixture, "work that is done ends its span").await;
    fixture.receiver().trace_where(|_| true).await
}

async fn it_continues_the_trace_of_its_carrier(adapter: &impl Inbound) {
    let fixture = Fixture::start("host");
    let remote = traceparent(0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c);
    let trace = trace_of(adapter, header(&remote), &fixture, working(fixture.handle())).await;
    let span = adapters_span(&trace, "one piece of work is one span");
    check(trace.trace_id() == remote.trace_id(), "work continues the trace of its carrier", &trace);
    check(span.parent_span_id == Some(remote.parent_id()), "work hangs on its sender", &trace);
    let child = trace.span("child");
    check(child.parent_span_id == Some(span.span_id), "what the handler does hangs on the work", &trace);
    check(child.start >= span.start && child.end <= span.end, "work ends after its handler", &trace);
    check(span.str("tenant") == Some("acme"), "a tenant that is known late reaches the span", &trace);
    check(!span.is_failed(), "work that went well is no error", &trace);
}

async fn it_starts_a_trace_where_there_is_none(adapter: &impl Inbound) {
    let fixture = Fixture::start("host");
    let trace = trace_of(adapter, Vec::new(), &fixture, working(fixture.handle())).await;
    let span = adapters_span(&trace, "work without a trace is one span");
    check(span.parent_span_id.is_none(), "work without a trace starts one", &trace);
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
        let headers = vec![("traceparent", value), ("tracestate", b"=,=,\xff".to_vec())];
        let trace = trace_of(adapter, headers, &fixture, working(fixture.handle())).await;
        let span = adapters_span(&trace, "work with a hostile header is one span");
        check(span.parent_span_id.is_none(), "a malformed context is not followed", &trace);
        trace.span("child");
        let refused = fixture.handle().stats().refused(Refusal::Traceparent);
        check(refused == 1, "a malformed context is counted", &trace);
    }
}

async fn it_tells_failure_panic_and_cancellation_apart(adapter: &impl Inbound) {
    let fixture = Fixture::start("host");
    let failing = Handler::new(|| async { Err(HandlerError(())) });
    let trace = trace_of(adapter, Vec::new(), &fixture, failing).await;
    let span = adapters_span(&trace, "work that fails is one span");
    check(span.is_failed() && span.str("error.type").is_some(), "a failure is an error", &trace);

    let fixture = Fixture::start("host");
    let panicking = Handler::new(|| async { panic!("the handler panics, as the contract's suite wants") });
    let trace = trace_of(adapter, Vec::new(), &fixture, panicking).await;
    let span = adapters_span(&trace, "work that panics is one span");
    check(span.str("error.type") == Some("panic"), "a panic is told as one", &trace);

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
    let trace = fixture.receiver().trace_where(|_| true).await;
    let span = adapters_span(&trace, "work that is given up is one span");
    check(span.str("error.type") == Some("cancelled"), "work that is given up is cancelled", &trace);
}

async fn it_does_not_mix_work(adapter: &impl Inbound) {
    let fixture = Fixture::start("host");
    let remotes: Vec<_> = (1..=4).map(traceparent).collect();
    let works = remotes
        .iter()
        .map(|remote| adapter.deliver(fixture.handle().clone(), header(remote), working(fixture.handle())));
    futures_util::future::join_all(works).await;
    delivered(&fixture, "pieces of work beside each other end").await;
    for remote in remotes {
        let trace = fixture.receiver().trace_under(remote.trace_id(), remote.parent_id()).await;
        let span = adapters_span(&trace, "each piece of work is in its sender's trace");
        let parent = trace.span("child").parent_span_id;
        check(parent == Some(span.span_id), "pieces of work do not mix", &trace);
    }
}

async fn it_works_without_telemetry(adapter: &impl Inbound) {
    let ran = Arc::new(AtomicUsize::new(0));
    let counter = ran.clone();
    let handler = Handler::new(move || {
        counter.fetch_add(1, SeqCst);
        async { Ok(()) }
    });
    adapter.deliver(Handle::disabled(), Vec::new(), handler).await;
    assert_eq!(ran.load(SeqCst), 1, "work is done without telemetry");
}
