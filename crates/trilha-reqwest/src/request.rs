//! The request builder: reqwest's, with what only a trace needs.

use std::{fmt, future::Future, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue, Version};
use reqwest::{Body, Request};
use serde::Serialize;

use crate::{Response, send::Settings};

/// A request that is being built. Its methods are those of [`reqwest::RequestBuilder`].
#[derive(Debug)]
#[must_use = "a request is made with `send`"]
pub struct RequestBuilder {
    inner: reqwest::RequestBuilder,
    settings: Settings,
}

impl RequestBuilder {
    pub(crate) fn new(inner: reqwest::RequestBuilder, settings: Settings) -> Self {
        Self { inner, settings }
    }

    /// The template of the URL's path, such as `/orders/{id}`: part of the span's name, and
    /// `url.template` on span and metric.
    ///
    /// - **Cardinality:** must be low: a template, never a path with values.
    /// - **PII:** none, as long as it is one.
    pub fn template(mut self, template: impl Into<String>) -> Self {
        self.settings.template = Some(template.into());
        self
    }

    /// Sends the request as reqwest would: no span, no metric, no header touched.
    pub fn untraced(mut self) -> Self {
        self.settings.is_traced = false;
        self
    }

    /// Changes reqwest's own builder, for what has no method here.
    ///
    /// ```no_run
    /// # use trilha_reqwest::Client;
    /// # async fn example(client: Client) -> Result<(), reqwest::Error> {
    /// let form = |builder: reqwest::RequestBuilder| builder.body("a=1");
    /// client.post("https://orders.example/orders").map(form).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn map(mut self, change: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder) -> Self {
        self.inner = change(self.inner);
        self
    }

    /// Adds a header.
    pub fn header<K, V>(self, key: K, value: V) -> Self
    where
        HeaderName: TryFrom<K>,
        <HeaderName as TryFrom<K>>::Error: Into<http::Error>,
        HeaderValue: TryFrom<V>,
        <HeaderValue as TryFrom<V>>::Error: Into<http::Error>,
    {
        self.map(|inner| inner.header(key, value))
    }

    /// Adds headers, in place of those of the same name.
    ///
    /// Headers of an inbound request may be passed on: trace context and baggage among them are replaced or
    /// removed when the request is sent.
    pub fn headers(self, headers: HeaderMap) -> Self {
        self.map(|inner| inner.headers(headers))
    }

    /// Sets basic authentication.
    pub fn basic_auth(self, username: impl fmt::Display, password: Option<impl fmt::Display>) -> Self {
        self.map(|inner| inner.basic_auth(username, password))
    }

    /// Sets bearer authentication.
    pub fn bearer_auth(self, token: impl fmt::Display) -> Self {
        self.map(|inner| inner.bearer_auth(token))
    }

    /// Sets the body.
    pub fn body(self, body: impl Into<Body>) -> Self {
        self.map(|inner| inner.body(body))
    }

    /// Sets the body to JSON.
    pub fn json<T: Serialize + ?Sized>(self, json: &T) -> Self {
        self.map(|inner| inner.json(json))
    }

    /// Sets the body to a URL-encoded form.
    #[cfg(feature = "form")]
    pub fn form<T: Serialize + ?Sized>(self, form: &T) -> Self {
        self.map(|inner| inner.form(form))
    }

    /// Sets the body to a multipart form.
    #[cfg(feature = "multipart")]
    pub fn multipart(self, form: reqwest::multipart::Form) -> Self {
        self.map(|inner| inner.multipart(form))
    }

    /// Adds parameters to the URL's query.
    #[cfg(feature = "query")]
    pub fn query<T: Serialize + ?Sized>(self, query: &T) -> Self {
        self.map(|inner| inner.query(query))
    }

    /// Sets how long the request may take, its response's body included.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.map(|inner| inner.timeout(timeout))
    }

    /// Sets the HTTP version.
    pub fn version(self, version: Version) -> Self {
        self.map(|inner| inner.version(version))
    }

    /// A copy, unless the body is a stream.
    pub fn try_clone(&self) -> Option<Self> {
        Some(Self { inner: self.inner.try_clone()?, settings: self.settings.clone() })
    }

    /// The request, to be sent by [`Client::execute`](crate::Client::execute). Template and opt-out
    /// stay behind.
    ///
    /// # Errors
    /// What was wrong with a URL, header or body.
    pub fn build(self) -> reqwest::Result<Request> {
        self.inner.build()
    }

    /// Sends the request.
    ///
    /// The span's parent is the span under which the future is polled first; where there is none, as in
    /// a task of its own, the one under which it was made. Dropping the future cancels the request.
    ///
    /// # Errors
    /// Those of [`reqwest::RequestBuilder::send`]. Where no request could be built, no span is made.
    pub fn send(self) -> impl Future<Output = reqwest::Result<Response>> {
        let (client, request) = self.inner.build_split();
        let sending = request.map(|request| self.settings.send(client, request));
        async { sending?.await }
    }
}
