//! The meters of a handle behind the OpenTelemetry API: each attribute passes the guard before anything is
//! aggregated, and what panics there takes no work with it.

use std::{fmt, sync::Arc};

use opentelemetry::{
    InstrumentationScope, KeyValue,
    metrics::{
        AsyncInstrument, AsyncInstrumentBuilder, Counter, Gauge, Histogram, HistogramBuilder,
        InstrumentBuilder, InstrumentProvider, Meter, MeterProvider, ObservableCounter, ObservableGauge,
        ObservableUpDownCounter, SyncInstrument, UpDownCounter, noop::NoopMeterProvider,
    },
};

use crate::{
    Handle,
    fence::{Callback, Panics},
    guard::{PiiGuard, Place},
};

/// The meters of a [`Handle`], for foreign code that asks the OpenTelemetry API for some.
///
/// Attributes that the guard refuses are left out, so that series which differ by them alone become one.
#[derive(Clone, Debug)]
pub struct ApiMeterProvider(Handle);

impl ApiMeterProvider {
    /// The meters of `handle`.
    pub fn new(handle: Handle) -> Self {
        Self(handle)
    }
}

impl MeterProvider for ApiMeterProvider {
    fn meter_with_scope(&self, scope: InstrumentationScope) -> Meter {
        self.0.meter_with_scope(scope)
    }
}

/// A meter whose attributes `guard` judges, and whose panics are counted.
pub(crate) fn guarded(meter: Meter, guard: PiiGuard, panics: Panics) -> Meter {
    Meter::new(Arc::new(Guarded { inner: meter, guard, panics }))
}

/// A meter that measures nothing.
pub(crate) fn idle() -> Meter {
    NoopMeterProvider::new().meter("")
}

/// A meter, instrument or observer behind the guard.
struct Guarded<I> {
    inner: I,
    guard: PiiGuard,
    panics: Panics,
}

impl<I> Guarded<I> {
    fn judge(&self, attributes: &[KeyValue], write: impl FnOnce(&I, &[KeyValue])) {
        self.guard.judge_key_values(Place::MetricAttribute, attributes, |judged| {
            self.panics.fence(Callback::MeterProvider, || write(&self.inner, judged));
        });
    }

    /// The same around another one.
    fn around<J>(&self, inner: J) -> Guarded<J> {
        Guarded { inner, guard: self.guard.clone(), panics: self.panics.clone() }
    }

    /// What `make` makes, which may run views of the program's.
    fn made<J>(&self, make: impl FnOnce() -> J) -> Option<J> {
        self.panics.fence(Callback::MeterProvider, make)
    }
}

impl<I> fmt::Debug for Guarded<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded").field("guard", &self.guard).finish_non_exhaustive()
    }
}

macro_rules! sync_instruments {
    ($($instrument:ident.$record:ident),*) => {$(
        impl<T: Send + Sync> SyncInstrument<T> for Guarded<$instrument<T>> {
            fn measure(&self, measurement: T, attributes: &[KeyValue]) {
                self.judge(attributes, |instrument, judged| instrument.$record(measurement, judged));
            }
        }
    )*};
}

sync_instruments!(Counter.add, UpDownCounter.add, Gauge.record, Histogram.record);

impl<T> AsyncInstrument<T> for Guarded<&dyn AsyncInstrument<T>> {
    fn observe(&self, measurement: T, attributes: &[KeyValue]) {
        self.judge(attributes, |instrument, judged| instrument.observe(measurement, judged));
    }
}

/// Makes the same instrument by the inner meter.
macro_rules! instruments {
    (
        sync { $($sync:ident: $instrument:ident<$type:ty>),* $(,)? }
        histogram { $($histogram:ident: Histogram<$size:ty>),* $(,)? }
        observable { $($observable:ident: $async:ident<$measured:ty>),* $(,)? }
    ) => {
        impl InstrumentProvider for Guarded<Meter> {
            $(fn $sync(&self, asked: InstrumentBuilder<'_, $instrument<$type>>) -> $instrument<$type> {
                let made = self.made(|| {
                    let mut builder = self.inner.$sync(asked.name);
                    (builder.description, builder.unit) = (asked.description, asked.unit);
                    builder.build()
                });
                made.map_or_else(
                    || idle().$sync("").build(),
                    |made| $instrument::new(Arc::new(self.around(made))),
                )
            })*

            $(fn $histogram(&self, asked: HistogramBuilder<'_, Histogram<$size>>) -> Histogram<$size> {
                let made = self.made(|| {
                    let mut builder = self.inner.$histogram(asked.name);
                    (builder.description, builder.unit) = (asked.description, asked.unit);
                    builder.boundaries = asked.boundaries;
                    builder.build()
                });
                made.map_or_else(
                    || idle().$histogram("").build(),
                    |made| Histogram::new(Arc::new(self.around(made))),
                )
            })*

            $(fn $observable(
                &self,
                asked: AsyncInstrumentBuilder<'_, $async<$measured>, $measured>,
            ) -> $async<$measured> {
                let made = self.made(|| {
                    let mut builder = self.inner.$observable(asked.name);
                    (builder.description, builder.unit) = (asked.description, asked.unit);
                    for callback in asked.callbacks {
                        let fence = self.around(());
                        // A panic would leave the provider's own lock poisoned, and nothing would be collected again.
                        builder = builder.with_callback(move |observer| {
                            let observer = fence.around(observer);
                            fence.panics.fence(Callback::Observable, || callback(&observer));
                        });
                    }
                    builder.build()
                });
                made.unwrap_or_else(|| idle().$observable("").build())
            })*
        }
    };
}

instruments! {
    sync {
        u64_counter: Counter<u64>,
        f64_counter: Counter<f64>,
        i64_up_down_counter: UpDownCounter<i64>,
        f64_up_down_counter: UpDownCounter<f64>,
        u64_gauge: Gauge<u64>,
        f64_gauge: Gauge<f64>,
        i64_gauge: Gauge<i64>,
    }
    histogram {
        u64_histogram: Histogram<u64>,
        f64_histogram: Histogram<f64>,
    }
    observable {
        u64_observable_counter: ObservableCounter<u64>,
        f64_observable_counter: ObservableCounter<f64>,
        i64_observable_up_down_counter: ObservableUpDownCounter<i64>,
        f64_observable_up_down_counter: ObservableUpDownCounter<f64>,
        u64_observable_gauge: ObservableGauge<u64>,
        i64_observable_gauge: ObservableGauge<i64>,
        f64_observable_gauge: ObservableGauge<f64>,
    }
}
