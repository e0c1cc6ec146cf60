//! The one handle through which everything is recorded, measured and propagated.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    fmt,
    sync::{Arc, LazyLock},
};

use opentelemetry::{
    Context,
    metrics::{Meter, MeterProvider, noop::NoopMeterProvider},
};
use parking_lot::RwLock;

use crate::{
    NoopRecorder, Propagation, Refusal, Scope, SpanCounts, Stats, Trust,
    recorder::{Recorder, Span},
    schema::{Schema, Zone},
};

static DEFAULT: RwLock<Option<Handle>> = RwLock::new(None);
static DISABLED: LazyLock<Handle> = LazyLock::new(|| Handle::builder(Arc::new(NoopRecorder)).build());

/// Recorder, meters, propagation and counts of one service. Cheap to clone.
///
/// An adapter uses, in this order: the handle it was given, the one of the current operation, the
/// process's default, and one that is switched off. So one process may hold several services, and
/// tests run in parallel.
#[derive(Clone)]
pub struct Handle(Arc<Inner>);

struct Inner {
    recorder: Arc<dyn Recorder>,
    meters: Arc<dyn MeterProvider + Send + Sync>,
    instruments: RwLock<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>,
    propagation: Propagation,
    service: Service,
    stats: Arc<Stats>,
}

/// Who the service is, as its queries and messages say.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Service {
    /// `service.name`.
    pub name: String,
    /// `zone`.
    pub zone: Option<Zone>,
}

impl Handle {
    /// Starts a handle over `recorder`.
    pub fn builder(recorder: Arc<dyn Recorder>) -> HandleBuilder {
        HandleBuilder {
            recorder,
            meters: Arc::new(NoopMeterProvider::new()),
            propagation: Propagation::default(),
            service: Service::default(),
        }
    }

    /// A handle that records nothing, and passes the traces of others on.
    pub fn disabled() -> Self {
        DISABLED.clone()
    }

    /// The handle of the current operation, else the process's default, else a disabled one.
    pub fn current() -> Self {
        Context::map_current(Self::of)
    }

    /// The handle of the operation that `context` belongs to, else as [`current`](Self::current).
    pub fn of(context: &Context) -> Self {
        if context.is_telemetry_suppressed() {
            return Self::disabled();
        }
        match context.get::<Span>() {
            Some(span) => span.handle().clone(),
            None => DEFAULT.read().clone().unwrap_or_else(Self::disabled),
        }
    }

    /// The handle that an adapter was given, else as [`current`](Self::current). Where telemetry is
    /// suppressed, as in an exporter, neither counts.
    pub fn resolve(given: Option<&Self>) -> Self {
        Context::map_current(|context| Self::resolve_in(context, given))
    }

    /// [`resolve`](Self::resolve) in a context that is not the current one.
    pub fn resolve_in(context: &Context, given: Option<&Self>) -> Self {
        match given {
            Some(handle) if !context.is_telemetry_suppressed() => handle.clone(),
            _ => Self::of(context),
        }
    }

    /// Makes this the process's default, and returns the one it replaces.
    pub fn set_default(self) -> Option<Self> {
        DEFAULT.write().replace(self)
    }

    /// Who starts spans and keeps them.
    pub fn recorder(&self) -> &dyn Recorder {
        &*self.0.recorder
    }

    /// Which carriers take part.
    pub fn propagation(&self) -> Propagation {
        self.0.propagation
    }

    /// Who the service is.
    pub fn service(&self) -> &Service {
        &self.0.service
    }

    /// Whom the service believes, unless an adapter is told otherwise: an edge (zone Z1) trusts nobody.
    pub fn trust(&self) -> Trust {
        match &self.0.service.zone {
            Some(zone) if Schema::builtin().is_edge(zone) => Trust::Edge,
            _ => Trust::Internal,
        }
    }

    /// Counts of what was refused.
    pub fn stats(&self) -> &Arc<Stats> {
        &self.0.stats
    }

    /// Counts of all spans.
    pub fn span_counts(&self) -> SpanCounts {
        self.0.recorder.counts()
    }

    /// Counts something that was not taken over.
    pub fn refuse(&self, what: Refusal) {
        self.0.stats.refuse(what);
    }

    /// A meter of this scope.
    pub fn meter(&self, scope: &Scope) -> Meter {
        let scope = opentelemetry::InstrumentationScope::builder(scope.name().to_owned())
            .with_version(scope.version().to_owned())
            .build();
        self.0.meters.meter_with_scope(scope)
    }

    /// The instruments of an adapter, made once for each handle.
    pub fn instruments<T: Instruments>(&self) -> Arc<T> {
        let key = TypeId::of::<T>();
        let found = self.0.instruments.read().get(&key).cloned();
        let instruments = found.unwrap_or_else(|| {
            let made = T::create(&self.meter(&T::SCOPE));
            self.0.instruments.write().entry(key).or_insert_with(|| Arc::new(made)).clone()
        });
        // The key is the type's own: the other arm is never taken.
        instruments.downcast().unwrap_or_else(|_| Arc::new(T::create(&self.meter(&T::SCOPE))))
    }

    /// Whether both are the same handle.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("service", &self.0.service)
            .field("recorder", &self.0.recorder)
            .finish_non_exhaustive()
    }
}

/// The metric instruments of an adapter.
pub trait Instruments: Send + Sync + 'static {
    /// The adapter's scope.
    const SCOPE: Scope;

    /// Creates them. Called once for each handle.
    fn create(meter: &Meter) -> Self;
}

/// Settings of a [`Handle`].
pub struct HandleBuilder {
    recorder: Arc<dyn Recorder>,
    meters: Arc<dyn MeterProvider + Send + Sync>,
    propagation: Propagation,
    service: Service,
}

impl HandleBuilder {
    /// Where metrics go. Defaults to nowhere.
    #[must_use]
    pub fn meter_provider(mut self, meters: Arc<dyn MeterProvider + Send + Sync>) -> Self {
        self.meters = meters;
        self
    }

    /// Which carriers take part. Defaults to all.
    #[must_use]
    pub fn propagation(mut self, propagation: Propagation) -> Self {
        self.propagation = propagation;
        self
    }

    /// Who the service is. Defaults to nobody.
    #[must_use]
    pub fn service(mut self, name: impl Into<String>, zone: Option<Zone>) -> Self {
        self.service = Service { name: name.into(), zone };
        self
    }

    /// The handle.
    pub fn build(self) -> Handle {
        let Self { recorder, meters, propagation, service } = self;
        Handle(Arc::new(Inner {
            recorder,
            meters,
            instruments: RwLock::default(),
            propagation,
            service,
            stats: Arc::default(),
        }))
    }
}

impl fmt::Debug for HandleBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandleBuilder").field("service", &self.service).finish_non_exhaustive()
    }
}
