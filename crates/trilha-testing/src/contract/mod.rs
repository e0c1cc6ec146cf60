//! What every adapter promises, as a suite that each of them runs against its real host.
//!
//! An adapter for calls that go out implements [`Outbound`] and runs [`outbound`]; one for work that
//! comes in implements [`Inbound`] and runs [`inbound`]. What only one library has (routes, statement
//! caches, batches) is tested where it is.
//!
//! `trilha-batch` is neither: nothing comes in or goes out when a run or a partition starts, and its
//! jobs in other processes are read and written by the core's own carrier.

mod arrived;
mod inbound;
mod outbound;
mod sent_along;
mod taken_over;

use std::{future::Future, time::Duration};

use futures_util::future::{Either, select};
use opentelemetry::{SpanId, TraceFlags, TraceId};
use tokio::time::{Instant, sleep};
use trilha_core::{
    Baggage, CarrierKind, Handle, Operation, Scope, SpanKind, TraceContext, Traceparent, Tracestate,
};

pub use self::{
    inbound::{Handler, HandlerError, Inbound, inbound},
    outbound::{Answer, Call, CallError, Outbound, Seen, outbound},
};
use crate::DEFAULT_DEADLINE;

static SCOPE: Scope = Scope::new("contract", "");

/// What a context of the test's brings along beside its ids.
const TRACESTATE: &str = "vendor=1";

/// Something that must reach no span: it stands in errors and panics only.
const CANARY: &str = "ana@example.com";

/// Baggage as a sender may write it: with properties, and with all that must be encoded.
const FIVE_MEMBERS: &str = "tenant=acme;source=login,user.region=s%C3%A3o%20paulo,rate=100%25,list=a%2Cb%3Bc%3Dd,flag=;kept;as=it-is";

/// A correlation id that a sender brought.
const CORRELATION_ID: &str = "case-4711";

/// Headers of a call or of work, as somebody made them who knows nothing of the adapter.
pub type Headers = Vec<(&'static str, Vec<u8>)>;

/// An operation of the test's own, around or inside the adapter's.
fn operation(handle: &Handle, name: &str) -> Operation {
    Operation::builder(&SCOPE, name, SpanKind::Internal).handle(handle.clone()).start()
}

/// An operation of the test's own that continues a trace of somebody else.
fn operation_under(remote: &TraceContext, handle: &Handle, name: &str) -> Operation {
    let builder = Operation::builder(&SCOPE, name, SpanKind::Internal).handle(handle.clone());
    builder.remote_parent(Some(remote.clone())).start()
}

/// The context of a sender that nobody here knows, in this trace.
fn remote(trace_id: u128) -> TraceContext {
    let (trace_id, parent) = (TraceId::from(trace_id), SpanId::from(0xb7ad_6b71_6920_3331));
    let traceparent = Traceparent::new(trace_id, parent, TraceFlags::SAMPLED);
    let tracestate = Tracestate::parse([TRACESTATE.as_bytes()]);
    match (traceparent, tracestate) {
        (Some(traceparent), Ok(tracestate)) => TraceContext::new(traceparent, tracestate),
        invalid => panic!("the suite's own context is invalid: {invalid:?}"),
    }
}

/// Polls `future` until `is_reached`, then drops it.
async fn drop_when(future: impl Future, is_reached: impl Fn() -> bool, claim: &str) {
    let reached = async {
        let deadline = Instant::now() + DEFAULT_DEADLINE;
        while !is_reached() {
            assert!(Instant::now() < deadline, "{claim}: it was never reached");
            sleep(Duration::from_millis(1)).await;
        }
    };
    let (future, reached) = (Box::pin(future), Box::pin(reached));
    if let Either::Left(_) = select(future, reached).await {
        panic!("{claim}: it ended by itself");
    }
}

/// The headers that hold this context.
fn headers(context: &TraceContext) -> Headers {
    let traceparent = context.traceparent().map(Traceparent::to_string);
    let tracestate = Some(context.tracestate().as_str().to_owned()).filter(|text| !text.is_empty());
    let headers = [("traceparent", traceparent), ("tracestate", tracestate)];
    headers.into_iter().filter_map(|(name, value)| Some((name, value?.into_bytes()))).collect()
}

/// The field in which such a carrier holds a correlation id.
fn correlation_field(carrier: CarrierKind) -> &'static str {
    match carrier {
        CarrierKind::Http | CarrierKind::Grpc => "x-correlation-id",
        _ => "correlation_id",
    }
}

/// The members of a `baggage` header: key, value, properties.
fn members(header: &[u8]) -> Vec<(String, String, String)> {
    let baggage = Baggage::parse([header]).baggage;
    let members = baggage
        .iter()
        .map(|member| (member.key().to_owned(), member.value().into_owned(), member.properties().to_owned()));
    members.collect()
}
