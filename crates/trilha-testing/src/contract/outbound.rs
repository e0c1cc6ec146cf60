//! The contract of a call that goes out: a request, a query, a message that is sent.

use std::future::Future;

use opentelemetry::trace::Status;
use trilha_core::{Handle, Outcome, Traceparent};

use super::{TRACESTATE, adapters_span, check, delivered, drop_when, operation, operation_under, remote};
use crate::{Fixture, Trace};

/// An adapter for calls that go out, under test.
///
/// All calls go through one and the same client of the host library (its pool, its connection, its
/// producer), as far as it makes calls at all: so that one which is dropped or fails is seen to spoil
/// none that follows.
pub trait Outbound: Sync {
    /// Makes one call with this handle to a real peer, which answers as the call says.
    fn call(&self, handle: Handle, call: Call) -> impl Future<Output = Result<Seen, CallError>> + Send;

    /// Whether the peer continues the trace, as a service does. Defaults to true.
    ///
    /// A database does not: it gets the call's own span for people who look at queries, no `tracestate`,
    /// and nothing at all where telemetry is switched off.
    fn is_continued(&self) -> bool {
        true
    }
}

/// A call that the suite wants to be made.
#[derive(Clone, Debug)]
pub struct Call {
    /// Headers that the caller sets. An adapter whose carrier has none ignores them.
    pub headers: Vec<(&'static str, &'static str)>,
    /// What the peer does.
    pub answer: Answer,
}

/// What the peer does with a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Answer {
    /// It answers well.
    Ok,
    /// It answers with an error, or refuses.
    Fails,
    /// It does not answer, however long one waits.
    Never,
}

/// The headers that the peer got. `None` where the carrier has none that can be seen.
pub type Seen = Option<Vec<(String, Vec<u8>)>>;

/// The text of the host library's own error.
#[derive(Debug, Eq, PartialEq)]
pub struct CallError(pub String);

/// Runs the whole contract.
///
/// # Panics
/// With the first claim that does not hold, and the tree of what arrived.
pub async fn outbound(adapter: &impl Outbound) {
    Box::pin(it_hangs_on_its_caller(adapter)).await;
    Box::pin(it_injects_itself_and_keeps_the_rest(adapter)).await;
    Box::pin(it_fails_as_the_host_does(adapter)).await;
    Box::pin(it_survives_cancellation(adapter)).await;
    Box::pin(it_does_not_mix_calls(adapter)).await;
    Box::pin(it_works_without_telemetry(adapter)).await;
}

fn call(answer: Answer) -> Call {
    Call { headers: vec![("x-own", "kept")], answer }
}

/// Makes a call under an operation, which has a tenant and continues a trace, and waits for its trace.
async fn under_an_operation(adapter: &impl Outbound, answer: Answer) -> (Result<Seen, CallError>, Trace) {
    let fixture = Fixture::start("caller");
    let sender = remote(1);
    let mut caller = operation_under(&sender, fixture.handle(), "caller");
    caller.attributes().tenant("acme");
    let result = caller.drive(adapter.call(fixture.handle().clone(), call(answer))).await;
    caller.finish(Outcome::Ok);
    delivered(&fixture, "a call ends its span").await;
    (result, fixture.receiver().trace_under(sender.trace_id(), sender.span_id()).await)
}

async fn it_hangs_on_its_caller(adapter: &impl Outbound) {
    let (result, trace) = under_an_operation(adapter, Answer::Ok).await;
    result.unwrap_or_else(|error| panic!("the call fails: {}", error.0));
    let span = adapters_span(&trace, "one call is one span");
    let caller = trace.span("caller");
    check(span.parent_span_id == Some(caller.span_id), "a call hangs on its caller", &trace);
    check(span.str("tenant") == Some("acme"), "a call takes the context attributes along", &trace);
    check(!span.is_failed(), "a call that went well is no error", &trace);
    check(span.start >= caller.start && span.end <= caller.end, "a call ends with its answer", &trace);
}

async fn it_injects_itself_and_keeps_the_rest(adapter: &impl Outbound) {
    let (result, trace) = under_an_operation(adapter, Answer::Ok).await;
    let span = adapters_span(&trace, "one call is one span");
    let Some(headers) = Headers::of(result) else { return };
    let sent = headers.traceparent();
    check(sent.parent_id() == span.span_id, "a call injects its own span", &trace);
    check(sent.trace_id() == span.trace_id, "a call injects its own trace", &trace);
    check(sent.is_sampled(), "a call that is recorded says so", &trace);
    headers.carry_tracestate(adapter);
    assert_eq!(headers.values("x-own"), [b"kept"], "the caller's own headers are kept");
}

