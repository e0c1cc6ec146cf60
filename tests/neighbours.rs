//! A trace that crosses languages: Python and Node, with OpenTelemetry's own libraries, before and behind a
//! Trilha service. What they are is in `neighbours/`.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::{env, iter, net::SocketAddr, process::Stdio};

use axum::{Router, routing::post};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpListener,
    process::{Child, Command},
};
use trilha::{
    SpanKind,
    opentelemetry::{SpanId, TraceId},
    tower::ServerTraceLayer,
};
use trilha_testing::{Fixture, SpanRef, Trace, server};

#[tokio::test]
async fn a_trace_goes_on_from_python_to_node() {
    // It knows no properties: a value that looks like one stays a value.
    let baggage = json!({ "city": "Ação", "list": "a;b,c=d", "rate": "100%" });
    let Some((trace, answer)) = send_through(PYTHON, NODE, &baggage).await else { return };
    assert_chain(&trace, ["python", "trilha", "node"]);
    assert_eq!(answer["headers"]["tracestate"], json!([TRACESTATE]));
    assert_eq!(answer["headers"]["baggage"], json!(["city=A%C3%A7%C3%A3o,list=a%3Bb%2Cc%3Dd,rate=100%25"]));
    assert_eq!(answer["baggage"], baggage);
}

#[tokio::test]
async fn a_trace_goes_on_from_node_to_python() {
    let baggage = json!({ "city": "São Paulo", "rate": "100%;ttl=60;public" });
    let Some((trace, answer)) = send_through(NODE, PYTHON, &baggage).await else { return };
    assert_chain(&trace, ["node", "trilha", "python"]);
    assert_eq!(answer["headers"]["tracestate"], json!([TRACESTATE]));
    assert_eq!(answer["headers"]["baggage"], json!(["city=S%C3%A3o%20Paulo,rate=100%25;ttl=60;public"]));
    // It takes properties for a part of the value.
    assert_eq!(answer["baggage"], baggage);
}

const TRACE_ID: TraceId = TraceId::from_bytes(*b"neighbours talk.");
const CALLER: SpanId = SpanId::from_bytes(*b"a caller");
const TRACESTATE: &str = "vendor=1,other=2";

/// Python serves and calls, ours too; in Node, the handler has a span as well.
const SPANS: usize = 6;

/// Sends a request through a neighbour, a service of ours and another neighbour. Returns its trace, and what
/// the last one says that it saw.
async fn send_through(first: Language, last: Language, baggage: &Value) -> Option<(Trace, Value)> {
    let (first_interpreter, last_interpreter) = (server(first.variable), server(last.variable));
    let fixture = Fixture::start("trilha");
    let last = last.start(&last_interpreter?, &fixture, None).await;
    let ours = relay(&fixture, last.url.clone()).await;
    let first = first.start(&first_interpreter?, &fixture, Some(&ours)).await;

    let request = reqwest::Client::new().post(&first.url).json(baggage);
    let request = request.header("traceparent", format!("00-{TRACE_ID}-{CALLER}-01"));
    let answer = request.header("tracestate", TRACESTATE).send().await.unwrap().json().await.unwrap();
    let trace = fixture.receiver().trace_under(TRACE_ID, CALLER);
    Some((trace.with(|trace| trace.spans().len() == SPANS).await, answer))
}

/// A service that calls the next one, and answers what that does.
async fn relay(fixture: &Fixture, next: String) -> String {
    let client = trilha::reqwest::Client::default().handle(fixture.handle().clone());
    let call = async move || client.post(&next).json(&json!({})).send().await.unwrap().text().await.unwrap();
    let layer = ServerTraceLayer::new().handle(fixture.handle().clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, Router::new().route("/hop", post(call)).layer(layer)).await });
    format!("http://{address}/hop")
}

/// Each serves what the one before it asked for, and all keep the tracestate.
#[track_caller]
fn assert_chain(trace: &Trace, services: [&str; 3]) {
    trace.has_services(services);
    let only = |service: &str, kind: SpanKind| -> SpanRef<'_> {
        let mut found = trace.spans().iter().filter(|span| span.service() == service && span.kind == kind);
        let span = found.next().unwrap_or_else(|| panic!("no {kind:?} of {service}\n{}", trace.tree()));
        trace.span_by_id(span.span_id).unwrap()
    };
    only(services[0], SpanKind::Server).has_parent_id(CALLER);
    for [before, after] in [[services[0], services[1]], [services[1], services[2]]] {
        let (served, call) = (only(before, SpanKind::Server), only(before, SpanKind::Client));
        let mut above = iter::successors(call.parent(), |span| span.parent());
        assert!(above.any(|span| span.span_id == served.span_id), "{}", trace.tree());
        only(after, SpanKind::Server).is_child_of_span(&call);
    }
    for span in trace.spans() {
        assert_eq!(span.trace_state, TRACESTATE, "{} of {}", span.name, span.service());
    }
}

/// What a neighbour is written in.
#[derive(Clone, Copy)]
struct Language {
    name: &'static str,
    /// Names an interpreter that finds the packages of the program.
    variable: &'static str,
    program: &'static str,
}

const PYTHON: Language = Language {
    name: "python",
    variable: "TRILHA_TEST_PYTHON",
    program: concat!(env!("CARGO_MANIFEST_DIR"), "/neighbours/python/main.py"),
};
const NODE: Language = Language {
    name: "node",
    variable: "TRILHA_TEST_NODE",
    program: concat!(env!("CARGO_MANIFEST_DIR"), "/neighbours/node/main.js"),
};

/// A service by others. Dropped, it is killed.
struct Neighbour {
    _process: Child,
    url: String,
}

impl Language {
    async fn start(self, interpreter: &str, fixture: &Fixture, next: Option<&str>) -> Neighbour {
        let mut command = Command::new(interpreter);
        for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("OTEL_")) {
            command.env_remove(name);
        }
        command
            .arg(self.program)
            .args(next)
            .env("OTEL_SERVICE_NAME", self.name)
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", fixture.receiver().http_endpoint())
            .env("OTEL_BSP_SCHEDULE_DELAY", "10") // ms
            .stdin(Stdio::piped()) // it ends with it, if the test is killed
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut process = command.spawn().unwrap_or_else(|error| panic!("{interpreter}: {error}"));
        let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
        let url = output.next_line().await.unwrap().unwrap_or_else(|| panic!("{} does not start", self.name));
        Neighbour { _process: process, url }
    }
}
