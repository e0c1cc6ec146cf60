//! What the HTTP adapters share: headers as a carrier, and the names of HTTP spans.
//!
//! Specification: [OpenTelemetry semantic conventions for HTTP 1.37](https://github.com/open-telemetry/semantic-conventions/blob/v1.37.0/docs/http/http-spans.md).

mod carrier;
mod names;

pub use self::{
    carrier::{Headers, HeadersMut},
    names::{SpanName, host, known_method, original_method, port, protocol_version, redacted_url, span_name},
};
