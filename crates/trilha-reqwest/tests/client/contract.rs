//! The contract of an adapter for calls that go out.

use axum::{
    Json, Router,
    http::{HeaderMap, StatusCode},
    routing::get,
};
use trilha_core::{CarrierKind, Handle};
use trilha_reqwest::Client;
use trilha_testing::contract::{Answer, Call, CallError, Outbound, Seen, outbound};

use crate::support::serve;

struct Requests {
    url: String,
    client: Client,
}

impl Outbound for Requests {
    const CARRIER: CarrierKind = CarrierKind::Http;
    type Returned = Vec<(String, String)>;

    async fn call(&self, handle: Handle, call: Call) -> Result<Self::Returned, CallError> {
        let client = self.client.clone().handle(handle);
        let path = match call.answer {
            Answer::Ok => "ok",
            Answer::Fails => "fails",
            Answer::Never => "never",
        };
        let mut request = client.get(format!("{}/{path}", self.url));
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        let answered: reqwest::Result<_> =
            async { request.send().await?.error_for_status()?.json().await }.await;
        answered.map_err(|error| CallError(error.to_string()))
    }

    async fn seen(&self, headers: Self::Returned) -> Seen {
        Some(headers.into_iter().map(|(name, value)| (name, value.into_bytes())).collect())
    }
}

#[tokio::test]
async fn requests_keep_the_contract() {
    let router = Router::new()
        .route("/ok", get(seen))
        .route("/fails", get(|| async { StatusCode::SERVICE_UNAVAILABLE }))
        .route("/never", get(std::future::pending::<()>));
    let url = serve(router).await;
    let builder = || reqwest::Client::builder().no_proxy();
    let judging = Client::builder(builder()).build().unwrap();
    let trusting = Client::new(builder().build().unwrap()).dangerous_trust_redirects();
    for client in [judging, trusting] {
        outbound(&Requests { url: url.clone(), client }).await;
    }
}

async fn seen(headers: HeaderMap) -> Json<Vec<(String, String)>> {
    let text = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
        (name.to_string(), value.to_str().unwrap().to_owned())
    };
    Json(headers.iter().map(text).collect())
}
