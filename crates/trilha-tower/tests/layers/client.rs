//! The client's layer, over hyper's client and a real server.

use std::{
    convert::Infallible,
    io,
    panic::AssertUnwindSafe,
    pin::pin,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Path,
    routing::{any, get},
};
use futures_util::{FutureExt, StreamExt, stream};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use opentelemetry::trace::SpanKind;
use tokio::sync::Notify;
use tower::{Layer, Service, ServiceExt, service_fn};
use trilha_core::{CarrierKind, Propagation};
use trilha_tower::{ClientTraceLayer, UrlTemplate, client::ClientTrace};

use crate::support::{
    Answer, Caller, Fixture, HttpClient, Server, handle_over, http1, http2, listen, only_trace, work,
};

fn client(fixture: &Fixture) -> ClientTrace<HttpClient> {
    ClientTraceLayer::new().handle(fixture.handle().clone()).layer(http1())
}

fn request(url: impl AsRef<str>) -> Request<Full<Bytes>> {
    Request::get(url.as_ref()).body(Full::default()).unwrap()
}

/// Answers with the headers that it got, or with a status.
async fn echo() -> Server {
    let headers = async |headers: HeaderMap| format!("{headers:?}");
    let status = async |Path(status): Path<u16>| StatusCode::from_u16(status).unwrap();
    Server::start(Router::new().route("/headers", any(headers)).route("/status/{status}", get(status))).await
}

mod parents {
    use super::*;

    #[tokio::test]
    async fn a_call_hangs_below_the_operation_in_hand() {
        let fixture = Fixture::start("shop");
        let server = echo().await;
        let mut work = work(&fixture);
        work.drive(async {
            // Without a handle of its own.
            let client = ClientTraceLayer::new().layer(http1());
            Answer::read(client.oneshot(request(server.url("/headers"))).await.unwrap()).await;
        })
        .await;
        work.finish(trilha_core::Outcome::Ok);
        only_trace(&fixture).await.span("GET").is_child_of("work").has_kind(SpanKind::Client).is_ok();
    }

    #[tokio::test]
    async fn a_call_of_nobody_starts_a_trace() {
        let fixture = Fixture::start("shop");
        let server = echo().await;
        Answer::read(client(&fixture).oneshot(request(server.url("/headers"))).await.unwrap()).await;
        only_trace(&fixture).await.span("GET").is_root();
    }
}

mod injects {
    use super::*;

    #[tokio::test]
    async fn the_calls_context_replaces_what_was_copied() {
        let fixture = Fixture::start("shop");
        let server = echo().await;
        let copied = Caller::new().header();
        let mut request = request(server.url("/headers"));
        for traceparent in [&copied, &Caller::new().header()] {
            request.headers_mut().append("traceparent", traceparent.parse().unwrap());
        }
        request.headers_mut().insert("tracestate", "a=1".parse().unwrap());
        request.headers_mut().insert("x-own", "kept".parse().unwrap());

        let answer = Answer::read(client(&fixture).oneshot(request).await.unwrap()).await;
        let trace = only_trace(&fixture).await;
        let span = trace.span("GET");
        let sent = format!("\"traceparent\": \"00-{}-{}-03\"", span.trace_id, span.span_id);
        assert!(answer.text.contains(&sent), "{} lacks {sent}", answer.text);
        assert!(answer.text.contains("\"x-own\": \"kept\""), "{}", answer.text);
        assert!(!answer.text.contains("tracestate"), "{}", answer.text);
        assert!(!answer.text.contains(&copied), "{}", answer.text);
    }

    #[tokio::test]
    async fn with_http_switched_off_headers_stay() {
        let fixture = Fixture::start("shop");
        let server = echo().await;
        let off = Propagation::default().with(CarrierKind::Http, false);
        let handle = handle_over(&fixture).propagation(off).build();
        let client = ClientTraceLayer::new().handle(handle).layer(http1());
        let copied = Caller::new().header();
        let mut request = request(server.url("/headers"));
        request.headers_mut().append("traceparent", copied.parse().unwrap());
        let answer = Answer::read(client.oneshot(request).await.unwrap()).await;
        assert!(answer.text.contains(&copied), "{}", answer.text);
    }
}

mod records {
    use super::*;

