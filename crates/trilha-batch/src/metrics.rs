//! How long runs and partitions take.

use opentelemetry::metrics::{Histogram, Meter};
use trilha_core::{Instruments, Scope, duration_histogram};

use crate::SCOPE;

/// In seconds: a batch takes from an instant to a day.
const BOUNDARIES: [f64; 14] =
    [0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 21_600.0, 86_400.0];

pub(crate) struct BatchInstruments {
    pub(crate) run: Histogram<f64>,
    pub(crate) partition: Histogram<f64>,
}

impl Instruments for BatchInstruments {
    const SCOPE: Scope = SCOPE;

    fn create(meter: &Meter) -> Self {
        let duration = |name, description| duration_histogram(meter, name, description, &BOUNDARIES);
        Self {
            run: duration("trilha.batch.run.duration", "Duration of batch runs."),
            partition: duration("trilha.batch.partition.duration", "Duration of a run's partitions."),
        }
    }
}
