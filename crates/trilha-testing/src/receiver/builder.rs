//! Where a receiver listens and how much it keeps.

use std::net::{Ipv4Addr, SocketAddr};

use parking_lot::Mutex;

use super::shared::Shared;
use super::store::Limits;
use super::{Receiver, server};
use crate::error::SetupError;

/// Settings of a [`Receiver`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ReceiverBuilder {
    http_addr: SocketAddr,
    grpc_addr: SocketAddr,
    max_request_bytes: usize,
    limits: Limits,
}

impl Default for ReceiverBuilder {
    fn default() -> Self {
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            http_addr: any_port,
            grpc_addr: any_port,
            max_request_bytes: 64 << 20,
            limits: Limits {
                spans: 200_000,
                span_bytes: 256 << 20,
                logs: 20_000,
                series: 10_000,
                requests: 256,
            },
        }
    }
}

impl ReceiverBuilder {
    /// Where to receive OTLP over HTTP. Defaults to a free port of 127.0.0.1.
    pub fn http_addr(self, http_addr: SocketAddr) -> Self {
        Self { http_addr, ..self }
    }

    /// Where to receive OTLP over gRPC. Defaults to a free port of 127.0.0.1.
    pub fn grpc_addr(self, grpc_addr: SocketAddr) -> Self {
        Self { grpc_addr, ..self }
    }

    /// The largest request, in bytes, before and after decompression; a larger one is answered
    /// 413 (gRPC: `OUT_OF_RANGE` or `RESOURCE_EXHAUSTED`). Defaults to 64 MiB.
    pub fn max_request_bytes(self, max_request_bytes: usize) -> Self {
        Self { max_request_bytes, ..self }
    }

    /// How many spans are kept. Beyond that the oldest whole traces are given up, then the oldest
    /// of all; they are counted. Defaults to 200,000.
    pub fn max_spans(mut self, max_spans: usize) -> Self {
        self.limits.spans = max_spans;
        self
    }

    /// How many bytes of spans are kept, measured as they were sent, uncompressed. Beyond that
    /// traces are given up as for [`max_spans`](Self::max_spans). Defaults to 256 MiB.
    pub fn max_span_bytes(mut self, max_span_bytes: usize) -> Self {
        self.limits.span_bytes = max_span_bytes;
        self
    }

    /// How many log records are kept; beyond that the oldest are given up. Defaults to 20,000.
    pub fn max_logs(mut self, max_logs: usize) -> Self {
        self.limits.logs = max_logs;
        self
    }

    /// How many metric series are kept; points of others are dropped. Defaults to 10,000.
    pub fn max_series(mut self, max_series: usize) -> Self {
        self.limits.series = max_series;
        self
    }

    /// Starts the receiver.
    ///
    /// # Errors
    /// Where an address cannot be bound; the error names the option.
    pub fn start(self) -> Result<Receiver, SetupError> {
        let shared = Shared::new(self.limits, self.max_request_bytes);
        let server = server::start(shared.clone(), self.http_addr, self.grpc_addr)?;
        Ok(Receiver {
            shared,
            http_addr: server.http_addr,
            grpc_addr: server.grpc_addr,
            runtime: server.runtime,
            thread: Mutex::new(Some(server.thread)),
        })
    }
}
