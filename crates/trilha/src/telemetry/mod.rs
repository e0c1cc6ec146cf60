//! The telemetry of one service: what is started, and how it ends.

mod builder;
mod install;
mod notices;
mod report;

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use opentelemetry::global;
use tokio::sync::oneshot;
use tracing_subscriber::{Layer, registry::LookupSpan};
use trilha_core::{
    BrokenReason, CarrierKind, Handle, NoopRecorder, Recorder, Scope,
    api::{ApiMeterProvider, ApiPropagator, ApiTracerProvider},
};
use trilha_otlp::{Endpoint, Limits, Pipeline, PipelineConfig};

use trilha_sdk::{ExportCounts, Metrics, MetricsBuilder, observe_counts};
use trilha_tracing::TraceLayer;

pub use self::{
    builder::TelemetryBuilder,
    report::{Report, Snapshot},
};
use crate::{
    SetupError,
    settings::{Exporter, Protocol, Settings},
};

pub(crate) static SCOPE: Scope = Scope::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));

/// How long dropping [`Telemetry`] waits for what is still to be sent.
const DROP_DEADLINE: Duration = Duration::from_secs(5);

/// The telemetry of one service. Keep it for as long as the service runs.
///
/// Dropping it is a [`shutdown_blocking`](Self::shutdown_blocking) with 5 s: for up to that long the thread
/// is blocked, also where it is a worker of an async runtime. Call [`shutdown`](Self::shutdown) there first:
/// the drop then has nothing left to wait for.
#[derive(Debug)]
#[must_use = "dropping it shuts telemetry down"]
pub struct Telemetry(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    handle: Handle,
    pipeline: Option<Pipeline>,
    metrics: Option<Metrics>,
}

impl Telemetry {
    /// Starts to describe the service of this name: `service.name`. Where it is empty, `OTEL_SERVICE_NAME`
    /// names the service.
    pub fn builder(service_name: impl Into<String>) -> TelemetryBuilder {
        TelemetryBuilder::new(service_name.into())
    }

    fn start(settings: &Settings) -> Result<Self, SetupError> {
        let resource = &settings.resource;
        let pipeline = settings.traces.as_ref().map(|to| start_pipeline(settings, to)).transpose()?;
        let metrics = settings.metrics.as_ref().map(|to| start_metrics(settings, to)).transpose()?;
        let recorder: Arc<dyn Recorder> = match &pipeline {
            Some(pipeline) => pipeline.recorder(),
            None => Arc::new(NoopRecorder),
        };
        let policy = &settings.policy;
        let mut handle = Handle::builder(recorder)
            .propagation(settings.propagation.clone())
            .schema(policy.schema().clone())
            .guard(settings.guard.clone())
            .strangers(policy.edge())
            .service(resource.service_name.clone(), resource.zone.clone());
        if let Some(peers) = policy.peers() {
            handle = handle.peers(peers.clone());
        }
        if resource.zone.is_some() {
            // Without a zone nobody said that callers have to be traced: then it is only counted.
            handle = handle.on_broken_propagation(warn_broken);
        }
        if let Some(metrics) = &metrics {
            handle = handle.meter_provider(metrics.meter_provider());
        }
        notices::start(&settings.guard);
        let handle = handle.build();
        observe_counts(&handle.meter(&SCOPE), &handle);
        Ok(Self(Arc::new(Parts { handle, pipeline, metrics })))
    }

    /// The handle for adapters, where it is not the process's default.
    pub fn handle(&self) -> &Handle {
        &self.0.handle
    }

    /// Makes it the process's: every adapter without a handle of its own uses it, and so does foreign code
    /// that asks the OpenTelemetry API for the global propagator, tracers and meters from now on; those that
    /// it has already stay what they were. `tracing` spans take part through [`layer`](Self::layer). The
    /// telemetry that was the process's before goes on, for who has its handle.
    ///
    /// [`install`](TelemetryBuilder::install) does this by itself.
    pub fn set_default(&self) {
        let handle = self.0.handle.clone();
        if self.0.metrics.is_some() {
            global::set_meter_provider(ApiMeterProvider::new(handle.clone()));
        }
        global::set_tracer_provider(ApiTracerProvider::new(handle.clone()));
        global::set_text_map_propagator(ApiPropagator::new(handle.clone()));
        handle.set_default();
    }

