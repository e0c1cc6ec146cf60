//! What crosses to another process: read from the headers of a request, and written to them, in the words of
//! each library.
//!
//! The same headers, beside the same eight others; and the same outcome: a `Context` of which a child span
//! takes its parent and user code the baggage, or headers that name the span. Ours goes through the carrier of
//! the HTTP adapters, the SDK's propagators through opentelemetry-http's, as their users do.

use http::{HeaderMap, HeaderName, HeaderValue};

const TRACEPARENT: (&str, &str) = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
const TRACESTATE: (&str, &str) = ("tracestate", "rojo=00f067aa0ba902b7");
const BAGGAGE: (&str, &str) = (
    "baggage",
    "tenant=acme,consumer_app=mobile-banking,use_case=retention-campaign,purpose=credit-protection,user=J%C3%BCrgen",
);

/// Headers of a request: the usual ones, then these.
fn request(more: &[(&'static str, &'static str)]) -> HeaderMap {
    let usual = [
        ("host", "orders.example"),
        ("user-agent", "trilha-benches"),
        ("accept", "application/json"),
        ("accept-encoding", "gzip, br"),
        ("content-type", "application/json"),
        ("content-length", "42"),
        ("authorization", "Bearer 0123456789abcdef"),
        ("connection", "keep-alive"),
    ];
    let all = usual.iter().chain(more);
    all.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
}

/// The same headers as a request of its own has them: with the room that a map gets while it is filled.
fn copy(headers: &HeaderMap) -> HeaderMap {
    let mut copy = HeaderMap::with_capacity(12);
    copy.extend(headers.iter().map(|(name, value)| (name.clone(), value.clone())));
    copy
}

/// The loops alone.
pub(crate) mod bare {
    use std::hint::black_box;

    use super::{copy, request};

    pub(crate) fn extract() -> impl FnMut() {
        let headers = request(&[]);
        move || {
            black_box(&headers);
        }
    }

    /// Each injection is into a copy of the headers.
    pub(crate) fn inject() -> impl FnMut() {
        let headers = request(&[]);
        move || {
            black_box(copy(&headers));
        }
    }
}

/// Ours.
pub(crate) mod ours {
    use std::{hint::black_box, sync::Arc};

    use http::HeaderMap;
    use opentelemetry::{Context, trace::TraceContextExt};
    use trilha_core::{
        Carrier, CarrierKind, Handle, NoopRecorder, Operation, Outcome, Recipient, Scope, SpanKind, Trust,
        http::{Headers, HeadersMut},
        propagation::BaggageReader,
    };

    use super::{BAGGAGE, TRACEPARENT, TRACESTATE, copy, request};

    const SCOPE: Scope = Scope::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    const RECIPIENT: Recipient<'static> = Recipient::Host("stock.internal");

    pub(crate) fn extract_traceparent() -> impl FnMut() {
        let (handle, headers) = (handle(), request(&[TRACEPARENT]));
        move || {
            let carrier = Headers::new(black_box(&headers), CarrierKind::Http);
            if let Some(trace) = handle.propagation().extract(&carrier, handle.stats()) {
                black_box(Context::map_current(|cx| cx.with_remote_span_context(trace.to_api(true))));
            }
        }
    }

    pub(crate) fn extract_baggage() -> impl FnMut() {
        let headers = request(&[BAGGAGE]);
        move || {
            let carrier = Headers::new(black_box(&headers), CarrierKind::Http);
            let mut reader = BaggageReader::default();
            carrier.for_each("baggage", &mut |header| reader.push(header));
            black_box(Context::map_current(|cx| cx.with_value(reader.finish().baggage)));
        }
    }

    /// The trace alone, as theirs does; and a `tracestate` and a `baggage` that somebody copied would go.
    pub(crate) fn inject_traceparent() -> impl FnMut() {
        let handle = handle();
        let trace = serve(&handle, &request(&[TRACEPARENT])).trace_context();
        let headers = request(&[]);
        move || {
            let mut headers = copy(&headers);
            let mut carrier = HeadersMut::new(&mut headers, CarrierKind::Http);
            handle.propagation().inject(&trace, &mut carrier, handle.stats());
            black_box(headers);
        }
    }

    /// As an adapter does it: all that an operation has to send, baggage and correlation id looked for too.
    pub(crate) fn inject_operation() -> impl FnMut() {
        let operation = serve(&handle(), &request(&[TRACEPARENT]));
        let headers = request(&[]);
        move || {
            let mut headers = copy(&headers);
            operation.inject(&mut HeadersMut::new(&mut headers, CarrierKind::Http), RECIPIENT);
            black_box(headers);
        }
    }

    /// Work inside a request, whose own span is not recorded.
    pub(crate) fn child(to: Handle, has_tracestate: bool) -> impl FnMut() {
        let context = serve(&handle(), &inbound(has_tracestate)).context();
        move || {
            Operation::builder(&SCOPE, "work", SpanKind::Internal)
                .handle(to.clone())
                .parent(black_box(&context))
                .start()
                .finish(Outcome::Ok);
        }
    }

    /// A request that is served and causes another one: the trace is extracted, carried on and injected.
    pub(crate) fn hop(handle: Handle, has_tracestate: bool) -> impl FnMut() {
        let inbound = inbound(has_tracestate);
        let outbound = request(&[]);
        move || {
            let operation = serve(&handle, black_box(&inbound));
            let mut outbound = copy(&outbound);
            operation.inject(&mut HeadersMut::new(&mut outbound, CarrierKind::Http), RECIPIENT);
            operation.finish(Outcome::Ok);
            black_box(outbound);
        }
    }

    fn inbound(has_tracestate: bool) -> HeaderMap {
        if has_tracestate { request(&[TRACEPARENT, TRACESTATE]) } else { request(&[TRACEPARENT]) }
    }

    fn serve(handle: &Handle, headers: &HeaderMap) -> Operation {
        Operation::builder(&SCOPE, "serve", SpanKind::Server)
            .handle(handle.clone())
            .extract(&Headers::new(headers, CarrierKind::Http), Trust::Internal)
            .start()
    }

    fn handle() -> Handle {
        Handle::builder(Arc::new(NoopRecorder)).build()
    }
}

/// opentelemetry_sdk's.
pub(crate) mod theirs {
    use std::hint::black_box;

    use opentelemetry::{Context, propagation::TextMapPropagator};
    use opentelemetry_http::{HeaderExtractor, HeaderInjector};
    use opentelemetry_sdk::propagation::{BaggagePropagator, TraceContextPropagator};

    use super::{BAGGAGE, TRACEPARENT, copy, request};

    pub(crate) fn extract_traceparent() -> impl FnMut() {
        let (propagator, headers) = (TraceContextPropagator::new(), request(&[TRACEPARENT]));
        move || {
            black_box(propagator.extract(&HeaderExtractor(black_box(&headers))));
        }
    }

    pub(crate) fn extract_baggage() -> impl FnMut() {
        let (propagator, headers) = (BaggagePropagator::new(), request(&[BAGGAGE]));
        move || {
            black_box(propagator.extract(&HeaderExtractor(black_box(&headers))));
        }
    }

    pub(crate) fn inject_traceparent() -> impl FnMut() {
        let propagator = TraceContextPropagator::new();
        let context: Context = propagator.extract(&HeaderExtractor(&request(&[TRACEPARENT])));
        let headers = request(&[]);
        move || {
            let mut headers = copy(&headers);
            propagator.inject_context(&context, &mut HeaderInjector(&mut headers));
            black_box(headers);
        }
    }
}