    #[tokio::test]
    async fn a_call_is_described_by_the_conventions() {
        let server = echo().await;
        let port = i64::from(server.addr.port());
        for (client, version) in [(http1(), "1.1"), (http2(), "2")] {
            let fixture = Fixture::start("shop");
            let client = ClientTraceLayer::new().handle(fixture.handle().clone()).layer(client);
            let url = format!("http://ana:pw@127.0.0.1:{port}/status/200?sig=secret&x=1");
            Answer::read(client.oneshot(request(url)).await.unwrap()).await;
            let trace = only_trace(&fixture).await;
            trace
                .span("GET")
                .has_scope("trilha-tower")
                .has("http.request.method", "GET")
                .has("http.response.status_code", 200)
                .has("network.protocol.version", version)
                .has("server.address", "127.0.0.1")
                .has("server.port", port)
                .has(
                    "url.full",
                    format!("http://REDACTED:REDACTED@127.0.0.1:{port}/status/200?sig=REDACTED&x=1"),
                )
                .lacks("url.template");
            trace.lacks_text("secret");
        }
    }

    #[tokio::test]
    async fn a_template_names_the_span() {
        let fixture = Fixture::start("shop");
        let server = echo().await;
        let mut request = request(server.url("/status/200"));
        request.extensions_mut().insert(UrlTemplate::new("/status/{status}"));
        client(&fixture).oneshot(request).await.unwrap();
        only_trace(&fixture).await.span("GET /status/{status}").has("url.template", "/status/{status}");
    }

    #[tokio::test]
    async fn both_kinds_of_failure_are_the_clients_errors() {
        let server = echo().await;
        for (status, is_error) in [(200, false), (304, false), (404, true), (503, true)] {
            let fixture = Fixture::start("shop");
            let url = server.url(&format!("/status/{status}"));
            Answer::read(client(&fixture).oneshot(request(url)).await.unwrap()).await;
            let trace = only_trace(&fixture).await;
            match is_error {
                true => trace.span("GET").is_error(&status.to_string()),
                false => trace.span("GET").is_ok(),
            };
        }
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_an_error_by_its_type() {
        let fixture = Fixture::start("shop");
        let nobody = listen().await;
        let url = format!("http://{}/", nobody.local_addr().unwrap());
        drop(nobody);
        client(&fixture).oneshot(request(url)).await.unwrap_err();
        let trace = only_trace(&fixture).await;
        trace.span("GET").is_error("hyper_util::client::legacy::client::Error");
    }

    #[tokio::test]
    async fn a_uri_without_server_takes_the_layers() {
        let fixture = Fixture::start("shop");
        let inner = service_fn(async |_| Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("a")))));
        let layer = ClientTraceLayer::new().handle(fixture.handle().clone()).server("stock.internal", 8080);
        layer.layer(inner).oneshot(request("/a")).await.unwrap();
        let trace = only_trace(&fixture).await;
        trace.span("GET").has("server.address", "stock.internal").has("server.port", 8080);
    }
}

mod ends {
    use super::*;

    /// A server of one body that goes on until it is told to end.
    async fn streaming(last: io::Result<&'static str>) -> (Server, Arc<Notify>) {
        let end = Arc::new(Notify::new());
        let told = end.clone();
        let last = Arc::new(Mutex::new(Some(last)));
        let app = Router::new().route(
            "/",
            get(async move || {
                let rest = stream::once(async move {
                    told.notified().await;
                    last.lock().unwrap().take().unwrap()
                });
                Body::from_stream(stream::iter([Ok("first")]).chain(rest))
            }),
        );
        (Server::start(app).await, end)
    }

    #[tokio::test]
    async fn the_body_keeps_the_span_open() {
        let fixture = Fixture::start("shop");
        let (server, end) = streaming(Ok("last")).await;
        let response = client(&fixture).oneshot(request(server.url("/"))).await.unwrap();
        let mut body = pin!(response.into_body());
        body.frame().await.unwrap().unwrap();
        assert_eq!(fixture.handle().span_counts().open, 1);
        end.notify_one();
        while body.frame().await.is_some() {}
        assert_eq!(fixture.handle().span_counts().open, 0);
        only_trace(&fixture).await.span("GET").is_ok();
    }

