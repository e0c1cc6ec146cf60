//! Interim: until trilha-testing has its own.

use std::time::Duration;

use opentelemetry::KeyValue;
use trilha_core::Handle;
use trilha_otlp::{Endpoint, Pipeline, PipelineConfig};
use trilha_testing::Receiver;

pub(crate) struct Fixture {
    _pipeline: Pipeline,
    receiver: Receiver,
    handle: Handle,
}

impl Fixture {
    pub(crate) fn start(service: &str) -> Self {
        let receiver = Receiver::start();
        let config = PipelineConfig::new(Endpoint::http(format!("{}/v1/traces", receiver.http_endpoint())))
            .resource([KeyValue::new("service.name", service.to_owned())])
            .batch_interval(Duration::from_millis(10));
        let pipeline = Pipeline::start(config).unwrap();
        let handle = Handle::builder(pipeline.recorder()).service(service, None).build();
        Self { _pipeline: pipeline, receiver, handle }
    }

    pub(crate) fn handle(&self) -> Handle {
        self.handle.clone()
    }

    pub(crate) fn receiver(&self) -> &Receiver {
        &self.receiver
    }
}

pub(crate) fn server(name: &str) -> Option<String> {
    let url = std::env::var(name).ok();
    if url.is_none() {
        println!("SKIPPED: set {name}");
    }
    url
}
