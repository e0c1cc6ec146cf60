//! What is taken over of work that comes in, by the trust in its sender; and what of it is sent on.

use std::{collections::HashMap, sync::Arc};

use opentelemetry::{Context, KeyValue, baggage::BaggageExt};
use trilha_core::{
    Baggage, BrokenReason, CarrierKind, Handle, Operation, Propagation, Recipient, Refusal, SpanKind, Trust,
    propagation::{Format, Formats},
    recorder::Decision,
    schema::{Exit, Key, Schema, Zone},
};

use crate::support::{SCOPE, TRACE_ID, Watch, handle, handle_with, headers, serve, traceparent};

fn full() -> HashMap<String, String> {
    headers(&[
        ("traceparent", &traceparent()),
        ("tracestate", "ot=th:0;rv:ffffffffffffff,vendor=1"),
        ("baggage", "tenant=acme;source=login,user.region=s%C3%A3o%20paulo"),
        ("correlation_id", "case-4711"),
    ])
}

#[test]
fn one_of_us_is_continued_with_all_it_brought() {
    let (handle, watch) = handle(Zone::Z2);
    let mut served = serve(&handle, &full(), Trust::Internal);
    let started = watch.last();
    let parent = started.parent.unwrap();
    assert_eq!(parent.trace_id().to_string(), TRACE_ID);
    assert_eq!(parent.tracestate().as_str(), "ot=th:0;rv:ffffffffffffff,vendor=1");
    assert_eq!((started.decision, started.links.len()), (Decision::Parent, 0));
    assert_eq!(served.attributes().value(Key::Tenant).as_deref(), Some("acme"));
    assert_eq!(served.attributes().value(Key::CorrelationId).as_deref(), Some("case-4711"));
    let baggage = served.enter(Baggage::current);
    assert_eq!(baggage.get("user.region").as_deref(), Some("são paulo"));
    assert_eq!(handle.stats().refusals().map(|(_, count)| count).sum::<u64>(), 0);
}

#[test]
fn of_a_stranger_an_edge_keeps_a_link_and_nothing_else() {
    let (handle, watch) = handle(Zone::Z1);
    let mut served = serve(&handle, &full(), Trust::Edge);
    let started = watch.last();
    assert_eq!((started.parent, started.decision), (None, Decision::Parent));
    assert_eq!(started.links.first().unwrap().trace_id().to_string(), TRACE_ID);
    assert_ne!(served.trace_context().trace_id().to_string(), TRACE_ID);
    assert_nothing_believed(&handle, &mut served);
}

#[test]
fn of_a_stranger_an_edge_may_keep_the_trace_id() {
    let (handle, watch) = handle(Zone::Z1);
    let mut served = serve(&handle, &full(), Trust::EdgeSameTrace);
    let started = watch.last();
    let parent = started.parent.unwrap();
    assert_eq!(parent.trace_id().to_string(), TRACE_ID);
    assert_eq!((parent.is_sampled(), parent.tracestate().as_str()), (false, ""));
    assert_eq!((started.decision, started.links.len()), (Decision::Chance, 0));
    assert_nothing_believed(&handle, &mut served);
}

fn assert_nothing_believed(handle: &Handle, served: &mut Operation) {
    assert_eq!(served.attributes().value(Key::Tenant), None);
    assert_eq!(served.attributes().value(Key::CorrelationId), None);
    assert!(served.enter(Baggage::current).is_empty());
    let stats = handle.stats();
    assert_eq!(stats.refused(Refusal::UntrustedDecision), 1);
    assert_eq!(stats.refused(Refusal::UntrustedBaggage), 1);
    assert_eq!(stats.refused(Refusal::UntrustedAttribute), 2); // tenant and correlation id
    assert_eq!(stats.broken_propagation(), []);
}

#[test]
fn a_value_against_its_rule_goes_no_further() {
    let (handle, _) = handle(Zone::Z2);
    let carrier = headers(&[
        ("traceparent", &traceparent()),
        ("baggage", "tenant=two%20words,other=1"),
        ("correlation_id", "ana wrote"),
    ]);
    let mut served = serve(&handle, &carrier, Trust::Internal);
    assert_eq!(served.attributes().value(Key::Tenant), None);
    assert_eq!(served.attributes().value(Key::CorrelationId), None);
    assert_eq!(handle.stats().refused(Refusal::Attribute), 2);
    assert_eq!(served.enter(Baggage::current).as_str(), "other=1");
}

