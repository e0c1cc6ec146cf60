//! The response: reqwest's, whose body ends the request's span.

use std::{fmt, ops::Deref};

use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::body::BodyEnd;

/// A response to a request. It dereferences to [`reqwest::Response`] for status, headers and the like.
///
/// The request's span ends when the body has been read, or when this is dropped: unread, or between
/// two pieces, that is no cancellation, and the end is when the last piece (or the headers) arrived.
/// Dropped while a piece was awaited, the request is cancelled.
pub struct Response {
    inner: reqwest::Response,
    end: BodyEnd,
}

impl Response {
    pub(crate) fn new(inner: reqwest::Response, end: BodyEnd) -> Self {
        Self { inner, end }
    }

    /// Reads the body. Dropping the future cancels the request.
    ///
    /// # Errors
    /// Those of [`reqwest::Response::bytes`].
    pub async fn bytes(self) -> reqwest::Result<Bytes> {
        let Self { inner, mut end } = self;
        end.read(inner.bytes()).await
    }

    /// Reads the body as text. Dropping the future cancels the request.
    ///
    /// # Errors
    /// Those of [`reqwest::Response::text`].
    pub async fn text(self) -> reqwest::Result<String> {
        let Self { inner, mut end } = self;
        end.read(inner.text()).await
    }

    /// Reads the body as text of this encoding, unless the response names another. Dropping the future
    /// cancels the request.
    ///
    /// # Errors
    /// Those of [`reqwest::Response::text_with_charset`].
    #[cfg(feature = "charset")]
    pub async fn text_with_charset(self, default_encoding: &str) -> reqwest::Result<String> {
        let Self { inner, mut end } = self;
        end.read(inner.text_with_charset(default_encoding)).await
    }

    /// Reads the body as JSON. Dropping the future cancels the request.
    ///
    /// # Errors
    /// Those of [`reqwest::Response::json`]. A body that is not such a `T` makes the span an error
    /// (`decode`) too.
    pub async fn json<T: DeserializeOwned>(self) -> reqwest::Result<T> {
        let Self { inner, mut end } = self;
        end.read(inner.json()).await
    }

    /// Reads the next piece of the body; `None` is its end.
    ///
    /// The future may be dropped and the method called again. Dropping the response in between cancels
    /// the request.
    ///
    /// # Errors
    /// Those of [`reqwest::Response::chunk`].
    pub async fn chunk(&mut self) -> reqwest::Result<Option<Bytes>> {
        let chunk = self.end.read(self.inner.chunk()).await;
        if let Ok(None) = chunk {
            self.end.finish();
        }
        chunk
    }

    /// The body as a stream of its pieces. Dropped while the next one is awaited, the request is
    /// cancelled.
    #[cfg(feature = "stream")]
    pub fn bytes_stream(self) -> impl futures_core::Stream<Item = reqwest::Result<Bytes>> + use<> {
        crate::stream::Pieces::new(self.inner.bytes_stream(), self.end)
    }

    /// Itself, or an error where the status is one. The body is not read.
    ///
    /// # Errors
    /// Those of [`reqwest::Response::error_for_status`].
    pub fn error_for_status(self) -> reqwest::Result<Self> {
        let Self { inner, end } = self;
        Ok(Self { inner: inner.error_for_status()?, end })
    }

    /// reqwest's own response. The span ends here.
    pub fn into_inner(self) -> reqwest::Response {
        self.inner
    }
}

impl Deref for Response {
    type Target = reqwest::Response;

    fn deref(&self) -> &reqwest::Response {
        &self.inner
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
