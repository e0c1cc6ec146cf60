//! Ours, as a program sets it up that has a subscriber of its own.

use std::{rc::Rc, time::Duration};

use tracing_subscriber::layer::SubscriberExt;
use trilha::{Telemetry, tower::ServerTraceLayer};

use crate::{
    Result,
    burst::Burst,
    propagation, requests,
    spans::{self, ITEM, LINES},
};

const DEADLINE: Duration = Duration::from_secs(60);

pub(super) fn spans() -> Result<Burst> {
    let telemetry = install()?;
    Ok(Burst::new(1 + LINES, |_| spans::instrumented::order(&ITEM), flush(telemetry)))
}

/// Children alone: their root is there from the start, and stays open.
pub(super) fn children() -> Result<Burst> {
    let telemetry = install()?;
    let root = tracing::info_span!("order").entered();
    let operation = move |_| {
        let _ = &root;
        spans::instrumented::line(&ITEM);
    };
    Ok(Burst::new(1, operation, flush(telemetry)))
}

pub(super) fn operations() -> Result<Burst> {
    let telemetry = start()?;
    let handle = telemetry.handle().clone();
    Ok(Burst::new(1 + LINES, move |_| spans::operations::order(&handle, &ITEM), flush(telemetry)))
}

/// Operations without attributes and events.
pub(super) fn silent_operations() -> Result<Burst> {
    let telemetry = start()?;
    let handle = telemetry.handle().clone();
    Ok(Burst::new(1 + LINES, move |_| spans::operations::silent_order(&handle), flush(telemetry)))
}

/// As [`spans`], half of each burst on another thread.
pub(super) fn spans_of_two_threads() -> Result<Burst> {
    let telemetry = install()?;
    Ok(Burst::of_two_threads(1 + LINES, || spans::instrumented::order(&ITEM), flush(telemetry)))
}

pub(super) fn requests() -> Result<Burst> {
    let telemetry = start()?;
    let router = requests::service(ServerTraceLayer::new().handle(telemetry.handle().clone()));
    Ok(Burst::new(1, move |number| requests::answer(&router, number), flush(telemetry)))
}

pub(super) fn child(has_tracestate: bool) -> Result<Burst> {
    let telemetry = start()?;
    let mut child = propagation::ours::child(telemetry.handle().clone(), has_tracestate);
    Ok(Burst::new(1, move |_| child(), flush(telemetry)))
}

pub(super) fn hop(has_tracestate: bool) -> Result<Burst> {
    let telemetry = start()?;
    let mut hop = propagation::ours::hop(telemetry.handle().clone(), has_tracestate);
    Ok(Burst::new(1, move |_| hop(), flush(telemetry)))
}

/// `#[instrument]` takes part.
fn install() -> Result<Rc<Telemetry>> {
    let telemetry = start()?;
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(telemetry.layer()))?;
    Ok(telemetry)
}

fn start() -> Result<Rc<Telemetry>> {
    Ok(Rc::new(Telemetry::builder("benches").build()?))
}

fn flush(telemetry: Rc<Telemetry>) -> impl Fn() -> Result<()> {
    move || {
        let report = telemetry.flush_blocking(DEADLINE);
        if report.is_complete { Ok(()) } else { Err(report.to_string().into()) }
    }
}
