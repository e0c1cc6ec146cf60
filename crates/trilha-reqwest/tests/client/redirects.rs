//! Who gets baggage and correlation id, also across redirects: real servers by several names.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::{Path, Query, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response as Answer},
    routing::any,
};
use reqwest::{Body, Url, redirect::Policy};
use trilha_core::{CarrierKind, Handle, Propagation, Refusal, trust::Destinations};
use trilha_reqwest::Client;
use trilha_testing::Trace;

use crate::support::{Caller, listen};

/// Allowed by default, as is the server's address.
const ALLOWED: &str = "stock.internal";
/// A name in the public DNS.
const STRANGER: &str = "partner.example";

/// A request, as the server got it.
#[derive(Clone, Debug, PartialEq)]
struct Hit {
    host: String,
    method: Method,
    headers: HeaderMap,
    body: String,
}

impl Hit {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Whether it got baggage and correlation id: both or neither. The trace it got in any case.
    #[track_caller]
    fn has_all(&self) -> bool {
        assert!(self.header("traceparent").is_some(), "{self:?}");
        let has_baggage = self.header("baggage") == Some("tenant=acme");
        assert_eq!(self.header("baggage").is_some(), has_baggage, "{self:?}");
        assert_eq!(self.header("x-correlation-id").is_some(), has_baggage, "{self:?}");
        has_baggage
    }
}

type Hits = Arc<Mutex<Vec<Hit>>>;

/// A server on the loopback address that goes by several names.
struct Names {
    port: u16,
    hits: Hits,
    caller: Caller,
    /// Knows the names.
    builder: Option<reqwest::ClientBuilder>,
}

