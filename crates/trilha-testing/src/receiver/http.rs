//! OTLP over HTTP: protobuf and JSON, plain and gzip.
//!
//! Specification: OTLP 1.9, "OTLP/HTTP".

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Router};
use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use serde_json::json;

use super::request::{Export, Protocol};
use super::rpc::{RpcStatus, code_of};
use super::server::{Connection, text_headers};
use super::shared::{Shared, Verdict};

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v1/traces", post(export::<ExportTraceServiceRequest>))
        .route("/v1/metrics", post(export::<ExportMetricsServiceRequest>))
        .route("/v1/logs", post(export::<ExportLogsServiceRequest>))
        .layer(DefaultBodyLimit::max(shared.max_request_bytes))
        .with_state(shared)
}

async fn export<E: Export>(
    State(shared): State<Arc<Shared>>,
    Extension(connection): Extension<Connection>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let content_type = ContentType::of(&headers);
    let read = match (content_type, body) {
        (None, _) => Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the content type must be application/x-protobuf or application/json",
        )),
        (Some(_), Err(rejection)) => Err(Refusal::new(rejection.status(), rejection.body_text())),
        (Some(content_type), Ok(body)) => {
            let message = decompress(&headers, body, shared.max_request_bytes);
            message.map(|message| (content_type, message))
        }
    };
    let (content_type, message) = match read {
        Ok(read) => read,
        Err(refusal) => {
            shared.add_malformed();
            return refusal.answer(content_type.unwrap_or(ContentType::Protobuf), None);
        }
    };

    let verdict = shared.export::<E>(content_type.protocol(), text_headers(&headers), &message);
    match verdict {
        Err(reason) => Refusal::new(StatusCode::BAD_REQUEST, reason).answer(content_type, None),
        Ok(Verdict::Answer(response)) => content_type.answer(&response),
        Ok(Verdict::AnswerAfter(after, response)) => {
            tokio::time::sleep(after).await;
            content_type.answer(&response)
        }
        Ok(Verdict::Fail(status, retry_after)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            Refusal::new(status, "as the test asked").answer(content_type, retry_after)
        }
        Ok(Verdict::Hang) => std::future::pending().await,
        Ok(Verdict::Disconnect) => connection.cut().await,
    }
}

/// The form of a request, and so of its answer.
#[derive(Clone, Copy, Debug)]
enum ContentType {
    Protobuf,
    Json,
}

impl ContentType {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        let essence = value.split(';').next().unwrap_or_default().trim();
        match essence.to_ascii_lowercase().as_str() {
            "application/x-protobuf" => Some(Self::Protobuf),
            "application/json" => Some(Self::Json),
            _ => None,
        }
    }

    fn protocol(self) -> Protocol {
        match self {
            Self::Protobuf => Protocol::HttpProtobuf,
            Self::Json => Protocol::HttpJson,
        }
    }

    fn header(self) -> (header::HeaderName, HeaderValue) {
        let value = match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        };
        (header::CONTENT_TYPE, HeaderValue::from_static(value))
    }

    fn answer<R: Message + Default + serde::Serialize>(self, response: &R) -> Response {
        let body = match self {
            Self::Protobuf => response.encode_to_vec(),
            // The default would be written with a null, which not all senders accept.
            Self::Json if response.encoded_len() == 0 => b"{}".to_vec(),
            Self::Json => serde_json::to_vec(response).unwrap_or_default(),
        };
        ([self.header()], body).into_response()
    }
}

/// Why a request is not accepted.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    reason: String,
}

impl Refusal {
    fn new(status: StatusCode, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self { status, reason }
    }

    fn answer(self, content_type: ContentType, retry_after: Option<Duration>) -> Response {
        let status = RpcStatus::new(code_of(self.status.as_u16()), self.reason);
        let body = match content_type {
            ContentType::Protobuf => status.encode_to_vec(),
            ContentType::Json => {
                json!({ "code": status.code, "message": status.message }).to_string().into_bytes()
            }
        };
        let mut response = (self.status, [content_type.header()], body).into_response();
        if let Some(after) = retry_after {
            let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

fn decompress(headers: &HeaderMap, body: Bytes, max: usize) -> Result<Bytes, Refusal> {
    let encoding = headers.get(header::CONTENT_ENCODING);
    match encoding.map(HeaderValue::as_bytes) {
        None | Some(b"" | b"identity") => Ok(body),
        Some(b"gzip") => {
            let mut message = Vec::new();
            // One byte more than allowed tells a message that is too large from one that just fits.
            let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
            let read = MultiGzDecoder::new(&*body).take(limit).read_to_end(&mut message);
            read.map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, error.to_string()))?;
            if message.len() > max {
                let reason = format!("the message is larger than {max} bytes");
                return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, reason));
            }
            Ok(message.into())
        }
        Some(_) => Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the content encoding must be gzip, or none",
        )),
    }
}
