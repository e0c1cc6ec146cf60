//! OTLP/HTTP with protobuf: what an HTTP answer means.
//!
//! Specification: [OTLP 1.7, OTLP/HTTP response](https://github.com/open-telemetry/opentelemetry-proto/blob/v1.7.0/docs/specification.md#otlphttp-response).

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, SystemTime},
};

use bytes::{Buf, Bytes};
use http::{
    HeaderMap, HeaderValue, Method, Request, StatusCode,
    header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER, USER_AGENT},
};
use http_body_util::{BodyExt, Collected, Limited};
use hyper::body::{Body, Frame, SizeHint};
use hyper_util::client::legacy::Client;
use prost::Message;
use tokio::time::{Instant, timeout_at};

use super::{
    Answer, Payload, Sending, Transport,
    answer::ExportResponse,
    connect::{AGENT, Connector, Version, client},
};
use crate::{
    config::{Compression, Target},
    encode::Pieces,
};

const PROTOBUF: HeaderValue = HeaderValue::from_static("application/x-protobuf");

/// What an answer's body may take.
const MAX_ANSWER: usize = 1024 * 1024;

/// Posts each payload to one URL. It neither follows redirects nor tries again.
#[derive(Debug)]
pub(crate) struct HttpTransport {
    client: Client<Connector, Payload>,
    target: Target,
}

impl HttpTransport {
    pub(crate) fn new(mut target: Target) -> Self {
        target.headers.insert(CONTENT_TYPE, PROTOBUF);
        target.headers.entry(USER_AGENT).or_insert(AGENT);
        if target.compression != Compression::None {
            target.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        Self { client: client(&target, Version::Http1), target }
    }

    async fn post(&self, mut payload: Payload) -> Answer {
        payload.body = compress(payload.body, self.target.compression);
        let mut request = Request::new(payload);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.target.uri.clone();
        *request.headers_mut() = self.target.headers.clone();
        let end = Instant::now() + self.target.timeout;
        let Ok(Ok(response)) = timeout_at(end, self.client.request(request)).await else {
            return Answer::Nothing;
        };
        let (head, body) = response.into_parts();
        // Read to its end also where it says nothing, so that the connection serves again.
        let body = timeout_at(end, Limited::new(body, MAX_ANSWER).collect()).await;
        let body = body.ok().and_then(Result::ok).map(Collected::to_bytes);
        judge(head.status, &head.headers, body)
    }
}

fn compress(body: Pieces, compression: Compression) -> Pieces {
    match compression {
        Compression::None => body,
        #[cfg(feature = "gzip")]
        Compression::Gzip => {
            use std::io::Read;
            let mut packed = Vec::with_capacity(body.remaining() / 4);
            // The last tenth of the size would cost several times as much.
            let mut encoder = flate2::bufread::GzEncoder::new(body.reader(), flate2::Compression::fast());
            let _ = encoder.read_to_end(&mut packed); // memory does not fail
            vec![packed.into()].into()
        }
    }
}

impl Transport for HttpTransport {
    fn send(&self, payload: Payload) -> Sending<'_> {
        Box::pin(self.post(payload))
    }
}

/// `body` is none where it could not be read to its end.
fn judge(status: StatusCode, headers: &HeaderMap, body: Option<Bytes>) -> Answer {
    match status {
        StatusCode::OK => taken(headers, body),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            Answer::Later { after: retry_after(headers), may_be_taken: false }
        }
        StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => {
            Answer::Later { after: retry_after(headers), may_be_taken: true }
        }
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY => {
            Answer::Unfit
        }
        status if status.is_server_error() => Answer::Failed,
        status if status.is_success() => Answer::Nothing, // OTLP knows 200 alone
        _ => Answer::Refused,
    }
}

