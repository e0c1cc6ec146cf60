//! A request: its span, its headers, its outcome.

use std::{
    future::ready,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    http::{HeaderMap, StatusCode},
    response::Redirect,
    routing::{any, get},
};
use opentelemetry::{Context, context::FutureExt, trace::SpanKind};
use reqwest::Method;
use tokio::sync::mpsc;
use trilha_core::{CarrierKind, Handle, Outcome, Propagation, Traceparent};

use crate::support::{Caller, answer, listen, request, serve};

/// Answers with the headers that it got.
async fn echo(headers: HeaderMap) -> String {
    let text = |name| {
        let values: Vec<_> = headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect();
        values.join(" and ")
    };
    format!("{}|{}", text("traceparent"), text("tracestate"))
}

#[tokio::test]
async fn a_request_is_a_client_span_below_the_current_operation() {
    let caller = Caller::new();
    let url = serve(Router::new().route("/orders/{id}", get(echo))).await;
    let port = url.rsplit_once(':').unwrap().1.parse::<i64>().unwrap();
    let send = async {
        let request = caller.client.get(format!("{url}/orders/7?x=1")).template("/orders/{id}");
        request.send().await.unwrap().text().await.unwrap()
    };
    let (echoed, trace) = caller.trace_of(send).await;
    let span = request(&trace)
        .is_child_of("caller")
        .has_kind(SpanKind::Client)
        .has_scope("trilha-reqwest")
        .has("http.request.method", "GET")
        .has("url.full", format!("{url}/orders/7?x=1").as_str())
        .has("url.template", "/orders/{id}")
        .has("server.address", "127.0.0.1")
        .has("server.port", port)
        .has("http.response.status_code", 200)
        .has("network.protocol.version", "1.1")
        .lacks("http.request.method_original")
        .is_ok();
    assert_eq!(span.name, "GET /orders/{id}");
    let injected: Traceparent = echoed.split_once('|').unwrap().0.parse().unwrap();
    assert_eq!(injected.trace_id(), trace.trace_id());
    assert_eq!(injected.parent_id(), span.span_id);
}

#[tokio::test]
async fn without_a_template_the_method_is_the_name() {
    let caller = Caller::new();
    let url = serve(Router::new().route("/orders/{id}", any(|| async {}))).await;
    for (method, name, recorded) in [("POST", "POST", "POST"), ("get", "HTTP", "_OTHER")] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let sending = caller.client.request(method, format!("{url}/orders/7")).send();
        let (response, trace) = caller.trace_of(sending).await;
        response.unwrap();
        let span = request(&trace).has("http.request.method", recorded);
        assert_eq!(span.name, name);
        match recorded {
            "_OTHER" => span.has("http.request.method_original", "get"),
            _ => span.lacks("http.request.method_original"),
        };
    }
}

#[tokio::test]
async fn headers_that_were_copied_from_an_inbound_request_are_replaced() {
    let caller = Caller::new();
    let url = serve(Router::new().route("/", get(echo))).await;
    let mut inbound = HeaderMap::new();
    for id in ["1", "2"] {
        let other = format!("00-{id:0>32}-{id:0>16}-01");
        inbound.append("traceparent", other.parse().unwrap());
        inbound.append("tracestate", format!("other={id}").parse().unwrap());
    }
    inbound.insert("x-tenant", "acme".parse().unwrap());
    let send = async { caller.client.get(&url).headers(inbound).send().await?.text().await };
    let (echoed, trace) = caller.trace_of(send).await;
    let (traceparent, tracestate) = echoed.as_deref().unwrap().split_once('|').unwrap();
    let injected: Traceparent = traceparent.parse().unwrap();
    assert_eq!(injected.parent_id(), request(&trace).span_id);
    assert_eq!(tracestate, "");
}

#[tokio::test]
async fn a_request_belongs_to_the_trace_that_polls_it() {
    let caller = Caller::new();
    let url = serve(Router::new().route("/", get(|| async {}))).await;
    let mut other = caller.operation();
    let made_elsewhere = other.enter(|| caller.client.get(&url).send());
    other.finish(Outcome::Ok);
    let (response, trace) = caller.trace_of(made_elsewhere).await;
    response.unwrap();
    request(&trace).is_child_of("caller").is_ok();
}

#[tokio::test]
async fn a_request_in_a_task_of_its_own_belongs_to_the_trace_that_made_it() {
    let caller = Caller::new();
    let url = serve(Router::new().route("/", get(|| async {}))).await;
    let spawn = async { tokio::spawn(caller.client.get(&url).send()).await.unwrap() };
    let (response, trace) = caller.trace_of(spawn).await;
    response.unwrap();
    request(&trace).is_child_of("caller").is_ok();

    let built = caller.client.get(&url).build().unwrap();
    let spawn = async { tokio::spawn(caller.client.execute(built)).await.unwrap() };
    let (response, trace) = caller.trace_of(spawn).await;
    response.unwrap();
    request(&trace).is_child_of("caller").is_ok();
}

#[tokio::test]
async fn a_status_from_400_on_is_an_error_of_that_name() {
    let caller = Caller::new();
    let router = Router::new().route("/{status}", get(status));
    async fn status(axum::extract::Path(status): axum::extract::Path<u16>) -> (StatusCode, &'static str) {
        (StatusCode::from_u16(status).unwrap(), "a body")
    }
    let url = serve(router).await;
    for (status, error_type) in [(304, None), (404, Some("404")), (500, Some("500")), (599, Some("599"))] {
        let send = async {
            let response = caller.client.get(format!("{url}/{status}")).send().await.unwrap();
            response.error_for_status().map(|response| response.status().as_u16())
        };
        let (result, trace) = caller.trace_of(send).await;
        let span = request(&trace).has("http.response.status_code", i64::from(status));
        match error_type {
            Some(error_type) => {
                assert_eq!(result.unwrap_err().status().unwrap().as_u16(), status);
                span.is_error(error_type)
            }
            None => {
                assert_eq!(result.unwrap(), status);
                span.is_ok()
            }
        };
    }
}