#[test]
fn broken_propagation_is_counted_and_marked() {
    for (traceparent, reason) in [(None, BrokenReason::Missing), (Some("00-0-0-01"), BrokenReason::Malformed)]
    {
        let (handle, watch) = handle(Zone::Z2);
        let fields: Vec<_> = traceparent.iter().map(|value| ("traceparent", *value)).collect();
        serve(&handle, &headers(&fields), Trust::Internal);
        let broken = handle.stats().broken_propagation();
        let [broken] = broken.as_slice() else { panic!("{broken:?}") };
        assert_eq!((broken.reason, broken.carrier, broken.count), (reason, CarrierKind::Messaging, 1));
        assert_eq!(broken.peer, "10.0.0.9");
        let events = watch.last().events.lock().unwrap().clone();
        let [event] = events.as_slice() else { panic!("{events:?}") };
        assert!(event.starts_with("trilha.propagation.broken") && event.contains(reason.name()), "{event}");
    }
}

#[test]
fn what_is_expected_to_have_no_trace_is_not_broken() {
    let nothing = headers(&[]);
    let (edge, _) = handle(Zone::Z1);
    serve(&edge, &nothing, Trust::Edge);
    serve(&edge, &nothing, Trust::Internal);
    let (inside, _) = handle(Zone::Z2);
    let probe = Operation::builder(&SCOPE, "served", SpanKind::Server).handle(inside.clone());
    probe.extract(&nothing, Trust::Internal).probe(&|| true).start();
    let nobody_looks = inside.propagation().clone().with(CarrierKind::Messaging, false);
    let deaf = Handle::builder(Arc::new(Watch::default())).propagation(nobody_looks).build();
    serve(&deaf, &nothing, Trust::Internal);
    for handle in [edge, inside, deaf] {
        assert_eq!(handle.stats().broken_propagation(), []);
    }
}

#[test]
fn baggage_goes_to_allowed_recipients_only() {
    let (handle, _) = handle(Zone::Z2);
    let mut served = serve(&handle, &full(), Trust::Internal);
    served.attributes().purpose("fraud-prevention");
    let mut sent = |recipient| {
        served.enter(|| {
            let call = Operation::builder(&SCOPE, "call", SpanKind::Client).start();
            let mut carrier = headers(&[("baggage", "copied=1"), ("kept", "1")]);
            call.inject(&mut carrier, recipient);
            carrier
        })
    };
    let internal = sent(Recipient::Host("payments"));
    assert_eq!(
        internal.get("baggage").map(String::as_str),
        Some("tenant=acme;source=login,user.region=s%C3%A3o%20paulo,purpose=fraud-prevention")
    );
    assert_eq!(internal.get("correlation_id").map(String::as_str), Some("case-4711"));
    for stranger in [Recipient::Host("api.partner.example"), Recipient::Unknown] {
        let sent = sent(stranger);
        assert_eq!((sent.get("baggage"), sent.get("correlation_id")), (None, None));
        assert!(sent.contains_key("traceparent") && sent.contains_key("kept"));
    }
    assert_eq!(handle.stats().refused(Refusal::WithheldBaggage), 2);
}

#[test]
fn baggage_of_the_api_is_sent_and_counts_more() {
    let (handle, _) = handle(Zone::Z2);
    let mut served = serve(&handle, &full(), Trust::Internal);
    let carrier = served.enter(|| {
        let added = [KeyValue::new("user.region", "rio"), KeyValue::new("sale", "100 %")];
        let _attached = Context::current_with_baggage(added).attach();
        let call = Operation::builder(&SCOPE, "call", SpanKind::Client).start();
        let mut carrier = headers(&[]);
        call.inject(&mut carrier, Recipient::Process);
        carrier
    });
    let baggage = Baggage::parse([carrier.get("baggage").unwrap().as_bytes()]).baggage;
    assert_eq!(baggage.get("user.region").as_deref(), Some("rio"));
    assert_eq!(baggage.get("sale").as_deref(), Some("100 %"));
    assert_eq!(baggage.get("tenant").as_deref(), Some("acme"));
}

#[test]
fn baggage_around_does_not_reach_what_comes_in() {
    let (handle, _) = handle(Zone::Z2);
    let mut outer = serve(&handle, &full(), Trust::Internal);
    outer.enter(|| {
        let _attached = Context::current_with_baggage([KeyValue::new("mine", "1")]).attach();
        let mut inner = serve(&handle, &headers(&[("traceparent", &traceparent())]), Trust::Internal);
        assert!(inner.enter(Baggage::current).is_empty());
    });
}

