//! A partition of a run, and the items that it works on.

use std::{fmt, future::Future, sync::Arc};

use opentelemetry::Context;
use trilha_core::{
    CarrierMut, ContextAttributes, Operation, Outcome, SpanKind, TraceContext, recorder::Attribute,
};

use crate::{
    SCOPE,
    future::Run,
    metrics::BatchInstruments,
    step::{Counts, Job, Step},
};

/// A part of a run: a span `partition` below it. Clones are the same partition.
///
/// It ends once: with the first of [`run`](Self::run) and [`finish`](Self::finish), or when its last
/// clone is dropped, then as cancelled (or panicked, where the thread unwinds). A partition that failed
/// is counted by its run, and does not fail it.
#[derive(Clone)]
pub struct Partition {
    step: Arc<Step>,
    name: Arc<str>,
    job: Arc<Job>,
}

impl Partition {
    pub(crate) fn start(job: &Arc<Job>, run: &Step, name: &str) -> Self {
        let handle = run.handle();
        let operation = Operation::builder(&SCOPE, "partition", SpanKind::Internal)
            .handle(handle.clone())
            .parent(run.context())
            .attributes(&attributes(job, name))
            .dimensions(&[("trilha.batch.name", job.name.as_str().into())])
            .duration(handle.instruments::<BatchInstruments>().as_deref().map(|it| &it.partition))
            .start();
        let counts = Counts::of_partition(&job.counts);
        Self { step: Arc::new(Step::new(operation, counts)), name: name.into(), job: job.clone() }
    }

    /// Links the partition to an item that it works on: the span that sent or wrote it.
    pub fn link(&self, item: &TraceContext) {
        self.step.link(item);
    }

    /// Starts a trace of its own for an item: linked to the partition, and the partition to it.
    ///
    /// It has a copy of the partition's context attributes. `name` is of low cardinality.
    pub fn fan_out(&self, name: &str) -> Operation {
        // Entered, not set as the parent: the context attributes come from there, the trace does not.
        let operation = self.step.enter(|| {
            Operation::builder(&SCOPE, name, SpanKind::Internal)
                .handle(self.step.handle().clone())
                .root()
                .link(self.trace_context().clone(), &[])
                .attributes(&attributes(&self.job, &self.name))
                .start()
        });
        self.link(&operation.trace_context());
        operation
    }

    /// Counts an item, as failed where the result is an error.
    pub fn count<T, E>(&self, item: &Result<T, E>) {
        match item {
            Ok(_) => self.succeeded(1),
            Err(_) => self.failed(1),
        }
    }

    /// Counts items that went well.
    pub fn succeeded(&self, items: u64) {
        self.step.counts().add_items(items, 0);
    }

    /// Counts items that failed.
    pub fn failed(&self, items: u64) {
        self.step.counts().add_items(items, items);
    }

    /// Runs a future as the partition; the first such future's outcome is the partition's.
    ///
    /// Dropped before its end, the partition is cancelled. The future is polled with the partition's
    /// context as the current one.
    pub fn run<F, T, E>(&self, future: F) -> Run<F>
    where
        F: Future<Output = Result<T, E>>,
    {
        Run::new(self.step.clone(), future)
    }

    /// Runs `f` with the partition's context as the current one, and ends nothing, unless `f` panics.
    pub fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        self.step.enter(f)
    }

    /// Ends the partition.
    pub fn finish(&self, outcome: Outcome<'_>) {
        self.step.end(outcome);
    }

    /// The context attributes of the partition.
    pub fn attributes(&self) -> &ContextAttributes {
        self.step.attributes()
    }

    /// The context in which the partition's own work runs.
    pub fn context(&self) -> &Context {
        self.step.context()
    }

    /// The identity of the partition's span.
    pub fn trace_context(&self) -> &TraceContext {
        self.step.trace_context()
    }

    /// Writes the partition's context to a carrier, for a job in another process: headers, parameters, a
    /// [`Command`](std::process::Command) that starts a child.
    pub fn inject(&self, carrier: &mut dyn CarrierMut) {
        self.step.inject(carrier);
    }
}

impl fmt::Debug for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Partition");
        debug.field("name", &self.name).field("job", &self.job).finish_non_exhaustive()
    }
}

fn attributes<'a>(job: &'a Job, partition: &'a str) -> [Attribute<'a>; 3] {
    [
        ("trilha.batch.partition", partition.into()),
        ("trilha.batch.name", job.name.as_str().into()),
        ("run_id", job.run_id.as_str().into()),
    ]
}
