//! The duration of an operation as a metric.

use std::{borrow::Cow, time::Instant};

use opentelemetry::{KeyValue, metrics::Histogram};

use super::Outcome;
use crate::ContextAttributes;

#[derive(Debug)]
pub(super) struct Measure {
    histogram: Histogram<f64>,
    started: Instant,
    dimensions: Vec<KeyValue>,
}

impl Measure {
    pub(super) fn start(histogram: Histogram<f64>) -> Self {
        Self { histogram, started: Instant::now(), dimensions: Vec::new() }
    }

    pub(super) fn set(&mut self, dimension: KeyValue) {
        match self.dimensions.iter_mut().find(|known| known.key == dimension.key) {
            Some(known) => *known = dimension,
            None => self.dimensions.push(dimension),
        }
    }

    pub(super) fn finish(mut self, outcome: Outcome<'_>, attributes: &ContextAttributes) {
        let elapsed = self.started.elapsed();
        if let Some(error_type) = outcome.error_type() {
            let error_type = Cow::<str>::Owned(error_type.to_owned());
            self.set(KeyValue::new("error.type", error_type));
        }
        attributes.extend_metric(&mut self.dimensions);
        self.histogram.record(elapsed.as_secs_f64(), &self.dimensions);
    }
}
