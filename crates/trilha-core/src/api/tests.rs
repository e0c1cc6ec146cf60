//! What foreign code reads from its headers and writes to them.

use std::{collections::HashMap, sync::Arc};

use opentelemetry::{
    Context, KeyValue,
    baggage::BaggageExt,
    propagation::{Extractor, TextMapPropagator},
    trace::{TraceContextExt, Tracer, TracerProvider},
};
use parking_lot::Mutex;

use super::{ApiPropagator, ApiTracerProvider};
use crate::{
    Baggage, CarrierKind, Handle, HandleBuilder, NoopRecorder, Operation, Propagation, Recorder, Refusal,
    Scope, SpanCounts, SpanKind, TraceContext, Trust,
    operation::Inbound,
    propagation::{Format, Formats},
    recorder::{Decision, PassThrough, Span, SpanRecord, SpanStart},
    schema::Zone,
    trust::Destinations,
};

static SCOPE: Scope = Scope::new("test", "");

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03";

/// Headers of which some stand there twice.
struct Headers<'a>(&'a [(&'a str, &'a str)]);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.get_all(key)?.first().copied()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.iter().map(|(key, _)| *key).collect()
    }

    fn get_all(&self, key: &str) -> Option<Vec<&str>> {
        let values: Vec<_> =
            self.0.iter().filter(|(name, _)| *name == key).map(|(_, value)| *value).collect();
        (!values.is_empty()).then_some(values)
    }
}

fn service() -> HandleBuilder {
    Handle::builder(Arc::new(NoopRecorder))
}

fn propagation() -> Propagation {
    Propagation::default().destinations(Destinations::all())
}

fn propagator() -> ApiPropagator {
    ApiPropagator::new(service().propagation(propagation()).build())
}

fn injected(propagator: &ApiPropagator, context: &Context) -> Vec<(String, String)> {
    let mut headers = HashMap::new();
    propagator.inject_context(context, &mut headers);
    let mut headers: Vec<_> = headers.into_iter().collect();
    headers.sort_unstable();
    headers
}

