//! It survives cancellation and panic.

use std::{
    convert::Infallible,
    future::Future,
    panic::AssertUnwindSafe,
    pin::Pin,
    task::{Context, Poll},
};

use axum::{Router, body::Body, extract::Request, response::IntoResponse, routing::get};
use futures_util::{FutureExt, stream};
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service, ServiceExt, layer::layer_fn, service_fn};
use trilha_testing::Trace;
use trilha_tower::ServerTraceLayer;

use super::{ORDERS, orders};
use crate::support::{Caller, Fixture, Server, http1, only_trace, traces_where, work};

/// What tower-http's `CatchPanic` does.
#[derive(Clone)]
struct CatchPanic<S>(S);

impl<S> Service<Request> for CatchPanic<S>
where
    S: Service<Request, Error = Infallible, Response: IntoResponse, Future: Send + 'static>,
{
    type Response = axum::response::Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let response = AssertUnwindSafe(self.0.call(request)).catch_unwind();
        Box::pin(response.map(|caught| match caught {
            Ok(Ok(response)) => Ok(response.into_response()),
            Err(_) => Ok(StatusCode::INTERNAL_SERVER_ERROR.into_response()),
        }))
    }
}

async fn panicking() {
    tokio::task::yield_now().await;
    panic!("on purpose")
}

#[tokio::test]
async fn a_panic_in_the_handler_is_a_panic() {
    let fixture = Fixture::start("orders");
    let server = orders(&fixture, panicking).await;
    let caller = Caller::new();
    let request = Request::get(server.url("/orders/1")).header("traceparent", caller.header());
    http1().request(request.body(Full::default()).unwrap()).await.unwrap_err();
    caller.trace(&fixture).await.span(ORDERS).is_error("panic");
}

#[tokio::test]
async fn a_panic_that_a_layer_above_catches_is_a_panic() {
    let fixture = Fixture::start("orders");
    let layer = ServerTraceLayer::new().handle(fixture.handle().clone());
    let app = Router::new().route("/orders/{id}", get(panicking)).layer(layer).layer(layer_fn(CatchPanic));
    let server = Server::start(app).await;
    let caller = Caller::new();
    let answer = server.get("/orders/1", &[("traceparent", &caller.header())]).await;
    assert_eq!(answer.status, 500);
    caller.trace(&fixture).await.span(ORDERS).is_error("panic").lacks("http.response.status_code");
}

#[tokio::test]
async fn a_panic_that_a_layer_below_catches_is_a_500() {
    let fixture = Fixture::start("orders");
    let layer = ServerTraceLayer::new().handle(fixture.handle().clone());
    let app = Router::new().route("/orders/{id}", get(panicking)).layer(layer_fn(CatchPanic)).layer(layer);
    let server = Server::start(app).await;
    let caller = Caller::new();
    let answer = server.get("/orders/1", &[("traceparent", &caller.header())]).await;
    assert_eq!(answer.status, 500);
    caller.trace(&fixture).await.span(ORDERS).is_error("500");
}

#[tokio::test]
async fn a_panic_in_the_body_is_a_panic() {
    let fixture = Fixture::start("orders");
    let server = orders(&fixture, async || {
        Body::from_stream(stream::once(async {
            panicking().await;
            Ok::<_, Infallible>("never")
        }))
    })
    .await;
    let caller = Caller::new();
    let request = Request::get(server.url("/orders/1")).header("traceparent", caller.header());
    let response = http1().request(request.body(Full::default()).unwrap()).await;
    if let Ok(response) = response {
        response.into_body().collect().await.unwrap_err();
    }
    let trace = caller.trace(&fixture).await;
    trace.span(ORDERS).is_error("panic").has("http.response.status_code", 200);
}

