//! fastrace, and fastrace-axum above it, with its reporter over the SDK's OTLP exporter.

use std::{
    borrow::Cow,
    sync::mpsc::{Sender, channel},
    time::Duration,
};

use fastrace::collector::{Config, Reporter, SpanRecord};
use fastrace_axum::FastraceLayer;
use fastrace_opentelemetry::OpenTelemetryReporter;
use opentelemetry::InstrumentationScope;
use opentelemetry_sdk::Resource;

use super::sdk;
use crate::{
    Result,
    burst::Burst,
    requests,
    spans::{self, ITEM, LINES},
};

/// Longer than a run takes: only the flush after a burst reports.
const NEVER: Duration = Duration::from_secs(3_600);

pub(super) fn spans() -> Result<Burst> {
    install()?;
    Ok(Burst::new(1 + LINES, |_| spans::fastrace::order(&ITEM), flush))
}

pub(super) fn requests() -> Result<Burst> {
    install()?;
    let router = requests::service(FastraceLayer::default());
    Ok(Burst::new(1, move |number| requests::answer(&router, number), flush))
}

fn install() -> Result<()> {
    let resource = Cow::Owned(Resource::builder().build());
    let scope = InstrumentationScope::builder("benches").build();
    let reporter = OpenTelemetryReporter::new(sdk::exporter()?, resource, scope);
    let (collects, first) = channel();
    let reporter = Announced { reporter, collects };
    fastrace::set_reporter(reporter, Config::default().report_interval(NEVER));
    first.recv()?;
    Ok(())
}

/// Tells when it is asked to report. The collector does so once when its thread starts: in the midst of a burst, a
/// request would lose what fastrace-axum says of it once its span has ended.
struct Announced<R> {
    reporter: R,
    collects: Sender<()>,
}

impl<R: Reporter> Reporter for Announced<R> {
    fn report(&mut self, spans: Vec<SpanRecord>) {
        let _ = self.collects.send(()); // after the first time nobody listens
        self.reporter.report(spans);
    }
}

fn flush() -> Result<()> {
    fastrace::flush();
    Ok(())
}
