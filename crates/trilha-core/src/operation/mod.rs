//! The one thing that crosses a boundary: a request served, a call made, a query, a message, an item.
//!
//! An adapter says what crosses and which carrier holds the context; everything else is the same for all.

mod arrival;
mod builder;
mod descent;
mod future;
mod inbound;
mod measure;
mod outcome;
mod site;

use std::{
    future::{Future, poll_fn},
    pin::pin,
    thread::panicking,
    time::{Instant, SystemTime},
};

use opentelemetry::{Context, ContextGuard, KeyValue};

pub(crate) use self::{
    arrival::Arrival,
    descent::{Descent, KnownTrace},
    inbound::{Inbound, Work},
};
pub use self::{
    builder::OperationBuilder,
    future::Run,
    measure::{DURATION_BOUNDARIES, duration_histogram},
    outcome::Outcome,
};
use self::{measure::Measure, site::Site};
use crate::{
    ContextAttributes, Handle, Recipient, Scope, TraceContext,
    carrier::CarrierMut,
    current,
    propagation::Outgoing,
    recorder::{Span, SpanKind, Status, Value},
};

/// Something that crosses a boundary, from its start to its one [`Outcome`].
///
/// Dropped without an outcome it was cancelled, or panicked where the thread unwinds.
///
/// ```
/// use trilha_core::{Operation, Outcome, Scope, SpanKind};
///
/// static SCOPE: Scope = Scope::new("my-adapter", "1.0.0");
///
/// let mut operation = Operation::builder(&SCOPE, "lookup", SpanKind::Client).start();
/// let found = operation.enter(|| "the call itself".len());
/// operation.set_attribute("my.bytes", found as i64);
/// operation.finish(Outcome::Ok);
/// ```
#[derive(Debug)]
pub struct Operation(Option<Open>);

#[derive(Debug)]
struct Open {
    span: Span,
    site: Site,
    /// Boxed, so that an operation that nobody measures is moved at little cost.
    measure: Option<Box<Measure>>,
}

impl Open {
    fn context(&self) -> &Context {
        self.site.context(&self.span)
    }

    /// Whether somebody is told how it ends.
    fn is_heard(&self) -> bool {
        self.span.needs_end() || self.measure.is_some()
    }
}

impl Operation {
    /// Starts to describe an operation. The name is of low cardinality and holds no values.
    pub fn builder<'a>(scope: &'a Scope, name: &'a str, kind: SpanKind) -> OperationBuilder<'a> {
        OperationBuilder::new(scope, name, kind)
    }

    fn started(span: Span, site: Site, measure: Option<Box<Measure>>) -> Self {
        Self(Some(Open { span, site, measure }))
    }

    /// The context in which the operation's own work runs. Current while [`enter`](Self::enter) runs.
    pub fn context(&self) -> Context {
        self.0.as_ref().map_or_else(Context::current, |open| open.context().clone())
    }

    /// The identity of the operation's span.
    pub fn trace_context(&self) -> TraceContext {
        self.0.as_ref().map_or_else(TraceContext::none, |open| open.span.trace_context().clone())
    }

    /// The handle that records it.
    pub fn handle(&self) -> Handle {
        self.span().map_or_else(Handle::current, |span| span.handle().clone())
    }

    /// The context attributes of the work in hand.
    pub fn attributes(&self) -> ContextAttributes {
        self.span().map_or_else(ContextAttributes::default, |span| span.attributes().clone())
    }

    /// The operation's span, for what it alone needs: events, links. `None` once a panic ended it.
    pub fn span(&self) -> Option<&Span> {
        self.0.as_ref().map(|open| &open.span)
    }

    /// Whether anything that is set is written down.
    pub fn is_recording(&self) -> bool {
        self.span().is_some_and(Span::is_recording)
    }