#[test]
fn what_is_sent_is_bounded_and_said_to_be_cut() {
    let (handle, _) = handle(Zone::Z2);
    let members = |count: usize| {
        let members: Vec<_> = (0..count).map(|at| format!("k{at:02}={:045}", 0)).collect();
        members.join(",")
    };
    let carrier =
        headers(&[("traceparent", &traceparent()), ("tracestate", &members(30)), ("baggage", &members(60))]);
    let served = serve(&handle, &carrier, Trust::Internal);
    let mut sent = headers(&[]);
    served.inject(&mut sent, Recipient::Process);
    assert!((1..=512).contains(&sent.get("tracestate").unwrap().len()));
    assert!((1..=2_048).contains(&sent.get("baggage").unwrap().len()));
    assert_eq!(handle.stats().refused(Refusal::ShortenedTracestate), 1);
    assert_eq!(handle.stats().refused(Refusal::ShortenedBaggage), 1);
}

#[test]
fn ours_is_sent_first_where_not_all_fits() {
    let (handle, _) = handle(Zone::Z2);
    let foreign: Vec<_> = (0..60).map(|at| format!("k{at:02}={:0120}", 0)).collect();
    let carrier = headers(&[("traceparent", &traceparent()), ("baggage", &foreign.join(","))]);
    let served = serve(&handle, &carrier, Trust::Internal);
    served.attributes().tenant("acme");
    let mut sent = headers(&[]);
    served.inject(&mut sent, Recipient::Process);
    let baggage = sent.get("baggage").unwrap();
    assert!(baggage.starts_with("tenant=acme,k00=") && baggage.len() <= 2_048, "{baggage}");
}

#[test]
fn a_value_that_does_not_fit_leaves_no_other_one_in_its_place() {
    let (handle, _) = handle(Zone::Z2);
    let carrier = headers(&[
        ("traceparent", &traceparent()),
        ("baggage", &format!("tenant=a,filler={}", "x".repeat(8_192 - 16))),
    ]);
    let served = serve(&handle, &carrier, Trust::Internal);
    assert_eq!(served.attributes().value(Key::Tenant).as_deref(), Some("a"));
    served.attributes().tenant("another-tenant");
    let mut sent = headers(&[]);
    served.inject(&mut sent, Recipient::Process);
    assert_eq!(sent.get("baggage"), None);
    assert!(handle.stats().refused(Refusal::ShortenedBaggage) > 0);
}

#[test]
fn what_may_not_travel_as_baggage_is_not_passed_on() {
    let narrow = Key::Tenant.definition().to_builder().exits([Exit::Span]).build().unwrap();
    let schema = Schema::builtin().with_key(narrow).unwrap();
    let (handle, _) = handle_with(Zone::Z2, |builder| builder.schema(schema));
    let carrier = headers(&[("traceparent", &traceparent()), ("baggage", "tenant=acme,route=%2Forders,a=1")]);
    let mut served = serve(&handle, &carrier, Trust::Internal);
    assert_eq!(served.attributes().value(Key::Tenant), None);
    assert_eq!(served.enter(Baggage::current).as_str(), "a=1");
    assert_eq!(handle.stats().refused(Refusal::Attribute), 2);

    served.attributes().tenant("acme");
    let mut sent = headers(&[]);
    served.enter(|| {
        let _attached = Context::current_with_baggage([KeyValue::new("tenant", "acme")]).attach();
        let call = Operation::builder(&SCOPE, "call", SpanKind::Client).start();
        call.inject(&mut sent, Recipient::Process);
    });
    assert!(!sent.get("baggage").is_some_and(|baggage| baggage.contains("acme")), "{sent:?}");
    assert_eq!(handle.stats().refused(Refusal::Attribute), 3);
}

#[test]
fn what_comes_in_knows_nothing_of_the_work_around() {
    let (handle, _) = handle(Zone::Z2);
    let mut outer = serve(&handle, &full(), Trust::Internal);
    outer.enter(|| {
        let inner = serve(&handle, &headers(&[("traceparent", &traceparent())]), Trust::Edge);
        assert_eq!(inner.attributes().value(Key::Tenant), None);
        assert_eq!(inner.attributes().value(Key::CorrelationId), None);
    });
}

#[test]
fn baggage_is_read_where_no_trace_is() {
    let only = Formats::of(&[Format::Baggage]);
    let propagation = Propagation::default().formats(only, only);
    let (handle, watch) = handle_with(Zone::Z2, |builder| builder.propagation(propagation));
    let served = serve(&handle, &full(), Trust::Internal);
    assert_eq!(watch.last().parent, None);
    assert_eq!(served.attributes().value(Key::Tenant).as_deref(), Some("acme"));
    assert_eq!(handle.stats().broken_propagation(), []);
}

#[test]
fn who_is_told_of_broken_propagation_may_panic() {
    let (handle, _) =
        handle_with(Zone::Z2, |builder| builder.on_broken_propagation(|_, _| panic!("a log that fails")));
    serve(&handle, &headers(&[]), Trust::Internal);
    assert_eq!(handle.stats().broken_propagation().len(), 1);
}
