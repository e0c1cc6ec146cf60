//! `trilha context` as a process: what it says of headers, and its status.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "helpers of tests")]

use std::{
    io::Write,
    process::{Command, Stdio},
};

const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[test]
fn a_traceparent_is_told_field_by_field_with_what_services_do() {
    let (status, text) = context(&[&format!("traceparent: {TRACEPARENT}")]);
    assert_eq!(
        text,
        "\
traceparent
  version    00
  trace id   0af7651916cd43dd8448eb211c80319c
  parent id  b7ad6b7169203331
  flags      01: sampled, the trace id is not said to be random

An internal service
  continues  trace 0af7651916cd43dd8448eb211c80319c, span b7ad6b7169203331
  its spans  kept, as the sender's

A service at the edge, for a stranger
  starts     a new trace, linked to trace 0af7651916cd43dd8448eb211c80319c, span b7ad6b7169203331
  its spans  as the service's own sampler decides
  refuses    untrusted_decision (1)

"
    );
    assert_eq!(status, 0);
}

#[test]
fn a_wrong_value_is_marked_where_it_is_wrong() {
    let (status, text) = context(&[&TRACEPARENT.replace("0af", "0AF")]);
    let expected = "\
traceparent (by its form)
  REFUSED: the trace id is not 32 lower-case hexadecimal digits, or is zero
    00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
        ^ at character 5
";
    assert!(text.starts_with(expected), "{text}");
    assert!(text.contains("broken propagation: the trace is malformed"), "{text}");
    assert_eq!(status, 1);
}

#[test]
fn baggage_is_decoded_and_held_against_the_schema() {
    let (status, text) = context(&["baggage: tenant=acme, user=J%C3%BCrgen;p=1"]);
    assert!(text.contains("  tenant  acme, a key of the schema\n"), "{text}");
    assert!(text.contains("  user    Jürgen\n          with the properties p=1\n"), "{text}");
    assert!(text.contains("sets       tenant = acme\n"), "{text}");
    assert_eq!(status, 0);

    let (status, text) = context(&["baggage: a=1, tenant=a%20b"]);
    assert!(text.contains("the schema's rule: tenant holds white space"), "{text}");
    assert!(text.contains("\n         ^^^^^^^^^^^^ at character 6\n"), "{text}");
    assert!(!text.contains("sets "), "{text}");
    assert_eq!(status, 1);
}

#[test]
fn what_the_guard_keeps_back_is_not_passed_on() {
    let (status, text) = context(&[TRACEPARENT, "baggage: a=ana@example.com,b=1"]);
    let internal = text.split("\n\n").find(|part| part.starts_with("An internal service")).unwrap();
    assert!(internal.contains("passes on  baggage b=1, to allowed destinations\n"), "{text}");
    assert!(internal.contains("withholds  baggage a: an e-mail address"), "{text}");
    assert_eq!(status, 0);
}

#[test]
fn a_tenant_that_is_replaced_or_does_not_travel_breaks_no_rule() {
    for valid in ["baggage: tenant=a%20b,tenant=acme", "baggage: route=/orders?id=1"] {
        assert_eq!(context(&[valid]).0, 0, "{valid}");
    }
}

#[test]
fn sampling_is_told_as_a_probability() {
    let (status, text) = context(&[TRACEPARENT, "ot=th:e666,rojo=1"]);
    assert!(text.contains("th: 10 % of all traces are kept, each one stands for 10\n"), "{text}");
    assert!(text.contains("passes on  tracestate ot=th:e666,rojo=1\n"), "{text}");
    assert_eq!(status, 0);
}

#[test]
fn other_formats_are_told_and_the_first_one_counts() {
    let (trace, span) = ("80f198ee56343ba864fe8b2a57d3eff7", "e457b5a2e4d86bd1");
    let (status, text) = context(&[&format!("{trace}-{span}-d")]);
    assert!(text.starts_with(&format!("b3 (by its form)\n  trace id  {trace}\n")), "{text}");
    assert!(text.contains("  its spans  kept, as the sender's\n"), "{text}");
    assert_eq!(status, 0);

    let ids = [format!("X-Trace-ID: {}", trace.to_uppercase()), format!("x-span-id: {span}")];
    let (status, text) = context(&[&ids[0], &ids[1]]);
    assert!(text.starts_with(&format!("x-trace-id\n  trace id  {trace}\n")), "{text}");
    assert!(text.contains("  its spans  as the service's own sampler decides\n"), "{text}");
    assert_eq!(status, 0);

    let (status, text) = context(&[TRACEPARENT, &ids[0], &ids[1], &format!("x-b3-traceid: {trace}")]);
    assert!(text.contains("  not read  traceparent goes before it\n"), "{text}");
    assert!(text.contains("  REFUSED: the span id is missing"), "{text}");
    assert_eq!(status, 1);
}

