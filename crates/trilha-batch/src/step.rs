//! What a run and a partition have in common: a span that many hold and that ends once, with its counts
//! and links.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use opentelemetry::Context;
use parking_lot::Mutex;
use trilha_core::{
    CarrierMut, ContextAttributes, Handle, Operation, Outcome, Recipient, TraceContext, current,
    propagation::inject,
};

use crate::links::Links;

/// What a run and all its partitions know.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) name: String,
    pub(crate) run_id: String,
    pub(crate) counts: Arc<Counts>,
}

/// What was worked on. A partition adds to its run's.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    items: AtomicU64,
    failed_items: AtomicU64,
    partitions: AtomicU64,
    failed_partitions: AtomicU64,
    /// Of a partition.
    run: Option<Arc<Counts>>,
}

impl Counts {
    pub(crate) fn of_partition(run: &Arc<Self>) -> Arc<Self> {
        run.partitions.fetch_add(1, Relaxed);
        Arc::new(Self { run: Some(run.clone()), ..Self::default() })
    }

    /// Of `items`, `failed` failed.
    pub(crate) fn add_items(&self, items: u64, failed: u64) {
        self.items.fetch_add(items, Relaxed);
        self.failed_items.fetch_add(failed, Relaxed);
        if let Some(run) = &self.run {
            run.add_items(items, failed);
        }
    }

    fn write(&self, operation: &Operation) {
        let mut counts = vec![
            ("trilha.batch.item_count", &self.items),
            ("trilha.batch.failed_item_count", &self.failed_items),
        ];
        if self.run.is_none() {
            counts.push(("trilha.batch.partition_count", &self.partitions));
            counts.push(("trilha.batch.failed_partition_count", &self.failed_partitions));
        }
        for (key, count) in counts {
            operation.set_attribute(key, i64::try_from(count.load(Relaxed)).unwrap_or(i64::MAX));
        }
    }
}

/// A span that many hold and that ends once.
#[derive(Debug)]
pub(crate) struct Step {
    handle: Handle,
    context: Context,
    trace_context: TraceContext,
    attributes: ContextAttributes,
    counts: Arc<Counts>,
    is_recorded: bool,
    open: Mutex<Open>,
}

#[derive(Debug)]
struct Open {
    /// Until it ends.
    operation: Option<Operation>,
    links: Links,
}

impl Step {
    pub(crate) fn new(operation: Operation, counts: Arc<Counts>) -> Self {
        Self {
            handle: operation.handle(),
            context: operation.context(),
            trace_context: operation.trace_context(),
            attributes: operation.attributes(),
            counts,
            is_recorded: operation.is_recording(),
            open: Mutex::new(Open { operation: Some(operation), links: Links::default() }),
        }
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    pub(crate) fn context(&self) -> &Context {
        &self.context
    }

    pub(crate) fn trace_context(&self) -> &TraceContext {
        &self.trace_context
    }

    pub(crate) fn attributes(&self) -> &ContextAttributes {
        &self.attributes
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    pub(crate) fn inject(&self, carrier: &mut dyn CarrierMut) {
        inject(&self.context, carrier, Recipient::Process);
    }

    /// A context that is empty links to nothing.
    pub(crate) fn link(&self, context: &TraceContext) {
        if self.is_recorded && context.traceparent().is_some() {
            let Open { operation, links } = &mut *self.open.lock();
            links.add(context, operation.as_ref(), &self.context);
        }
    }

    /// Runs `f` in the context. A panic in it ends the step, also where somebody above catches it.
    pub(crate) fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        let attached = current::attach(self.context.clone());
        let watch = EndOnUnwind(self);
        let result = f();
        std::mem::forget(watch);
        drop(attached);
        result
    }

    /// Only the first call counts.
    pub(crate) fn end(&self, outcome: Outcome<'_>) {
        let mut open = self.open.lock();
        let Some(operation) = open.operation.take() else { return };
        open.links.close(&operation);
        drop(open);
        if let (Some(run), Some(_)) = (&self.counts.run, outcome.error_type()) {
            run.failed_partitions.fetch_add(1, Relaxed);
        }
        self.counts.write(&operation);
        operation.finish(outcome);
    }

    /// Ends what nobody ended.
    pub(crate) fn abandon(&self) {
        self.end(match std::thread::panicking() {
            true => Outcome::Panicked,
            false => Outcome::Cancelled,
        });
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.abandon();
    }
}

/// Dropped only by an unwinding `enter`.
struct EndOnUnwind<'a>(&'a Step);

impl Drop for EndOnUnwind<'_> {
    fn drop(&mut self) {
        self.0.end(Outcome::Panicked);
    }
}