#[tokio::test]
async fn a_body_that_panicked_may_be_dropped_later() {
    let fixture = Fixture::start("orders");
    let service = ServerTraceLayer::new().handle(fixture.handle().clone()).layer(service_fn(async |_| {
        let body = Body::from_stream(stream::poll_fn(|_| -> Poll<Option<Result<&str, Infallible>>> {
            panic!("on purpose")
        }));
        Ok::<_, Infallible>(Response::new(body))
    }));
    let response = service.oneshot(Request::get("/").body(()).unwrap()).await.unwrap();
    let mut body = response.into_body();
    AssertUnwindSafe(body.frame()).catch_unwind().await.unwrap_err();
    assert_eq!(fixture.handle().span_counts().open, 0);
    drop(body);
    let trace = only_trace(&fixture).await;
    trace.has_spans(1).span("GET").is_error("panic");
}

#[tokio::test]
async fn a_panic_in_the_call_itself_is_a_panic() {
    let fixture = Fixture::start("orders");
    let mut service = ServerTraceLayer::new().handle(fixture.handle().clone()).layer(service_fn(
        |_: Request<()>| -> std::future::Ready<Result<Response<Full<&'static [u8]>>, Infallible>> {
            panic!("on purpose")
        },
    ));
    let call = || service.call(Request::get("/").body(()).unwrap());
    assert!(std::panic::catch_unwind(AssertUnwindSafe(call)).is_err());
    only_trace(&fixture).await.span("GET").is_error("panic");
}

#[tokio::test]
async fn what_ends_on_the_way_out_still_belongs_to_the_request() {
    struct Rollback;
    impl Drop for Rollback {
        fn drop(&mut self) {
            let scope = trilha_core::Scope::new("test", "");
            trilha_core::Operation::builder(&scope, "rollback", trilha_core::SpanKind::Client)
                .start()
                .finish(trilha_core::Outcome::Ok);
        }
    }
    let fixture = Fixture::start("orders");
    let layer = ServerTraceLayer::new().handle(fixture.handle().clone());
    let in_future = layer.clone().layer(service_fn(async |_: Request<()>| {
        let _transaction = Rollback;
        std::future::pending::<Result<Response<Full<&[u8]>>, Infallible>>().await
    }));
    let mut response = Box::pin(in_future.oneshot(Request::get("/").body(()).unwrap()));
    assert!(futures_util::poll!(&mut response).is_pending());
    drop(response);

    let in_body = layer.layer(service_fn(async |_: Request<()>| {
        let chunks = stream::unfold(Rollback, async |transaction| {
            std::future::pending::<()>().await;
            Some((Ok::<_, Infallible>(""), transaction))
        });
        Ok::<_, Infallible>(Response::new(Body::from_stream(chunks)))
    }));
    drop(in_body.oneshot(Request::get("/").body(()).unwrap()).await.unwrap());

    let are_whole = |traces: &[Trace]| traces.len() == 2 && traces.iter().all(Trace::is_whole);
    for trace in traces_where(&fixture, are_whole).await {
        let server = trace.span("GET").is_error("cancelled");
        trace.span("rollback").is_child_of("GET").is_ok().is_within(&server);
    }
}

#[tokio::test]
async fn a_request_in_an_operation_leaves_the_surrounding_context_as_it_was() {
    let fixture = Fixture::start("orders");
    let service = ServerTraceLayer::new().handle(fixture.handle().clone()).layer(service_fn(async |_| {
        tokio::task::yield_now().await;
        trilha_core::ContextAttributes::current().tenant("acme");
        Ok::<_, Infallible>(Response::new(Full::new(&b""[..])))
    }));
    let mut work = work(&fixture);
    let attributes = work.attributes();
    let before = work.trace_context();
    work.drive(async {
        service.oneshot(Request::get("/").body(()).unwrap()).await.unwrap();
        let current = trilha_core::ContextAttributes::current();
        assert!(current.value(trilha_core::schema::Key::Tenant).is_none());
    })
    .await;
    assert!(attributes.value(trilha_core::schema::Key::Tenant).is_none());
    assert_eq!(work.trace_context(), before);
}
