//! Exports whose own connections leave no telemetry behind, and that need no runtime of the caller's.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use opentelemetry::Context;
use opentelemetry_sdk::{
    error::{OTelSdkError, OTelSdkResult},
    metrics::{Temporality, data::ResourceMetrics, exporter::PushMetricExporter},
};
use tokio::time;
use tracing::{Dispatch, dispatcher};

use crate::runtime::QuietRuntime;

/// How often metrics were exported, and how often that failed.
#[derive(Debug, Default)]
pub(crate) struct Exports {
    pub(crate) delivered: AtomicU64,
    pub(crate) failed: AtomicU64,
}

/// An exporter that runs on a runtime of its own, suppresses its own telemetry, and is counted.
#[derive(Debug)]
pub(crate) struct Quiet<E> {
    pub(crate) exporter: E,
    pub(crate) runtime: QuietRuntime,
    /// What an export takes at most: the exporter's own limit does not cover connecting.
    pub(crate) timeout: Duration,
    pub(crate) exports: Arc<Exports>,
}

impl<E: PushMetricExporter> PushMetricExporter for Quiet<E> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let export = {
            let _runtime = self.runtime.enter();
            time::timeout(self.timeout, self.exporter.export(metrics))
        };
        let mut export = pin!(export);
        let result = poll_fn(|cx| {
            let _runtime = self.runtime.enter();
            let _suppressed = Context::enter_telemetry_suppressed_scope();
            dispatcher::with_default(&Dispatch::none(), || export.as_mut().poll(cx))
        })
        .await
        .unwrap_or(Err(OTelSdkError::Timeout(self.timeout)));
        let counter = match result {
            Ok(()) => &self.exports.delivered,
            Err(_) => &self.exports.failed,
        };
        counter.fetch_add(1, Relaxed);
        result
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.exporter.temporality()
    }
}
