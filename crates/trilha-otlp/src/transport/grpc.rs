//! OTLP/gRPC: the same bytes in a unary call, and what a gRPC status means.
//!
//! Specification: [OTLP 1.7, OTLP/gRPC response](https://github.com/open-telemetry/opentelemetry-proto/blob/v1.7.0/docs/specification.md#otlpgrpc-response).

use std::{error::Error, mem, time::Duration};

use bytes::{Buf, BufMut};
use http::{header::USER_AGENT, uri::PathAndQuery};
use hyper_util::client::legacy::Client;
use parking_lot::Mutex;
use prost::Message;
use tonic::{
    Code, Request, Status,
    body::Body,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    metadata::MetadataMap,
};

use super::{
    Answer, Payload, Sending, Transport,
    answer::ExportResponse,
    connect::{AGENT, Connector, Version, client},
};
use crate::config::{Compression, Target};

const EXPORT: PathAndQuery =
    PathAndQuery::from_static("/opentelemetry.proto.collector.trace.v1.TraceService/Export");

/// Calls `TraceService/Export` over one connection that is made when it is needed.
#[derive(Debug)]
pub(crate) struct GrpcTransport {
    client: Mutex<Client<Connector, Body>>,
    metadata: MetadataMap,
    target: Target,
}

impl GrpcTransport {
    pub(crate) fn new(mut target: Target) -> Self {
        let mut headers = mem::take(&mut target.headers);
        headers.entry(USER_AGENT).or_insert(AGENT);
        let metadata = MetadataMap::from_headers(headers);
        Self { client: Mutex::new(client(&target, Version::Http2)), metadata, target }
    }

    async fn call(&self, payload: Payload) -> Answer {
        let client = self.client.lock().clone();
        let mut request = Request::new(payload);
        *request.metadata_mut() = self.metadata.clone();
        let grpc = Grpc::with_origin(client, self.target.uri.clone());
        let mut grpc = compressing(grpc, self.target.compression);
        let call = async {
            grpc.ready().await.map_err(|error| Status::from_error(error.into()))?;
            grpc.unary(request, EXPORT, Raw).await
        };
        match tokio::time::timeout(self.target.timeout, call).await {
            Ok(Ok(response)) => response.into_inner().into(),
            Ok(Err(status)) => judge(&status),
            Err(_) => {
                // The connection may be dead without knowing it, as behind a firewall that forgot it.
                *self.client.lock() = self::client(&self.target, Version::Http2);
                Answer::Nothing
            }
        }
    }
}

fn compressing<T>(grpc: Grpc<T>, compression: Compression) -> Grpc<T> {
    match compression {
        Compression::None => grpc,
        #[cfg(feature = "gzip")]
        Compression::Gzip => grpc.send_compressed(tonic::codec::CompressionEncoding::Gzip),
    }
}

impl Transport for GrpcTransport {
    fn send(&self, payload: Payload) -> Sending<'_> {
        Box::pin(self.call(payload))
    }
}

fn judge(status: &Status) -> Answer {
    if status.source().is_some() {
        return Answer::Nothing; // the connection's error, not the receiver's word
    }
    match status.code() {
        // A broken answer is given these by the client itself.
        Code::Ok | Code::Unknown | Code::Internal => Answer::Nothing,
        Code::Unavailable => Answer::Later { after: retry_delay(status), may_be_taken: false },
        Code::Cancelled | Code::DeadlineExceeded | Code::Aborted | Code::OutOfRange | Code::DataLoss => {
            Answer::Later { after: retry_delay(status), may_be_taken: true }
        }
        // Retryable where the receiver says that it will recover, and when.
        Code::ResourceExhausted => match retry_delay(status) {
            Some(after) => Answer::Later { after: Some(after), may_be_taken: false },
            None => Answer::Unfit, // as gRPC's own libraries say of a message that is too large
        },
        Code::InvalidArgument => Answer::Unfit,
        _ => Answer::Refused,
    }
}