    /// Sets an attribute of the span.
    pub fn set_attribute<'a>(&self, key: &str, value: impl Into<Value<'a>>) {
        if let Some(span) = self.span() {
            span.set_attribute(key, value);
        }
    }

    /// Sets an attribute of the span and of the duration metric. Its values must be few.
    pub fn set_dimension<'a>(&mut self, key: &'static str, value: impl Into<Value<'a>>) {
        let value = value.into();
        if let Some(open) = &mut self.0 {
            open.span.set_attribute(key, value);
            if let Some(measure) = &mut open.measure {
                measure.set(KeyValue::new(key, opentelemetry::Value::from(value)));
            }
        }
    }

    /// Adds dimensions to the duration metric alone, where there is one, under keys that do not stand there yet. What
    /// is shared or static costs no copy. Their values must be few.
    pub fn add_dimensions(
        &mut self,
        dimensions: impl IntoIterator<Item = (&'static str, opentelemetry::Value)>,
    ) {
        if let Some(measure) = self.0.as_mut().and_then(|open| open.measure.as_mut()) {
            measure.add(dimensions.into_iter().map(|(key, value)| KeyValue::new(key, value)));
        }
    }

    /// Replaces the span's name.
    pub fn set_name(&self, name: &str) {
        if let Some(span) = self.span() {
            span.set_name(name);
        }
    }

    /// Writes the operation's context to a carrier, in place of what stood there: the trace for whoever
    /// reads it, baggage and the correlation id only where `recipient` may have them.
    pub fn inject(&self, carrier: &mut dyn CarrierMut, recipient: Recipient<'_>) {
        if let Some(Open { span, site, .. }) = &self.0 {
            let handle = span.handle();
            let outgoing = Outgoing {
                trace: span.trace_context(),
                context: site.surroundings(),
                attributes: span.attributes(),
                guard: handle.guard(),
            };
            handle.propagation().send(&outgoing, recipient, carrier, handle.stats());
        }
    }

    /// Ends an operation of whose end nobody hears, since its span needs no end and nothing is measured: its context,
    /// in which its work runs all the same, is all there is to it. None of any other, which goes on.
    pub fn unheard(&mut self) -> Option<Context> {
        let Open { span, site, .. } = self.0.take_if(|open| !open.is_heard())?;
        Some(site.into_context(&span))
    }

    /// Runs `f` with the operation's context as the current one: the poll of a future, a call.
    ///
    /// A panic in `f` ends the operation as panicked, also where somebody above catches it.
    #[inline]
    pub fn enter<R>(&mut self, f: impl FnOnce() -> R) -> R {
        let _entered = self.entered();
        f()
    }

    /// As [`enter`](Self::enter), until what it returns is dropped: for a call whose arguments are too large to be
    /// moved into a closure.
    #[inline]
    pub fn entered(&mut self) -> Entered<'_> {
        let attached = self.0.as_ref().and_then(|open| current::attach(open.context().clone()));
        Entered { operation: self, _attached: attached, was_panicking: panicking() }
    }

    /// Runs a future with the operation's context as the current one, and leaves the operation open.
    ///
    /// For an outcome that [`run_with`](Self::run_with) cannot say, or what is to be set at the end.
    pub async fn drive<F: Future>(&mut self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|cx| self.enter(|| future.as_mut().poll(cx))).await
    }

    /// Runs a fallible future as this operation; its outcome is the future's.
    pub fn run<F, T, E>(self, future: F) -> Run<F, impl FnMut(&Result<T, E>) -> Outcome<'static>>
    where
        F: Future<Output = Result<T, E>>,
    {
        self.run_with(future, Outcome::of)
    }

    /// Runs a future as this operation; `outcome` judges what it returns.
    pub fn run_with<F, O>(self, future: F, outcome: O) -> Run<F, O>
    where
        F: Future,
        O: FnMut(&F::Output) -> Outcome<'static>,
    {
        Run::new(self, future, outcome)
    }

    /// Ends the operation.
    pub fn finish(mut self, outcome: Outcome<'_>) {
        self.end(outcome, None);
    }

    /// Ends the operation as of a moment that has passed: what the caller did since is not part of it.
    pub fn finish_at(mut self, outcome: Outcome<'_>, ended: Instant) {
        self.end(outcome, Some(ended));
    }

    /// Ends the operation where it stands, as of a moment that has passed, else of now. Only the first call counts.
    pub fn end(&mut self, outcome: Outcome<'_>, ended: Option<Instant>) {
        let Some(Open { span, site, measure }) = self.0.take() else { return };
        if let Some(error_type) = outcome.error_type() {
            span.set_attribute("error.type", error_type);
            span.set_status(Status::Error(""));
        }
        if let Some(measure) = measure {
            // Exemplars and views may look at the current context.
            let _attached = current::attach(site.context(&span).clone());
            measure.finish(outcome, span.attributes(), ended);
        }
        drop(site); // it may hold the span
        span.finish(ended.and_then(|ended| SystemTime::now().checked_sub(ended.elapsed())));
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        let outcome = match panicking() {
            true => Outcome::Panicked,
            false => Outcome::Cancelled,
        };
        self.end(outcome, None);
    }
}

