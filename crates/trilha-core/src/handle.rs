//! The one handle through which everything is recorded, measured and propagated.

use std::{
    any::{Any, TypeId},
    borrow::Cow,
    collections::HashMap,
    fmt,
    net::IpAddr,
    sync::{Arc, LazyLock},
};

use opentelemetry::{
    Context, InstrumentationScope,
    metrics::{Meter, MeterProvider},
};
use parking_lot::RwLock;
use rustc_hash::FxBuildHasher;

use crate::{
    BrokenReason, NoopRecorder, Propagation, Refusal, Scope, SpanCounts, Stats,
    api::{guarded, idle},
    attributes::Vocabulary,
    carrier::CarrierKind,
    current,
    fence::{AllPanics, Callback},
    guard::PiiGuard,
    operation::Work,
    recorder::{Recorder, Span},
    schema::{Schema, Zone},
    stats::Notify,
    trust::{Peers, Trust},
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
    /// None: nothing is measured.
    meters: Option<Arc<dyn MeterProvider + Send + Sync>>,
    instruments: RwLock<HashMap<TypeId, Arc<dyn Any + Send + Sync>, FxBuildHasher>>,
    propagation: Propagation,
    trust: TrustRules,
    service: Service,
    vocabulary: Vocabulary,
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
            meters: None,
            propagation: Propagation::default(),
            trust: TrustRules::default(),
            service: Service::default(),
            schema: Schema::default(),
            guard: PiiGuard::default(),
            notify: None,
        }
    }

    /// A handle that records nothing, and passes the traces of others on.
    pub fn disabled() -> Self {
        DISABLED.clone()
    }

    /// The handle of the current operation, else the process's default, else a disabled one.
    pub fn current() -> Self {
        current::map(Self::of)
    }

    /// The handle of the operation that `context` belongs to, else as [`current`](Self::current).
    pub fn of(context: &Context) -> Self {
        Self::inside(Work::span_of(context), context).into_owned()
    }

    /// [`of`](Self::of) a context in which `operation` runs.
    pub(crate) fn inside<'s>(operation: Option<&'s Span>, context: &Context) -> Cow<'s, Self> {
        match operation {
            _ if context.is_telemetry_suppressed() => Cow::Owned(Self::disabled()),
            Some(operation) => Cow::Borrowed(operation.handle()),
            None => Cow::Owned(DEFAULT.read().clone().unwrap_or_else(Self::disabled)),
        }
    }

    /// The handle that an adapter was given, else as [`current`](Self::current). Where telemetry is
    /// suppressed, as in an exporter, neither counts.
    pub fn resolve(given: Option<&Self>) -> Self {
        current::map(|context| Self::resolve_in(context, given))
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
    pub fn recorder(&self) -> &Arc<dyn Recorder> {
        &self.0.recorder
    }

    /// What is propagated, and by which carriers.
    pub fn propagation(&self) -> &Propagation {
        &self.0.propagation
    }

    /// Who the service is.
    pub fn service(&self) -> &Service {
        &self.0.service
    }

    /// The attributes and zones that there are.
    pub fn schema(&self) -> &Schema {
        self.0.vocabulary.schema()
    }

    /// Who judges what is about to leave.
    pub fn guard(&self) -> &PiiGuard {
        self.0.vocabulary.guard()
    }

    pub(crate) fn vocabulary(&self) -> &Vocabulary {
        &self.0.vocabulary
    }

    /// Whether the service stands at the platform's edge: in zone Z1, or another one that the schema calls
    /// an edge.
    pub fn is_edge(&self) -> bool {
        self.service().zone.as_ref().is_some_and(|zone| self.schema().is_edge(zone))
    }

    /// Whether the sender with this address is believed, unless an adapter is told otherwise.
    ///
    /// Where peers are listed, they are, and nobody else; else an edge believes nobody, and all other
    /// services believe everybody.
    pub fn trust(&self, peer: Option<IpAddr>) -> Trust {
        let rules = &self.0.trust;
        let is_believed = match &rules.peers {
            Some(peers) => peer.is_some_and(|peer| peers.contains(peer)),
            None => !self.is_edge(),
        };
        if is_believed { Trust::Internal } else { rules.edge }
    }

    /// Counts of what was refused.
    pub fn stats(&self) -> &Arc<Stats> {
        self.0.vocabulary.stats()
    }

    /// Counts of all spans.
    pub fn span_counts(&self) -> SpanCounts {
        self.0.recorder.counts()
    }

    /// How often foreign code panicked in the midst of somebody's work, by callback.
    pub fn panics(&self) -> AllPanics {
        let own = [self.stats().panics(), self.guard().panics()];
        AllPanics(own.into_iter().chain(self.0.recorder.panics()).cloned().collect())
    }

    /// Counts something that was not taken over.
    pub fn refuse(&self, what: Refusal) {
        self.stats().refuse(what);
    }

    /// A meter of this scope. What its instruments record passes the [guard](Self::guard).
    pub fn meter(&self, scope: &Scope) -> Meter {
        let scope =
            InstrumentationScope::builder(scope.name().to_owned()).with_version(scope.version().to_owned());
        self.meter_with_scope(scope.build())
    }

    pub(crate) fn meter_with_scope(&self, scope: InstrumentationScope) -> Meter {
        let Some(meters) = &self.0.meters else { return idle() };
        let panics = self.stats().panics();
        let meter = panics.fence(Callback::MeterProvider, || meters.meter_with_scope(scope));
        meter.map_or_else(idle, |meter| guarded(meter, self.guard().clone(), panics.clone()))
    }

    /// The instruments of an adapter, the same ones for each handle. None where nothing is measured.
    pub fn instruments<T: Instruments>(&self) -> Option<Arc<T>> {
        self.0.meters.as_ref()?;
        let key = TypeId::of::<T>();
        let found = self.0.instruments.read().get(&key).cloned();
        let instruments = found.unwrap_or_else(|| {
            let made = T::create(&self.meter(&T::SCOPE));
            self.0.instruments.write().entry(key).or_insert_with(|| Arc::new(made)).clone()
        });
        // The key is the type's own: the other arm is never taken.
        Some(instruments.downcast().unwrap_or_else(|_| Arc::new(T::create(&self.meter(&T::SCOPE)))))
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

    /// Creates them. Called once for each handle, and by two threads that ask first at the same time by both: one
    /// of them is kept.
    fn create(meter: &Meter) -> Self;
}

/// Settings of a [`Handle`].
pub struct HandleBuilder {
    recorder: Arc<dyn Recorder>,
    meters: Option<Arc<dyn MeterProvider + Send + Sync>>,
    propagation: Propagation,
    trust: TrustRules,
    service: Service,
    schema: Schema,
    guard: PiiGuard,
    notify: Option<Notify>,
}

/// Whom a service believes.
struct TrustRules {
    peers: Option<Peers>,
    /// How anybody else is treated.
    edge: Trust,
}

impl Default for TrustRules {
    fn default() -> Self {
        Self { peers: None, edge: Trust::Edge }
    }
}

impl HandleBuilder {
    /// Where metrics go. Defaults to nowhere.
    #[must_use]
    pub fn meter_provider(mut self, meters: Arc<dyn MeterProvider + Send + Sync>) -> Self {
        self.meters = Some(meters);
        self
    }

    /// What is propagated, and by which carriers. Defaults to [`Propagation::default`].
    #[must_use]
    pub fn propagation(mut self, propagation: Propagation) -> Self {
        self.propagation = propagation;
        self
    }

    /// The addresses of those whose context is believed, in the place of the zone's rule. Defaults to
    /// that rule: an edge believes nobody, all others everybody.
    #[must_use]
    pub fn peers(mut self, peers: Peers) -> Self {
        self.trust.peers = Some(peers);
        self
    }

    /// How strangers are treated. Defaults to [`Trust::Edge`].
    #[must_use]
    pub fn strangers(mut self, trust: Trust) -> Self {
        self.trust.edge = trust;
        self
    }

    /// Who the service is. Defaults to nobody.
    #[must_use]
    pub fn service(mut self, name: impl Into<String>, zone: Option<Zone>) -> Self {
        self.service = Service { name: name.into(), zone };
        self
    }

    /// The attributes and zones that there are. Defaults to the built-in ones.
    #[must_use]
    pub fn schema(mut self, schema: Schema) -> Self {
        self.schema = schema;
        self
    }

    /// Who judges what is about to leave. Defaults to [`PiiGuard::default`].
    #[must_use]
    pub fn guard(mut self, guard: PiiGuard) -> Self {
        self.guard = guard;
        self
    }

    /// Called when work came in from one of us without a usable trace, at most once in ten seconds for each
    /// reason. Defaults to nobody.
    #[must_use]
    pub fn on_broken_propagation<F>(mut self, notify: F) -> Self
    where
        F: Fn(BrokenReason, CarrierKind) + Send + Sync + 'static,
    {
        self.notify = Some(Box::new(notify));
        self
    }

    /// The handle.
    pub fn build(self) -> Handle {
        let Self { recorder, meters, propagation, trust, service, schema, guard, notify } = self;
        let stats = Arc::<Stats>::default();
        if let Some(notify) = notify {
            stats.notify(notify);
        }
        Handle(Arc::new(Inner {
            recorder,
            meters,
            instruments: RwLock::default(),
            propagation,
            trust,
            service,
            vocabulary: Vocabulary::new(schema, stats, guard),
        }))
    }
}

impl fmt::Debug for HandleBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandleBuilder").field("service", &self.service).finish_non_exhaustive()
    }
}
