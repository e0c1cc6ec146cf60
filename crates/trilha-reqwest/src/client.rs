//! The client: makes request builders, and nothing else.

use std::future::Future;

use reqwest::{IntoUrl, Method, Request};
use trilha_core::Handle;

use crate::{ClientBuilder, RequestBuilder, Response, redirect::Redirects, send::Settings};

/// A [`reqwest::Client`] whose requests are traced. Cheap to clone, and its clones share one pool, as
/// reqwest's do.
///
/// # Baggage and redirects
/// All servers get the trace. Baggage and the correlation id go to those hosts alone that the handle's
/// [destinations](trilha_core::Propagation::destinations) allow, by default private ones. reqwest copies
/// all headers to wherever a redirect leads, and tells nobody of it; so it depends on the client's set-up:
///
/// | made by | redirects | baggage |
/// |---|---|---|
/// | [`builder`](Self::builder), [`default`](Default::default) | judged, as below | to allowed hosts |
/// | [`new`](Self::new) | as the given client follows them | to nobody |
/// | [`new`](Self::new) and [`dangerous_trust_redirects`](Self::dangerous_trust_redirects) | as the given client follows them | to allowed hosts, and wherever these redirect to |
///
/// A redirect from an allowed host to one that is not, is not followed with baggage aboard: the request
/// starts over without it, and reqwest then follows all by itself. So credentials, cookies, `Referer`,
/// timeouts and limits stay reqwest's own, of which no one else knows enough to take a redirect over: its
/// default headers, an `authorization` among them, would be put onto a request to the next host.
///
/// - The second request is a span of its own, with `http.request.resend_count` 1. The servers up to the
///   redirect see the request twice.
/// - A request with side effects is not made twice: a `POST` or `PATCH` that was answered by 301, 302 or
///   303 comes back with that answer, as does a body that is a stream. Only where all answers on the way
///   were 307 or 308, it starts over: nobody has done the work yet.
/// - A client's timeout holds for each of the two, a request's own for both.
///
/// # Panics
/// [`default`](Default::default) panics where [`reqwest::Client::new`] does.
#[derive(Clone, Debug)]
pub struct Client {
    inner: reqwest::Client,
    settings: Settings,
}

impl Client {
    /// Sets up a client that sends baggage to those who may get it, also across
    /// [redirects](#baggage-and-redirects).
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let inner = reqwest::Client::builder().timeout(Duration::from_secs(5));
    /// let client = trilha_reqwest::Client::builder(inner).build()?;
    /// # Ok::<(), reqwest::Error>(())
    /// ```
    pub fn builder(inner: reqwest::ClientBuilder) -> ClientBuilder {
        ClientBuilder::new(inner)
    }

    /// Traces the requests of `inner`, and sends no baggage: nobody knows where its
    /// [redirects](#baggage-and-redirects) lead.
    pub fn new(inner: reqwest::Client) -> Self {
        Self { inner, settings: Settings::new(Redirects::Unknown) }
    }

    pub(crate) fn judged(inner: reqwest::Client) -> Self {
        Self { inner, settings: Settings::new(Redirects::Judged) }
    }

    /// Sends baggage and the correlation id to allowed hosts, on the caller's word that their redirects
    /// stay among allowed hosts, or that the client which was given to [`new`](Self::new) follows none.
    ///
    /// Where that is wrong, baggage reaches whomever a redirect names.
    #[must_use]
    pub fn dangerous_trust_redirects(mut self) -> Self {
        self.settings.redirects = Redirects::Trusted;
        self
    }

    /// The handle to record with. Defaults to that of the operation in which a request is sent, else
    /// the process's default.
    #[must_use]
    pub fn handle(mut self, handle: Handle) -> Self {
        self.settings.handle = Some(handle);
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
        RequestBuilder::new(self.inner.request(method, url), self.settings.clone())
    }

    /// Sends a request that was built before.
    ///
    /// The span's parent is the span under which the future is polled first; where there is none, as in
    /// a task of its own, the one under which it was made. Dropping the future cancels the request.
    ///
    /// # Errors
    /// Those of [`reqwest::Client::execute`].
    pub fn execute(&self, request: Request) -> impl Future<Output = reqwest::Result<Response>> + use<> {
        self.settings.clone().send(self.inner.clone(), request)
    }
}

impl Default for Client {
    fn default() -> Self {
        let built = Self::builder(reqwest::ClientBuilder::new()).build();
        built.unwrap_or_else(|error| panic!("reqwest's client cannot be set up: {error}"))
    }
}

impl From<reqwest::Client> for Client {
    fn from(inner: reqwest::Client) -> Self {
        Self::new(inner)
    }
}