#[test]
fn headers_count_together() {
    let traceparent = &format!("traceparent: {TRACEPARENT}");
    let (status, text) = context(&[traceparent, traceparent, "tracestate: a=1"]);
    assert!(text.contains("there is more than one traceparent header\n"), "{text}");
    assert!(text.contains("it counts only beside one valid traceparent\n"), "{text}");
    assert!(text.contains("An internal service\n  starts     a new trace\n"), "{text}");
    assert_eq!(status, 1);

    let members: Vec<_> = (1..=31).map(|number| format!("k{number}=1")).collect();
    let first = format!("tracestate: {}", members.join(","));
    let (status, text) = context(&[traceparent, &first, "tracestate: b=2,a=3"]);
    assert!(text.contains("    b=2,a=3\n        ^^^ at character 5\n"), "{text}");
    assert_eq!(status, 1);
}

#[test]
fn what_curl_prints_is_read_and_other_lines_are_passed_over() {
    let lines = format!(
        "* Connected\n> GET / HTTP/1.1\r\n> Traceparent: {TRACEPARENT}\r\n> x-request-id: 7\r\n< server: x\r\n"
    );
    let (status, text) = context_of(&["-"], lines.as_bytes());
    assert!(text.starts_with("traceparent\n") && text.contains("sets       correlation_id = 7\n"), "{text}");
    assert_eq!(status, 0);
    assert_eq!(context_of(&["-"], b"host: example\n").0, 2);
}

#[test]
fn an_answer_names_its_trace_where_the_request_did_not() {
    let timing = format!("cache;dur=1, traceparent;desc=\"{TRACEPARENT}\"");
    let answer = format!("> host: x\r\n< server-timing: db;dur=5\r\n< Server-Timing: {timing}\r\n");
    let (status, text) = context_of(&["-"], answer.as_bytes());
    assert_eq!((status, text), context(&[&format!("traceparent: {TRACEPARENT}")]));
    assert!(context(&[&timing]).1.starts_with("traceparent (by its form)\n  version    00\n"));

    let both = format!("> traceparent: {}\r\n{answer}", TRACEPARENT.replace("-b7", "-c8"));
    let (status, text) = context_of(&["-"], both.as_bytes());
    assert!(text.contains("continues  trace 0af7651916cd43dd8448eb211c80319c, span c8ad6b"), "{text}");
    assert_eq!(status, 0);
}

#[test]
fn nothing_in_the_input_steers_the_terminal() {
    let hostile = "\u{1b}]0;x\u{7}\u{9b}2J\r\u{202e}";
    for header in ["traceparent", "tracestate", "baggage", "x-request-id"] {
        let (status, text) = context(&[&format!("{header}: a{hostile}=%1B[2J{hostile}")]);
        assert_eq!(status, 1, "{header}");
        assert!(!text.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'), "{text:?}");
    }
    let (_, text) = context(&["baggage: a=%1B%5B2J"]);
    assert!(text.contains("a  \\u{1b}[2J\n"), "{text}");
    let unknown = trilha(&[hostile]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(2));
    assert!(!String::from_utf8(unknown.stderr).unwrap().contains('\u{1b}'));
}

#[test]
fn what_is_no_header_of_a_trace_is_told_by_status_2() {
    for wrong in [&["hello"][..], &["host: example"], &[]] {
        assert_eq!(trilha(wrong).output().unwrap().status.code(), Some(2), "{wrong:?}");
    }
}

fn context(arguments: &[&str]) -> (i32, String) {
    context_of(arguments, b"")
}

/// The status, and what is printed.
fn context_of(arguments: &[&str], stdin: &[u8]) -> (i32, String) {
    let mut child = trilha(arguments).spawn().unwrap();
    child.stdin.take().unwrap().write_all(stdin).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

fn trilha(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trilha"));
    command.arg("context").args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}
