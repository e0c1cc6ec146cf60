//! Properties of the codecs on input that is made by the grammar, or nearly.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;

use opentelemetry::{SpanId, TraceFlags, TraceId, baggage::Baggage as ApiBaggage};
use proptest::{collection, prelude::*};
use trilha_core::{
    Traceparent, Tracestate,
    propagation::{Baggage, b3, x_trace::XTraceReader},
};

const TOKEN: &str = "[a-zA-Z0-9!#$%&'*+.^_`|~-]{1,12}";

/// Header values of members that are joined by commas, some of them with white space.
fn headers(members: &[String], separators: &[u8]) -> Vec<Vec<u8>> {
    let mut text = String::new();
    for (member, separator) in members.iter().zip(separators.iter().cycle()) {
        let separators = [",", " ,\t", ",,", "\n", "\n , "];
        text += member;
        text += separators[usize::from(*separator) % separators.len()];
    }
    text.split('\n').map(|header| header.as_bytes().to_vec()).collect()
}

fn slices(headers: &[Vec<u8>]) -> impl Iterator<Item = &[u8]> {
    headers.iter().map(Vec::as_slice)
}

proptest! {
    #[test]
    fn ids_are_the_same_after_each_format(trace in 1u128.., span in 1u64.., is_sampled: bool) {
        let flags = TraceFlags::NOT_SAMPLED.with_sampled(is_sampled);
        let ids = Traceparent::new(TraceId::from(trace), SpanId::from(span), flags).unwrap();
        prop_assert_eq!(Traceparent::parse(ids.encode().as_str().as_bytes()), Ok(ids));

        let read = b3::parse(b3::encode(&ids).as_str().as_bytes()).unwrap();
        prop_assert_eq!((read.traceparent, read.sampled), (Some(ids), Some(is_sampled)));

        let mut reader = XTraceReader::default();
        reader.trace_id(ids.encode_trace_id().as_str().as_bytes());
        reader.span_id(ids.encode_parent_id().as_str().as_bytes());
        let read = reader.finish().unwrap().unwrap().traceparent.unwrap();
        prop_assert_eq!((read.trace_id(), read.parent_id()), (ids.trace_id(), ids.parent_id()));
    }

    #[test]
    fn a_valid_tracestate_says_what_was_put_in(
        members in collection::btree_map("[a-z0-9][a-z0-9_*/@-]{0,20}", "[ -+.-<>-~]{0,20}[!-+.-<>-~]", 0..=32),
        separators in collection::vec(any::<u8>(), 1..9),
        max_bytes in 0usize..600,
    ) {
        let texts: Vec<String> = members.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let list = Tracestate::parse(slices(&headers(&texts, &separators))).unwrap();
        prop_assert_eq!(list.as_str(), texts.join(","));
        for (key, value) in &members {
            prop_assert_eq!(list.get(key), Some(value.as_str()));
        }
        prop_assert!(list.bounded(max_bytes).text.len() <= max_bytes);
    }

    #[test]
    fn any_text_is_read_as_it_was_set(
        values in collection::btree_map(TOKEN, any::<String>(), 0..20),
        separators in collection::vec(any::<u8>(), 1..9),
    ) {
        let mut baggage = Baggage::default();
        for (key, value) in &values {
            baggage.set(key, value).unwrap();
        }
        let texts: Vec<String> = baggage.as_str().split(',').map(str::to_owned).collect();
        let read = Baggage::parse(slices(&headers(&texts, &separators)));
        prop_assert_eq!(&read.baggage, &baggage);
        for (key, value) in &values {
            prop_assert_eq!(read.baggage.get(key).unwrap(), value.as_str());
        }
    }

    /// Foreign code puts in values and properties of any kind; then it and we pass them on in turn, and
    /// change some.
    #[test]
    fn over_five_hops_no_key_appears_that_was_not_put_in(
        members in collection::btree_map(TOKEN, (".{0,20}", "[a-c,;=% \t\"\\\\25C]{0,12}"), 0..12),
        changes in collection::vec((any::<prop::sample::Index>(), ".{0,20}"), 5),
        max_bytes in 0usize..2_048,
    ) {
        let mut foreign = ApiBaggage::new();
        for (key, (value, metadata)) in &members {
            foreign.insert_with_metadata(key.clone(), value.clone(), metadata.as_str());
        }
        let mut expected: BTreeMap<String, String> =
            members.into_iter().map(|(key, (value, _))| (key, value)).collect();
        for (at, value) in changes {
            let mut sent = Baggage::from_api(&foreign).baggage;
            if !sent.is_empty() {
                let key = sent.iter().nth(at.index(sent.len())).unwrap().key().to_owned();
                sent.set(&key, &value).unwrap();
                expected.insert(key, value);
            }
            let header = sent.bounded(max_bytes);
            prop_assert!(header.text.len() <= max_bytes);
            let received = Baggage::parse([header.text.as_bytes()]);
            prop_assert_eq!((received.refused, received.is_shortened), (0, false));
            for member in received.baggage.iter() {
                let value = member.value().into_owned();
                prop_assert_eq!(expected.get(member.key()), Some(&value), "{}", member.key());
            }
            foreign = received.baggage.to_api();
        }
    }

    #[test]
    fn what_is_nearly_valid_keeps_the_promises(
        list in "[a-c0,=;% \t\n\"@]{0,80}",
        ids in "([0-1a-bA-F]{16}[\n-]){0,4}[01d\n-]{0,3}",
    ) {
        trilha_fuzz::tracestate::check(list.as_bytes());
        trilha_fuzz::baggage::check(list.as_bytes());
        trilha_fuzz::traceparent::check(ids.as_bytes());
        trilha_fuzz::b3::check(ids.as_bytes());
        trilha_fuzz::x_trace::check(ids.as_bytes());
    }
}
