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
use trilha_core::{CarrierKind, ContextAttributes, Handle, Outcome, Refusal, TraceContext};

use super::{
    CANARY, Headers, TRACESTATE, arrived::Arrived, drop_when, headers, operation, remote, taken_over,
};
use crate::Fixture;

/// An adapter for work that comes in, under test.
pub trait Inbound: Sync {
    /// What work brings its context along in. Defaults to [`CarrierKind::Http`].
    const CARRIER: CarrierKind = CarrierKind::Http;

    /// Brings one piece of work with these headers to a real host that the adapter instruments with
    /// this handle, and waits until `handler` has run for it.
    ///
    /// A panic of the handler ends in the host, above the adapter, and not in this future; where the host
    /// leaves a choice, by `catch_unwind`, for then the adapter's future is dropped when the unwinding is
    /// over. Dropped itself, this future gives up: the connection closes, or the handler's future is dropped.
    fn deliver(&self, handle: Handle, headers: Headers, handler: Handler) -> impl Future<Output = ()> + Send;
}

/// What the host runs for a piece of work. Clones are the same handler.
#[derive(Clone)]
pub struct Handler(Arc<dyn Fn() -> BoxFuture<'static, Result<(), HandlerError>> + Send + Sync>);

impl Handler {
    pub(super) fn new<F>(f: impl Fn() -> F + Send + Sync + 'static) -> Self
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
    Box::pin(taken_over::it_takes_over_what_its_sender_brought(adapter)).await;
    Box::pin(taken_over::it_refuses_a_value_that_breaks_its_rule(adapter)).await;
    Box::pin(taken_over::it_tells_when_propagation_is_broken(adapter)).await;
    Box::pin(taken_over::it_takes_no_baggage_from_around_it(adapter)).await;
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

/// What goes on where work is waited for: a consumer's loop, say.
const AROUND: &str = "around";

/// Brings one piece of work with these headers while something else goes on, and waits until all of it
/// has arrived.
pub(super) async fn deliver(
    adapter: &impl Inbound,
    fixture: &Fixture,
    headers: Headers,
    handler: Handler,
) -> Arrived {
    let mut around = operation(fixture.handle(), AROUND);
    around.drive(adapter.deliver(fixture.handle().clone(), headers, handler)).await;
    around.finish(Outcome::Ok);
    Arrived::all_of(fixture, "work that is done ends its span").await
}

async fn it_continues_the_trace_of_its_carrier(adapter: &impl Inbound) {
    let fixture = Fixture::start("host");
    let sender = remote(0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c);
    let arrived = deliver(adapter, &fixture, headers(&sender), working(fixture.handle())).await;
    let span = arrived.adapters_span("one piece of work is one span");
    arrived.check(span.trace_id == sender.trace_id(), "work continues the trace of its sender");
    arrived.check(span.parent_span_id == Some(sender.span_id()), "work hangs on its sender");
    arrived.check(span.trace_state == TRACESTATE, "work takes its sender's tracestate along");
    let child = arrived.own_span("child");
    arrived.check(child.trace_id == span.trace_id, "what the handler does is in the trace of the work");
    arrived.check(child.parent_span_id == Some(span.span_id), "what the handler does hangs on the work");
    arrived.check(child.trace_state == TRACESTATE, "the tracestate reaches what the handler does");
    arrived.check(child.start >= span.start && child.end <= span.end, "work ends after its handler");
    arrived.check(span.str("tenant") == Some("acme"), "a tenant that is known late reaches the span");
    arrived.check(!span.is_failed(), "work that went well is no error");
}

async fn it_starts_a_trace_where_there_is_none(adapter: &impl Inbound) {
    let fixture = Fixture::start("host");
    let arrived = deliver(adapter, &fixture, Vec::new(), working(fixture.handle())).await;
    let span = arrived.adapters_span("work without a trace is one span");
    arrived.check(span.parent_span_id.is_none(), "work without a trace starts one, whatever goes on around");
    let parent = arrived.own_span("child").parent_span_id;
    arrived.check(parent == Some(span.span_id), "what the handler does hangs on work that starts a trace");
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
        let arrived = deliver(adapter, &fixture, headers, working(fixture.handle())).await;
        let span = arrived.adapters_span("work with a hostile header is one span");
        arrived.check(span.parent_span_id.is_none(), "a malformed context is not followed");
        arrived.own_span("child");
        let refused = fixture.handle().stats().refused(Refusal::Traceparent);
        arrived.check(refused == 1, "a malformed context is counted once");
    }

    let fixture = Fixture::start("host");
    let sender = remote(3);
    let mut headers = headers(&sender);
    headers.retain(|(name, _)| *name != "tracestate");
    headers.push(("tracestate", BAD_TRACESTATE.to_vec()));
    let arrived = deliver(adapter, &fixture, headers, working(fixture.handle())).await;
    let span = arrived.adapters_span("work with a hostile tracestate is one span");
    arrived.check(span.parent_span_id == Some(sender.span_id()), "a bad tracestate loses no parent");
    arrived.check(span.trace_state.is_empty(), "a bad tracestate is not passed on");
    let refused = fixture.handle().stats().refused(Refusal::Tracestate);
    arrived.check(refused == 1, "a bad tracestate is counted once");
}

const BAD_TRACESTATE: &[u8] = b"=,=,\xff";

async fn it_tells_failure_panic_and_cancellation_apart(adapter: &impl Inbound) {
    let fixture = Fixture::start("host");
    let failing = Handler::new(|| async { Err(HandlerError(())) });
    let arrived = deliver(adapter, &fixture, Vec::new(), failing).await;
    let span = arrived.adapters_span("work that fails is one span");
    arrived.check(span.is_failed() && span.str("error.type").is_some(), "a failure is an error");
    arrived.check(span.status == Status::error(""), "an error has a type, and no message");
    arrived.lacks_text(CANARY);

    let fixture = Fixture::start("host");
    let panicking = Handler::new(|| async { panic!("as the suite wants, with {CANARY}") });
    let arrived = deliver(adapter, &fixture, Vec::new(), panicking).await;
    let span = arrived.adapters_span("work that panics is one span");
    arrived.check(span.str("error.type") == Some("panic"), "a panic is told as one");
    arrived.lacks_text(CANARY);

    let fixture = Fixture::start("host");
    let started = Arc::new(AtomicUsize::new(0));
    let counter = started.clone();
    let hanging = Handler::new(move || {
        counter.fetch_add(1, SeqCst);
        pending()
    });
    let work = adapter.deliver(fixture.handle().clone(), Vec::new(), hanging);
    drop_when(work, || started.load(SeqCst) > 0, "the handler starts").await;
    let arrived = Arrived::all_of(&fixture, "work that is given up ends its span").await;
    let span = arrived.adapters_span("work that is given up is one span");
    arrived.check(span.str("error.type") == Some("cancelled"), "work that is given up is cancelled");
}

async fn it_does_not_mix_work(adapter: &impl Inbound) {
    let fixture = Fixture::start("host");
    let senders: Vec<_> = (1..=4).map(remote).collect();
    let works = senders
        .iter()
        .map(|sender| adapter.deliver(fixture.handle().clone(), headers(sender), working(fixture.handle())));
    futures_util::future::join_all(works).await;
    let arrived = Arrived::all_of(&fixture, "pieces of work beside each other end").await;
    for sender in senders {
        let arrived = arrived.in_trace(sender.trace_id());
        let span = arrived.adapters_span("each piece of work is in its sender's trace");
        let parent = arrived.own_span("child").parent_span_id;
        arrived.check(parent == Some(span.span_id), "pieces of work do not mix");
    }
}

async fn it_works_without_telemetry(adapter: &impl Inbound) {
    for sender in [TraceContext::none(), remote(4)] {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let contexts = seen.clone();
        let handler = Handler::new(move || {
            contexts.lock().push(operation(&Handle::disabled(), "child").trace_context());
            async { Ok(()) }
        });
        adapter.deliver(Handle::disabled(), headers(&sender), handler).await;
        let claim = "without telemetry work is done once, in the trace of its sender";
        assert_eq!(*seen.lock(), [sender], "{claim}");
    }
}
