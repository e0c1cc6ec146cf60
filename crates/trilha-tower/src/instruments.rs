//! The metrics of both layers.
//!
//! Specification: semantic conventions for [HTTP metrics 1.37](https://github.com/open-telemetry/semantic-conventions/blob/v1.37.0/docs/http/http-metrics.md).

use opentelemetry::{
    KeyValue,
    metrics::{Histogram, Meter, UpDownCounter},
};
use trilha_core::{DURATION_BOUNDARIES, Instruments, Scope, duration_histogram};

use crate::SCOPE;

#[derive(Debug)]
pub(crate) struct ServerInstruments {
    pub(crate) http_duration: Histogram<f64>,
    pub(crate) rpc_duration: Histogram<f64>,
    active_requests: UpDownCounter<i64>,
}

impl Instruments for ServerInstruments {
    const SCOPE: Scope = SCOPE;

    fn create(meter: &Meter) -> Self {
        let active_requests = meter
            .i64_up_down_counter("http.server.active_requests")
            .with_unit("{request}")
            .with_description("Number of active HTTP server requests.")
            .build();
        Self {
            http_duration: duration(
                meter,
                "http.server.request.duration",
                "Duration of HTTP server requests.",
            ),
            rpc_duration: duration(meter, "rpc.server.call.duration", "Duration of inbound RPCs."),
            active_requests,
        }
    }
}

impl ServerInstruments {
    /// Counts a request as active until the value is dropped.
    pub(crate) fn active_request(&self, method: &'static str, scheme: &'static str) -> Box<ActiveRequest> {
        let dimensions = [KeyValue::new("http.request.method", method), KeyValue::new("url.scheme", scheme)];
        self.active_requests.add(1, &dimensions);
        Box::new(ActiveRequest { counter: self.active_requests.clone(), dimensions })
    }
}

#[derive(Debug)]
pub(crate) struct ActiveRequest {
    counter: UpDownCounter<i64>,
    dimensions: [KeyValue; 2],
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.counter.add(-1, &self.dimensions);
    }
}

#[derive(Debug)]
pub(crate) struct ClientInstruments {
    pub(crate) http_duration: Histogram<f64>,
    pub(crate) rpc_duration: Histogram<f64>,
}

impl Instruments for ClientInstruments {
    const SCOPE: Scope = SCOPE;

    fn create(meter: &Meter) -> Self {
        Self {
            http_duration: duration(
                meter,
                "http.client.request.duration",
                "Duration of HTTP client requests.",
            ),
            rpc_duration: duration(meter, "rpc.client.call.duration", "Duration of outbound RPCs."),
        }
    }
}

fn duration(meter: &Meter, name: &'static str, description: &'static str) -> Histogram<f64> {
    duration_histogram(meter, name, description, &DURATION_BOUNDARIES)
}
