//! A meter provider that panics, wherever it is called, takes nobody's work with it.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::{Arc, Mutex};

use opentelemetry::{
    InstrumentationScope, KeyValue,
    metrics::{
        AsyncInstrument, AsyncInstrumentBuilder, Callback as Observe, Counter, Histogram, HistogramBuilder,
        InstrumentBuilder, InstrumentProvider, Meter, MeterProvider, ObservableCounter, SyncInstrument,
    },
};
use trilha_core::{Handle, Scope, fence::Callback, recorder::NoopRecorder};

const SCOPE: Scope = Scope::new("test", "1");

/// Where it panics.
#[derive(Clone, Copy, Debug, Default)]
struct Panics {
    in_meter: bool,
    in_build: bool,
    in_measure: bool,
}

#[derive(Clone, Default)]
struct Provider {
    panics: Panics,
    callbacks: Arc<Mutex<Vec<Observe<u64>>>>,
}

impl MeterProvider for Provider {
    fn meter_with_scope(&self, _: InstrumentationScope) -> Meter {
        panic_if(self.panics.in_meter);
        Meter::new(Arc::new(self.clone()))
    }
}

impl InstrumentProvider for Provider {
    fn u64_counter(&self, _: InstrumentBuilder<'_, Counter<u64>>) -> Counter<u64> {
        panic_if(self.panics.in_build);
        Counter::new(Arc::new(Instrument(self.panics)))
    }

    fn f64_histogram(&self, _: HistogramBuilder<'_, Histogram<f64>>) -> Histogram<f64> {
        panic_if(self.panics.in_build);
        Histogram::new(Arc::new(Instrument(self.panics)))
    }

    fn u64_observable_counter(
        &self,
        builder: AsyncInstrumentBuilder<'_, ObservableCounter<u64>, u64>,
    ) -> ObservableCounter<u64> {
        panic_if(self.panics.in_build);
        self.callbacks.lock().unwrap().extend(builder.callbacks);
        ObservableCounter::new()
    }
}

struct Instrument(Panics);

impl<T> SyncInstrument<T> for Instrument {
    fn measure(&self, _: T, _: &[KeyValue]) {
        panic_if(self.0.in_measure);
    }
}

/// Keeps what is observed.
#[derive(Default)]
struct Observer(Mutex<Vec<u64>>);

impl AsyncInstrument<u64> for Observer {
    fn observe(&self, measurement: u64, _: &[KeyValue]) {
        self.0.lock().unwrap().push(measurement);
    }
}

fn panic_if(condition: bool) {
    assert!(!condition, "of the provider");
}

/// Measures by each kind of instrument; how many panics were counted then.
fn measured(panics: Panics) -> u64 {
    let provider = Provider { panics, ..Provider::default() };
    let handle = Handle::builder(Arc::new(NoopRecorder)).meter_provider(Arc::new(provider)).build();
    let meter = handle.meter(&SCOPE);
    meter.u64_counter("calls").build().add(1, &[]);
    meter.f64_histogram("duration").build().record(1.0, &[]);
    meter.u64_observable_counter("seen").with_callback(|observer| observer.observe(1, &[])).build();
    handle.panics().of(Callback::MeterProvider)
}

#[test]
fn what_panics_measures_nothing_and_is_counted() {
    assert_eq!(measured(Panics::default()), 0);
    assert_eq!(measured(Panics { in_meter: true, ..Panics::default() }), 1);
    assert_eq!(measured(Panics { in_build: true, ..Panics::default() }), 3);
    assert_eq!(measured(Panics { in_measure: true, ..Panics::default() }), 2);
}

#[test]
fn what_a_callback_observed_before_it_panicked_counts() {
    let provider = Provider::default();
    let callbacks = Arc::clone(&provider.callbacks);
    let handle = Handle::builder(Arc::new(NoopRecorder)).meter_provider(Arc::new(provider)).build();
    let _seen = (handle.meter(&SCOPE).u64_observable_counter("seen"))
        .with_callback(|observer| {
            observer.observe(1, &[]);
            panic!("of the callback");
        })
        .with_callback(|observer| observer.observe(2, &[]))
        .build();
    let observer = Observer::default();
    callbacks.lock().unwrap().iter().for_each(|callback| callback(&observer));
    assert_eq!(*observer.0.lock().unwrap(), [1, 2]);
    assert_eq!(handle.panics().of(Callback::Observable), 1);
}
