//! The error messages of OTLP, and how an HTTP status maps to a gRPC one.
//!
//! Specification: OTLP 1.9, "Failures" and "OTLP/gRPC throttling"; `google/rpc/status.proto`,
//! `google/rpc/error_details.proto`.

use std::time::Duration;

use prost::Message;
use tonic::Code;

/// `google.rpc.Status`, the body of every answer that is an error.
#[derive(Clone, PartialEq, Message)]
pub(super) struct RpcStatus {
    #[prost(int32, tag = "1")]
    pub(super) code: i32,
    #[prost(string, tag = "2")]
    pub(super) message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

impl RpcStatus {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code: code as i32, message: message.into(), details: Vec::new() }
    }
}

/// A gRPC status that asks to come back after a time.
pub(super) fn throttled(after: Duration) -> tonic::Status {
    let retry_info = RetryInfo {
        retry_delay: Some(ProtoDuration {
            seconds: i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
            nanos: i32::try_from(after.subsec_nanos()).unwrap_or_default(),
        }),
    };
    let mut status = RpcStatus::new(Code::Unavailable, "come back later");
    status.details.push(Any {
        type_url: "type.googleapis.com/google.rpc.RetryInfo".to_owned(),
        value: retry_info.encode_to_vec(),
    });
    let details = status.encode_to_vec().into();
    tonic::Status::with_details(Code::Unavailable, status.message, details)
}

/// The gRPC code that says what an HTTP status says.
pub(super) fn code_of(http_status: u16) -> Code {
    match http_status {
        400 => Code::InvalidArgument,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        413 => Code::ResourceExhausted,
        429 | 502 | 503 | 504 => Code::Unavailable,
        500..=599 => Code::Internal,
        _ => Code::Unknown,
    }
}

#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<ProtoDuration>,
}

#[derive(Clone, PartialEq, Message)]
struct ProtoDuration {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}
