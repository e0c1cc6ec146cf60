//! The telemetry of one service: what is started, and how it ends.

mod builder;
mod install;
mod notices;
mod panic_hook;
mod report;
#[cfg(all(unix, feature = "signal"))]
mod signal;
mod start;
#[cfg(all(test, feature = "http"))]
mod tests;

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use opentelemetry::global;
use tokio::sync::oneshot;
use trilha_core::{
    BrokenReason, CarrierKind, Handle, NoopRecorder, Recorder, Scope,
    api::{ApiMeterProvider, ApiPropagator, ApiTracerProvider},
};
use trilha_otlp::Pipeline;
use trilha_sdk::{ExportCounts, Metrics, observe_counts};
use trilha_tracing::TraceLayer;

pub use self::{
    builder::TelemetryBuilder,
    report::{Report, Snapshot},
};
use crate::{SetupError, settings::Settings};

pub(crate) static SCOPE: Scope = Scope::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));

/// How long dropping [`Telemetry`] waits for what is still to be sent.
const DROP_DEADLINE: Duration = Duration::from_secs(5);

/// What of a flush's or a shutdown's time is kept for metrics, a tenth of it at most: a receiver of spans that is dead
/// takes all that it gets.
const FOR_METRICS: Duration = Duration::from_millis(500);

/// The telemetry of one service. Keep it for as long as the service runs, under a name: `let _ = …` drops it at once,
/// and all spans that end afterwards are lost.
///
/// Dropping it is a [`shutdown_blocking`](Self::shutdown_blocking) with 5 s: for up to that long the thread
/// is blocked, also where it is a worker of an async runtime. Call [`shutdown`](Self::shutdown) there first:
/// the drop then has nothing left to wait for.
///
/// # Fork
/// A child of `fork` has its parent's telemetry without its threads. Its spans are its own: they are delivered and
/// counted from zero by a [pipeline of its own](trilha_otlp#fork), and what it inherited is left to the parent. Metrics
/// stay the parent's: what the child measures is not exported, and nobody waits for it. Refusals, redactions and
/// panics are counted on from the parent's numbers. The log lines of a strict guard about undeclared keys end; its
/// report goes on. Who needs all of it forks first, and starts telemetry in the child; before there are threads
/// in any case, as a lock that another thread held stays held.
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
        let pipeline = settings.traces.as_ref().map(|to| start::pipeline(settings, to)).transpose()?;
        let metrics = settings.metrics.as_ref().map(|to| start::metrics(settings, to)).transpose()?;
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
        let handle = handle.build();
        let names = pipeline.as_ref().zip(settings.traces.as_ref());
        let names = names.map(|(pipeline, to)| start::names_of(pipeline, to));
        observe_counts(&handle.meter(&SCOPE), &handle, names.as_ref());
        let parts = Arc::new(Parts { handle, pipeline, metrics });
        notices::start(&parts);
        Ok(Self(parts))
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
    /// out of the traces together with the log lines. What else it does is said at [`TraceLayer`].
    pub fn layer(&self) -> TraceLayer {
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
    /// `timeout` at the latest; of that, half a second or a tenth is kept for metrics. Spans that end later are counted
    /// as dropped. A second call only reports.
    pub async fn shutdown(&self, timeout: Duration) -> Report {
        self.0.clone().beside(timeout, Parts::shutdown_blocking).await
    }

    /// [`shutdown`](Self::shutdown) without a runtime: waits on the calling thread.
    pub fn shutdown_blocking(&self, timeout: Duration) -> Report {
        self.0.shutdown_blocking(timeout)
    }

    /// Sends what has ended before a panic ends the process; at most for `timeout`. The panic hook that is there
    /// stays, and comes first.
    ///
    /// That is so where the program is built with `panic = "abort"`, and for the panics after which nothing
    /// unwinds in any program: out of an `extern "C"` function, and out of a destructor while another panic unwinds.
    /// Any other panic changes nothing: it may be caught, as those of tasks and handlers are, and its thread must
    /// not wait. If it ends `main`, telemetry that `main` owns is dropped on the way, which sends what is left.
    ///
    /// Spans that are open when the process ends are lost. Call it once, after the program's own hook is set.
    pub fn flush_on_panic(&self, timeout: Duration) {
        panic_hook::install(Arc::downgrade(&self.0), timeout);
    }

    /// Shuts telemetry down when the process gets `SIGTERM` or `SIGINT`, within `timeout`; logs the report, and then
    /// lets the signal end the process as if nobody had listened: whoever waits for it sees by what it ended. A
    /// second signal ends it at once.
    ///
    /// It is for programs that do not handle these signals themselves. One that does, as a server with a graceful
    /// shutdown, must not call it: its last requests would find telemetry stopped and the process ended. It calls
    /// [`shutdown`](Self::shutdown) when it is done. Other listeners, tokio's for instance, get the signal too.
    ///
    /// It needs the feature `signal`, and no runtime. Once telemetry is dropped, a signal ends the process without
    /// more ado. A child of a fork has to call it again: until it does, nobody listens there, and neither signal ends
    /// it.
    ///
    /// # Errors
    /// The system takes no handler, or gives no thread.
    #[cfg(all(unix, feature = "signal"))]
    pub fn shutdown_on_signal(&self, timeout: Duration) -> Result<(), SetupError> {
        signal::shutdown(Arc::downgrade(&self.0), timeout)
            .map_err(|error| SetupError::new("shutdown_on_signal", error))
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
        let for_metrics = self.metrics.as_ref().map_or(Duration::ZERO, |_| FOR_METRICS.min(timeout / 10));
        let for_spans = timeout - for_metrics;
        let are_spans_settled = self.pipeline.as_ref().is_none_or(|it| spans(it, for_spans).is_complete);
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