/// 200 alone proves nothing: a partial success is said in the body, and a stranger says 200 too.
fn taken(headers: &HeaderMap, body: Option<Bytes>) -> Answer {
    match body {
        Some(body) if body.is_empty() => ExportResponse::default().into(),
        Some(body) if headers.get(CONTENT_TYPE).is_some_and(is_protobuf) => {
            ExportResponse::decode(body).map_or(Answer::Nothing, Answer::from)
        }
        _ => Answer::Nothing,
    }
}

/// Parameters may follow, and names of types ignore case.
fn is_protobuf(value: &HeaderValue) -> bool {
    let kind = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
    kind.trim_ascii().eq_ignore_ascii_case(PROTOBUF.as_bytes())
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = httpdate::parse_http_date(value).ok()?;
    Some(until.duration_since(SystemTime::now()).unwrap_or_default())
}

/// A request's body, which leaves only if its attempt may depart.
impl Body for Payload {
    type Data = Pieces;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Pieces>, io::Error>>> {
        Poll::Ready(match std::mem::take(&mut self.body) {
            body if !body.has_remaining() => None,
            body if self.attempt.depart() => Some(Ok(Frame::data(body))),
            _ => Some(Err(io::Error::other("the request was withdrawn"))),
        })
    }

    fn is_end_stream(&self) -> bool {
        !self.body.has_remaining()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.body.remaining() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, headers: &[(&'static str, &'static str)], body: Option<&'static [u8]>) -> Answer {
        let headers = headers
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_static(value)));
        judge(status.try_into().unwrap(), &headers.collect(), body.map(Bytes::from_static))
    }

    const TYPE: (&str, &str) = ("content-type", "application/x-protobuf");

    #[test]
    fn only_a_readable_200_says_that_spans_were_taken() {
        assert_eq!(judged(200, &[], Some(b"")), Answer::Taken { rejected: 0 });
        assert_eq!(judged(200, &[TYPE], Some(b"\x0a\x02\x08\x02")), Answer::Taken { rejected: 2 });
        for kind in ["Application/X-Protobuf", "application/x-protobuf; charset=utf-8"] {
            let partial = judged(200, &[("content-type", kind)], Some(b"\x0a\x02\x08\x02"));
            assert_eq!(partial, Answer::Taken { rejected: 2 }, "{kind}");
        }
        assert_eq!(judged(200, &[TYPE], Some(b"\xff\xff")), Answer::Nothing);
        assert_eq!(judged(200, &[TYPE], None), Answer::Nothing);
        assert_eq!(judged(200, &[("content-type", "text/html")], Some(b"welcome")), Answer::Nothing);
        assert_eq!(judged(204, &[], Some(b"")), Answer::Nothing);
    }

    #[test]
    fn what_otlp_calls_retryable_is() {
        let later = |may_be_taken| Answer::Later { after: None, may_be_taken };
        assert_eq!(judged(429, &[], None), later(false));
        assert_eq!(judged(503, &[], None), later(false));
        assert_eq!(judged(502, &[], None), later(true));
        assert_eq!(judged(504, &[], None), later(true));
        assert_eq!(judged(500, &[], None), Answer::Failed);
        for status in [400, 413, 422] {
            assert_eq!(judged(status, &[], None), Answer::Unfit, "{status}");
        }
        for status in [301, 401, 403, 404, 415] {
            assert_eq!(judged(status, &[], None), Answer::Refused, "{status}");
        }
    }

    #[test]
    fn a_pause_is_read_in_seconds_and_as_a_date() {
        let after = |value: &'static str| match judged(503, &[("retry-after", value)], None) {
            Answer::Later { after, .. } => after,
            other => panic!("{other:?}"),
        };
        assert_eq!(after("7"), Some(Duration::from_secs(7)));
        assert_eq!(after("soon"), None);
        assert_eq!(after("-1"), None);
        assert_eq!(after("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        assert!(after("Fri, 31 Dec 9999 23:59:59 GMT").unwrap() > Duration::from_secs(1_000_000));
    }
}
