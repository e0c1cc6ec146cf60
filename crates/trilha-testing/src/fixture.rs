//! A service of a test's own: its spans arrive at a receiver of its own.

use std::time::Duration;

use trilha_core::{Handle, SpanCounts};
use trilha_otlp::{Endpoint, Pipeline, PipelineConfig};

use crate::Receiver;

/// A service with a receiver, and nothing that is global: tests run in parallel.
#[derive(Debug)]
pub struct Fixture {
    handle: Handle,
    pipeline: Pipeline,
    receiver: Receiver,
}

impl Fixture {
    /// Starts a service of this name.
    ///
    /// # Panics
    /// The system gives no port or thread.
    #[track_caller]
    pub fn start(service_name: &str) -> Self {
        let receiver = Receiver::start();
        let endpoint = Endpoint::http(format!("{}/v1/traces", receiver.http_endpoint()));
        let resource = [opentelemetry::KeyValue::new("service.name", service_name.to_owned())];
        // A test waits for what it asks about, and should not wait for a batch to fill.
        let config =
            PipelineConfig::new(endpoint).resource(resource).batch_interval(Duration::from_millis(10));
        let pipeline = Pipeline::start(config)
            .unwrap_or_else(|error| panic!("the fixture's pipeline does not start: {error}"));
        let handle = Handle::builder(pipeline.recorder()).service(service_name, None).build();
        Self { handle, pipeline, receiver }
    }

    /// The handle under which everything reaches the receiver.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Where the spans arrive.
    pub fn receiver(&self) -> &Receiver {
        &self.receiver
    }

    /// Sends what has ended so far.
    pub async fn flush(&self) -> SpanCounts {
        self.pipeline.flush(Duration::from_secs(10)).await.counts
    }
}
