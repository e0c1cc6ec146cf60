//! A span processor behind guard and fence.

use std::{sync::Arc, time::Duration};

use opentelemetry::{Context, metrics::Meter};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{Span, SpanData, SpanProcessor},
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
use crate::counts::{Component, CountMetrics, PROCESSED};

/// A span processor that gets only what the guard lets through, and whose panics end nobody's work.
///
/// A processor sees every span twice. In `on_start` it gets the live one, whose values nobody has judged yet: what it
/// reads there it must not send anywhere. In `on_end` it gets a copy of what the guard lets through, also of what
/// processors set in `on_start`. Of a span that the guard refuses as a whole, ids, kind and times are left. The
/// resource is judged too.
///
/// It belongs around each processor that sends, stores or writes for itself. One that hands on to an exporter needs it
/// no less than the [exporter](crate::GuardedExporter) does, but one of the two is enough.
///
/// ```
/// use opentelemetry_sdk::trace::{BatchSpanProcessor, InMemorySpanExporter, SdkTracerProvider};
/// use trilha_core::guard::PiiGuard;
/// use trilha_sdk::GuardedProcessor;
///
/// # let exporter = InMemorySpanExporter::default();
/// let batch = GuardedProcessor::new(BatchSpanProcessor::builder(exporter).build(), PiiGuard::default());
/// let stats = batch.stats();
/// let provider = SdkTracerProvider::builder().with_span_processor(batch).build();
/// // … `tracing_opentelemetry::layer().with_tracer(…)`, or `ApiRecorder::new(provider)` …
/// # let _ = provider;
/// assert_eq!(stats.counts().open, 0);
/// ```
#[derive(Debug)]
pub struct GuardedProcessor<P> {
    inner: P,
    guard: PiiGuard,
    stats: ProcessorStats,
}

impl<P> GuardedProcessor<P> {
    /// `inner` behind `guard`.
    pub fn new(inner: P, guard: PiiGuard) -> Self {
        Self { inner, guard, stats: ProcessorStats::default() }
    }

    /// What becomes of its spans. It outlives the processor.
    pub fn stats(&self) -> ProcessorStats {
        self.stats.clone()
    }

    fn fence<T>(&self, call: impl FnOnce(&P) -> T) -> Option<T> {
        self.stats.panics.fence(Callback::SpanProcessor, || call(&self.inner))
    }
}

impl<P: SpanProcessor> SpanProcessor for GuardedProcessor<P> {
    fn on_start(&self, span: &mut Span, cx: &Context) {
        self.stats.counts.lock().start();
        self.fence(|inner| inner.on_start(span, cx));
    }

    fn on_end(&self, mut span: SpanData) {
        judge_span(&self.guard, &mut span);
        let is_taken = self.fence(|inner| inner.on_end(span)).is_some();
        self.stats.counts.lock().end(is_taken);
    }

    fn force_flush(&self) -> OTelSdkResult {
        answer(self.fence(P::force_flush))
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        answer(self.fence(|inner| inner.shutdown_with_timeout(timeout)))
    }

    fn set_resource(&mut self, resource: &Resource) {
        let resource = judge_resource(&self.guard, resource);
        let inner = &mut self.inner;
        self.stats.panics.fence(Callback::SpanProcessor, || inner.set_resource(&resource));
    }
}

/// What becomes of the spans of one [`GuardedProcessor`]. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct ProcessorStats {
    counts: Arc<Mutex<ProcessorCounts>>,
    panics: Panics,
}

/// The spans of one processor: `started = open + taken + panicked`, in every snapshot.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct ProcessorCounts {
    /// Spans that it was told of.
    pub started: u64,
    /// Of these, those that have not ended. The SDK does not tell of the end of one after the provider's shutdown.
    pub open: u64,
    /// Spans that ended, and that it took.
    pub taken: u64,
    /// Spans at whose end it panicked.
    pub panicked: u64,
}

impl ProcessorCounts {
    fn start(&mut self) {
        self.started += 1;
        self.open += 1;
    }

    fn end(&mut self, is_taken: bool) {
        self.open = self.open.saturating_sub(1);
        *if is_taken { &mut self.taken } else { &mut self.panicked } += 1;
    }
}

impl ProcessorStats {
    /// The counts at one moment.
    pub fn counts(&self) -> ProcessorCounts {
        *self.counts.lock()
    }

    /// How often it panicked, at whatever call.
    pub fn panics(&self) -> u64 {
        self.panics.of(Callback::SpanProcessor)
    }

    /// Publishes `otel.sdk.processor.span.processed` under this name, with `error.type` `panic` where it panicked.
    ///
    /// - **Cardinality:** two series for each processor.
    /// - **PII:** none.
    pub fn observe(&self, meter: &Meter, component: Component) {
        let (stats, component) = (self.clone(), component.attributes());
        CountMetrics::new(meter, move || stats.counts()).counter(PROCESSED, move |counts, processed| {
            processed.observe(counts.taken, &component.without_error());
            processed.observe(counts.panicked, &component.with_error("panic"));
        });
    }
}
