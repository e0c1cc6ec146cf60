//! The client: makes request builders, and nothing else.

use std::future::Future;

use reqwest::{IntoUrl, Method, Request};
use trilha_core::Handle;

use crate::{RequestBuilder, Response, send::Settings};

/// A [`reqwest::Client`] whose requests are traced. Cheap to clone, and its clones share one pool, as
/// reqwest's do.
///
/// # Panics
/// [`default`](Default::default) panics where [`reqwest::Client::new`] does.
#[derive(Clone, Debug, Default)]
pub struct Client {
    inner: reqwest::Client,
    handle: Option<Handle>,
}

impl Client {
    /// Traces the requests of `inner`.
    pub fn new(inner: reqwest::Client) -> Self {
        Self { inner, handle: None }
    }

    /// The handle to record with. Defaults to that of the operation in which a request is sent, else
    /// the process's default.
    #[must_use]
    pub fn handle(mut self, handle: Handle) -> Self {
        self.handle = Some(handle);
        self
    }

    /// The client without traces.
    pub fn inner(&self) -> &reqwest::Client {
        &self.inner
    }

    /// Starts a `GET` request.
    pub fn get(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::GET, url)
    }

    /// Starts a `POST` request.
    pub fn post(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::POST, url)
    }

    /// Starts a `PUT` request.
    pub fn put(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::PUT, url)
    }

    /// Starts a `PATCH` request.
    pub fn patch(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::PATCH, url)
    }

    /// Starts a `DELETE` request.
    pub fn delete(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::DELETE, url)
    }

    /// Starts a `HEAD` request.
    pub fn head(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::HEAD, url)
    }

    /// Starts a request. A URL that is none becomes the error of [`send`](RequestBuilder::send).
    pub fn request(&self, method: Method, url: impl IntoUrl) -> RequestBuilder {
        RequestBuilder::new(self.inner.request(method, url), self.handle.clone())
    }

    /// Sends a request that was built before.
    ///
    /// The span's parent is the span under which the future is polled first; where there is none, as in
    /// a task of its own, the one under which it was made. Dropping the future cancels the request.
    ///
    /// # Errors
    /// Those of [`reqwest::Client::execute`].
    pub fn execute(&self, request: Request) -> impl Future<Output = reqwest::Result<Response>> + use<> {
        Settings::traced(self.handle.clone()).send(self.inner.clone(), request)
    }
}

impl From<reqwest::Client> for Client {
    fn from(inner: reqwest::Client) -> Self {
        Self::new(inner)
    }
}