    /// The layer through which `tracing` spans take part, for a subscriber of your own. Adapters do not look
    /// for it: they need a handle, or [`set_default`](Self::set_default).
    ///
    /// Filter it on its own (`Layer::with_filter`): a filter on the whole subscriber would take spans
    /// out of the traces together with the log lines.
    pub fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    {
        TraceLayer::new(self.0.handle.clone())
    }

    /// What became of everything so far.
    pub fn stats(&self) -> Snapshot {
        self.0.snapshot()
    }

    /// Sends what has ended so far, and says what became of it. Returns after `timeout` at the latest.
    pub async fn flush(&self, timeout: Duration) -> Report {
        self.0.clone().beside(timeout, Parts::flush_blocking).await
    }

    /// [`flush`](Self::flush) without a runtime: waits on the calling thread.
    pub fn flush_blocking(&self, timeout: Duration) -> Report {
        self.0.flush_blocking(timeout)
    }

    /// Sends what has ended, stops, and says what was delivered and what was lost. Returns after
    /// `timeout` at the latest. Spans that end later are counted as dropped. A second call only reports.
    pub async fn shutdown(&self, timeout: Duration) -> Report {
        self.0.clone().beside(timeout, Parts::shutdown_blocking).await
    }

    /// [`shutdown`](Self::shutdown) without a runtime: waits on the calling thread.
    pub fn shutdown_blocking(&self, timeout: Duration) -> Report {
        self.0.shutdown_blocking(timeout)
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        let _ = self.0.shutdown_blocking(DROP_DEADLINE);
    }
}

impl Parts {
    fn snapshot(&self) -> Snapshot {
        let metric_exports = self.metrics.as_ref().map_or_else(ExportCounts::default, Metrics::export_counts);
        Snapshot::new(&self.handle, metric_exports)
    }

    fn flush_blocking(&self, timeout: Duration) -> Report {
        self.settle(timeout, Pipeline::flush_blocking, Metrics::flush_blocking)
    }

    fn shutdown_blocking(&self, timeout: Duration) -> Report {
        self.settle(timeout, Pipeline::shutdown_blocking, Metrics::shutdown_blocking)
    }

    /// Spans first: they cannot be made up for, as sums can. Metrics then tell what became of them.
    fn settle(
        &self,
        timeout: Duration,
        spans: fn(&Pipeline, Duration) -> trilha_otlp::Report,
        metrics: fn(&Metrics, Duration) -> bool,
    ) -> Report {
        let deadline = Instant::now().checked_add(timeout); // none: further away than any clock reaches
        let are_spans_settled = self.pipeline.as_ref().is_none_or(|it| spans(it, timeout).is_complete);
        let remaining = deadline.map_or(timeout, |it| it.saturating_duration_since(Instant::now()));
        let are_metrics_settled = self.metrics.as_ref().is_none_or(|it| metrics(it, remaining));
        Report { is_complete: are_spans_settled && are_metrics_settled, counts: self.snapshot() }
    }

    /// Runs `f` on a thread of its own, so that no runtime is held up and none is needed.
    async fn beside(self: Arc<Self>, timeout: Duration, f: fn(&Self, Duration) -> Report) -> Report {
        let (done, answer) = oneshot::channel();
        let parts = self.clone();
        let thread = thread::Builder::new().name("trilha-flush".into()).spawn(move || {
            let _ = done.send(f(&parts, timeout));
        });
        match thread {
            Ok(_) => answer.await.ok(),
            Err(_) => None,
        }
        .unwrap_or_else(|| f(&self, timeout))
    }
}

/// Says nothing of what the sender sent.
fn warn_broken(reason: BrokenReason, carrier: CarrierKind) {
    let (reason, carrier) = (reason.name(), carrier.name());
    tracing::warn!(reason, carrier, "work came in without a trace to continue; a new one starts");
}

