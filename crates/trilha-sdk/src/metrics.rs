//! A meter provider that exports over OTLP.
//!
//! Specification: [OTLP 1.7](https://github.com/open-telemetry/opentelemetry-proto/blob/v1.7.0/docs/specification.md).

use std::{
    fmt, io, mem,
    sync::{Arc, atomic::Ordering::Relaxed, mpsc},
    thread,
    time::Duration,
};

use http::{
    Uri,
    uri::{Authority, Scheme},
};
use opentelemetry::{KeyValue, metrics::MeterProvider};
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_otlp::{ExporterBuildError, MetricExporter, Protocol, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    error::{OTelSdkError, OTelSdkResult},
    metrics::{PeriodicReader, SdkMeterProvider},
};
use trilha_core::Process;

use crate::{
    headers::{Client, Headers},
    quiet::{Exports, Quiet},
    runtime::QuietRuntime,
};

/// Metrics on their way to a receiver. Clones share them.
///
/// They are those of the process that started them. In a child of a fork the SDK has no thread to collect them, and
/// its sums are the parent's: nothing is exported there, and nobody waits for it. A child that measures starts
/// metrics of its own.
#[derive(Clone, Debug)]
pub struct Metrics {
    process: Process,
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
            #[cfg(feature = "gzip")]
            is_gzip: false,
            #[cfg(feature = "tls")]
            tls: None,
            timeout: Duration::from_secs(10),
            interval: Duration::from_secs(60),
            resource: Vec::new(),
        }
    }

    /// Where instruments come from.
    pub fn meter_provider(&self) -> Arc<dyn MeterProvider + Send + Sync> {
        Arc::new(self.provider.clone())
    }

    /// How often metrics were exported.
    pub fn export_counts(&self) -> ExportCounts {
        ExportCounts {
            delivered: self.exports.delivered.load(Relaxed),
            failed: self.exports.failed.load(Relaxed),
        }
    }

    /// Exports now. Waits on the calling thread, at most for `timeout`. Whether the export ended in time;
    /// whether the receiver took it is told by [`export_counts`](Self::export_counts).
    pub fn flush_blocking(&self, timeout: Duration) -> bool {
        self.within(timeout, |provider, _| provider.force_flush())
    }

    /// Exports a last time and stops. Waits on the calling thread, at most for `timeout`. Whether the
    /// export ended in time; whether the receiver took it is told by
    /// [`export_counts`](Self::export_counts).
    pub fn shutdown_blocking(&self, timeout: Duration) -> bool {
        self.within(timeout, SdkMeterProvider::shutdown_with_timeout)
    }

    /// The SDK waits without a bound of its own: it does so on a thread that nobody waits for longer.
    fn within(&self, timeout: Duration, f: fn(&SdkMeterProvider, Duration) -> OTelSdkResult) -> bool {
        if !self.process.is_current() {
            return true; // nothing is exported that could be waited for
        }
        let (done, answer) = mpsc::sync_channel(1);
        let provider = self.provider.clone();
        let thread = thread::Builder::new().name("trilha-metrics".into()).spawn(move || {
            let _ = done.send(f(&provider, timeout));
        });
        let answer = thread.ok().and_then(|_| answer.recv_timeout(timeout).ok());
        answer.is_some_and(|result| !matches!(result, Err(OTelSdkError::Timeout(_))))
    }
}

impl Drop for Metrics {
    fn drop(&mut self) {
        if !self.process.is_current() {
            // Its own drop would wait for the thread that the fork has left behind.
            mem::forget(self.provider.clone());
        }
    }
}

/// Settings of [`Metrics`].
#[must_use = "metrics start with `start`"]
pub struct MetricsBuilder {
    transport: Transport,
    endpoint: String,
    headers: Vec<(String, String)>,
    #[cfg(feature = "gzip")]
    is_gzip: bool,
    #[cfg(feature = "tls")]
    tls: Option<rustls::ClientConfig>,
    timeout: Duration,
    interval: Duration,
    resource: Vec<KeyValue>,
}

impl MetricsBuilder {
    /// Headers of every export; of those with the same name, the last one counts. Defaults to none. They
    /// stand above those of `OTEL_EXPORTER_OTLP_HEADERS` and `OTEL_EXPORTER_OTLP_METRICS_HEADERS`.
    pub fn headers(mut self, headers: Vec<(String, String)>) -> Self {
        self.headers = headers;
        self
    }

    /// Compresses exports with gzip. Defaults to what `OTEL_EXPORTER_OTLP_COMPRESSION` and
    /// `OTEL_EXPORTER_OTLP_METRICS_COMPRESSION` say.
    #[cfg(feature = "gzip")]
    pub fn gzip(mut self) -> Self {
        self.is_gzip = true;
        self
    }

