//! Instruments over one snapshot, and OpenTelemetry's names for what becomes of spans.
//!
//! Specification: [semantic conventions 1.42, SDK metrics](https://github.com/open-telemetry/semantic-conventions/blob/v1.42.0/docs/otel/sdk-metrics.md),
//! whose status is *development*.

use opentelemetry::{
    KeyValue,
    metrics::{AsyncInstrument, Meter},
};

use super::snapshots::Snapshots;

/// A metric's name and its description.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named(&'static str, &'static str);

pub(crate) const STARTED: Named = Named("otel.sdk.span.started", "Spans that were started");
pub(crate) const LIVE: Named =
    Named("otel.sdk.span.live", "Spans that were started to be kept, and have not ended");
pub(crate) const OVERDUE: Named =
    Named("trilha.spans.overdue", "Live spans that have been so for longer than the pipeline's bound");
pub(crate) const QUEUE_SIZE: Named =
    Named("otel.sdk.processor.span.queue.size", "Spans that wait to be sent");
pub(crate) const QUEUE_CAPACITY: Named =
    Named("otel.sdk.processor.span.queue.capacity", "Spans that may wait to be sent");
pub(crate) const PROCESSED: Named =
    Named("otel.sdk.processor.span.processed", "Spans with which a processor is done");
pub(crate) const INFLIGHT: Named =
    Named("otel.sdk.exporter.span.inflight", "Spans that were sent and are not answered");
pub(crate) const EXPORTED: Named = Named("otel.sdk.exporter.span.exported", "Spans whose export ended");

/// A part of a pipeline, as metrics name it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Component {
    kind: &'static str,
    number: u32,
}

impl Component {
    /// The first of its kind. `kind` is `otel.component.type`: one of the conventions' names, such as
    /// `otlp_http_span_exporter`, else that of its Rust type.
    pub const fn new(kind: &'static str) -> Self {
        Self { kind, number: 0 }
    }

    /// Which of those of its kind it is in this service: `otel.component.name` is `{kind}/{number}`. Defaults to 0.
    #[must_use]
    pub const fn number(mut self, number: u32) -> Self {
        self.number = number;
        self
    }

    pub(crate) fn attributes(self) -> ComponentAttributes {
        let name = format!("{}/{}", self.kind, self.number);
        ComponentAttributes([
            KeyValue::new("otel.component.type", self.kind),
            KeyValue::new("otel.component.name", name),
        ])
    }
}

/// Under which a component's counts stand.
#[derive(Clone, Debug)]
pub(crate) struct ComponentAttributes([KeyValue; 2]);

impl ComponentAttributes {
    pub(crate) fn without_error(&self) -> [KeyValue; 2] {
        self.0.clone()
    }

    pub(crate) fn with_error(&self, error: &'static str) -> [KeyValue; 3] {
        let [kind, name] = self.0.clone();
        [kind, name, KeyValue::new("error.type", error)]
    }
}

/// Makes instruments whose values of one collection are of one moment.
pub(crate) struct CountMetrics<'a, T> {
    meter: &'a Meter,
    snapshots: Snapshots<T>,
}

impl<'a, T: Send + Sync + 'static> CountMetrics<'a, T> {
    pub(crate) fn new(meter: &'a Meter, read: impl Fn() -> T + Send + Sync + 'static) -> Self {
        Self { meter, snapshots: Snapshots::new(read) }
    }

    /// What only grows.
    pub(crate) fn counter(
        &self,
        Named(name, description): Named,
        observe: impl Fn(&T, &dyn AsyncInstrument<u64>) + Send + Sync + 'static,
    ) {
        let view = self.snapshots.view();
        self.meter
            .u64_observable_counter(name)
            .with_unit("{span}")
            .with_description(description)
            .with_callback(move |observer| observe(&view.take(), observer))
            .build();
    }

    /// What rises and falls.
    pub(crate) fn level(
        &self,
        Named(name, description): Named,
        attributes: impl AsRef<[KeyValue]> + Send + Sync + 'static,
        read: impl Fn(&T) -> u64 + Send + Sync + 'static,
    ) {
        let view = self.snapshots.view();
        self.meter
            .i64_observable_up_down_counter(name)
            .with_unit("{span}")
            .with_description(description)
            .with_callback(move |observer| {
                let value = i64::try_from(read(&view.take())).unwrap_or(i64::MAX);
                observer.observe(value, attributes.as_ref());
            })
            .build();
    }
}
