//! The contract of a call that goes out: a request, a query, a message that is sent.

use std::future::Future;

use opentelemetry::trace::Status;
use trilha_core::{CarrierKind, Handle, Outcome, TraceContext, Traceparent, Tracestate};

use super::{Headers, arrived::Arrived, drop_when, headers, operation, operation_under, remote, sent_along};
use crate::{Fixture, Span};

/// An adapter for calls that go out, under test.
///
/// All calls go through one and the same client of the host library (its pool, its connection, its
/// producer), as far as it makes calls at all: so that one which is dropped or fails is seen to spoil
/// none that follows.
pub trait Outbound: Sync {
    /// What a call takes its context along in, by which the rules differ:
    ///
    /// - requests: a context among the caller's own headers was copied from what came in, and is replaced;
    /// - messages: there it is the message's own, which stays, and to which the call is linked;
    /// - queries: the caller has no headers, and nobody continues the trace. Those who look at queries
    ///   see the call's own span, without a `tracestate`, and nothing where telemetry is switched off.
    const CARRIER: CarrierKind;

    /// What a call leaves behind by which to learn what its peer got.
    type Returned: Send;

    /// Makes one call with this handle to a real peer, which answers as the call says, and nothing else
    /// after it: that a call's span ends when the call does is part of the contract.
    fn call(
        &self,
        handle: Handle,
        call: Call,
    ) -> impl Future<Output = Result<Self::Returned, CallError>> + Send;

    /// The headers that the peer got. `None` where the carrier has none that can be seen.
    fn seen(&self, returned: Self::Returned) -> impl Future<Output = Seen> + Send;
}

/// A call that the suite wants to be made.
#[derive(Clone, Debug)]
pub struct Call {
    /// Headers that the caller sets. An adapter whose carrier has none ignores them, or sends their
    /// values in another way.
    pub headers: Headers,
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

/// Headers that a peer got; a carrier may have none that can be seen.
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
    Box::pin(it_knows_whose_a_context_is_that_was_there(adapter)).await;
    Box::pin(it_fails_as_the_host_does(adapter)).await;
    Box::pin(it_survives_cancellation(adapter)).await;
    Box::pin(it_does_not_mix_calls(adapter)).await;
    Box::pin(it_works_without_telemetry(adapter)).await;
    Box::pin(sent_along::it_sends_baggage_and_correlation_id_along(adapter)).await;
    Box::pin(sent_along::it_withholds_them_where_they_may_not_go(adapter)).await;
    Box::pin(sent_along::it_replaces_copied_baggage(adapter)).await;
    Box::pin(sent_along::it_keeps_a_correlation_id_of_the_callers(adapter)).await;
}

const OWN: &str = "x-own";

pub(super) fn call(answer: Answer) -> Call {
    Call { headers: vec![(OWN, b"kept".to_vec())], answer }
}

/// Makes a call under an operation, which has a tenant and continues the trace of `sender`, and waits
/// until all of it has arrived.
async fn under_an_operation<A: Outbound>(
    adapter: &A,
    sender: &TraceContext,
    call: Call,
) -> (Result<A::Returned, CallError>, Arrived) {
    let fixture = Fixture::start("caller");
    let mut caller = operation_under(sender, fixture.handle(), "caller");
    caller.attributes().tenant("acme");
    let result = caller.drive(adapter.call(fixture.handle().clone(), call)).await;
    caller.finish(Outcome::Ok);
    (result, Arrived::all_of(&fixture, "a call ends its span").await)
}

async fn it_hangs_on_its_caller(adapter: &impl Outbound) {
    let (result, arrived) = under_an_operation(adapter, &remote(1), call(Answer::Ok)).await;
    assert_eq!(result.err(), None, "a call works");
    let span = arrived.adapters_span("one call is one span");
    let caller = arrived.own_span("caller");
    arrived.check(span.parent_span_id == Some(caller.span_id), "a call hangs on its caller");
    arrived.check(span.str("tenant") == Some("acme"), "a call takes the context attributes along");
    arrived.check(!span.is_failed(), "a call that went well is no error");
    arrived.check(span.start >= caller.start && span.end <= caller.end, "a call ends with its answer");
}

async fn it_injects_itself_and_keeps_the_rest<A: Outbound>(adapter: &A) {
    let sender = remote(2);
    let (result, arrived) = under_an_operation(adapter, &sender, call(Answer::Ok)).await;
    let span = arrived.adapters_span("one call is one span");
    let Some(headers) = SeenHeaders::of(adapter, result).await else { return };
    headers.name(span, if A::CARRIER == CarrierKind::Database { None } else { Some(&sender) });
    headers.keep_what_is_the_callers();
}

async fn it_knows_whose_a_context_is_that_was_there<A: Outbound>(adapter: &A) {
    if A::CARRIER == CarrierKind::Database {
        return;
    }
    let (sender, other) = (remote(3), remote(4));
    let mut call = call(Answer::Ok);
    call.headers.extend(headers(&other));
    let (result, arrived) = under_an_operation(adapter, &sender, call).await;
    let span = arrived.adapters_span("a call with a context in its headers is one span");
    let Some(headers) = SeenHeaders::of(adapter, result).await else { return };
    if A::CARRIER == CarrierKind::Messaging {
        assert_eq!(headers.context(), other, "a message keeps a context of its own");
        let is_linked = span.links.iter().any(|link| link.trace_id == other.trace_id());
        arrived.check(is_linked, "a call is linked to its message's own context");
    } else {
        headers.name(span, Some(&sender));
    }
    headers.keep_what_is_the_callers();
}

