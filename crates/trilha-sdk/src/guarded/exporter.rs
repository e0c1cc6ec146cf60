//! A span exporter behind guard and fence.

use std::{sync::Arc, time::Duration};

use opentelemetry::metrics::Meter;
use opentelemetry_sdk::{
    Resource,
    error::{OTelSdkError, OTelSdkResult},
    trace::{SpanData, SpanExporter},
};
use parking_lot::Mutex;
use trilha_core::{
    fence::{Callback, Panics},
    guard::PiiGuard,
};

use super::{
    answer,
    judge::{judge_resource, judge_span},
};
use crate::counts::{Component, CountMetrics, EXPORTED, INFLIGHT};

/// A span exporter that sends only what the guard lets through, and whose panics end no worker.
///
/// Names, attributes, events, links, statuses, tracestates, the resource and the attributes of scopes are judged. Of a
/// span that the guard refuses as a whole, ids, kind and times are left. An export that panics has failed: without
/// this, the SDK's worker would be gone for good, without a word.
///
/// ```
/// use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
/// use trilha_core::guard::PiiGuard;
/// use trilha_sdk::GuardedExporter;
///
/// # let exporter = InMemorySpanExporter::default();
/// let exporter = GuardedExporter::new(exporter, PiiGuard::default());
/// let stats = exporter.stats();
/// let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build();
/// // … `tracing_opentelemetry::layer().with_tracer(…)`, or `ApiRecorder::new(provider)` …
/// provider.shutdown()?;
/// println!("{} exported, {} lost", stats.counts().exported, stats.counts().failed());
/// # Ok::<(), opentelemetry_sdk::error::OTelSdkError>(())
/// ```
#[derive(Debug)]
pub struct GuardedExporter<E> {
    inner: E,
    guard: PiiGuard,
    stats: ExporterStats,
}

impl<E> GuardedExporter<E> {
    /// `inner` behind `guard`.
    pub fn new(inner: E, guard: PiiGuard) -> Self {
        Self { inner, guard, stats: ExporterStats::default() }
    }

    /// What becomes of its spans. It outlives the exporter.
    pub fn stats(&self) -> ExporterStats {
        self.stats.clone()
    }

    fn fence<T>(&self, call: impl FnOnce(&E) -> T) -> Option<T> {
        self.stats.panics.fence(Callback::SpanExporter, || call(&self.inner))
    }
}

impl<E: SpanExporter> SpanExporter for GuardedExporter<E> {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        batch.iter_mut().for_each(|span| judge_span(&self.guard, span));
        let sending = Sending::start(&self.stats, batch.len());
        let panics = &self.stats.panics;
        let called = match panics.fence(Callback::SpanExporter, || self.inner.export(batch)) {
            Some(export) => panics.fence_future(Callback::SpanExporter, export).await,
            None => None,
        };
        sending.end(match &called {
            Some(Ok(())) => |counts| &mut counts.exported,
            Some(Err(OTelSdkError::Timeout(_))) => |counts| &mut counts.timed_out,
            Some(Err(OTelSdkError::AlreadyShutdown)) => |counts| &mut counts.already_shutdown,
            Some(Err(OTelSdkError::InternalFailure(_))) => |counts| &mut counts.export_failed,
            None => |counts| &mut counts.panicked,
        });
        answer(called)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        answer(self.fence(|inner| inner.shutdown_with_timeout(timeout)))
    }

    fn force_flush(&self) -> OTelSdkResult {
        answer(self.fence(E::force_flush))
    }

    fn set_resource(&mut self, resource: &Resource) {
        let resource = judge_resource(&self.guard, resource);
        let inner = &mut self.inner;
        self.stats.panics.fence(Callback::SpanExporter, || inner.set_resource(&resource));
    }
}

/// Where a batch is counted.
type Fate = fn(&mut ExporterCounts) -> &mut u64;

/// A batch on its way. Dropped before its end, nobody knows what became of it.
struct Sending<'a> {
    counts: &'a Mutex<ExporterCounts>,
    spans: u64,
    fate: Fate,
}

impl<'a> Sending<'a> {
    fn start(stats: &'a ExporterStats, spans: usize) -> Self {
        let spans = spans as u64;
        let mut counts = stats.counts.lock();
        counts.handed_over += spans;
        counts.in_flight += spans;
        Self { counts: &stats.counts, spans, fate: |counts| &mut counts.unacknowledged }
    }

    fn end(mut self, fate: Fate) {
        self.fate = fate;
    }
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        let mut counts = self.counts.lock();
        counts.in_flight -= self.spans;
        *(self.fate)(&mut counts) += self.spans;
    }
}

/// What becomes of the spans of one [`GuardedExporter`]. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct ExporterStats {
    counts: Arc<Mutex<ExporterCounts>>,
    panics: Panics,
}

/// The spans of one exporter: `handed_over = in_flight + exported + failed()`, in every snapshot.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct ExporterCounts {
    /// Spans that it was given.
    pub handed_over: u64,
    /// Given, not answered.
    pub in_flight: u64,
    /// It said that all went well. Whether the receiver took each of them, it does not tell.
    pub exported: u64,
    /// It said that the export failed.
    pub export_failed: u64,
    /// It took too long.
    pub timed_out: u64,
    /// It had been shut down.
    pub already_shutdown: u64,
    /// It panicked.
    pub panicked: u64,
    /// Whoever exports did not wait for its answer.
    pub unacknowledged: u64,
}

impl ExporterCounts {
    /// Spans whose export did not go well.
    pub fn failed(&self) -> u64 {
        self.by_error().iter().map(|(_, count)| count).sum()
    }

    fn by_error(&self) -> [(&'static str, u64); 5] {
        [
            ("export_failed", self.export_failed),
            ("timeout", self.timed_out),
            ("already_shutdown", self.already_shutdown),
            ("panic", self.panicked),
            ("unacknowledged", self.unacknowledged),
        ]
    }
}

impl ExporterStats {
    /// The counts at one moment.
    pub fn counts(&self) -> ExporterCounts {
        *self.counts.lock()
    }

    /// How often it panicked, at whatever call.
    pub fn panics(&self) -> u64 {
        self.panics.of(Callback::SpanExporter)
    }

    /// Publishes `otel.sdk.exporter.span.inflight` and `otel.sdk.exporter.span.exported` under this name; with
    /// `error.type` (`export_failed`, `timeout`, `already_shutdown`, `panic`, `unacknowledged`) where it did not go
    /// well.
    ///
    /// - **Cardinality:** seven series for each exporter.
    /// - **PII:** none.
    pub fn observe(&self, meter: &Meter, component: Component) {
        let (stats, component) = (self.clone(), component.attributes());
        let metrics = CountMetrics::new(meter, move || stats.counts());
        metrics.level(INFLIGHT, component.without_error(), |counts| counts.in_flight);
        metrics.counter(EXPORTED, move |counts, exported| {
            exported.observe(counts.exported, &component.without_error());
            for (error, count) in counts.by_error() {
                exported.observe(count, &component.with_error(error));
            }
        });
    }
}
