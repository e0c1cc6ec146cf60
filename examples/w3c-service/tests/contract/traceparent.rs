//! `traceparent`: what goes on, and what starts anew.

use std::collections::HashSet;

use crate::service::Service;

const TRACE_ID: &str = "c0ffee00c0ffee00c0ffee00c0ffee00";
const PARENT_ID: &str = "deadbeefdeadbeef";
const VALID: &str = "00-c0ffee00c0ffee00c0ffee00c0ffee00-deadbeefdeadbeef-01";

const SAMPLED: u8 = 0x01;
const RANDOM: u8 = 0x02;

#[tokio::test]
async fn a_trace_goes_on_with_a_parent_of_our_own() {
    let mut service = Service::start().await;
    let sent = service.call(&[&format!("traceparent: {VALID}")]).await.traceparent();
    assert_eq!(sent.trace_id, TRACE_ID);
    assert_ne!(sent.parent_id, PARENT_ID);
}

#[tokio::test]
async fn without_one_a_random_trace_starts() {
    let mut service = Service::start().await;
    let (one, other) = (service.call(&[]).await.traceparent(), service.call(&[]).await.traceparent());
    assert_ne!(one.trace_id, other.trace_id);
    assert_eq!(one.flags, SAMPLED | RANDOM);
}

#[tokio::test]
async fn each_call_of_a_request_is_a_parent_of_its_own_in_one_trace() {
    let mut service = Service::start().await;
    let valid = format!("traceparent: {VALID}");
    let zero = format!("traceparent: 00-{:032}-{PARENT_ID}-01", 0);
    for lines in [&[valid.as_str()][..], &[&zero], &[]] {
        let sent: Vec<_> = service.calls(lines, 3).await.iter().map(|call| call.traceparent()).collect();
        let trace_ids: HashSet<_> = sent.iter().map(|one| &one.trace_id).collect();
        let parent_ids: HashSet<_> = sent.iter().map(|one| &one.parent_id).collect();
        assert_eq!((trace_ids.len(), parent_ids.len()), (1, 3), "{lines:?}: {sent:?}");
    }
}

#[tokio::test]
async fn its_flags_are_kept_and_unknown_ones_are_not() {
    let mut service = Service::start().await;
    for (flags, kept) in [("00", 0), ("01", SAMPLED), ("02", RANDOM), ("03", SAMPLED | RANDOM), ("fc", 0)] {
        let line = format!("traceparent: 00-{TRACE_ID}-{PARENT_ID}-{flags}");
        let sent = service.call(&[&line]).await.traceparent();
        assert_eq!((sent.trace_id.as_str(), sent.flags), (TRACE_ID, kept), "{flags}");
    }
}

#[tokio::test]
async fn the_case_of_its_name_and_white_space_around_it_do_not_matter() {
    let mut service = Service::start().await;
    for line in [
        format!("Traceparent: {VALID}"),
        format!("TRACEPARENT: {VALID}"),
        format!("tRaCePaReNt: {VALID}"),
        format!("traceparent:{VALID}"),
        format!("traceparent:\t{VALID}"),
        format!("traceparent: {VALID} "),
        format!("traceparent: {VALID}\t"),
        format!("traceparent: \t {VALID} \t "),
    ] {
        assert_eq!(service.call(&[&line]).await.traceparent().trace_id, TRACE_ID, "{line:?}");
    }
}

#[tokio::test]
async fn a_later_version_is_read_as_far_as_ours_goes() {
    let mut service = Service::start().await;
    let later = VALID.replacen("00", "cc", 1);
    for value in [later.clone(), format!("{later}-"), format!("{later}-more-of-it")] {
        let sent = service.call(&[&format!("traceparent: {value}")]).await.traceparent();
        assert_eq!(sent.trace_id, TRACE_ID, "{value}");
    }
}

#[tokio::test]
async fn what_breaks_a_rule_starts_a_new_trace() {
    let mut service = Service::start().await;
    let parts = |version, trace_id, parent_id, flags| format!("{version}-{trace_id}-{parent_id}-{flags}");
    let (long_id, short_id) = (format!("{TRACE_ID}0"), &TRACE_ID[1..]);
    let (long_parent, short_parent) = (format!("{PARENT_ID}0"), &PARENT_ID[1..]);
    for value in [
        "".to_owned(),
        format!("{VALID}."),
        format!("{VALID}-more-of-it"),
        format!("{}.more", VALID.replacen("00", "cc", 1)),
        VALID.replace('-', "_"),
        VALID.to_uppercase(),
        parts("ff", TRACE_ID, PARENT_ID, "01"),
        parts(".0", TRACE_ID, PARENT_ID, "01"),
        parts("0.", TRACE_ID, PARENT_ID, "01"),
        parts("0", TRACE_ID, PARENT_ID, "01"),
        parts("000", TRACE_ID, PARENT_ID, "01"),
        parts("0000", TRACE_ID, PARENT_ID, "01"),
        parts("00", &TRACE_ID.replace('c', "."), PARENT_ID, "01"),
        parts("00", &long_id, PARENT_ID, "01"),
        parts("00", short_id, PARENT_ID, "01"),
        parts("00", TRACE_ID, "0000000000000000", "01"),
        parts("00", TRACE_ID, &PARENT_ID.replace('f', "."), "01"),
        parts("00", TRACE_ID, &long_parent, "01"),
        parts("00", TRACE_ID, short_parent, "01"),
        parts("00", TRACE_ID, PARENT_ID, ".0"),
        parts("00", TRACE_ID, PARENT_ID, "0."),
        parts("00", TRACE_ID, PARENT_ID, "1"),
        parts("00", TRACE_ID, PARENT_ID, "001"),
    ] {
        let sent = service.call(&[&format!("traceparent: {value}"), "tracestate: vendor=1"]).await;
        let trace_id = sent.traceparent().trace_id;
        assert!(trace_id != TRACE_ID && !trace_id.contains(short_id), "{value}: {trace_id}");
        assert_eq!(sent.tracestate(), None, "{value}");
    }
}

#[tokio::test]
async fn of_two_neither_is_believed() {
    let mut service = Service::start().await;
    let other = VALID.replace("c0ffee", "facade");
    for second in [VALID, &other, ""] {
        let lines = [format!("traceparent: {VALID}"), format!("TraceParent: {second}")];
        let sent = service.call(&lines.each_ref().map(String::as_str)).await.traceparent();
        assert!(sent.trace_id != TRACE_ID && !other.contains(&sent.trace_id), "{second:?}: {sent:?}");
    }
}

#[tokio::test]
async fn another_name_is_not_read() {
    let mut service = Service::start().await;
    for name in ["trace-parent", "trace.parent", "traceparent2"] {
        let sent = service.call(&[&format!("{name}: {VALID}")]).await.traceparent();
        assert_ne!(sent.trace_id, TRACE_ID, "{name}");
    }
}