/// `google.rpc.RetryInfo` among the details of a `google.rpc.Status`.
fn retry_delay(status: &Status) -> Option<Duration> {
    let details = RpcStatus::decode(status.details()).ok()?.details;
    let info = details.into_iter().find(|any| any.type_url.ends_with("/google.rpc.RetryInfo"))?;
    let delay = RetryInfo::decode(info.value.as_slice()).ok()?.retry_delay?;
    let (seconds, nanos) = (delay.seconds.try_into().ok()?, delay.nanos.try_into().ok()?);
    Some(Duration::from_secs(seconds).saturating_add(Duration::from_nanos(nanos)))
}

#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(message, repeated, tag = "3")]
    details: Vec<AnyMessage>,
}

#[derive(Clone, PartialEq, Message)]
struct AnyMessage {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<Delay>,
}

#[derive(Clone, PartialEq, Message)]
struct Delay {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

/// Sends the payload as it is, if its attempt may depart, and reads the answer.
#[derive(Clone, Copy, Debug)]
struct Raw;

impl Codec for Raw {
    type Encode = Payload;
    type Decode = ExportResponse;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Raw {
    type Item = Payload;
    type Error = Status;

    fn encode(&mut self, payload: Payload, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        if !payload.attempt.depart() {
            return Err(Status::cancelled("the request was withdrawn"));
        }
        out.put(payload.body);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = ExportResponse;
    type Error = Status;

    fn decode(&mut self, answer: &mut DecodeBuf<'_>) -> Result<Option<ExportResponse>, Status> {
        let bytes = answer.copy_to_bytes(answer.remaining());
        let unreadable = |_| Status::internal("an answer that cannot be read");
        ExportResponse::decode(bytes).map(Some).map_err(unreadable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_delay(code: Code, seconds: i64) -> Status {
        let value = RetryInfo { retry_delay: Some(Delay { seconds, nanos: 5 }) }.encode_to_vec();
        let type_url = "type.googleapis.com/google.rpc.RetryInfo".to_owned();
        let details = RpcStatus { details: vec![AnyMessage { type_url, value }] }.encode_to_vec();
        Status::with_details(code, "", details.into())
    }

    #[test]
    fn what_otlp_calls_retryable_is() {
        let later = |may_be_taken| Answer::Later { after: None, may_be_taken };
        let judged = |code| judge(&Status::new(code, ""));
        assert_eq!(judged(Code::Unavailable), later(false));
        for code in [Code::Cancelled, Code::DeadlineExceeded, Code::Aborted, Code::OutOfRange, Code::DataLoss]
        {
            assert_eq!(judged(code), later(true), "{code:?}");
        }
        for code in [Code::InvalidArgument, Code::ResourceExhausted] {
            assert_eq!(judged(code), Answer::Unfit, "{code:?}");
        }
        for code in [Code::Unauthenticated, Code::PermissionDenied, Code::Unimplemented, Code::NotFound] {
            assert_eq!(judged(code), Answer::Refused, "{code:?}");
        }
    }

    #[test]
    fn a_receiver_that_will_recover_says_when() {
        let after = |seconds| Some(Duration::new(seconds, 5));
        let judged = |code| judge(&with_delay(code, 7));
        assert_eq!(judged(Code::Unavailable), Answer::Later { after: after(7), may_be_taken: false });
        assert_eq!(judged(Code::ResourceExhausted), Answer::Later { after: after(7), may_be_taken: false });
        assert_eq!(retry_delay(&with_delay(Code::Unavailable, -1)), None);
    }

    #[test]
    fn the_connection_s_own_error_is_no_answer() {
        let mut status = Status::unavailable("");
        status.set_source(std::sync::Arc::new(std::io::Error::other("reset")));
        assert_eq!(judge(&status), Answer::Nothing);
        assert_eq!(judge(&Status::internal("")), Answer::Nothing);
    }
}
