//! `tracestate`: what is passed on, and what discards the list.

use crate::service::{Call, Service};

const TRACEPARENT: &str = "traceparent: 00-c0ffee00c0ffee00c0ffee00c0ffee00-deadbeefdeadbeef-00";

/// The call that follows from a request with these `tracestate` lines; it is always of the same trace.
async fn call(service: &mut Service, lines: &[&str]) -> Call {
    let lines: Vec<_> = [TRACEPARENT].iter().chain(lines).copied().collect();
    let call = service.call(&lines).await;
    assert_eq!(call.traceparent().trace_id, "c0ffee00c0ffee00c0ffee00c0ffee00", "{lines:?}");
    call
}

#[tokio::test]
async fn it_is_passed_on_as_it_came() {
    let mut service = Service::start().await;
    let value: String = (' '..='~').filter(|c| !matches!(c, ',' | '=')).collect();
    let key = "abcdefghijklmnopqrstuvwxyz0123456789_-*/@";
    for list in [
        "vendor=1",
        "vendor=1,other=2",
        "0vendor=1",
        "vendor@=1,a@@b=2,a@b@c=3",
        &format!("{key}={value}"),
        &format!("{}=1", "k".repeat(256)),
        &format!("vendor={}", "v".repeat(256)),
    ] {
        let sent = call(&mut service, &[&format!("tracestate: {list}")]).await;
        assert_eq!(sent.tracestate(), Some(list));
    }
}

#[tokio::test]
async fn the_case_of_its_name_and_white_space_around_members_do_not_matter() {
    let mut service = Service::start().await;
    for line in [
        "TraceState: a=1,b=2",
        "TRACESTATE: a=1,b=2",
        "tracestate:a=1,b=2",
        "tracestate: \t a=1,b=2 \t ",
        "tracestate: a=1 , b=2",
        "tracestate: a=1\t \t,\t \tb=2",
        "tracestate: ,a=1,,b=2,",
    ] {
        assert_eq!(call(&mut service, &[line]).await.tracestate(), Some("a=1,b=2"), "{line:?}");
    }
}

#[tokio::test]
async fn several_join_in_their_order() {
    let mut service = Service::start().await;
    for (lines, joined) in [
        (&["tracestate: z=1,b=2", "Tracestate: y=3", "tracestate: a=4"][..], Some("z=1,b=2,y=3,a=4")),
        (&["tracestate: a=1", "tracestate:"], Some("a=1")),
        (&["tracestate:", "tracestate: a=1"], Some("a=1")),
        (&["tracestate:"], None),
    ] {
        assert_eq!(call(&mut service, lines).await.tracestate(), joined, "{lines:?}");
    }
}

#[tokio::test]
async fn thirty_two_members_pass_and_one_more_discards_all() {
    let mut service = Service::start().await;
    let members: Vec<_> = (1..=33).map(|number| format!("k{number}={number}")).collect();
    let line = |range: std::ops::Range<usize>| format!("tracestate: {}", members[range].join(","));
    let sent = call(&mut service, &[&line(0..16), &line(16..32)]).await;
    assert_eq!(sent.tracestate(), Some(members[..32].join(",").as_str()));
    assert_eq!(call(&mut service, &[&line(0..16), &line(16..33)]).await.tracestate(), None);
}

#[tokio::test]
async fn one_bad_member_discards_all() {
    let mut service = Service::start().await;
    let (long_key, long_value) = (format!("{}=1", "k".repeat(257)), format!("k={}", "v".repeat(257)));
    for bad in [
        "bad",
        "=1",
        "bad=",
        "bad=1=2",
        "Bad=1",
        "ba.d=1",
        "bad =1",
        "@bad=1",
        "_bad=1",
        &long_key,
        &long_value,
    ] {
        for lines in [
            vec![format!("tracestate: ok=1,{bad}")],
            vec![format!("tracestate: {bad}"), "tracestate: ok=1".into()],
        ] {
            let lines: Vec<_> = lines.iter().map(String::as_str).collect();
            assert_eq!(call(&mut service, &lines).await.tracestate(), None, "{lines:?}");
        }
    }
}

#[tokio::test]
async fn a_repeated_key_is_passed_on() {
    let mut service = Service::start().await;
    for (lines, sent) in [
        (&["tracestate: a=1,a=1"][..], "a=1,a=1"),
        (&["tracestate: a=1,a=2"], "a=1,a=2"),
        (&["tracestate: a=1", "tracestate: a=2"], "a=1,a=2"),
    ] {
        assert_eq!(call(&mut service, lines).await.tracestate(), Some(sent), "{lines:?}");
    }
}

#[tokio::test]
async fn without_a_traceparent_or_under_another_name_it_is_not_read() {
    let mut service = Service::start().await;
    assert_eq!(service.call(&["tracestate: a=1"]).await.tracestate(), None);
    for name in ["trace-state", "trace.state"] {
        assert_eq!(call(&mut service, &[&format!("{name}: a=1")]).await.tracestate(), None);
    }
}
