//! A [reqwest](https://docs.rs/reqwest) client whose requests are traced.
//!
//! [`Client`] is made of a [`reqwest::Client`] and used like one. Each request is a CLIENT span, and
//! one value of `http.client.request.duration`; its trace context goes out with its headers, in place
//! of one that was copied from somewhere else, and [baggage](Client#baggage-and-redirects) where it may go.
//! Errors come back as reqwest made them.
//!
//! ```no_run
//! # async fn example() -> Result<(), reqwest::Error> {
//! let client = trilha_reqwest::Client::builder(reqwest::Client::builder()).build()?;
//! let order: serde_json::Value = client
//!     .get("https://orders.example/orders/4711")
//!     .template("/orders/{id}")
//!     .bearer_auth("…")
//!     .send()
//!     .await?
//!     .error_for_status()?
//!     .json()
//!     .await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What is recorded
//! The span is named `{method} {template}`, or `{method}` where no template was given.
//!
//! | attribute | value | on the metric |
//! |---|---|---|
//! | `http.request.method` | the method, `_OTHER` if it is not standard | yes |
//! | `http.request.method_original` | the method, if it is not standard | |
//! | `url.full` | the URL as it was asked for, without user info and known signatures | |
//! | `url.template` | what [`RequestBuilder::template`] was given | yes |
//! | `server.address`, `server.port` | as the URL names them | yes |
//! | `http.request.resend_count` | 1 where a request [starts over](Client#baggage-and-redirects) | |
//! | `http.response.status_code` | of the last response, where redirects were followed | yes |
//! | `network.protocol.version` | `1.1`, `2`, … | yes |
//! | `error.type` | see below | yes |
//!
//! - **Cardinality:** that of `server.address` is the number of hosts that are called; the others are few.
//! - **PII:** `url.full` passes the [guard](trilha_core::guard); ids, and secrets of a form that it does not know,
//!   leave with path and query. No header and no body is recorded, and of an error only its kind.
//!
//! `error.type` is the status code from 400 on, else the first of these that reqwest says of its error:
//! `dns`, `connect`, `timeout`, `redirect`, `builder`, `body`, `decode` (the body broke off, or is not
//! what was asked for), `request`; else `_OTHER`. `cancelled` and `panic` as everywhere.
//!
//! # When it ends
//! - With the body: read to its end by [`bytes`](Response::bytes), [`text`](Response::text),
//!   [`json`](Response::json), [`chunk`](Response::chunk) or a stream, or broken off.
//! - A [`Response`] that is dropped unread, or between two pieces, gave what was wanted: the status
//!   decides, and the last piece that arrived (or the headers) is the end. Whatever else the caller did
//!   while holding it does not count.
//! - Dropped while somebody waited, for the headers or for a piece of the body, it is `cancelled`.
//!
//! One span covers the redirects and retries that reqwest makes by itself; each of them carries its
//! trace context. reqwest does not tell how many there were: they are in no `http.request.resend_count`.
//!
//! # Features
//! | feature | adds |
//! |---|---|
//! | `charset` | [`Response::text`] follows the charset; `text_with_charset` |
//! | `form` | `RequestBuilder::form` |
//! | `multipart` | `RequestBuilder::multipart` |
//! | `query` | `RequestBuilder::query` |
//! | `stream` | `Response::bytes_stream` |
//!
//! Each switches reqwest's feature of the same name on. TLS, proxies, cookies and compression are
//! chosen on reqwest itself.
//!
//! # What this crate does not do
//! It configures no client but for its redirects, retries nothing, and has no blocking client. What a builder here
//! lacks, [`RequestBuilder::map`] reaches.

mod body;
mod builder;
mod client;
mod error;
mod redirect;
mod request;
mod response;
mod send;
#[cfg(feature = "stream")]
mod stream;

use trilha_core::Scope;

pub use self::{builder::ClientBuilder, client::Client, request::RequestBuilder, response::Response};

const SCOPE: Scope = Scope::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