async fn it_fails_as_the_host_does(adapter: &impl Outbound) {
    let (result, trace) = under_an_operation(adapter, Answer::Fails).await;
    let plain = adapter.call(Handle::disabled(), call(Answer::Fails)).await;
    let error = result.err();
    assert_eq!(error, plain.err(), "an error is the host's own, recorded or not");
    let span = adapters_span(&trace, "a failed call is one span");
    check(span.is_failed(), "a call that failed is an error", &trace);
    check(span.str("error.type").is_some(), "an error has a type", &trace);
    check(span.status == Status::error(""), "an error's message is not recorded", &trace);
    if let Some(CallError(message)) = error {
        trace.lacks_text(&message);
    }
}

async fn it_survives_cancellation(adapter: &impl Outbound) {
    let fixture = Fixture::start("caller");
    let handle = fixture.handle().clone();
    let is_open = || fixture.handle().span_counts().open > 0;
    drop_when(adapter.call(handle.clone(), call(Answer::Never)), is_open, "a call starts a span").await;
    delivered(&fixture, "a call that is dropped ends its span").await;
    let trace = fixture.receiver().trace_where(|_| true).await;
    let span = adapters_span(&trace, "a cancelled call is one span");
    check(span.str("error.type") == Some("cancelled"), "a dropped call is cancelled", &trace);
    let after = adapter.call(handle, call(Answer::Ok)).await;
    assert!(after.is_ok(), "a call works after one that was cancelled: {after:?}");
}

async fn it_does_not_mix_calls(adapter: &impl Outbound) {
    let fixture = Fixture::start("caller");
    let calls = (0..4).map(|_| async {
        let mut caller = operation(fixture.handle(), "caller");
        let id = caller.trace_context().trace_id();
        let made = caller.drive(adapter.call(fixture.handle().clone(), call(Answer::Ok))).await;
        assert!(made.is_ok(), "a call works beside others: {made:?}");
        caller.finish(Outcome::Ok);
        id
    });
    let ids = futures_util::future::join_all(calls).await;
    delivered(&fixture, "calls beside each other end").await;
    for id in ids {
        let trace = fixture.receiver().trace(id).await;
        let span = adapters_span(&trace, "each call is in its caller's trace");
        let parent = Some(trace.span("caller").span_id);
        check(span.parent_span_id == parent, "calls beside each other do not mix", &trace);
    }
}

async fn it_works_without_telemetry(adapter: &impl Outbound) {
    let result = adapter.call(Handle::disabled(), call(Answer::Ok)).await;
    if let Some(headers) = Headers::of(result) {
        assert!(headers.values("traceparent").is_empty(), "without telemetry no trace is made up");
        assert_eq!(headers.values("x-own"), [b"kept"], "without telemetry a call is as it was");
    }

    let sender = remote(2);
    let mut caller = operation_under(&sender, &Handle::disabled(), "caller");
    let result = caller.drive(adapter.call(Handle::disabled(), call(Answer::Ok))).await;
    if let Some(headers) = Headers::of(result) {
        let sent = headers.values("traceparent");
        let others = sender.traceparent().map(|traceparent| traceparent.to_string());
        let expected: Vec<_> =
            others.iter().filter(|_| adapter.is_continued()).map(|s| s.as_bytes()).collect();
        assert_eq!(sent, expected, "without telemetry the trace of others is passed on");
        headers.carry_tracestate(adapter);
    }
}

/// What the peer of a call saw.
#[derive(Debug)]
struct Headers(Vec<(String, Vec<u8>)>);

impl Headers {
    #[track_caller]
    fn of(result: Result<Seen, CallError>) -> Option<Self> {
        result.unwrap_or_else(|error| panic!("the call fails: {}", error.0)).map(Self)
    }

    fn values(&self, name: &str) -> Vec<&[u8]> {
        self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_slice()).collect()
    }

    #[track_caller]
    fn traceparent(&self) -> Traceparent {
        let [traceparent] = self.values("traceparent")[..] else {
            panic!("a call carries exactly one traceparent: {self:?}")
        };
        Traceparent::parse(traceparent).unwrap_or_else(|error| panic!("a call carries a valid one: {error}"))
    }

    #[track_caller]
    fn carry_tracestate(&self, adapter: &impl Outbound) {
        let expected: &[&[u8]] = if adapter.is_continued() { &[TRACESTATE.as_bytes()] } else { &[] };
        assert_eq!(self.values("tracestate"), expected, "the tracestate goes where the trace is continued");
    }
}
