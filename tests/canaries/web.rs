//! A server and its clients over HTTP: paths, queries, headers, bodies, panics, and what the handler makes of them.

use std::collections::HashMap;

use axum::{
    Router,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode},
    routing::{get, post},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tracing::{error, info, instrument, warn};
use trilha::{
    Handle,
    opentelemetry::{
        Context, KeyValue,
        trace::{Status, TraceContextExt},
    },
    tower::ServerTraceLayer,
};
use trilha_tests::serve;

use crate::{
    plants::Plants,
    service::{PANIC, Service},
};

const ROUNDS: usize = 130;

pub(crate) async fn plant(service: &Service, plants: &mut Plants) {
    let witness = service.witness();
    let next = serve(Router::new().fallback(get(async move |headers: HeaderMap| {
        witness("headers of a request", format!("{headers:?}"));
    })));
    let shop = Shop { next: next.await, client: client(service.handle()) };
    let client = client(service.handle());
    let routes = Router::new()
        .route("/customers/{customer}/orders", post(place_order))
        .route("/customers/{customer}/panic", get(panics))
        .layer(ServerTraceLayer::new().handle(service.handle()))
        .with_state(shop);
    let shop = serve(routes).await;
    for round in 0..ROUNDS {
        stranger(&shop, plants).await;
        traced(&client, &shop, plants).await;
        if round % 20 == 0 {
            service.flush().await;
        }
    }
}

/// Sends what others might: a context, and much else.
async fn stranger(shop: &str, plants: &mut Plants) {
    let mut headers = HeaderMap::new();
    let mut set = |name: &'static str, value: String| {
        headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    };
    set("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
    set("tracestate", format!("shop={},other=1", plants.token()));
    set("baggage", format!("note={},use_case=sale", percent(&plants.text())));
    set("baggage", format!("tenant={}", plants.token()));
    set("x-correlation-id", plants.token());
    set("x-note", plants.line());
    set("x-tenant", plants.token());
    set("x-component", plants.line());
    set("authorization", plants.line());
    set("cookie", plants.line());
    set("user-agent", plants.ascii());
    set("referer", format!("https://example.com/?q={}", percent(&plants.text())));
    set("x-forwarded-for", plants.ascii());
    let (path, query) = (percent(&plants.text()), percent(&plants.text()));
    let request =
        reqwest::Client::new().post(format!("{shop}/customers/{path}/orders?note={query}&{query}=1"));
    let answer = request.headers(headers).body(plants.text()).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
}

/// The same with a traced client, which records what it asks for; and a panic.
async fn traced(client: &trilha::reqwest::Client, shop: &str, plants: &mut Plants) {
    let path = percent(&plants.text());
    let request = client
        .post(format!("{shop}/customers/{path}/orders"))
        .map(|request| request.query(&[("note", plants.text())]))
        .template(format!("/customers/{}", plants.line()))
        .header("x-note", HeaderValue::from_bytes(plants.line().as_bytes()).unwrap())
        .header("x-tenant", plants.token())
        .basic_auth("ana", Some(plants.line()))
        .body(plants.text());
    request.send().await.unwrap();
    let host = shop.trim_start_matches("http://");
    let request = client.post(format!("http://ana:{}@{host}/customers/7/orders", percent(&plants.text())));
    request.body(plants.text()).send().await.unwrap();
    let path = percent(&plants.text());
    assert!(client.get(format!("{shop}/customers/{path}/panic")).send().await.is_err());
    let nowhere = client.get(format!("http://127.0.0.1:1/{}", percent(&plants.text())));
    assert!(nowhere.send().await.is_err());
}

#[derive(Clone)]
struct Shop {
    next: String,
    client: trilha::reqwest::Client,
}

#[derive(Debug)]
#[expect(dead_code, reason = "read by `Debug` alone")]
struct Order {
    id: u32,
    customer: String,
    note: String,
}

async fn place_order(
    State(shop): State<Shop>,
    Path(customer): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: String,
) -> Result<(), (StatusCode, String)> {
    let text = |name: &str| {
        let value = headers.get(name).map(HeaderValue::as_bytes).unwrap_or_default();
        String::from_utf8_lossy(value).into_owned()
    };
    trilha::attributes().tenant(text("x-tenant")).component(text("x-component")).use_case(text("x-note"));
    let note = query.get("note").cloned().unwrap_or_default();
    let order = Order { id: 42, customer: customer.clone(), note };
    price(&customer, &order, &headers);
    let context = Context::current();
    context.span().set_attribute(KeyValue::new("shop.body", body.clone()));
    context.span().set_attribute(KeyValue::new(customer.clone(), 1)); // a key, too
    context.span().add_event(body.clone(), vec![KeyValue::new("shop.note", text("x-note"))]);
    context.span().set_status(Status::error(body.clone()));
    shop.client.get(&shop.next).send().await.unwrap();
    Err((StatusCode::INTERNAL_SERVER_ERROR, format!("{PANIC}: {body}")))
}

#[instrument(ret)]
fn price(customer: &str, order: &Order, headers: &HeaderMap) -> String {
    info!(customer, ?order, "pricing the order of {customer}");
    warn!(note = %order.note, "{order:?}");
    error!(error = %std::io::Error::other(order.note.clone()), "cannot price {}", order.note);
    order.note.clone()
}

async fn panics(Path(customer): Path<String>) {
    panic!("{PANIC}: {customer}");
}

fn client(handle: Handle) -> trilha::reqwest::Client {
    trilha::reqwest::Client::builder(reqwest::Client::builder()).build().unwrap().handle(handle)
}

pub(crate) fn percent(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
