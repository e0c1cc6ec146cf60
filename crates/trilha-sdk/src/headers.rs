//! Headers of exports, where they stand above the ones that the exporter reads from the environment.
//!
//! The exporter decodes what it is given once more, and lets `OTEL_EXPORTER_OTLP_HEADERS` win: ours are
//! set on the finished request instead.

use std::{future::Future, pin::Pin};

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};

/// Headers that can be sent. Of those with the same name, the last one counts.
#[derive(Clone, Debug)]
pub(crate) struct Headers(HeaderMap);

impl Headers {
    /// Fails with what is wrong with the first header that cannot be sent. What is no name is not shown: by
    /// mistake it may be a secret.
    pub(crate) fn check(headers: &[(String, String)]) -> Result<Self, String> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let key: HeaderName = name.parse().map_err(|_| "a name is not that of a header")?;
            let refused = |_| format!("the value of {name:?} has characters that no header may have");
            let mut value: HeaderValue = value.parse().map_err(refused)?;
            value.set_sensitive(true);
            map.insert(key, value);
        }
        Ok(Self(map))
    }

    fn set(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.0 {
            headers.insert(name, value.clone());
        }
    }
}

/// An HTTP client, with our headers on each request.
#[derive(Debug)]
pub(crate) struct Client<C> {
    pub(crate) inner: C,
    pub(crate) headers: Headers,
}

impl<C: HttpClient> HttpClient for Client<C> {
    fn send_bytes<'a, 'f>(
        &'a self,
        mut request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'f>>
    where
        'a: 'f,
        Self: 'f,
    {
        self.headers.set(request.headers_mut());
        self.inner.send_bytes(request)
    }
}

#[cfg(feature = "grpc")]
impl tonic::service::Interceptor for Headers {
    fn call(&mut self, mut request: tonic::Request<()>) -> Result<tonic::Request<()>, tonic::Status> {
        let mut headers = std::mem::take(request.metadata_mut()).into_headers();
        self.set(&mut headers);
        *request.metadata_mut() = tonic::metadata::MetadataMap::from_headers(headers);
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, value: &str) -> Result<Headers, String> {
        Headers::check(&[(name.into(), value.into())])
    }

    #[test]
    fn a_header_that_cannot_be_sent_is_refused() {
        assert_eq!(check("a b", "c").unwrap_err(), "a name is not that of a header");
        let error = check("a", "b\nc").unwrap_err();
        assert_eq!(error, "the value of \"a\" has characters that no header may have");
    }

    #[test]
    fn ours_replace_the_ones_that_are_there() {
        let mut headers = HeaderMap::new();
        headers.insert("x-key", HeaderValue::from_static("environment"));
        check("X-Key", "program").unwrap().set(&mut headers);
        assert_eq!(headers.get_all("x-key").iter().collect::<Vec<_>>(), ["program"]);
    }

    #[cfg(feature = "grpc")]
    #[test]
    fn ours_replace_the_metadata_that_is_there() {
        use tonic::service::Interceptor;
        let mut request = tonic::Request::new(());
        request.metadata_mut().insert("x-key", "environment".parse().unwrap());
        let request = check("X-Key", "program").unwrap().call(request).unwrap();
        assert_eq!(request.metadata().get_all("x-key").iter().collect::<Vec<_>>(), ["program"]);
    }
}
