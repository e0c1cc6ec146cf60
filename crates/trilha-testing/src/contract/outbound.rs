//! The contract of a call that goes out: a request, a query, a message that is sent.

use std::{future::Future, sync::Arc};

use trilha_core::{Handle, Outcome, Traceparent};

use super::{adapters_span, check, delivered, drop_when, operation};
use crate::{Fixture, Trace};

/// An adapter for calls that go out, under test.
pub trait Outbound: Sync {
    /// Makes one call with this handle to a real peer, which answers as the call says.
    fn call(&self, handle: Handle, call: Call) -> impl Future<Output = Result<Seen, CallError>> + Send;
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
    /// It does not answer.
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
    Box::pin(it_hangs_on_its_caller_and_injects_itself(adapter)).await;
    Box::pin(it_fails_as_the_host_does(adapter)).await;
    Box::pin(it_survives_cancellation(adapter)).await;
    Box::pin(it_does_not_mix_calls(adapter)).await;
    Box::pin(it_works_without_telemetry(adapter)).await;
}

fn call(answer: Answer) -> Call {
    Call { headers: vec![("x-own", "kept")], answer }
}

/// Makes a call under an operation of a tenant, and waits for its trace.
async fn under_an_operation(adapter: &impl Outbound, answer: Answer) -> (Result<Seen, CallError>, Trace) {
    let fixture = Fixture::start("caller");
    let mut caller = operation(fixture.handle(), "caller");
    caller.attributes().tenant("acme");
    let id = caller.trace_context().trace_id();
    let result = caller.drive(adapter.call(fixture.handle().clone(), call(answer))).await;
    caller.finish(Outcome::Ok);
    delivered(&fixture, "a call ends its span").await;
    (result, fixture.receiver().trace(id).await)
}

async fn it_hangs_on_its_caller_and_injects_itself(adapter: &impl Outbound) {
    let (result, trace) = under_an_operation(adapter, Answer::Ok).await;
    let seen = result.unwrap_or_else(|error| panic!("the call fails: {}", error.0));
    let span = adapters_span(&trace, "one call is one span");
    let caller = trace.span("caller");
    check(span.parent_span_id == Some(caller.span_id), "a call hangs on its caller", &trace);
    check(span.str("tenant") == Some("acme"), "a call takes the context attributes along", &trace);
    check(!span.is_failed(), "a call that went well is no error", &trace);
    check(span.start >= caller.start && span.end <= caller.end, "a call ends with its answer", &trace);
    if let Some(headers) = seen {
        let values = |name: &str| -> Vec<&[u8]> {
            headers.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_slice()).collect()
        };
        let [traceparent] = values("traceparent")[..] else {
            panic!("a call carries exactly one traceparent: {headers:?}")
        };
        let sent = Traceparent::parse(traceparent).unwrap_or_else(|error| panic!("{error}"));
        check(sent.parent_id() == span.span_id, "a call injects its own span", &trace);
        check(sent.trace_id() == span.trace_id, "a call injects its own trace", &trace);
        check(sent.is_sampled(), "a call that is recorded says so", &trace);
        assert_eq!(values("x-own"), [b"kept"], "the caller's own headers are kept");
    }
}

async fn it_fails_as_the_host_does(adapter: &impl Outbound) {
    let (result, trace) = under_an_operation(adapter, Answer::Fails).await;
    let plain = adapter.call(Handle::disabled(), call(Answer::Fails)).await;
    assert_eq!(result.is_err(), plain.is_err(), "an error is the host's own");
    let span = adapters_span(&trace, "a failed call is one span");
    check(span.is_failed(), "a call that failed is an error", &trace);
    check(span.str("error.type").is_some(), "an error has a type", &trace);
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
    let fixture = Arc::new(Fixture::start("caller"));
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
    let seen = result.unwrap_or_else(|error| panic!("a call fails without telemetry: {}", error.0));
    let invented = seen.into_iter().flatten().find(|(name, _)| name == "traceparent");
    assert_eq!(invented, None, "without telemetry and a trace nothing is injected");
}
