//! The contract of what a call sends along beside its trace: baggage and a correlation id, to whom may
//! have them.

use std::collections::HashMap;

use trilha_core::{
    CarrierKind, Handle, Operation, Outcome, Propagation, Refusal, SpanKind, Trust, trust::Destinations,
};

use super::{
    CORRELATION_ID, FIVE_MEMBERS, Headers, SCOPE, correlation_field, headers, members,
    outbound::{Answer, Outbound, SeenHeaders, call},
    remote,
};
use crate::Fixture;

/// What an operation's sender brought.
type Brought = HashMap<String, String>;

/// What of it only some may have.
const RESERVED: &[&str] = &["baggage", "acme", "paulo", "correlation", CORRELATION_ID];

/// A handle under which these, and nobody else, may have all.
fn handle_to(fixture: &Fixture, destinations: Destinations) -> Handle {
    let propagation = Propagation::default().destinations(destinations);
    Handle::builder(fixture.handle().recorder().clone()).propagation(propagation).build()
}

fn brought(baggage: Option<&str>, correlation_id: Option<&str>) -> Brought {
    let fields = headers(&remote(0x20)).into_iter();
    let mut fields: Brought =
        fields.map(|(name, value)| (name.to_owned(), String::from_utf8_lossy(&value).into_owned())).collect();
    fields.extend(baggage.map(|baggage| ("baggage".to_owned(), baggage.to_owned())));
    fields.extend(correlation_id.map(|id| ("correlation_id".to_owned(), id.to_owned())));
    fields
}

/// Makes a call with headers of the caller's own, under an operation with what its sender brought.
async fn call_under<A: Outbound>(
    adapter: &A,
    handle: &Handle,
    brought: &Brought,
    own: Headers,
) -> Option<SeenHeaders> {
    let caller = Operation::builder(&SCOPE, "caller", SpanKind::Internal).handle(handle.clone());
    let mut caller = caller.extract(brought, Trust::Internal).start();
    let mut call = call(Answer::Ok);
    call.headers.extend(own);
    let result = caller.drive(adapter.call(handle.clone(), call)).await;
    caller.finish(Outcome::Ok);
    let seen = SeenHeaders::of(adapter, result).await?;
    seen.keep_what_is_the_callers();
    Some(seen)
}

pub(super) async fn it_sends_baggage_and_correlation_id_along<A: Outbound>(adapter: &A) {
    let fixture = Fixture::start("caller");
    let first = brought(Some(FIVE_MEMBERS), Some(CORRELATION_ID));
    if A::CARRIER == CarrierKind::Database {
        let handle = handle_to(&fixture, Destinations::all());
        let Some(seen) = call_under(adapter, &handle, &first, Vec::new()).await else { return };
        return seen.lack(RESERVED);
    }
    let Some(seen) = call_under(adapter, fixture.handle(), &first, Vec::new()).await else { return };
    let baggage = seen.one("baggage");
    assert_eq!(members(baggage.as_bytes()), members(FIVE_MEMBERS.as_bytes()), "baggage survives unchanged");
    assert_eq!(seen.one(correlation_field(A::CARRIER)), CORRELATION_ID, "a correlation id is sent along");

    // As the one does that was called.
    let second = brought(Some(baggage), None);
    let Some(seen) = call_under(adapter, fixture.handle(), &second, Vec::new()).await else { return };
    assert_eq!(seen.one("baggage"), baggage, "baggage is the same after two hops, and encoded once");
}

pub(super) async fn it_withholds_them_where_they_may_not_go<A: Outbound>(adapter: &A) {
    if A::CARRIER == CarrierKind::Database {
        return;
    }
    let fixture = Fixture::start("caller");
    let nobody = Destinations::none().topics([""; 0]).unwrap_or_else(|error| panic!("{error}"));
    let handle = handle_to(&fixture, nobody);
    let brought = brought(Some(FIVE_MEMBERS), Some(CORRELATION_ID));
    let copied = vec![("baggage", FIVE_MEMBERS.into())];
    let Some(seen) = call_under(adapter, &handle, &brought, copied).await else { return };
    seen.lack(RESERVED);
    assert_eq!(seen.context().trace_id(), remote(0x20).trace_id(), "all get the trace");
    let withheld = handle.stats().refused(Refusal::WithheldBaggage);
    assert_eq!(withheld, 1, "what is withheld is counted once");
}

pub(super) async fn it_replaces_copied_baggage<A: Outbound>(adapter: &A) {
    if A::CARRIER == CarrierKind::Database {
        return;
    }
    let fixture = Fixture::start("caller");
    let copied = || vec![("baggage", b"tenant=evil,stale=1".to_vec())];
    let some = brought(Some("tenant=acme"), None);
    let Some(seen) = call_under(adapter, fixture.handle(), &some, copied()).await else { return };
    assert_eq!(seen.one("baggage"), "tenant=acme", "copied baggage is replaced");
    let none = brought(None, None);
    let Some(seen) = call_under(adapter, fixture.handle(), &none, copied()).await else { return };
    seen.lack(&["baggage", "evil", "stale"]);
}

pub(super) async fn it_keeps_a_correlation_id_of_the_callers<A: Outbound>(adapter: &A) {
    if A::CARRIER == CarrierKind::Database {
        return;
    }
    let fixture = Fixture::start("caller");
    let field = correlation_field(A::CARRIER);
    let brought = brought(None, Some(CORRELATION_ID));
    let own = vec![(field, b"mine".to_vec())];
    let Some(seen) = call_under(adapter, fixture.handle(), &brought, own).await else { return };
    assert_eq!(seen.one(field), "mine", "a correlation id of the caller's own is kept");
}