fn start_pipeline(settings: &Settings, to: &Exporter) -> Result<Pipeline, SetupError> {
    let spans = &settings.spans;
    let mut limits = Limits::default();
    if let Some(count) = spans.attribute_count {
        limits = limits.attributes(count);
    }
    if let Some(length) = spans.attribute_length {
        limits = limits.value_chars(length);
    }
    if let Some(count) = spans.event_count {
        limits = limits.events(count);
    }
    if let Some(count) = spans.link_count {
        limits = limits.links(count);
    }
    let endpoint = to
        .headers
        .iter()
        .fold(endpoint(to)?.timeout(to.timeout), |endpoint, (name, value)| endpoint.header(name, value));
    let mut config = PipelineConfig::new(endpoint)
        .resource(settings.resource.attributes.iter().cloned())
        .sampler(settings.sampler)
        .limits(limits);
    if let Some(delay) = spans.schedule_delay {
        config = config.batch_interval(delay);
    }
    if let Some(size) = spans.queue_size {
        // A small queue is no mistake: the default batch then follows it.
        config = config.queue_spans(size).batch_spans(size.min(512));
    }
    if let Some(size) = spans.batch_size {
        config = config.batch_spans(size);
    }
    Pipeline::start(config).map_err(|error| SetupError::new(option_of(to, error.option()), error.problem()))
}

fn endpoint(to: &Exporter) -> Result<Endpoint, SetupError> {
    match to.protocol {
        #[cfg(feature = "http")]
        Protocol::Http => Ok(Endpoint::http(&to.endpoint)),
        #[cfg(feature = "grpc")]
        Protocol::Grpc => Ok(Endpoint::grpc(&to.endpoint)),
        #[cfg(not(all(feature = "http", feature = "grpc")))]
        _ => Err(missing_feature(to)),
    }
}

fn start_metrics(settings: &Settings, to: &Exporter) -> Result<Metrics, SetupError> {
    let mut metrics = metrics_to(to)?
        .headers(to.headers.clone())
        .timeout(to.timeout)
        .resource(settings.resource.attributes.clone());
    if let Some(interval) = settings.metric_interval {
        metrics = metrics.interval(interval);
    }
    metrics.start().map_err(|error| SetupError::new(option_of(to, error.option()), error))
}

fn metrics_to(to: &Exporter) -> Result<MetricsBuilder, SetupError> {
    match to.protocol {
        #[cfg(feature = "http")]
        Protocol::Http => Ok(Metrics::http(&to.endpoint)),
        #[cfg(feature = "grpc")]
        Protocol::Grpc => Ok(Metrics::grpc(&to.endpoint)),
        #[cfg(not(all(feature = "http", feature = "grpc")))]
        _ => Err(missing_feature(to)),
    }
}

#[cfg(not(all(feature = "http", feature = "grpc")))]
fn missing_feature(to: &Exporter) -> SetupError {
    let feature = match to.protocol {
        Protocol::Http => "http",
        Protocol::Grpc => "grpc",
    };
    SetupError::new(to.origins.protocol, format!("needs the feature `{feature}`"))
}

/// The name by which the user knows an option of the pipeline.
fn option_of(to: &Exporter, option: Option<&'static str>) -> &'static str {
    match option {
        Some("endpoint") => to.origins.endpoint,
        Some("headers") => "header",
        Some("timeout") => to.origins.timeout,
        Some("queue_spans") => "OTEL_BSP_MAX_QUEUE_SIZE",
        Some("batch_spans") => "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
        Some("batch_interval") => "OTEL_BSP_SCHEDULE_DELAY",
        Some(option) => option,
        None => "install",
    }
}

#[cfg(test)]
#[cfg(all(feature = "http", not(feature = "grpc")))]
mod tests {
    use super::*;
    use crate::settings::{Env, Options};

    #[test]
    fn a_protocol_that_is_not_built_in_is_refused_for_each_signal() {
        let refused = |variable| {
            let mut options = Options::default();
            options.resource.service_name = "orders".into();
            let settings = Settings::resolve(options, &Env::of(&[(variable, "grpc")])).unwrap();
            Telemetry::start(&settings).unwrap_err().to_string()
        };
        for variable in [
            "OTEL_EXPORTER_OTLP_PROTOCOL",
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
            "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
        ] {
            assert_eq!(refused(variable), format!("{variable}: needs the feature `grpc`"));
        }
    }
}