async fn it_fails_as_the_host_does(adapter: &impl Outbound) {
    let (result, arrived) = under_an_operation(adapter, &remote(5), call(Answer::Fails)).await;
    let plain = adapter.call(Handle::disabled(), call(Answer::Fails)).await;
    let error = result.err();
    assert_eq!(error, plain.err(), "an error is the host's own, recorded or not");
    let span = arrived.adapters_span("a failed call is one span");
    arrived.check(span.is_failed() && span.str("error.type").is_some(), "a call that failed is an error");
    arrived.check(span.status == Status::error(""), "an error has a type, and no message");
    if let Some(CallError(message)) = error {
        arrived.lacks_text(&message);
    }
}

async fn it_survives_cancellation(adapter: &impl Outbound) {
    let fixture = Fixture::start("caller");
    let handle = fixture.handle().clone();
    let is_open = || fixture.handle().span_counts().open > 0;
    drop_when(adapter.call(handle.clone(), call(Answer::Never)), is_open, "a call starts a span").await;
    let arrived = Arrived::all_of(&fixture, "a call that is dropped ends its span").await;
    let span = arrived.adapters_span("a cancelled call is one span");
    arrived.check(span.str("error.type") == Some("cancelled"), "a dropped call is cancelled");
    let after = adapter.call(handle, call(Answer::Ok)).await;
    assert_eq!(after.err(), None, "a call works after one that was cancelled");
}

async fn it_does_not_mix_calls(adapter: &impl Outbound) {
    let fixture = Fixture::start("caller");
    let calls = (0..4).map(|_| async {
        let mut caller = operation(fixture.handle(), "caller");
        let id = caller.trace_context().trace_id();
        let made = caller.drive(adapter.call(fixture.handle().clone(), call(Answer::Ok))).await;
        caller.finish(Outcome::Ok);
        assert_eq!(made.err(), None, "a call works beside others");
        id
    });
    let ids = futures_util::future::join_all(calls).await;
    let arrived = Arrived::all_of(&fixture, "calls beside each other end").await;
    for id in ids {
        let arrived = arrived.in_trace(id);
        let span = arrived.adapters_span("each call is in its caller's trace");
        let parent = Some(arrived.own_span("caller").span_id);
        arrived.check(span.parent_span_id == parent, "calls beside each other do not mix");
    }
}

async fn it_works_without_telemetry<A: Outbound>(adapter: &A) {
    for sender in [TraceContext::none(), remote(6)] {
        let mut caller = operation_under(&sender, &Handle::disabled(), "caller");
        let result = caller.drive(adapter.call(Handle::disabled(), call(Answer::Ok))).await;
        let Some(headers) = SeenHeaders::of(adapter, result).await else { return };
        let expected = if A::CARRIER == CarrierKind::Database { TraceContext::none() } else { sender };
        assert_eq!(headers.context(), expected, "without telemetry only the trace of others is passed on");
        headers.keep_what_is_the_callers();
    }
}

/// What the peer of a call saw.
#[derive(Debug)]
pub(super) struct SeenHeaders(Vec<(String, Vec<u8>)>);

impl SeenHeaders {
    pub(super) async fn of<A: Outbound>(adapter: &A, result: Result<A::Returned, CallError>) -> Option<Self> {
        let returned = result.unwrap_or_else(|error| panic!("the call fails: {}", error.0));
        adapter.seen(returned).await.map(Self)
    }

    fn values(&self, name: &str) -> Vec<&[u8]> {
        self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_slice()).collect()
    }

    /// The one value of `name`, which is text.
    #[track_caller]
    pub(super) fn one(&self, name: &str) -> &str {
        match self.values(name)[..] {
            [value] => str::from_utf8(value).unwrap_or_else(|error| panic!("{name}: {error}")),
            _ => panic!("a call carries exactly one {name}: {self:?}"),
        }
    }

    /// None of these texts is in any of them.
    #[track_caller]
    pub(super) fn lack(&self, texts: &[&str]) {
        for (name, value) in &self.0 {
            let value = String::from_utf8_lossy(value);
            let is_in = |text: &&&str| name.contains(**text) || value.contains(**text);
            assert_eq!(texts.iter().find(is_in), None, "{name} holds what must not be sent: {value}");
        }
    }

    /// They name this span, and bring along the tracestate of its trace's first sender.
    #[track_caller]
    fn name(&self, span: &Span, sender: Option<&TraceContext>) {
        let context = self.context();
        let (named, own) = ((context.trace_id(), context.span_id()), (span.trace_id, span.span_id));
        assert_eq!(named, own, "a call injects its own span");
        assert!(context.is_sampled(), "a call that is recorded says so");
        let tracestate = sender.map(TraceContext::tracestate).cloned().unwrap_or_default();
        assert_eq!(context.tracestate(), &tracestate, "the tracestate goes where the trace is continued");
    }

    #[track_caller]
    pub(super) fn keep_what_is_the_callers(&self) {
        assert_eq!(self.values(OWN), [b"kept"], "the caller's own headers are kept");
    }

    /// The context that they hold, of which they may hold no more than one.
    #[track_caller]
    pub(super) fn context(&self) -> TraceContext {
        let tracestate = match self.values("tracestate")[..] {
            [] => Tracestate::default(),
            [value] => Tracestate::parse([value]).unwrap_or_else(|error| panic!("{error}: {self:?}")),
            _ => panic!("a call carries at most one tracestate: {self:?}"),
        };
        match self.values("traceparent")[..] {
            [] if tracestate.is_empty() => TraceContext::none(),
            [value] => {
                let traceparent =
                    Traceparent::parse(value).unwrap_or_else(|error| panic!("{error}: {self:?}"));
                TraceContext::new(traceparent, tracestate)
            }
            _ => panic!("a call carries exactly one traceparent: {self:?}"),
        }
    }
}
