//! A meter provider that exports over OTLP.
//!
//! Specification: [OTLP 1.7](https://github.com/open-telemetry/opentelemetry-proto/blob/v1.7.0/docs/specification.md).

use std::{
    collections::HashMap,
    io,
    sync::{Arc, atomic::Ordering::Relaxed, mpsc},
    thread,
    time::Duration,
};

use opentelemetry::{KeyValue, metrics::MeterProvider};
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_otlp::{MetricExporter, Protocol, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    metrics::{PeriodicReader, SdkMeterProvider},
};

use crate::{
    quiet::{Exports, Quiet},
    runtime::QuietRuntime,
};

/// Metrics on their way to a receiver. Clones share them.
#[derive(Clone, Debug)]
pub struct Metrics {
    provider: SdkMeterProvider,
    exports: Arc<Exports>,
}

/// How often metrics were exported.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct ExportCounts {
    /// Exports that the receiver took.
    pub delivered: u64,
    /// Exports that it did not take, or that did not reach it. The next one carries the sums on.
    pub failed: u64,
}

impl Metrics {
    /// Metrics over OTLP/HTTP with protobuf, to this URL.
    ///
    /// A thread of their own collects them, another one carries the connections: they need no runtime
    /// of the program's.
    pub fn http(url: impl Into<String>) -> MetricsBuilder {
        Self::builder(Transport::Http, url.into())
    }

    /// Metrics over OTLP/gRPC, to this scheme and authority. Threads as with [`http`](Self::http).
    #[cfg(feature = "grpc")]
    pub fn grpc(endpoint: impl Into<String>) -> MetricsBuilder {
        Self::builder(Transport::Grpc, endpoint.into())
    }

    fn builder(transport: Transport, endpoint: String) -> MetricsBuilder {
        MetricsBuilder {
            transport,
            endpoint,
            headers: Vec::new(),
            timeout: Duration::from_secs(10),
            interval: Duration::from_secs(60),
            resource: Vec::new(),
        }
    }

    /// Where instruments come from.
    pub fn meter_provider(&self) -> Arc<dyn MeterProvider + Send + Sync> {
        Arc::new(self.provider.clone())
    }

    /// Makes these the meters of foreign code that asks the OpenTelemetry API for global ones.
    pub fn set_global(&self) {
        opentelemetry::global::set_meter_provider(self.provider.clone());
    }

    /// How often metrics were exported.
    pub fn export_counts(&self) -> ExportCounts {
        ExportCounts {
            delivered: self.exports.delivered.load(Relaxed),
            failed: self.exports.failed.load(Relaxed),
        }
    }

    /// Exports now. Waits on the calling thread, at most for `timeout`; whether it was done in time.
    pub fn flush_blocking(&self, timeout: Duration) -> bool {
        self.within(timeout, |provider, _| provider.force_flush().is_ok())
    }

    /// Exports a last time and stops. Waits on the calling thread, at most for `timeout`; whether it
    /// was done in time.
    pub fn shutdown_blocking(&self, timeout: Duration) -> bool {
        self.within(timeout, |provider, timeout| provider.shutdown_with_timeout(timeout).is_ok())
    }

    /// The SDK waits without a bound of its own: it does so on a thread that nobody waits for longer.
    fn within(&self, timeout: Duration, f: fn(&SdkMeterProvider, Duration) -> bool) -> bool {
        let (done, answer) = mpsc::sync_channel(1);
        let provider = self.provider.clone();
        let thread = thread::Builder::new().name("trilha-metrics".into()).spawn(move || {
            let _ = done.send(f(&provider, timeout));
        });
        thread.is_ok() && answer.recv_timeout(timeout).unwrap_or(false)
    }
}

/// Settings of [`Metrics`].
#[derive(Debug)]
#[must_use = "metrics start with `start`"]
pub struct MetricsBuilder {
    transport: Transport,
    endpoint: String,
    headers: Vec<(String, String)>,
    timeout: Duration,
    interval: Duration,
    resource: Vec<KeyValue>,
}

impl MetricsBuilder {
    /// Headers of every export. Defaults to none.
    pub fn headers(mut self, headers: Vec<(String, String)>) -> Self {
        self.headers = headers;
        self
    }

    /// How long one export may take. Defaults to 10 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How often metrics are exported. Defaults to 60 s.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Who the service is. Defaults to nobody.
    pub fn resource(mut self, attributes: Vec<KeyValue>) -> Self {
        self.resource = attributes;
        self
    }

    /// Starts to collect and export.
    ///
    /// # Errors
    /// The endpoint or a header is malformed, or the system gives no thread.
    pub fn start(self) -> Result<Metrics, SetupError> {
        let runtime = QuietRuntime::start().map_err(|error| SetupError(Kind::Thread(error)))?;
        let _entered = runtime.enter();
        let exporter = self.exporter()?;
        let exports = Arc::<Exports>::default();
        let exporter = Quiet { exporter, runtime: runtime.clone(), exports: exports.clone() };
        let reader = PeriodicReader::builder(exporter).with_interval(self.interval).build();
        let provider = SdkMeterProvider::builder()
            .with_reader(reader)
            .with_resource(Resource::builder_empty().with_attributes(self.resource).build())
            .build();
        Ok(Metrics { provider, exports })
    }

    fn exporter(&self) -> Result<MetricExporter, SetupError> {
        match self.transport {
            Transport::Http => MetricExporter::builder()
                .with_http()
                .with_protocol(Protocol::HttpBinary)
                .with_http_client(HyperClient::with_default_connector(self.timeout, None))
                .with_endpoint(&self.endpoint)
                .with_timeout(self.timeout)
                .with_headers(self.headers.iter().cloned().collect::<HashMap<_, _>>())
                .build(),
            #[cfg(feature = "grpc")]
            Transport::Grpc => {
                use opentelemetry_otlp::WithTonicConfig;
                MetricExporter::builder()
                    .with_tonic()
                    .with_endpoint(&self.endpoint)
                    .with_timeout(self.timeout)
                    .with_metadata(metadata(&self.headers)?)
                    .build()
            }
        }
        .map_err(|error| SetupError(Kind::Exporter(error.to_string())))
    }
}

#[derive(Clone, Copy, Debug)]
enum Transport {
    Http,
    #[cfg(feature = "grpc")]
    Grpc,
}

/// Why metrics could not be set up.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct SetupError(Kind);

impl SetupError {
    /// The option to change: `endpoint` or `headers`. `None` where it is the system's fault.
    pub fn option(&self) -> Option<&'static str> {
        match &self.0 {
            Kind::Exporter(_) => Some("endpoint"),
            #[cfg(feature = "grpc")]
            Kind::Header(_) => Some("headers"),
            Kind::Thread(_) => None,
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum Kind {
    #[error("the exporter refuses its settings: {0}")]
    Exporter(String),
    #[cfg(feature = "grpc")]
    #[error("the header {0:?} cannot be sent as gRPC metadata")]
    Header(String),
    #[error("the system gives no thread")]
    Thread(#[source] io::Error),
}

#[cfg(feature = "grpc")]
fn metadata(headers: &[(String, String)]) -> Result<tonic::metadata::MetadataMap, SetupError> {
    use tonic::metadata::{MetadataKey, MetadataMap, MetadataValue};
    let mut metadata = MetadataMap::new();
    for (name, value) in headers {
        let refused = || SetupError(Kind::Header(name.clone()));
        let key = MetadataKey::from_bytes(name.as_bytes()).map_err(|_| refused())?;
        let value = MetadataValue::try_from(value).map_err(|_| refused())?;
        metadata.append(key, value);
    }
    Ok(metadata)
}
