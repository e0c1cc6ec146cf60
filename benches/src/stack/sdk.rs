//! tracing-opentelemetry, and axum-tracing-opentelemetry above it, with opentelemetry_sdk's batch
//! processor and opentelemetry-otlp's encoder; all of them at their defaults.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    time::Duration,
};

use axum_tracing_opentelemetry::middleware::OtelAxumLayer;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    propagation::TraceContextPropagator,
    trace::{SdkTracerProvider, SpanData, SpanExporter as ExportSpans},
};
use tokio::runtime::Runtime;
use tracing_subscriber::layer::SubscriberExt;

use crate::{
    Result,
    burst::Burst,
    requests,
    spans::{self, ITEM, LINES},
};

const DEADLINE: Duration = Duration::from_secs(60);

pub(super) fn spans() -> Result<Burst> {
    let provider = install()?;
    Ok(Burst::new(1 + LINES, |_| spans::instrumented::order(&ITEM), flush(provider)))
}

/// As [`spans`], half of each burst on another thread.
pub(super) fn spans_of_two_threads() -> Result<Burst> {
    let provider = install()?;
    Ok(Burst::of_two_threads(1 + LINES, || spans::instrumented::order(&ITEM), flush(provider)))
}

pub(super) fn requests() -> Result<Burst> {
    let provider = install()?;
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    let router = requests::service(OtelAxumLayer::default());
    Ok(Burst::new(1, move |number| requests::answer(&router, number), flush(provider)))
}

fn install() -> Result<SdkTracerProvider> {
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter()?).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("benches"));
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer))?;
    Ok(provider)
}

fn flush(provider: SdkTracerProvider) -> impl Fn() -> Result<()> {
    move || Ok(provider.force_flush()?)
}

/// The exporter over OTLP/HTTP.
pub(super) fn exporter() -> Result<impl ExportSpans + 'static> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(HyperClient::with_default_connector(DEADLINE, None))
        .with_protocol(Protocol::HttpBinary)
        .build()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    Ok(InRuntime { exporter, runtime })
}

/// The client needs a runtime, and the threads that export have none.
#[derive(Debug)]
struct InRuntime<E> {
    exporter: E,
    runtime: Runtime,
}

impl<E: ExportSpans> ExportSpans for InRuntime<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let mut export = pin!(self.exporter.export(batch));
        poll_fn(|cx| {
            let _entered = self.runtime.enter();
            export.as_mut().poll(cx)
        })
        .await
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