#[tokio::test]
async fn redirects_are_one_span_of_the_url_that_was_asked_for() {
    let caller = Caller::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let hops = seen.clone();
    let record = move |headers: HeaderMap| {
        hops.lock().unwrap().push(headers["traceparent"].to_str().unwrap().to_owned());
    };
    let old = record.clone();
    let router = Router::new()
        .route(
            "/old",
            get(move |headers| {
                old(headers);
                ready(Redirect::temporary("/new"))
            }),
        )
        .route(
            "/new",
            get(move |headers| {
                record(headers);
                ready(())
            }),
        )
        .route("/loop", get(|| ready(Redirect::temporary("/loop"))));
    let url = serve(router).await;
    let (response, trace) = caller.trace_of(caller.client.get(format!("{url}/old")).send()).await;
    assert_eq!(response.unwrap().url().path(), "/new");
    let old = format!("{url}/old");
    let span = request(&trace).has("url.full", old.as_str()).has("http.response.status_code", 200).is_ok();
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen.len(), 2);
    for header in seen {
        assert_eq!(header.parse::<Traceparent>().unwrap().parent_id(), span.span_id);
    }

    let (response, trace) = caller.trace_of(caller.client.get(format!("{url}/loop")).send()).await;
    assert!(response.unwrap_err().is_redirect());
    request(&trace).is_error("redirect").lacks("http.response.status_code");
}

#[tokio::test]
async fn a_refused_connection_is_an_error_that_comes_back_unchanged() {
    let caller = Caller::new();
    let (listener, url) = listen().await;
    drop(listener);
    let (response, trace) = caller.trace_of(caller.client.get(&url).send()).await;
    assert!(response.unwrap_err().is_connect());
    request(&trace).is_error("connect").lacks("http.response.status_code").has_attribute("server.port");
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_an_error_of_the_request() {
    let caller = Caller::new();
    let url = answer("nonsense\r\n\r\n").await;
    let (response, trace) = caller.trace_of(caller.client.get(&url).send()).await;
    assert!(response.unwrap_err().is_request());
    request(&trace).is_error("request");
}

#[tokio::test]
async fn an_answer_that_does_not_come_in_time_is_a_timeout() {
    let caller = Caller::new();
    let url = serve(Router::new().route("/", get(std::future::pending::<()>))).await;
    let sending = caller.client.get(&url).timeout(Duration::from_millis(20)).send();
    let (response, trace) = caller.trace_of(sending).await;
    assert!(response.unwrap_err().is_timeout());
    request(&trace).is_error("timeout");
}

#[tokio::test]
async fn a_caller_that_stops_waiting_cancels() {
    let caller = Caller::new();
    let (arrived, mut arrivals) = mpsc::channel(1);
    let wait = move || async move {
        arrived.send(()).await.unwrap();
        std::future::pending::<()>().await;
    };
    let url = serve(Router::new().route("/", get(wait))).await;
    let abandon = async {
        tokio::select! {
            _ = caller.client.get(&url).send() => unreachable!(),
            _ = arrivals.recv() => {}
        }
    };
    let ((), trace) = caller.trace_of(abandon).await;
    request(&trace).is_error("cancelled");
}

#[tokio::test]
async fn a_request_that_is_never_polled_is_not_recorded() {
    let caller = Caller::new();
    let ((), trace) = caller.trace_of(async { drop(caller.client.get("http://127.0.0.1:9/").send()) }).await;
    trace.has_spans(1);
}

#[tokio::test]
async fn an_untraced_request_is_left_alone() {
    let caller = Caller::new();
    let url = serve(Router::new().route("/", get(echo))).await;
    let send = async {
        let copied = "00-00000000000000000000000000000001-0000000000000001-01";
        let request = caller.client.get(&url).header("traceparent", copied).untraced();
        assert_eq!(request.send().await.unwrap().text().await.unwrap(), format!("{copied}|"));
    };
    let ((), trace) = caller.trace_of(send).await;
    trace.has_spans(1);
}

#[tokio::test]
async fn where_telemetry_is_suppressed_nothing_is_recorded() {
    let caller = Caller::new();
    let client = caller.client.clone().handle(caller.fixture.handle().clone());
    let url = serve(Router::new().route("/", get(|| async {}))).await;
    let send = async {
        let suppressed = Context::current().with_telemetry_suppressed();
        client.get(&url).send().with_context(suppressed).await.unwrap();
    };
    let ((), trace) = caller.trace_of(send).await;
    trace.has_spans(1);
}

#[tokio::test]
async fn with_http_propagation_off_headers_are_left_alone() {
    let propagation = Propagation::default().with(CarrierKind::Http, false);
    let silent = Handle::builder(Arc::new(trilha_core::NoopRecorder)).propagation(propagation).build();
    let client = Caller::new().client.handle(silent);
    let url = serve(Router::new().route("/", get(echo))).await;
    let request = client.get(&url).header("traceparent", "mine");
    assert_eq!(request.send().await.unwrap().text().await.unwrap(), "mine|");
}

#[test]
fn requests_and_responses_go_where_reqwests_own_go() {
    fn is_send<T: Send>(_: &T) {}
    fn is_sync<T: Send + Sync + 'static>() {}
    let client = Caller::new().client;
    is_send(&client.get("http://127.0.0.1:9/").send());
    is_sync::<trilha_reqwest::Client>();
    is_sync::<trilha_reqwest::RequestBuilder>();
    is_sync::<trilha_reqwest::Response>();
}
