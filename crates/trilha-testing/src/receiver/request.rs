//! Export requests: what is kept of one, and how each signal is decoded and stored.

use opentelemetry_proto::tonic::collector::logs::v1 as logs;
use opentelemetry_proto::tonic::collector::metrics::v1 as metrics;
use opentelemetry_proto::tonic::collector::trace::v1 as trace;
use prost::Message;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::store::{Refused, Store};

/// What an export request carries.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Signal {
    /// Spans.
    Traces,
    /// Metric points.
    Metrics,
    /// Log records.
    Logs,
}

/// How an export request arrived.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Protocol {
    /// OTLP/HTTP with protobuf.
    HttpProtobuf,
    /// OTLP/HTTP with JSON.
    HttpJson,
    /// OTLP/gRPC.
    Grpc,
}

/// An export request that arrived, whatever was answered.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReceivedRequest {
    /// What it carried.
    pub signal: Signal,
    /// How it arrived.
    pub protocol: Protocol,
    /// Its headers (gRPC: its metadata), names in lower case. Values that are not text are left
    /// out.
    pub headers: Vec<(String, String)>,
    /// The size of its message, uncompressed.
    pub bytes: usize,
}

impl ReceivedRequest {
    /// The first header of a name, given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(known, _)| known == name)?;
        Some(value)
    }
}

/// The export request of a signal.
pub(crate) trait Export: Message + Default + DeserializeOwned + 'static {
    const SIGNAL: Signal;
    type Response: Message + Default + Serialize + 'static;

    /// Whether it carries a span of this name.
    fn has_span(&self, _: &str) -> bool {
        false
    }

    /// Puts what it carries into the store.
    fn keep(self, store: &mut Store) -> Refused;

    /// The answer that a part was refused.
    fn partial(refused: Refused) -> Self::Response;
}

impl Export for trace::ExportTraceServiceRequest {
    const SIGNAL: Signal = Signal::Traces;
    type Response = trace::ExportTraceServiceResponse;

    fn has_span(&self, name: &str) -> bool {
        let scopes = self.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
        scopes.flat_map(|scope| &scope.spans).any(|span| span.name == name)
    }

    fn keep(self, store: &mut Store) -> Refused {
        store.add_spans(self.resource_spans)
    }

    fn partial(refused: Refused) -> Self::Response {
        trace::ExportTraceServiceResponse {
            partial_success: Some(trace::ExportTracePartialSuccess {
                rejected_spans: refused.count,
                error_message: refused.reason.to_owned(),
            }),
        }
    }
}

impl Export for metrics::ExportMetricsServiceRequest {
    const SIGNAL: Signal = Signal::Metrics;
    type Response = metrics::ExportMetricsServiceResponse;

    fn keep(self, store: &mut Store) -> Refused {
        store.add_metrics(self.resource_metrics)
    }

    fn partial(refused: Refused) -> Self::Response {
        metrics::ExportMetricsServiceResponse {
            partial_success: Some(metrics::ExportMetricsPartialSuccess {
                rejected_data_points: refused.count,
                error_message: refused.reason.to_owned(),
            }),
        }
    }
}

impl Export for logs::ExportLogsServiceRequest {
    const SIGNAL: Signal = Signal::Logs;
    type Response = logs::ExportLogsServiceResponse;

    fn keep(self, store: &mut Store) -> Refused {
        store.add_logs(self.resource_logs)
    }

    fn partial(refused: Refused) -> Self::Response {
        logs::ExportLogsServiceResponse {
            partial_success: Some(logs::ExportLogsPartialSuccess {
                rejected_log_records: refused.count,
                error_message: refused.reason.to_owned(),
            }),
        }
    }
}