/// An operation whose context is the current one, until this is dropped. By [`Operation::entered`].
#[derive(Debug)]
#[must_use = "the operation is left when this is dropped"]
pub struct Entered<'o> {
    operation: &'o mut Operation,
    /// Dropped after the operation has ended, where it has.
    _attached: Option<ContextGuard>,
    /// Whether the panic is somebody else's.
    was_panicking: bool,
}

impl Drop for Entered<'_> {
    #[inline]
    fn drop(&mut self) {
        if panicking() && !self.was_panicking {
            self.operation.end(Outcome::Panicked, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        panic::{AssertUnwindSafe, catch_unwind},
        sync::Arc,
    };

    use parking_lot::Mutex;

    use super::*;
    use crate::{
        Recorder, SpanCounts,
        recorder::{Attribute, Link, SpanRecord, SpanStart},
        schema::Key,
    };

    /// Keeps nothing, and tells which spans have ended all the same.
    #[derive(Clone, Debug, Default)]
    struct Ends(Arc<Mutex<Vec<TraceContext>>>);

    #[derive(Debug)]
    struct Unkept(TraceContext, Ends);

    impl Recorder for Ends {
        fn start(&self, start: &SpanStart<'_>) -> Arc<dyn SpanRecord> {
            Arc::new(Unkept(TraceContext::of_child(start.parent, |_| false), self.clone()))
        }

        fn counts(&self) -> SpanCounts {
            SpanCounts::default()
        }
    }

    impl SpanRecord for Unkept {
        fn trace_context(&self) -> &TraceContext {
            &self.0
        }

        fn is_recording(&self) -> bool {
            false
        }

        fn set_attribute(&self, _: &str, _: Value<'_>) {}
        fn add_event(&self, _: &str, _: Option<SystemTime>, _: &[Attribute<'_>]) {}
        fn add_link(&self, _: &Link<'_>) {}
        fn set_name(&self, _: &str) {}
        fn set_status(&self, _: Status<'_>) {}
        fn withhold(&self) {}

        fn end(&self, _: Option<SystemTime>) {
            self.1.0.lock().push(self.0.clone());
        }
    }

    #[test]
    fn an_operation_whose_end_somebody_hears_goes_on_and_any_other_is_its_context() {
        let (scope, ends) = (Scope::new("test", ""), Ends::default());
        let start = |handle| Operation::builder(&scope, "work", SpanKind::Server).handle(handle).start();
        let mut heard = start(Handle::builder(Arc::new(ends.clone())).build());
        assert!(heard.unheard().is_none() && heard.span().is_some());
        assert!(ends.0.lock().is_empty());
        let trace = heard.trace_context();
        heard.finish(Outcome::Ok);
        assert_eq!(*ends.0.lock(), [trace]);

        let mut unheard = start(Handle::disabled());
        unheard.attributes().tenant("acme");
        let context = unheard.unheard().unwrap();
        assert!(unheard.span().is_none());
        let tenant = ContextAttributes::of(&context).unwrap().value(Key::Tenant);
        assert_eq!(tenant.as_deref(), Some("acme"));
    }

    fn work() -> Operation {
        Operation::builder(&Scope::new("test", ""), "work", SpanKind::Internal).start()
    }

    #[test]
    fn a_panic_ends_the_operation_in_which_it_is_and_no_other() {
        /// Works on while the thread unwinds.
        struct Cleanup<'o>(&'o mut Operation);

        impl Drop for Cleanup<'_> {
            fn drop(&mut self) {
                self.0.enter(|| ());
            }
        }

        let (mut outer, mut inner) = (work(), work());
        let caught = catch_unwind(AssertUnwindSafe(|| {
            let _cleanup = Cleanup(&mut outer);
            inner.enter(|| panic!("of the program"));
        }));
        assert!(caught.is_err());
        assert!(inner.span().is_none() && outer.span().is_some());
    }
}