impl Names {
    async fn start() -> Self {
        let hits = Hits::default();
        let (listener, _) = listen().await;
        let address = listener.local_addr().unwrap();
        let app =
            Router::new().route("/to/{status}", any(redirect)).fallback(any(serve)).with_state(hits.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let builder = reqwest::Client::builder().no_proxy();
        let builder = [ALLOWED, STRANGER].into_iter().fold(builder, |it, name| it.resolve(name, address));
        Self { port: address.port(), hits, caller: Caller::new(), builder: Some(builder) }
    }

    fn builder(&mut self) -> reqwest::ClientBuilder {
        self.builder.take().unwrap()
    }

    fn judging(&mut self) -> Client {
        Client::builder(self.builder()).build().unwrap()
    }

    fn url(&self, host: &str) -> String {
        format!("http://{host}:{}/", self.port)
    }

    /// A URL at `host` that redirects to `next`.
    fn redirect(&self, status: u16, host: &str, next: &str) -> String {
        let url = format!("{}to/{status}", self.url(host));
        Url::parse_with_params(&url, [("next", next)]).unwrap().into()
    }

    /// What comes of a request for a tenant.
    async fn send(
        &self,
        client: &Client,
        method: Method,
        url: &str,
        body: Body,
    ) -> (reqwest::Result<(u16, String)>, Vec<Hit>, Trace) {
        let request = client.request(method, url).body(body).bearer_auth("secret");
        let sending = async {
            let attributes = trilha_core::ContextAttributes::current();
            attributes.tenant("acme");
            attributes.correlation_id("case-4711");
            let response = request.send().await?;
            Ok((response.status().as_u16(), response.url().host_str().unwrap().to_owned()))
        };
        let (result, trace) = self.caller.trace_of(sending).await;
        (result, std::mem::take(&mut *self.hits.lock().unwrap()), trace)
    }

    async fn get(&self, client: &Client, url: &str) -> (reqwest::Result<(u16, String)>, Vec<Hit>, Trace) {
        self.send(client, Method::GET, url, Body::default()).await
    }

    fn withheld(&self) -> u64 {
        self.caller.fixture.handle().stats().refused(Refusal::WithheldBaggage)
    }
}

fn note(hits: &Hits, method: Method, headers: HeaderMap, body: String) {
    let host = headers["host"].to_str().unwrap().split(':').next().unwrap().to_owned();
    hits.lock().unwrap().push(Hit { host, method, headers, body });
}

async fn redirect(
    State(hits): State<Hits>,
    Path(status): Path<u16>,
    Query(query): Query<Vec<(String, String)>>,
    method: Method,
    headers: HeaderMap,
    body: String,
) -> Answer {
    note(&hits, method, headers, body);
    (StatusCode::from_u16(status).unwrap(), [(header::LOCATION, query[0].1.clone())]).into_response()
}

async fn serve(State(hits): State<Hits>, method: Method, headers: HeaderMap, body: String) {
    note(&hits, method, headers, body);
}

fn hosts(hits: &[Hit]) -> Vec<&str> {
    hits.iter().map(|hit| hit.host.as_str()).collect()
}

#[tokio::test]
async fn baggage_goes_to_allowed_hosts_and_across_redirects_among_them() {
    let mut names = Names::start().await;
    let client = names.judging();
    for url in [
        names.url(ALLOWED),
        names.redirect(302, "127.0.0.1", &names.url("127.0.0.1")),
        names.redirect(307, "127.0.0.1", &names.redirect(302, ALLOWED, &names.url("localhost"))),
    ] {
        let (result, hits, trace) = names.get(&client, &url).await;
        assert_eq!(result.unwrap().0, 200);
        assert!(hits.iter().all(Hit::has_all), "{hits:?}");
        trace.has_spans(2).root().children()[0].lacks("http.request.resend_count");
    }
    let (_, hits, _) = names.get(&client, &names.url(STRANGER)).await;
    assert!(!hits[0].has_all());
    assert_eq!(names.withheld(), 1);
}

#[tokio::test]
async fn before_a_stranger_a_request_starts_over_without_baggage() {
    for (status, method) in [
        (301, Method::GET),
        (302, Method::GET),
        (303, Method::GET),
        (307, Method::GET),
        (308, Method::GET),
        (302, Method::HEAD),
        (302, Method::PUT),
        (307, Method::POST),
        (308, Method::PATCH),
    ] {
        let mut names = Names::start().await;
        let client = names.judging();
        let url = names.redirect(status, "127.0.0.1", &names.url(STRANGER));
        let sent = if method == Method::GET || method == Method::HEAD { "" } else { "body" };
        let (result, hits, trace) = names.send(&client, method.clone(), &url, sent.into()).await;
        assert_eq!(result.unwrap(), (200, STRANGER.into()), "{method} {status}");
        assert_eq!(hosts(&hits), ["127.0.0.1", "127.0.0.1", STRANGER], "{method} {status}");
        assert!(hits[0].has_all());
        assert!(!hits[1].has_all() && !hits[2].has_all());
        assert!(hits.iter().all(|hit| hit.method == method && hit.body == sent), "{hits:?}");
        assert_eq!(names.withheld(), 1);

        trace.has_spans(3);
        let mut spans = trace.root().children();
        spans.sort_by_key(|span| span.start);
        spans[0]
            .is_ok()
            .has("http.response.status_code", i64::from(status))
            .lacks("http.request.resend_count");
        spans[1].is_ok().has("http.response.status_code", 200).has("http.request.resend_count", 1);
        for (hit, span) in [(&hits[0], 0), (&hits[1], 1), (&hits[2], 1)] {
            assert!(hit.header("traceparent").unwrap().contains(&spans[span].span_id.to_string()));
        }
    }
}

#[tokio::test]
async fn credentials_cookies_and_referer_are_reqwests_own() {
    let mut names = Names::start().await;
    let defaults = [(header::COOKIE, "session=secret".parse().unwrap())];
    let builder = names.builder().default_headers(HeaderMap::from_iter(defaults));
    let client = Client::builder(builder).build().unwrap();
    let url = names.redirect(302, "127.0.0.1", &names.url(STRANGER));
    let (_, hits, _) = names.get(&client, &url).await;
    assert_eq!(hosts(&hits), ["127.0.0.1", "127.0.0.1", STRANGER]);
    for hit in &hits[..2] {
        assert_eq!(hit.header("authorization"), Some("Bearer secret"));
        assert_eq!(hit.header("cookie"), Some("session=secret"));
    }
    assert_eq!((hits[2].header("authorization"), hits[2].header("cookie")), (None, None));
    assert!(hits[2].header("referer").is_some());
}

#[tokio::test]
async fn what_has_side_effects_is_not_made_twice() {
    let unknown_length = || Body::wrap_stream(futures_util::stream::iter([Ok::<_, std::io::Error>("body")]));
    for (status, method, body) in [
        (301, Method::POST, Body::from("body")),
        (302, Method::POST, Body::from("body")),
        (303, Method::POST, Body::from("body")),
        (302, Method::PATCH, Body::from("body")),
        (307, Method::POST, unknown_length()),
        (303, Method::PUT, unknown_length()),
    ] {
        let mut names = Names::start().await;
        let client = names.judging();
        let url = names.redirect(status, "127.0.0.1", &names.url(STRANGER));
        let (result, hits, trace) = names.send(&client, method.clone(), &url, body).await;
        assert_eq!(result.unwrap(), (status, "127.0.0.1".into()), "{method}");
        assert_eq!(hosts(&hits), ["127.0.0.1"], "{method} {status}");
        assert!(hits[0].has_all());
        trace.has_spans(2);
    }
}

#[tokio::test]
async fn a_post_that_became_a_get_on_the_way_is_not_made_twice() {
    let mut names = Names::start().await;
    let client = names.judging();
    let next = names.redirect(307, ALLOWED, &names.url(STRANGER));
    let url = names.redirect(303, "127.0.0.1", &next);
    let (result, hits, _) = names.send(&client, Method::POST, &url, "body".into()).await;
    assert_eq!(result.unwrap(), (307, ALLOWED.into()));
    assert_eq!(hosts(&hits), ["127.0.0.1", ALLOWED]);
}

#[tokio::test]
async fn without_baggage_redirects_are_followed_as_ever() {
    let mut names = Names::start().await;
    let client = names.judging();
    let url = names.redirect(303, "127.0.0.1", &names.url(STRANGER));
    let post =
        client.post(&url).header("x-correlation-id", "mine").header("x-request-id", "mine").body("body");
    let (response, trace) = names.caller.trace_of(post.send()).await;
    assert_eq!(response.unwrap().url().host_str(), Some(STRANGER));
    assert_eq!(hosts(&names.hits.lock().unwrap()), ["127.0.0.1", STRANGER]);
    assert_eq!(names.hits.lock().unwrap()[1].header("x-correlation-id"), Some("mine"));
    trace.has_spans(2);
    assert_eq!(names.withheld(), 0);
}

#[tokio::test]
async fn copies_of_baggage_and_correlation_ids_do_not_pass() {
    let mut names = Names::start().await;
    let client = names.judging();
    let url = names.redirect(302, "127.0.0.1", &names.url(STRANGER));
    let copies = [("baggage", "tenant=acme,copied=1"), ("x-request-id", "case-4711")];
    let request =
        copies.into_iter().fold(client.get(&url), |request, (name, value)| request.header(name, value));
    let sending = async {
        trilha_core::ContextAttributes::current().correlation_id("case-4711");
        request.send().await.unwrap();
    };
    names.caller.trace_of(sending).await;
    let hits = names.hits.lock().unwrap();
    assert_eq!(hosts(&hits), ["127.0.0.1", "127.0.0.1", STRANGER]);
    for name in ["baggage", "x-request-id", "x-correlation-id"] {
        assert_eq!(hits[2].header(name), None, "{name}");
    }
}

#[tokio::test]
async fn a_policy_still_decides_which_redirects_are_followed() {
    let limited = |count| Policy::limited(count);
    for (policy, status) in [(limited(1), Some(200)), (limited(0), None), (Policy::none(), Some(302))] {
        let mut names = Names::start().await;
        let client = Client::builder(names.builder()).redirect(policy).build().unwrap();
        for next in [names.url(ALLOWED), names.url(STRANGER)] {
            let (result, _, _) = names.get(&client, &names.redirect(302, "127.0.0.1", &next)).await;
            match status {
                Some(status) => assert_eq!(result.unwrap().0, status),
                None => assert!(result.unwrap_err().is_redirect()),
            }
        }
    }
}

#[tokio::test]
async fn a_loop_ends_at_the_limit() {
    let mut names = Names::start().await;
    let client = names.judging();
    let url = format!("{}to/302?next=", names.url("127.0.0.1"));
    let (result, hits, trace) = names.get(&client, &url).await;
    assert!(result.unwrap_err().is_redirect());
    assert_eq!(hits.len(), 11);
    trace.has_spans(2).root().children()[0].is_error("redirect");
}

#[tokio::test]
async fn a_client_that_was_given_sends_no_baggage_unless_it_is_told_to() {
    let mut names = Names::start().await;
    let given = Client::new(names.builder().build().unwrap());
    let url = names.redirect(302, "127.0.0.1", &names.url(STRANGER));
    let (result, hits, trace) = names.get(&given, &url).await;
    assert_eq!(result.unwrap(), (200, STRANGER.into()));
    assert!(hits.len() == 2 && !hits.iter().any(Hit::has_all), "{hits:?}");
    assert_eq!(names.withheld(), 1);
    trace.has_spans(2);

    let trusted = given.dangerous_trust_redirects();
    let (_, hits, _) = names.get(&trusted, &url).await;
    assert!(hits.len() == 2 && hits.iter().all(Hit::has_all), "{hits:?}");
    let (_, hits, _) = names.get(&trusted, &names.url(STRANGER)).await;
    assert!(!hits[0].has_all());
}

#[tokio::test]
async fn a_default_client_judges_its_redirects() {
    let names = Names::start().await;
    let only_addresses = Propagation::default().destinations(Destinations::new(["127.0.0.1"]).unwrap());
    let handle = Handle::builder(names.caller.fixture.handle().recorder().clone());
    let client = Client::default().handle(handle.propagation(only_addresses).build());
    let url = names.redirect(302, "127.0.0.1", &names.url("localhost"));
    let (result, hits, _) = names.get(&client, &url).await;
    assert_eq!(result.unwrap().0, 200);
    assert_eq!(hosts(&hits), ["127.0.0.1", "127.0.0.1", "localhost"]);
    assert_eq!(hits.iter().map(Hit::has_all).collect::<Vec<_>>(), [true, false, false]);
}

#[tokio::test]
async fn what_is_not_traced_or_not_propagated_is_left_alone() {
    let mut names = Names::start().await;
    let judging = names.judging();
    let silent = Propagation::default().with(CarrierKind::Http, false);
    let silent =
        Handle::builder(names.caller.fixture.handle().recorder().clone()).propagation(silent).build();
    let url = names.redirect(302, "127.0.0.1", &names.url(STRANGER));
    for request in [judging.get(&url).untraced(), judging.clone().handle(silent).get(&url)] {
        let (response, _) = names.caller.trace_of(request.header("baggage", "mine=1").send()).await;
        assert_eq!(response.unwrap().status(), 200);
        let hits = std::mem::take(&mut *names.hits.lock().unwrap());
        assert_eq!(hosts(&hits), ["127.0.0.1", STRANGER]);
        assert!(hits.iter().all(|hit| hit.header("baggage") == Some("mine=1")));
    }
}
