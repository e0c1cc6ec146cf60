//! The contract of what work takes over from its sender: baggage, context attributes, a trace that is
//! missing.

use std::{collections::HashMap, sync::Arc};

use opentelemetry::trace::FutureExt as _;
use parking_lot::Mutex;
use trilha_core::{
    Baggage, BrokenReason, ContextAttributes, Handle, Operation, Outcome, Recipient, Refusal, SpanKind,
    Trust, schema::Key,
};

use super::{
    CORRELATION_ID, FIVE_MEMBERS, Headers, SCOPE,
    arrived::Arrived,
    correlation_field, headers,
    inbound::{Handler, Inbound, deliver},
    members, operation, remote,
};
use crate::Fixture;

/// What a handler found, and what it would send on.
#[derive(Clone, Debug, Default)]
struct Found {
    baggage: Baggage,
    tenant: Option<Arc<str>>,
    sent_on: HashMap<String, String>,
}

/// Brings work with these headers, and waits for its span and for what its handler found.
async fn bring(adapter: &impl Inbound, fixture: &Fixture, headers: Headers) -> (Found, Arrived) {
    let found = Arc::new(Mutex::new(Found::default()));
    let shared = found.clone();
    let handler = Handler::new(move || {
        let child = operation(&Handle::current(), "child");
        let mut sent_on = HashMap::new();
        child.inject(&mut sent_on, Recipient::Process);
        child.finish(Outcome::Ok);
        let tenant = ContextAttributes::current().value(Key::Tenant);
        *shared.lock() = Found { baggage: Baggage::current(), tenant, sent_on };
        async { Ok(()) }
    });
    let arrived = deliver(adapter, fixture, headers, handler).await;
    (found.lock().clone(), arrived)
}

pub(super) async fn it_takes_over_what_its_sender_brought<A: Inbound>(adapter: &A) {
    let fixture = Fixture::start("host");
    let mut headers = headers(&remote(0x10));
    headers.push(("baggage", FIVE_MEMBERS.into()));
    headers.push((correlation_field(A::CARRIER), CORRELATION_ID.into()));
    let (found, arrived) = bring(adapter, &fixture, headers).await;
    let brought = members(FIVE_MEMBERS.as_bytes());
    assert_eq!(members(found.baggage.as_str().as_bytes()), brought, "baggage reaches the handler unchanged");
    assert_eq!(found.tenant.as_deref(), Some("acme"), "baggage that the schema knows is a context attribute");
    let sent_on = found.sent_on.get("baggage").map(String::as_str);
    assert_eq!(sent_on, Some(FIVE_MEMBERS), "baggage is sent on as it came, and encoded once");
    let span = arrived.adapters_span("work with baggage is one span");
    arrived.check(span.str("tenant") == Some("acme"), "a tenant that came in stands on the span");
    let correlation_id = span.str("correlation_id");
    arrived.check(correlation_id == Some(CORRELATION_ID), "a correlation id that came in stands on the span");
    assert_eq!(fixture.handle().stats().broken_propagation(), [], "a trace that is there is not missing");
}

pub(super) async fn it_refuses_a_value_that_breaks_its_rule(adapter: &impl Inbound) {
    let fixture = Fixture::start("host");
    let mut headers = headers(&remote(0x11));
    headers.push(("baggage", b"tenant=two%20words,user.region=br".to_vec()));
    let (found, arrived) = bring(adapter, &fixture, headers).await;
    let span = arrived.adapters_span("work with a bad tenant is one span");
    arrived.check(span.str("tenant").is_none(), "a bad tenant stands on no span");
    assert_eq!(found.tenant, None, "a bad tenant is no context attribute");
    assert_eq!(members(found.baggage.as_str().as_bytes()), members(b"user.region=br"), "the rest is kept");
    let sent_on = found.sent_on.get("baggage").map(String::as_str);
    assert_eq!(sent_on, Some("user.region=br"), "a bad tenant goes no further");
    let refused = fixture.handle().stats().refused(Refusal::Attribute);
    assert_eq!(refused, 1, "a bad tenant is counted once");
}

pub(super) async fn it_tells_when_propagation_is_broken<A: Inbound>(adapter: &A) {
    let malformed = vec![("traceparent", b"garbage".to_vec())];
    for (headers, reason) in [(Vec::new(), BrokenReason::Missing), (malformed, BrokenReason::Malformed)] {
        let fixture = Fixture::start("host");
        let (found, arrived) = bring(adapter, &fixture, headers).await;
        assert!(found.sent_on.contains_key("traceparent"), "work without a trace starts one");
        let broken = fixture.handle().stats().broken_propagation();
        let counted: Vec<_> = broken.iter().map(|it| (it.reason, it.carrier, it.count)).collect();
        assert_eq!(counted, [(reason, A::CARRIER, 1)], "a broken trace is counted once, by its carrier");
        let span = arrived.adapters_span("work without a usable trace is one span");
        let mut events = span.events.iter().filter(|event| event.name == "trilha.propagation.broken");
        let (event, other) = (events.next(), events.next());
        let of_event = |key: &str| event.and_then(|event| event.attributes.str(key));
        arrived.check(event.is_some() && other.is_none(), "a broken trace is marked by one event");
        arrived.check(of_event("reason") == Some(reason.name()), "the event tells the reason");
        arrived.check(of_event("carrier") == Some(A::CARRIER.name()), "the event tells the carrier");
    }
}

pub(super) async fn it_takes_no_baggage_from_around_it(adapter: &impl Inbound) {
    let fixture = Fixture::start("host");
    let came_in = HashMap::from([("baggage".to_owned(), "around=1".to_owned())]);
    let around = Operation::builder(&SCOPE, "around", SpanKind::Internal).extract(&came_in, Trust::Internal);
    let context = around.start().context();
    let (found, _) = bring(adapter, &fixture, headers(&remote(0x12))).with_context(context).await;
    assert!(found.baggage.is_empty(), "work has its own sender's baggage, and none of what goes on around");
    assert_eq!(found.sent_on.get("baggage"), None, "what goes on around is not sent on");
}
