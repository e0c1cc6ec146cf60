//! What is known of an operation before it starts, and the start itself.

use opentelemetry::{
    Context,
    metrics::{Counter, Histogram},
    trace::TraceContextExt,
};

use super::{Operation, measure::Measure};
use crate::{
    ContextAttributes, Handle, Scope, TraceContext,
    carrier::Carrier,
    recorder::{ApiSpan, Attribute, Link, Span, SpanKind, SpanStart},
};

/// Whether a context that comes from outside is believed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Trust {
    /// The sender is one of us: its trace is continued.
    Internal,
    /// The sender may be anybody: a new trace starts, linked to the sender's.
    Edge,
}

/// Settings of an [`Operation`] that is about to start.
#[derive(Debug)]
#[must_use = "an operation starts with `start`"]
pub struct OperationBuilder<'a> {
    scope: &'a Scope,
    name: &'a str,
    kind: SpanKind,
    handle: Option<Handle>,
    parent: Parent,
    links: Vec<(TraceContext, &'a [Attribute<'a>])>,
    inbound: Vec<TraceContext>,
    attributes: &'a [Attribute<'a>],
    duration: Option<Histogram<f64>>,
    count: Option<Counter<u64>>,
    dimensions: &'a [Attribute<'a>],
}

/// The remote contexts that came in with an operation, in the `Context` of its work.
#[derive(Debug)]
pub(crate) struct Inbound(Vec<TraceContext>);

impl Inbound {
    /// Whether `context` came in with the work at hand.
    pub(crate) fn holds(context: &TraceContext) -> bool {
        Context::map_current(|current| {
            current.get::<Self>().is_some_and(|inbound| {
                inbound.0.iter().any(|known| {
                    known.trace_id() == context.trace_id() && known.span_id() == context.span_id()
                })
            })
        })
    }
}

#[derive(Clone, Debug)]
enum Parent {
    Current,
    None,
    Local(Context),
    Remote(TraceContext),
}

impl<'a> OperationBuilder<'a> {
    pub(super) fn new(scope: &'a Scope, name: &'a str, kind: SpanKind) -> Self {
        Self {
            scope,
            name,
            kind,
            handle: None,
            parent: Parent::Current,
            links: Vec::new(),
            inbound: Vec::new(),
            attributes: &[],
            duration: None,
            count: None,
            dimensions: &[],
        }
    }

    /// The handle to record with. Defaults to that of the current operation, else the process's default.
    pub fn handle(mut self, handle: Handle) -> Self {
        self.handle = Some(handle);
        self
    }

    /// Attributes that are known now: the sampler sees them.
    pub fn attributes(mut self, attributes: &'a [Attribute<'a>]) -> Self {
        self.attributes = attributes;
        self
    }

    /// Starts a new trace.
    pub fn root(mut self) -> Self {
        self.parent = Parent::None;
        self
    }

    /// Starts under this context. Defaults to the current one.
    pub fn parent(mut self, context: &Context) -> Self {
        self.parent = Parent::Local(context.clone());
        self
    }

    /// Continues a trace that was read from somewhere else, or starts a new one where there is none.
    pub fn remote_parent(mut self, parent: Option<TraceContext>) -> Self {
        self.inbound.extend(parent.clone());
        self.parent = parent.map_or(Parent::None, Parent::Remote);
        self
    }

    /// Reads the context of a carrier and follows it as far as `trust` goes.
    ///
    /// The handle must be set before. Without a valid context in the carrier a new trace starts.
    pub fn extract(self, carrier: &dyn Carrier, trust: Trust) -> Self {
        let handle = self.handle.clone().unwrap_or_else(Handle::current);
        let remote = handle.propagation().extract(carrier, handle.stats());
        let builder = Self { handle: Some(handle), ..self };
        match (remote, trust) {
            (Some(remote), Trust::Edge) => builder.root().inbound([remote.clone()]).link(remote, &[]),
            (remote, _) => builder.remote_parent(remote),
        }
    }

    /// Lets what the operation sends know which contexts came in with it, to tell a copy from a
    /// context of a message's own.
    pub(crate) fn inbound(mut self, contexts: impl IntoIterator<Item = TraceContext>) -> Self {
        self.inbound.extend(contexts);
        self
    }

    /// Adds a span that caused this one.
    pub fn link(mut self, context: TraceContext, attributes: &'a [Attribute<'a>]) -> Self {
        self.links.push((context, attributes));
        self
    }

    /// Records the duration, in seconds, when the operation ends, with its
    /// [dimensions](Operation::set_dimension).
    pub fn duration(mut self, histogram: &Histogram<f64>) -> Self {
        self.duration = Some(histogram.clone());
        self
    }

    /// Also counts the operation when it ends. Needs a [duration](Self::duration).
    pub fn count(mut self, counter: &Counter<u64>) -> Self {
        self.count = Some(counter.clone());
        self
    }

    /// What the metrics know from the start, beside the span's [attributes](Self::attributes). Its
    /// values must be few.
    pub fn dimensions(mut self, dimensions: &'a [Attribute<'a>]) -> Self {
        self.dimensions = dimensions;
        self
    }

    /// Starts the operation.
    ///
    /// What serves or processes gets [context attributes](ContextAttributes) of its own, as a copy of
    /// the surrounding ones; a call that it makes shares them.
    pub fn start(self) -> Operation {
        let current = match &self.parent {
            Parent::Local(context) => context.clone(),
            _ => Context::current(),
        };
        let handle = Handle::resolve_in(&current, self.handle.as_ref());
        let (parent, is_parent_remote) = match self.parent {
            Parent::None => (None, false),
            Parent::Remote(parent) => (Some(parent), true),
            Parent::Current | Parent::Local(_) => super::parent_in(&current),
        };
        let attributes = match (self.kind.clone(), ContextAttributes::of(&current)) {
            (SpanKind::Client | SpanKind::Producer, Some(attributes)) => attributes,
            (_, Some(attributes)) => attributes.fork(),
            (_, None) => ContextAttributes::new(handle.stats().clone()),
        };
        let links: Vec<_> =
            (self.links.iter()).map(|(context, attributes)| Link { context, attributes }).collect();
        let record = handle.recorder().start(&SpanStart {
            scope: self.scope,
            name: self.name,
            kind: &self.kind,
            parent: parent.as_ref(),
            is_parent_remote,
            links: &links,
            attributes: self.attributes,
            start_time: None,
        });
        let span = Span::new(record, attributes, handle);
        let mut context = current.with_value(span.clone()).with_span(ApiSpan::new(span.clone()));
        if !self.inbound.is_empty() {
            context = context.with_value(Inbound(self.inbound));
        }
        let measure = (self.duration).map(|duration| Measure::start(duration, self.count, self.dimensions));
        Operation::started(span, context, measure)
    }
}
