//! OTLP over gRPC, plain and gzip.
//!
//! The services are routed by hand, because tonic's generated ones answer `INTERNAL` to a message
//! that cannot be decoded, where OTLP asks for `INVALID_ARGUMENT`.
//!
//! Specification: OTLP 1.9, "OTLP/gRPC".

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use axum::{Extension, Router};
use bytes::{Buf, Bytes};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{Grpc, UnaryService};
use tonic::{Code, Status};

use super::request::{Export, Protocol};
use super::rpc::{code_of, throttled};
use super::server::{Connection, text_headers};
use super::shared::{Shared, Verdict};

const TRACES: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const METRICS: &str = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
const LOGS: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route(TRACES, post(export::<ExportTraceServiceRequest>))
        .route(METRICS, post(export::<ExportMetricsServiceRequest>))
        .route(LOGS, post(export::<ExportLogsServiceRequest>))
        .fallback(async || Status::unimplemented("no such service").into_http::<Body>())
        .with_state(shared)
}

async fn export<E: Export>(
    State(shared): State<Arc<Shared>>,
    Extension(connection): Extension<Connection>,
    request: Request,
) -> Response {
    let limit = shared.max_request_bytes;
    let is_read = Arc::new(AtomicBool::new(false));
    let service = ExportService::<E> {
        shared: Arc::clone(&shared),
        connection,
        is_read: Arc::clone(&is_read),
        request: PhantomData,
    };
    let mut grpc = Grpc::new(OtlpCodec::<E::Response>(PhantomData))
        .accept_compressed(CompressionEncoding::Gzip)
        .apply_max_message_size_config(Some(limit), None);
    let response = grpc.unary(service, request).await;
    if !is_read.load(Ordering::Relaxed) {
        shared.add_malformed();
    }
    response.map(Body::new)
}

struct ExportService<E> {
    shared: Arc<Shared>,
    connection: Connection,
    /// Set once a message was read, whether it can be decoded or not.
    is_read: Arc<AtomicBool>,
    request: PhantomData<fn(E)>,
}

impl<E: Export> UnaryService<Bytes> for ExportService<E> {
    type Response = E::Response;
    type Future = Pin<Box<dyn Future<Output = Result<tonic::Response<E::Response>, Status>> + Send>>;

    fn call(&mut self, request: tonic::Request<Bytes>) -> Self::Future {
        self.is_read.store(true, Ordering::Relaxed);
        let shared = Arc::clone(&self.shared);
        let connection = self.connection.clone();
        Box::pin(async move {
            let (metadata, _, message) = request.into_parts();
            let headers = text_headers(&metadata.into_headers());
            match shared.export::<E>(Protocol::Grpc, headers, &message) {
                Err(reason) => Err(Status::invalid_argument(reason)),
                Ok(Verdict::Answer(response)) => Ok(tonic::Response::new(response)),
                Ok(Verdict::AnswerAfter(after, response)) => {
                    tokio::time::sleep(after).await;
                    Ok(tonic::Response::new(response))
                }
                Ok(Verdict::Fail(_, Some(after))) => Err(throttled(after)),
                Ok(Verdict::Fail(status, None)) => Err(Status::new(code_of(status), "as the test asked")),
                Ok(Verdict::Hang) => std::future::pending().await,
                Ok(Verdict::Disconnect) => connection.cut().await,
            }
        })
    }
}

/// Reads a message as bytes, so that we decode it ourselves; writes a response.
struct OtlpCodec<R>(PhantomData<fn() -> R>);

impl<R: Message + 'static> Codec for OtlpCodec<R> {
    type Encode = R;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self(PhantomData)
    }

    fn decoder(&mut self) -> Self {
        Self(PhantomData)
    }
}

impl<R: Message + 'static> Encoder for OtlpCodec<R> {
    type Item = R;
    type Error = Status;

    fn encode(&mut self, response: R, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        let encoded = response.encode(buffer);
        encoded.map_err(|error| Status::new(Code::Internal, error.to_string()))
    }
}

impl<R: Message + 'static> Decoder for OtlpCodec<R> {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
