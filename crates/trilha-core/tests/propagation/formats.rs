//! The formats besides Trace Context: what is read of them, and what is written.

use std::collections::HashMap;

use trilha_core::{
    BrokenReason, CarrierKind, Handle, Operation, Propagation, Recipient, Refusal, SpanKind, Trust,
    propagation::{Format, Formats},
    recorder::Decision,
    schema::Zone,
};

use crate::support::{SCOPE, SPAN_ID, TRACE_ID, Watch, handle, handle_with, headers, serve, traceparent};

/// What is sent by a call that is made while `carrier` is served.
fn sent(
    handle: &Handle,
    carrier: &HashMap<String, String>,
    trust: Trust,
    copied: &[(&str, &str)],
) -> HashMap<String, String> {
    let mut served = serve(handle, carrier, trust);
    served.enter(|| {
        let call = Operation::builder(&SCOPE, "call", SpanKind::Client).start();
        let mut sent = headers(copied);
        call.inject(&mut sent, Recipient::Process);
        sent
    })
}

fn writes(formats: &[Format]) -> (Handle, Watch) {
    let formats = Formats::of(formats);
    handle_with(Zone::Z2, |builder| builder.propagation(Propagation::default().formats(formats, formats)))
}

#[test]
fn each_format_is_continued_with_what_it_says_of_the_decision() {
    let b3 = format!("{TRACE_ID}-{SPAN_ID}-1");
    let deferred = format!("{TRACE_ID}-{SPAN_ID}");
    let b3_multi = [("x-b3-traceid", TRACE_ID), ("x-b3-spanid", SPAN_ID), ("x-b3-sampled", "0")];
    let properties = [("trace_id", TRACE_ID), ("span_id", SPAN_ID), ("parent_id", SPAN_ID)];
    for (fields, decision, is_sampled) in [
        (&[("b3", b3.as_str())][..], Decision::Parent, true),
        (&[("b3", deferred.as_str())], Decision::TraceId, false),
        (&b3_multi, Decision::Parent, false),
        (&properties, Decision::TraceId, false),
    ] {
        let (handle, watch) = handle(Zone::Z2);
        serve(&handle, &headers(fields), Trust::Internal);
        let started = watch.last();
        let parent = started.parent.unwrap();
        assert_eq!(
            (parent.trace_id().to_string(), parent.span_id().to_string()),
            (TRACE_ID.into(), SPAN_ID.into())
        );
        assert_eq!((started.decision, parent.is_sampled()), (decision, is_sampled), "{fields:?}");
        assert_eq!(handle.stats().broken_propagation(), []);
    }
}

#[test]
fn the_first_format_that_is_there_counts() {
    let other = "80f198ee56343ba864fe8b2a57d3eff7";
    let (handle, watch) = handle(Zone::Z2);
    let b3 = format!("{other}-{SPAN_ID}-1");
    serve(&handle, &headers(&[("b3", &b3), ("traceparent", &traceparent())]), Trust::Internal);
    assert_eq!(watch.last().parent.unwrap().trace_id().to_string(), TRACE_ID);
    // Malformed is there.
    serve(&handle, &headers(&[("b3", &b3), ("traceparent", "00-1-2-3")]), Trust::Internal);
    assert_eq!(watch.last().parent, None);
    assert_eq!(handle.stats().broken_propagation().first().unwrap().reason, BrokenReason::Malformed);
}

#[test]
fn a_denial_alone_starts_a_trace_that_is_not_kept() {
    let (handle, watch) = handle(Zone::Z2);
    serve(&handle, &headers(&[("b3", "0")]), Trust::Internal);
    let started = watch.last();
    assert_eq!((started.parent, started.decision), (None, Decision::Denied));
    assert_eq!(handle.stats().broken_propagation(), []);

    serve(&handle, &headers(&[("b3", "0")]), Trust::Edge);
    let started = watch.last();
    assert_eq!((started.decision, started.links.len()), (Decision::Parent, 0));
    assert_eq!(handle.stats().refused(Refusal::UntrustedDecision), 1);
}

#[test]
fn names_that_mean_something_else_are_no_trace() {
    let business = [("trace_id", "shipment 17"), ("span_id", "x"), ("parent_id", "order 3")];
    let (handle, _) = handle(Zone::Z2);
    serve(&handle, &headers(&business), Trust::Internal);
    assert_eq!(handle.stats().broken_propagation().first().unwrap().reason, BrokenReason::Missing);
    assert_eq!(handle.stats().refused(Refusal::Traceparent), 0);
    let carrier = headers(&[("traceparent", &traceparent())]);
    let sent = sent(&handle, &carrier, Trust::Internal, &business);
    for (name, value) in business {
        assert_eq!(sent.get(name).map(String::as_str), Some(value));
    }
}

#[test]
fn what_is_asked_for_is_written_and_read_back() {
    let formats = [Format::B3, Format::B3Multi, Format::XTrace];
    for format in formats {
        let (handle, watch) = writes(&[format]);
        let carrier = headers(&[("b3", "1"), ("x-b3-flags", "1")]);
        let sent = sent(&handle, &carrier, Trust::Internal, &[]);
        assert!(!sent.contains_key("traceparent"));
        serve(&handle, &sent, Trust::Internal);
        let parent = watch.last().parent.unwrap();
        let known = match format {
            Format::XTrace => sent.get("span_id"),
            Format::B3Multi => sent.get("x-b3-spanid"),
            _ => sent.get("b3"),
        };
        assert!(known.unwrap().contains(&parent.span_id().to_string()), "{format}");
    }
}

#[test]
fn copies_in_a_format_that_is_only_read_are_removed() {
    let came_in = [("x-b3-traceid", TRACE_ID), ("x-b3-spanid", SPAN_ID), ("x-b3-sampled", "1")];
    let (inside, _) = handle(Zone::Z2);
    let sent_on = sent(&inside, &headers(&came_in), Trust::Internal, &came_in);
    assert!(!sent_on.contains_key("x-b3-traceid") && !sent_on.contains_key("x-b3-spanid"));
    assert!(sent_on.get("traceparent").unwrap().contains(TRACE_ID));

    // A stranger's copy beside a traceparent of its own; and what is the caller's own stays.
    let (edge, _) = handle(Zone::Z1);
    let mut stranger = headers(&came_in);
    stranger.insert("traceparent".into(), traceparent());
    stranger.insert("correlation_id".into(), "case-17".into());
    let mut copied = came_in.to_vec();
    copied.extend([("correlation_id", "case-17"), ("trace_id", "80f198ee56343ba864fe8b2a57d3eff7")]);
    let sent_on = sent(&edge, &stranger, Trust::Edge, &copied);
    let mut left: Vec<_> = sent_on.keys().map(String::as_str).collect();
    left.sort_unstable();
    assert_eq!(left, ["trace_id", "traceparent"]);
    assert!(!sent_on.get("traceparent").unwrap().contains(TRACE_ID));
}

#[test]
fn a_carrier_that_is_switched_off_is_neither_read_nor_written() {
    let off = Propagation::default().with(CarrierKind::Messaging, false);
    let (handle, watch) = handle_with(Zone::Z2, |builder| builder.propagation(off));
    let sent = sent(&handle, &headers(&[("traceparent", &traceparent())]), Trust::Internal, &[]);
    assert!(sent.is_empty());
    assert_eq!(watch.0.lock().unwrap().first().unwrap().parent, None);
}
