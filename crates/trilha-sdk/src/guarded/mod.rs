//! Processors and exporters that a team keeps, behind guard, fence and counts.

mod exporter;
mod judge;
mod processor;

pub use self::{
    exporter::{ExporterCounts, ExporterStats, GuardedExporter},
    processor::{GuardedProcessor, ProcessorCounts, ProcessorStats},
};
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};

/// The answer of foreign code that was called behind a fence.
fn answer(called: Option<OTelSdkResult>) -> OTelSdkResult {
    called.unwrap_or_else(|| Err(OTelSdkError::InternalFailure("it panicked".to_owned())))
}