    /// How a receiver behind `https://` is known, and how it knows us. Defaults to none, and then `https://`
    /// is refused.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, config: rustls::ClientConfig) -> Self {
        self.tls = Some(config);
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
        let (runtime, timeout) = (runtime.clone(), self.timeout);
        let exporter = Quiet { exporter, runtime, timeout, exports: exports.clone() };
        let reader = PeriodicReader::builder(exporter).with_interval(self.interval).build();
        let provider = SdkMeterProvider::builder()
            .with_reader(reader)
            .with_resource(Resource::builder_empty().with_attributes(self.resource).build())
            .build();
        Ok(Metrics { process: Process::current(), provider, exports })
    }

    fn exporter(&self) -> Result<MetricExporter, SetupError> {
        let url = check_url(&self.endpoint)?;
        let is_https = url.scheme() == Some(&Scheme::HTTPS);
        if is_https && !self.has_tls() {
            return Err(SetupError(Kind::Tls));
        }
        let headers = Headers::check(&self.headers).map_err(|problem| SetupError(Kind::Header(problem)))?;
        match self.transport {
            Transport::Http => self.http(headers),
            #[cfg(feature = "grpc")]
            Transport::Grpc => self.grpc(url, headers),
        }
        .map_err(|error| SetupError(Kind::Exporter(error.to_string())))
    }

    fn http(&self, headers: Headers) -> Result<MetricExporter, ExporterBuildError> {
        let builder = MetricExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(&self.endpoint)
            .with_timeout(self.timeout);
        #[cfg(feature = "gzip")]
        let builder = match self.is_gzip {
            true => builder.with_compression(opentelemetry_otlp::Compression::Gzip),
            false => builder,
        };
        #[cfg(feature = "tls")]
        if let Some(config) = &self.tls {
            let inner = HyperClient::new(crate::tls::http(config.clone()), self.timeout, None);
            return builder.with_http_client(Client { inner, headers }).build();
        }
        let inner = HyperClient::with_default_connector(self.timeout, None);
        builder.with_http_client(Client { inner, headers }).build()
    }

    #[cfg(feature = "grpc")]
    fn grpc(&self, url: Uri, headers: Headers) -> Result<MetricExporter, ExporterBuildError> {
        use opentelemetry_otlp::WithTonicConfig;
        let builder = MetricExporter::builder()
            .with_tonic()
            .with_endpoint(&self.endpoint)
            .with_timeout(self.timeout)
            .with_interceptor(headers);
        #[cfg(feature = "gzip")]
        let builder = match self.is_gzip {
            true => builder.with_compression(opentelemetry_otlp::Compression::Gzip),
            false => builder,
        };
        #[cfg(feature = "tls")]
        let builder = match self.tls.clone().filter(|_| url.scheme() == Some(&Scheme::HTTPS)) {
            Some(config) => {
                let refused =
                    |error: tonic::transport::Error| ExporterBuildError::InternalFailure(error.to_string());
                builder.with_channel(crate::tls::channel(url, config).map_err(refused)?)
            }
            None => builder,
        };
        #[cfg(not(feature = "tls"))]
        let _ = url;
        builder.build()
    }

    fn has_tls(&self) -> bool {
        #[cfg(feature = "tls")]
        return self.tls.is_some();
        #[cfg(not(feature = "tls"))]
        false
    }
}

// An endpoint or a header may hold a secret, so neither is shown.
impl fmt::Debug for MetricsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricsBuilder")
            .field("transport", &self.transport)
            .field("timeout", &self.timeout)
            .field("interval", &self.interval)
            .field("resource", &self.resource)
            .finish_non_exhaustive()
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
            Kind::Url | Kind::Tls | Kind::Exporter(_) => Some("endpoint"),
            Kind::Header(_) => Some("headers"),
            Kind::Thread(_) => None,
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum Kind {
    #[error("a URL begins with http:// or https:// and names a host, and no port but one from 1 to 65535")]
    Url,
    #[error("https:// needs the feature `tls` and its settings")]
    Tls,
    #[error("the exporter refuses its settings: {0}")]
    Exporter(String),
    #[error("{0}")]
    Header(String),
    #[error("the system gives no thread")]
    Thread(#[source] io::Error),
}

/// The exporter's own errors show the URL, which may hold a secret.
fn check_url(url: &str) -> Result<Uri, SetupError> {
    let uri = url.parse::<Uri>().map_err(|_| SetupError(Kind::Url))?;
    let is_known = uri.scheme().is_some_and(|scheme| [Scheme::HTTP, Scheme::HTTPS].contains(scheme));
    let is_named = uri.host().is_some_and(|host| !host.is_empty());
    match is_known && is_named && has_port_if_any(&uri) {
        true => Ok(uri),
        false => Err(SetupError(Kind::Url)),
    }
}

/// To who connects, a port that is no number is none, and the scheme's own takes its place.
fn has_port_if_any(uri: &Uri) -> bool {
    let (authority, host) = (uri.authority().map_or("", Authority::as_str), uri.host().unwrap_or_default());
    authority.ends_with(host) || uri.port_u16() > Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown() {
        let metrics = Metrics::http("http://user:secret@localhost");
        let shown = format!("{:?}", metrics.headers(vec![("authorization".into(), "secret".into())]));
        assert!(!shown.contains("secret"), "{shown}");
    }

    #[test]
    fn an_address_that_cannot_be_used_is_refused_and_not_shown() {
        for url in [
            "",
            "secret:4318",
            "https://secret",
            "http://user:secret@a b",
            "http://",
            "http://localhost:secret",
            "http://user:secret@localhost:99999/v1/metrics",
            "http://[::1]:0",
        ] {
            let error = Metrics::http(url).start().unwrap_err();
            assert_eq!(error.option(), Some("endpoint"), "{url}");
            assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_header_that_cannot_be_sent_is_refused() {
        let metrics = Metrics::http("http://localhost:4318/v1/metrics");
        let error = metrics.headers(vec![("a b".into(), "c".into())]).start().unwrap_err();
        assert_eq!(error.option(), Some("headers"));
    }
}
