//! The metrics of a messaging client.
//!
//! Specification: [OpenTelemetry semantic conventions for messaging metrics 1.37](https://github.com/open-telemetry/semantic-conventions/blob/v1.37.0/docs/messaging/messaging-metrics.md).

use std::marker::PhantomData;

use opentelemetry::metrics::{Counter, Histogram, Meter};

use super::System;
use crate::{DURATION_BOUNDARIES, Instruments, Scope, duration_histogram};

/// The instruments of one messaging system, for each handle.
pub(super) struct Metrics<S> {
    pub(super) operation_duration: Histogram<f64>,
    pub(super) process_duration: Histogram<f64>,
    pub(super) sent: Counter<u64>,
    pub(super) consumed: Counter<u64>,
    system: PhantomData<S>,
}

impl<S: System> Instruments for Metrics<S> {
    const SCOPE: Scope = S::SCOPE;

    fn create(meter: &Meter) -> Self {
        let seconds = |name, description| duration_histogram(meter, name, description, &DURATION_BOUNDARIES);
        let messages = |name: &'static str, description: &'static str| {
            meter.u64_counter(name).with_unit("{message}").with_description(description).build()
        };
        Self {
            operation_duration: seconds(
                "messaging.client.operation.duration",
                "Duration of messaging operation initiated by a producer or consumer client.",
            ),
            process_duration: seconds("messaging.process.duration", "Duration of processing operation."),
            sent: messages(
                "messaging.client.sent.messages",
                "Number of messages producer attempted to send to the broker.",
            ),
            consumed: messages(
                "messaging.client.consumed.messages",
                "Number of messages that were delivered to the application.",
            ),
            system: PhantomData,
        }
    }
}
