//! OTLP's answers: the few messages of them that say something, by protobuf.
//!
//! Specification: [OTLP 1.7, responses](https://github.com/open-telemetry/opentelemetry-proto/blob/v1.7.0/docs/specification.md).

use prost::Message;

use super::Answer;

/// An `ExportTraceServiceResponse`, read as far as it says what was not taken.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct ExportResponse {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<PartialSuccess>,
}

#[derive(Clone, PartialEq, Message)]
struct PartialSuccess {
    #[prost(int64, tag = "1")]
    rejected_spans: i64,
}

impl From<ExportResponse> for Answer {
    fn from(response: ExportResponse) -> Self {
        let rejected = response.partial_success.map_or(0, |partial| partial.rejected_spans);
        Self::Taken { rejected: rejected.try_into().unwrap_or(0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::collector::trace::v1::{
        ExportTracePartialSuccess, ExportTraceServiceResponse,
    };

    fn answer(rejected_spans: i64) -> Answer {
        let partial = ExportTracePartialSuccess { rejected_spans, error_message: "because".into() };
        let response = ExportTraceServiceResponse { partial_success: Some(partial) };
        ExportResponse::decode(response.encode_to_vec().as_slice()).unwrap().into()
    }

    #[test]
    fn what_was_not_taken_is_read() {
        assert_eq!(answer(3), Answer::Taken { rejected: 3 });
        assert_eq!(answer(0), Answer::Taken { rejected: 0 });
        assert_eq!(answer(-1), Answer::Taken { rejected: 0 });
        assert_eq!(Answer::from(ExportResponse::default()), Answer::Taken { rejected: 0 });
    }
}
