//! The stacks do the same work: what is compared is how, not what.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::process::Command;

use trilha_testing::{Receiver, Span, Trace};

const ATTRIBUTES: [&str; 6] = ["order.id", "product", "currency", "quantity", "price", "is_gift"];

/// What a stack sends in one burst.
fn traces_of(stack: &str, sampler: &str) -> Vec<Trace> {
    let receiver = Receiver::start();
    let run = Command::new(env!("CARGO_BIN_EXE_trilha-benches"))
        .args(["run", stack, "1"])
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.http_endpoint())
        .env("OTEL_METRICS_EXPORTER", "none")
        .env("OTEL_TRACES_SAMPLER", sampler)
        .output()
        .unwrap();
    assert!(run.status.success(), "{stack}: {}", String::from_utf8_lossy(&run.stderr));
    receiver.traces()
}

fn has_attributes_and_event(span: &Span, event: &str) {
    for key in ATTRIBUTES {
        assert!(span.attribute(key).is_some(), "{} has no {key}", span.name);
    }
    assert_eq!(span.events.len(), 1);
    assert!(span.event(event).is_some());
}

fn sends_orders(stack: &str) {
    let traces = traces_of(stack, "always_on");
    assert_eq!(traces.len(), 46, "{stack}");
    for trace in &traces {
        trace.has_spans(11);
        has_attributes_and_event(&trace.root(), "accepted");
        assert_eq!(trace.spans_named("line").len(), 10);
        for line in trace.spans_named("line") {
            has_attributes_and_event(&line.is_child_of("order"), "reserved");
        }
    }
}

fn sends_requests(stack: &str) {
    let traces = traces_of(stack, "always_on");
    assert_eq!(traces.len(), 512, "{stack}");
    for trace in &traces {
        let span = trace.has_spans(1).span("GET /orders/{id}");
        // The caller's ids are one number in both widths.
        let parent = span.parent_span_id.unwrap().to_string();
        assert_eq!(trace.trace_id().to_string(), format!("{parent:0>32}"));
        assert_eq!(span.str("http.route"), Some("/orders/{id}"));
        assert_eq!(span.str("http.request.method"), Some("GET"));
        assert_eq!(span.str("url.path"), Some("/orders/42"));
        assert!(span.attribute("http.response.status_code").is_some(), "{stack}: {span:?}");
    }
}

#[test]
fn an_order_is_the_same_trace_in_every_stack() {
    let stacks = [
        "spans",
        "two_threads",
        "operations",
        "tracing-opentelemetry",
        "tracing-opentelemetry.two_threads",
        "fastrace",
    ];
    stacks.into_iter().for_each(sends_orders);
}

#[test]
fn a_request_is_the_same_span_in_every_stack() {
    for stack in ["requests", "axum-tracing-opentelemetry", "fastrace-axum"] {
        sends_requests(stack);
    }
}

#[test]
fn what_is_sampled_out_is_not_sent() {
    let stacks = [
        "spans",
        "children",
        "operations",
        "tracing-opentelemetry",
        "requests",
        "axum-tracing-opentelemetry",
    ];
    for stack in stacks {
        assert_eq!(traces_of(stack, "always_off").len(), 0, "{stack}");
    }
}

#[test]
fn silent_operations_are_the_same_spans_without_what_they_say() {
    for trace in traces_of("operations.silent", "always_on") {
        let root = trace.has_spans(11).root();
        assert_eq!((root.attributes.len(), root.events.len()), (0, 0));
        assert_eq!(trace.spans_named("line").len(), 10);
    }
}
