//! The run: the root of a batch's trace.

use std::{fmt, future::Future, sync::Arc};

use opentelemetry::{Context, trace::TraceContextExt};
use trilha_core::{
    Carrier, CarrierMut, ContextAttributes, Handle, Operation, Outcome, SpanKind, TraceContext, Trust,
    current, schema::Model,
};

use crate::{
    Partition, SCOPE,
    future::Run,
    metrics::BatchInstruments,
    step::{Counts, Job, Step},
};

/// A run of a batch job: the root span `batch-run`. Clones are the same run.
///
/// It ends once: with the first of [`run`](Self::run) and [`finish`](Self::finish), or when its last
/// clone is dropped, then as cancelled (or panicked, where the thread unwinds). Partitions may go on
/// after that; what they count from then on is not in the run's counts any more.
#[derive(Clone)]
pub struct BatchRun {
    step: Arc<Step>,
    job: Arc<Job>,
}

impl BatchRun {
    /// Starts to describe a run of the job `name`.
    ///
    /// - **Cardinality:** few: the name is a metric attribute, `trilha.batch.name`.
    pub fn builder(name: &str) -> BatchRunBuilder<'_> {
        BatchRunBuilder { name, run_id: None, model: None, handle: None, sender: None, links: Vec::new() }
    }

    /// Starts a partition of the run, such as a day or a key range. Partitions may run side by side, on
    /// any task or thread.
    ///
    /// It has a copy of the run's context attributes: what it sets is not seen by the others.
    ///
    /// - **Cardinality:** `name` may be anything: it is an attribute of spans only.
    pub fn partition(&self, name: &str) -> Partition {
        Partition::start(&self.job, &self.step, name)
    }

    /// Links the run to a span that caused it.
    pub fn link(&self, cause: &TraceContext) {
        self.step.link(cause);
    }

    /// Runs a future as the run; the first such future's outcome is the run's.
    ///
    /// Dropped before its end, the run is cancelled. The future is polled with the run's context as the
    /// current one.
    pub fn run<F, T, E>(&self, future: F) -> Run<F>
    where
        F: Future<Output = Result<T, E>>,
    {
        Run::new(self.step.clone(), future)
    }

    /// Runs `f` with the run's context as the current one, and ends nothing, unless `f` panics.
    pub fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        self.step.enter(f)
    }

    /// Ends the run. Failed partitions and items are counted, and fail the run only if `outcome` says so.
    pub fn finish(&self, outcome: Outcome<'_>) {
        self.step.end(outcome);
    }

    /// The context attributes of the run. What is set before a partition starts reaches that too.
    pub fn attributes(&self) -> &ContextAttributes {
        self.step.attributes()
    }

    /// The context in which the run's own work runs.
    pub fn context(&self) -> &Context {
        self.step.context()
    }

    /// The identity of the run's span.
    pub fn trace_context(&self) -> &TraceContext {
        self.step.trace_context()
    }

    /// Writes the run's context to a carrier, for a job in another process: headers, parameters, a
    /// [`Command`](std::process::Command) that starts a child.
    pub fn inject(&self, carrier: &mut dyn CarrierMut) {
        self.step.inject(carrier);
    }
}

impl fmt::Debug for BatchRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchRun").field("job", &self.job).finish_non_exhaustive()
    }
}

/// Settings of a [`BatchRun`] that is about to start.
#[must_use = "a run starts with `start`"]
pub struct BatchRunBuilder<'a> {
    name: &'a str,
    run_id: Option<&'a str>,
    model: Option<&'a Model>,
    handle: Option<Handle>,
    sender: Option<(&'a dyn Carrier, Trust)>,
    links: Vec<TraceContext>,
}

impl<'a> BatchRunBuilder<'a> {
    /// The scheduler's id of the run: `run_id`. Defaults to the id of the run's trace.
    pub fn run_id(mut self, run_id: &'a str) -> Self {
        self.run_id = Some(run_id);
        self
    }

    /// The model that the run is pinned to: context attributes of the run and all below. Defaults to that
    /// of the surrounding operation, if there is one.
    pub fn model(mut self, model: &'a Model) -> Self {
        self.model = Some(model);
        self
    }

    /// The handle to record with. Defaults to that of the current operation, else the process's default.
    pub fn handle(mut self, handle: Handle) -> Self {
        self.handle = Some(handle);
        self
    }

    /// Links the run to a span that caused it, beside the current one, to which it is always linked.
    pub fn link(mut self, cause: TraceContext) -> Self {
        self.links.push(cause);
        self
    }

    /// Continues the trace that a carrier brought, as of the process that started this one, and takes over
    /// what `trust` says: baggage, context attributes. Defaults to a new trace.
    ///
    /// Where there is no usable trace, a new one starts, and that is counted as broken propagation: a job
    /// that people also start by hand may look for `TRACEPARENT` first.
    ///
    /// ```
    /// use trilha_batch::BatchRun;
    /// use trilha_core::{Trust, propagation::Environment};
    ///
    /// let environment = Environment::of_process(); // TRACEPARENT, TRACESTATE, BAGGAGE
    /// let run = BatchRun::builder("nightly-scoring").extract(&environment, Trust::Internal).start();
    /// # run.finish(trilha_core::Outcome::Ok);
    /// ```
    pub fn extract(mut self, carrier: &'a dyn Carrier, trust: Trust) -> Self {
        self.sender = Some((carrier, trust));
        self
    }

    /// Starts the run: in a new trace, unless it [continues](Self::extract) one.
    pub fn start(self) -> BatchRun {
        let current = current::context();
        let handle = Handle::resolve_in(&current, self.handle.as_ref());
        let job = [("trilha.batch.name", self.name.into())];
        let scope = SCOPE;
        let builder = Operation::builder(&scope, "batch-run", SpanKind::Internal);
        let builder = match self.sender {
            Some((carrier, trust)) => builder.extract(carrier, trust),
            None => builder.root(),
        };
        let operation = builder
            .attributes(&job)
            .dimensions(&job)
            .duration(handle.instruments::<BatchInstruments>().as_deref().map(|it| &it.run))
            .handle(handle)
            .start();
        if let Some(model) = self.model {
            operation.attributes().model(model);
        }
        let trace_id = operation.trace_context().trace_id().to_string();
        let run_id = self.run_id.map_or(trace_id, str::to_owned);
        operation.set_attribute("run_id", &run_id);
        let counts = Arc::new(Counts::default());
        let job = Arc::new(Job { name: self.name.to_owned(), run_id, counts: counts.clone() });
        let run = BatchRun { step: Arc::new(Step::new(operation, counts)), job };
        let trigger = TraceContext::from_api(current.span().span_context());
        self.links.iter().chain(&trigger).for_each(|cause| run.link(cause));
        run
    }
}

impl fmt::Debug for BatchRunBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, run_id, .. } = self;
        f.debug_struct("BatchRunBuilder").field("name", name).field("run_id", run_id).finish_non_exhaustive()
    }
}