fn header(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn what_is_read_is_passed_on_also_what_the_api_cannot_hold() {
    let propagator = propagator();
    let headers = Headers(&[
        ("traceparent", PARENT),
        ("tracestate", "foo@@bar=1"),
        ("tracestate", "baz=2"),
        ("baggage", "tenant=acme;p"),
        ("baggage", "sale=100%25"),
    ]);
    let context = propagator.extract_with_context(&Context::new(), &headers);
    let span = context.span().span_context().clone();
    assert!(span.is_remote() && span.is_sampled());
    assert_eq!(context.baggage().get("sale").map(|value| value.as_str()), Some("100%"));
    let expected = [
        header("baggage", "sale=100%25,tenant=acme;p"),
        header("traceparent", PARENT),
        header("tracestate", "foo@@bar=1,baz=2"),
    ];
    assert_eq!(injected(&propagator, &context), expected);
}

#[test]
fn an_operation_continues_what_was_read() {
    let headers = Headers(&[("traceparent", PARENT), ("tracestate", "foo@@bar=1")]);
    let context = propagator().extract_with_context(&Context::new(), &headers);
    let trace =
        Operation::builder(&SCOPE, "work", SpanKind::Internal).parent(&context).start().trace_context();
    assert_eq!(trace.traceparent().map(ToString::to_string).as_deref(), Some(PARENT));
    assert_eq!(trace.tracestate().as_str(), "foo@@bar=1");
}

#[test]
fn a_span_keeps_its_tracestate_in_the_context_of_another_trace() {
    let other = PARENT.replace("0af7", "1af7");
    let served = |traceparent: &str, tracestate: &str| {
        let headers = Headers(&[("traceparent", traceparent), ("tracestate", tracestate)]);
        let context = propagator().extract_with_context(&Context::new(), &headers);
        Operation::builder(&SCOPE, "work", SpanKind::Internal).parent(&context).start().context()
    };
    let (ours, others) = (served(PARENT, "foo@@bar=1"), served(&other, "baz=2"));
    for (span, context) in [(&ours, &others), (&ours, &ours), (&ours, &Context::new())] {
        let inside = Span::of(span).unwrap().in_context(context);
        assert_eq!(TraceContext::of(&inside), TraceContext::of(&ours));
    }
}

#[test]
fn what_is_malformed_is_counted_and_changes_nothing() {
    for headers in
        [Headers(&[("traceparent", "0-1-2-1")]), Headers(&[("traceparent", PARENT), ("traceparent", PARENT)])]
    {
        let handle = service().build();
        let context = ApiPropagator::new(handle.clone()).extract_with_context(&Context::new(), &headers);
        assert!(!context.has_active_span());
        assert_eq!(handle.stats().refused(Refusal::Traceparent), 1);
    }
}

#[test]
fn metadata_never_becomes_a_member() {
    let propagator = propagator();
    let headers = Headers(&[("baggage", "k=v;%2Ctenant=evil")]);
    let context = propagator.extract_with_context(&Context::new(), &headers);
    let again = injected(&propagator, &context);
    assert_eq!(again, [header("baggage", "k=v;%2Ctenant=evil")]);
}

#[test]
fn baggage_that_foreign_code_sets_or_clears_is_what_is_sent() {
    let propagator = propagator();
    let headers = Headers(&[("baggage", "tenant=acme")]);
    let context = propagator.extract_with_context(&Context::new(), &headers);
    let other = context.with_baggage([KeyValue::new("user", "J\u{fc}rgen")]);
    assert_eq!(injected(&propagator, &other), [header("baggage", "user=J%C3%BCrgen")]);
    assert_eq!(injected(&propagator, &context.with_cleared_baggage()), []);
}

#[test]
fn baggage_of_an_operation_goes_along_with_the_apis() {
    let ours = Baggage::parse([b"tenant=acme,sale=1".as_slice()]).baggage;
    let context = Context::new().with_value(ours).with_baggage([KeyValue::new("sale", "2")]);
    assert_eq!(injected(&propagator(), &context), [header("baggage", "sale=2,tenant=acme")]);
}

#[test]
fn baggage_is_withheld_where_not_everybody_may_have_it() {
    let context = Context::new().with_baggage([KeyValue::new("tenant", "acme")]);
    let handle = service().build();
    let propagator = ApiPropagator::new(handle.clone());
    assert_eq!(injected(&propagator, &context), []);
    assert_eq!(handle.stats().refused(Refusal::WithheldBaggage), 1);
}

#[test]
fn an_edge_believes_nobody_and_counts_it() {
    let handle = service().service("gateway", Some(Zone::Z1)).build();
    let headers = Headers(&[("traceparent", PARENT), ("baggage", "tenant=acme")]);
    let context = ApiPropagator::new(handle.clone()).extract_with_context(&Context::new(), &headers);
    assert!(!context.has_active_span() && context.baggage().is_empty());
    for refusal in [Refusal::UntrustedDecision, Refusal::UntrustedBaggage, Refusal::UntrustedAttribute] {
        assert_eq!(handle.stats().refused(refusal), 1, "{}", refusal.name());
    }
}

/// Keeps who decides on its spans.
#[derive(Clone, Debug, Default)]
struct Decisions(Arc<Mutex<Vec<Decision>>>);

impl Recorder for Decisions {
    fn start(&self, start: &SpanStart<'_>) -> Arc<dyn SpanRecord> {
        self.0.lock().push(start.decision);
        Arc::new(PassThrough(TraceContext::of_child(start.parent, |_| true)))
    }

    fn counts(&self) -> SpanCounts {
        SpanCounts::default()
    }
}

#[test]
fn an_edge_that_keeps_the_trace_takes_its_id_and_decides_itself() {
    let decisions = Decisions::default();
    let edge = Handle::builder(Arc::new(decisions.clone())).service("gateway", Some(Zone::Z1));
    let edge = edge.strangers(Trust::EdgeSameTrace).build();
    let headers = Headers(&[("traceparent", PARENT), ("tracestate", "ot=th:0,foo@@bar=1")]);
    let context = ApiPropagator::new(edge.clone()).extract_with_context(&Context::new(), &headers);
    ApiTracerProvider::new(edge.clone()).tracer("library").in_span_with_context(
        "served",
        &context,
        |inside| {
            let trace = TraceContext::of(&inside).unwrap();
            assert_eq!(trace.trace_id(), context.span().span_context().trace_id());
            assert_eq!(trace.tracestate().as_str(), "");
            drop(Operation::builder(&SCOPE, "work", SpanKind::Internal).handle(edge.clone()).start());
        },
    );
    assert_eq!(*decisions.0.lock(), [Decision::Chance, Decision::Parent]);
}

#[test]
fn what_is_read_takes_the_place_of_an_operations_baggage_and_is_known_as_a_copy() {
    let ours = Baggage::parse([b"tenant=acme".as_slice()]).baggage;
    let headers = Headers(&[("traceparent", PARENT), ("baggage", "sale=1")]);
    let context = propagator().extract_with_context(&Context::new().with_value(ours), &headers);
    assert_eq!(Baggage::of(&context).as_str(), "sale=1");
    let copied = TraceContext::of(&context).unwrap();
    let _attached = context.attach();
    assert!(Inbound::holds(&copied));
}

#[test]
fn headers_without_a_trace_are_no_broken_propagation() {
    let handle = service().build();
    ApiPropagator::new(handle.clone()).extract_with_context(&Context::new(), &Headers(&[]));
    assert!(handle.stats().broken_propagation().is_empty());
}

#[test]
fn where_http_is_switched_off_nothing_is_read_or_written() {
    let handle = service().propagation(propagation().with(CarrierKind::Http, false)).build();
    let switched_off = ApiPropagator::new(handle);
    let headers = Headers(&[("traceparent", PARENT), ("baggage", "tenant=acme")]);
    let context = switched_off.extract_with_context(&Context::new(), &headers);
    assert!(!context.has_active_span() && context.baggage().is_empty());
    let context = propagator().extract_with_context(&Context::new(), &headers);
    assert_eq!(injected(&switched_off, &context), []);
}

#[test]
fn the_fields_are_those_that_are_written() {
    assert_eq!(propagator().fields().collect::<Vec<_>>(), ["traceparent", "tracestate", "baggage"]);
    let b3 = Formats::of(&[Format::B3]);
    let handle = service().propagation(propagation().formats(b3, b3)).build();
    assert_eq!(ApiPropagator::new(handle).fields().collect::<Vec<_>>(), ["b3"]);
}

#[test]
fn without_a_trace_nothing_is_written() {
    assert_eq!(injected(&propagator(), &Context::new()), []);
}
