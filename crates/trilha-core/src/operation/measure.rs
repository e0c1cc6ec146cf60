//! The duration of an operation as a metric, and its count.

use std::{borrow::Cow, time::Instant};

use opentelemetry::{
    KeyValue,
    metrics::{Counter, Histogram, Meter},
};

use super::Outcome;
use crate::{
    ContextAttributes,
    recorder::{Attribute, to_key_value},
};

/// The boundaries, in seconds, that the semantic conventions advise for durations of HTTP, RPC and
/// messaging operations.
pub const DURATION_BOUNDARIES: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// A histogram of durations in seconds, as the metric of an [operation](super::OperationBuilder::duration) needs it.
pub fn duration_histogram(
    meter: &Meter,
    name: &'static str,
    description: &'static str,
    boundaries: &[f64],
) -> Histogram<f64> {
    meter
        .f64_histogram(name)
        .with_unit("s")
        .with_description(description)
        .with_boundaries(boundaries.to_vec())
        .build()
}

/// As many dimensions as are usually added later: those of a request, a status, an error, some context attributes.
const MORE: usize = 8;

#[derive(Debug)]
pub(super) struct Measure {
    histogram: Histogram<f64>,
    counter: Option<Counter<u64>>,
    started: Instant,
    dimensions: Vec<KeyValue>,
}

impl Measure {
    pub(super) fn start(
        histogram: &Histogram<f64>,
        counter: Option<&Counter<u64>>,
        dimensions: &[Attribute<'_>],
    ) -> Box<Self> {
        let mut all = Vec::with_capacity(dimensions.len() + MORE);
        all.extend(dimensions.iter().copied().map(to_key_value));
        Box::new(Self {
            histogram: histogram.clone(),
            counter: counter.cloned(),
            started: Instant::now(),
            dimensions: all,
        })
    }

    pub(super) fn add(&mut self, dimensions: impl IntoIterator<Item = KeyValue>) {
        self.dimensions.extend(dimensions);
    }

    pub(super) fn set(&mut self, dimension: KeyValue) {
        match self.dimensions.iter_mut().find(|known| known.key == dimension.key) {
            Some(known) => *known = dimension,
            None => self.dimensions.push(dimension),
        }
    }

    /// `ended` defaults to now.
    pub(super) fn finish(
        mut self,
        outcome: Outcome<'_>,
        attributes: &ContextAttributes,
        ended: Option<Instant>,
    ) {
        let elapsed = ended.unwrap_or_else(Instant::now).saturating_duration_since(self.started);
        if let Some(error_type) = outcome.error_type() {
            let error_type = Cow::<str>::Owned(error_type.to_owned());
            self.set(KeyValue::new("error.type", error_type));
        }
        attributes.extend_metric(&mut self.dimensions);
        self.histogram.record(elapsed.as_secs_f64(), &self.dimensions);
        if let Some(counter) = self.counter {
            counter.add(1, &self.dimensions);
        }
    }
}