    #[tokio::test]
    async fn a_body_that_is_given_up_while_it_is_awaited_is_cancelled() {
        let fixture = Fixture::start("shop");
        let (server, _end) = streaming(Ok("last")).await;
        let response = client(&fixture).oneshot(request(server.url("/"))).await.unwrap();
        let mut body = Box::pin(response.into_body());
        body.frame().await.unwrap().unwrap();
        assert!(futures_util::poll!(body.frame()).is_pending());
        drop(body);
        only_trace(&fixture).await.span("GET").is_error("cancelled");
    }

    #[tokio::test]
    async fn who_asks_for_no_more_has_what_it_wanted() {
        for frames in 0..2 {
            let fixture = Fixture::start("shop");
            let (server, _end) = streaming(Ok("last")).await;
            let mut response = client(&fixture).oneshot(request(server.url("/"))).await.unwrap();
            for _ in 0..frames {
                response.body_mut().frame().await.unwrap().unwrap();
            }
            drop(response);
            only_trace(&fixture).await.span("GET").is_ok();
        }
    }

    #[tokio::test]
    async fn a_body_that_fails_is_an_error() {
        let fixture = Fixture::start("shop");
        let (server, end) = streaming(Err(std::io::Error::other("ana@example.com"))).await;
        let mut response = client(&fixture).oneshot(request(server.url("/"))).await.unwrap();
        response.body_mut().frame().await.unwrap().unwrap();
        end.notify_one();
        response.into_body().collect().await.unwrap_err();
        only_trace(&fixture).await.span("GET").is_error("hyper::error::Error");
    }
}

mod survives {
    use super::*;

    #[tokio::test]
    async fn a_call_that_nobody_waits_for_is_cancelled() {
        let fixture = Fixture::start("shop");
        let arrived = Arc::new(Notify::new());
        let told = arrived.clone();
        let app = Router::new().route(
            "/",
            get(async move || {
                told.notify_one();
                std::future::pending::<()>().await
            }),
        );
        let server = Server::start(app).await;
        let call = client(&fixture).oneshot(request(server.url("/")));
        tokio::select! {
            _ = call => unreachable!(),
            () = arrived.notified() => {}
        }
        only_trace(&fixture).await.span("GET").is_error("cancelled");
    }

    #[tokio::test]
    async fn a_panic_below_is_a_panic() {
        let fixture = Fixture::start("shop");
        let client = ClientTraceLayer::new().handle(fixture.handle().clone()).layer(service_fn(
            async |_| -> Result<Response<Full<Bytes>>, Infallible> {
                tokio::task::yield_now().await;
                panic!("on purpose")
            },
        ));
        AssertUnwindSafe(client.oneshot(request("/"))).catch_unwind().await.unwrap_err();
        only_trace(&fixture).await.span("GET").is_error("panic");
    }
}

mod keeps {
    use super::*;

    #[tokio::test]
    async fn request_and_response_pass_as_they_are() {
        let fixture = Fixture::start("shop");
        let mut client = ClientTraceLayer::new().handle(fixture.handle().clone()).layer(service_fn(
            async |request: Request<&'static str>| {
                let (head, body) = request.into_parts();
                assert_eq!((head.method.as_str(), head.uri.to_string()), ("PUT", "http://a/b?c".into()));
                assert_eq!(head.extensions.get(), Some(&7_u8));
                let response = Response::builder().status(201).header("x-own", "kept");
                Ok::<_, Infallible>(response.body(Full::new(Bytes::from(body))).unwrap())
            },
        ));
        let request = Request::put("http://a/b?c").extension(7_u8).body("body").unwrap();
        let response = client.call(request).await.unwrap();
        assert_eq!(response.headers().len(), 1);
        assert_eq!(response.headers()["x-own"], "kept");
        let answer = Answer::read(response).await;
        assert_eq!((answer.status, answer.text.as_str()), (201, "body"));
    }
}

mod never_fails {
    use super::*;

    #[tokio::test]
    async fn without_a_handle_calls_are_made() {
        let server = echo().await;
        let client = ClientTraceLayer::new().layer(http1());
        let answer = Answer::read(client.oneshot(request(server.url("/headers"))).await.unwrap()).await;
        assert_eq!(answer.status, 200);
        assert!(!answer.text.contains("traceparent"), "{}", answer.text);
    }
}
