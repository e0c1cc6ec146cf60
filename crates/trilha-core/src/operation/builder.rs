//! What is known of an operation before it starts, and the start itself.

use opentelemetry::{
    Context,
    metrics::{Counter, Histogram},
    trace::TraceContextExt,
};

use super::{
    Operation,
    arrival::{Accepted, Arrival, Inbound},
    descent::Descent,
    measure::Measure,
};
use crate::{
    ContextAttributes, Handle, Scope, TraceContext,
    api::ApiSpan,
    carrier::Carrier,
    recorder::{Attribute, Link, Span, SpanKind, SpanStart},
    trust::{Sender, Trust},
};

/// Settings of an [`Operation`] that is about to start.
#[derive(Debug)]
#[must_use = "an operation starts with `start`"]
pub struct OperationBuilder<'a> {
    scope: &'a Scope,
    name: &'a str,
    kind: SpanKind,
    handle: Option<Handle>,
    parent: Parent<'a>,
    links: Vec<(TraceContext, &'a [Attribute<'a>])>,
    inbound: Inbound,
    attributes: &'a [Attribute<'a>],
    duration: Option<Histogram<f64>>,
    count: Option<Counter<u64>>,
    dimensions: &'a [Attribute<'a>],
}

#[derive(Debug)]
enum Parent<'a> {
    Current,
    None,
    Local(Context),
    Remote(TraceContext),
    Arrival(Arrival<'a>),
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
            inbound: Inbound::default(),
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

    /// Reads what a carrier brought, and takes over of it what `trust` says: trace, baggage, context
    /// attributes. Without a usable trace a new one starts.
    ///
    /// Where one of us sent no usable trace, that is counted, and marked by the event
    /// `trilha.propagation.broken`; at an edge (zone Z1) it is expected.
    pub fn extract(mut self, carrier: &'a dyn Carrier, trust: Trust) -> Self {
        self.parent = Parent::Arrival(Arrival::new(carrier, trust));
        self
    }

    /// Who sent what is [extracted](Self::extract), for the metric of broken propagation. Defaults to not
    /// known.
    pub fn sender(mut self, sender: Option<Sender<'a>>) -> Self {
        if let Parent::Arrival(arrival) = &mut self.parent {
            arrival.sender = sender;
        }
        self
    }

    /// Whether the sender of what is [extracted](Self::extract) is to be believed by its address, and has
    /// none. Where that makes it a stranger, it is counted as broken propagation. Defaults to false.
    pub fn unknown_sender(mut self, is_unknown: bool) -> Self {
        if let Parent::Arrival(arrival) = &mut self.parent {
            arrival.is_unknown = is_unknown;
        }
        self
    }

    /// Whether what is [extracted](Self::extract) is a probe or a scrape, which has no trace. Defaults
    /// to false.
    pub fn probe(mut self, is_probe: bool) -> Self {
        if let Parent::Arrival(arrival) = &mut self.parent {
            arrival.is_probe = is_probe;
        }
        self
    }

    /// Lets what the operation sends know what came in with it, to tell a copy from what is a message's
    /// own.
    pub(crate) fn inbound(mut self, inbound: Inbound) -> Self {
        self.inbound = inbound;
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
    /// What serves or processes gets [context attributes](ContextAttributes) of its own: what comes in from
    /// outside those that it brought, all else a copy of the surrounding ones. A call that is made shares
    /// them.
    pub fn start(mut self) -> Operation {
        let current = match &self.parent {
            Parent::Local(context) => context.clone(),
            _ => Context::current(),
        };
        let handle = Handle::resolve_in(&current, self.handle.as_ref());
        let mut accepted = match &self.parent {
            Parent::Arrival(arrival) => Some(arrival.accept(&handle)),
            _ => None,
        };
        let descent = match (self.parent, &mut accepted) {
            (Parent::None, _) => Descent::default(),
            (Parent::Remote(parent), _) => {
                Descent { parent: Some(parent), is_remote: true, ..Descent::default() }
            }
            (_, Some(Accepted { parent, decision, .. })) => {
                Descent { parent: parent.take(), is_remote: true, decision: *decision }
            }
            _ => Descent::of(&current),
        };
        let attributes = match (self.kind.clone(), ContextAttributes::of(&current)) {
            _ if accepted.is_some() => ContextAttributes::new(handle.vocabulary().clone()),
            (SpanKind::Client | SpanKind::Producer, Some(attributes)) => attributes,
            (_, Some(attributes)) => attributes.fork(),
            (_, None) => ContextAttributes::new(handle.vocabulary().clone()),
        };
        if let Some(accepted) = &mut accepted {
            accepted.set_attributes(&attributes, &handle);
            self.links.extend(accepted.link.take().map(|context| (context, &[] as &[_])));
            self.inbound = std::mem::take(&mut accepted.inbound);
        }
        let links: Vec<_> =
            (self.links.iter()).map(|(context, attributes)| Link { context, attributes }).collect();
        let start = SpanStart {
            scope: self.scope,
            name: self.name,
            kind: &self.kind,
            parent: descent.parent.as_ref(),
            is_parent_remote: descent.is_remote,
            decision: descent.decision,
            links: &links,
            attributes: self.attributes,
            start_time: None,
        };
        let span = Span::start_by(handle, &start, attributes);
        let mut context = current.with_value(span.clone()).with_span(ApiSpan::shared(span.clone()));
        if !self.inbound.is_empty() {
            context = context.with_value(self.inbound);
        }
        if let Some(accepted) = accepted {
            accepted.mark(&span);
            context = accepted.with_baggage(context);
        }
        let measure = (self.duration).map(|duration| Measure::start(duration, self.count, self.dimensions));
        Operation::started(span, context, measure)
    }
}
