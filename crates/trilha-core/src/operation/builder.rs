//! What is known of an operation before it starts, and the start itself.

use std::borrow::Cow;

use opentelemetry::{
    Context,
    metrics::{Counter, Histogram},
};

use super::{
    Operation,
    arrival::{Accepted, Arrival},
    descent::Descent,
    inbound::{Inbound, Work},
    measure::Measure,
    site::Site,
};
use crate::{
    ContextAttributes, Handle, Scope, TraceContext,
    carrier::Carrier,
    current,
    recorder::{Attribute, Decision, Link, Opening, Owner, Say, Span, SpanKind, SpanStart},
    trust::{Sender, Trust},
};

/// Settings of an [`Operation`] that is about to start.
#[derive(Debug)]
#[must_use = "an operation starts with `start`"]
pub struct OperationBuilder<'a> {
    scope: &'a Scope,
    name: &'a str,
    opening: Option<&'a Opening>,
    kind: SpanKind,
    handle: Option<Handle>,
    parent: Parent<'a>,
    links: Vec<(TraceContext, &'a [Attribute<'a>])>,
    inbound: Inbound,
    attributes: &'a [Attribute<'a>],
    duration: Option<&'a Histogram<f64>>,
    count: Option<&'a Counter<u64>>,
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
    #[inline]
    pub(super) fn new(scope: &'a Scope, name: &'a str, kind: SpanKind) -> Self {
        Self {
            scope,
            name,
            opening: None,
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
    #[inline]
    pub fn handle(mut self, handle: Handle) -> Self {
        self.handle = Some(handle);
        self
    }

    /// Attributes that are known now: the sampler sees them.
    #[inline]
    pub fn attributes(mut self, attributes: &'a [Attribute<'a>]) -> Self {
        self.attributes = attributes;
        self
    }

    /// The name and the first attributes, in the place of the name that was given: they stand before the
    /// [others](Self::attributes). What begins with a route has it as the context attribute `route` too. Defaults to
    /// none.
    #[inline]
    pub fn opening(mut self, opening: Option<&'a Opening>) -> Self {
        self.opening = opening;
        self
    }

    /// Starts a new trace.
    #[inline]
    pub fn root(mut self) -> Self {
        self.parent = Parent::None;
        self
    }

    /// Starts under this context. Defaults to the current one.
    #[inline]
    pub fn parent(mut self, context: &Context) -> Self {
        self.parent = Parent::Local(context.clone());
        self
    }

    /// Continues a trace that was read from somewhere else, or starts a new one where there is none.
    #[inline]
    pub fn remote_parent(mut self, parent: Option<TraceContext>) -> Self {
        if let Some(parent) = &parent {
            self.inbound.add_context(parent);
        }
        self.parent = parent.map_or(Parent::None, Parent::Remote);
        self
    }

    /// Reads what a carrier brought, and takes over of it what `trust` says: trace, baggage, context
    /// attributes. Without a usable trace a new one starts.
    ///
    /// Where one of us sent no usable trace, that is counted, and marked by the event
    /// `trilha.propagation.broken`; at an edge (zone Z1) it is expected.
    #[inline]
    pub fn extract(mut self, carrier: &'a dyn Carrier, trust: Trust) -> Self {
        self.parent = Parent::Arrival(Arrival::new(carrier, trust));
        self
    }

    /// Who sent what is [extracted](Self::extract), for the metric of broken propagation. Defaults to not
    /// known.
    #[inline]
    pub fn sender(mut self, sender: Option<Sender<'a>>) -> Self {
        if let Parent::Arrival(arrival) = &mut self.parent {
            arrival.sender = sender;
        }
        self
    }

    /// Whether the sender of what is [extracted](Self::extract) is to be believed by its address, and has
    /// none. Where that makes it a stranger, it is counted as broken propagation. Defaults to false.
    #[inline]
    pub fn unknown_sender(mut self, is_unknown: bool) -> Self {
        if let Parent::Arrival(arrival) = &mut self.parent {
            arrival.is_unknown = is_unknown;
        }
        self
    }

    /// Whether what is [extracted](Self::extract) is a probe or a scrape, which has no trace: asked where one
    /// is missing. Defaults to false.
    #[inline]
    pub fn probe(mut self, is_probe: &'a (dyn Fn() -> bool + 'a)) -> Self {
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
    #[inline]
    pub fn link(mut self, context: TraceContext, attributes: &'a [Attribute<'a>]) -> Self {
        self.links.push((context, attributes));
        self
    }

    /// Records the duration, in seconds, when the operation ends, with its
    /// [dimensions](Operation::set_dimension). Defaults to none.
    #[inline]
    pub fn duration(mut self, histogram: Option<&'a Histogram<f64>>) -> Self {
        self.duration = histogram;
        self
    }

    /// Also counts the operation when it ends. Needs a [duration](Self::duration).
    #[inline]
    pub fn count(mut self, counter: Option<&'a Counter<u64>>) -> Self {
        self.count = counter;
        self
    }

    /// What the metrics know from the start, beside the span's [attributes](Self::attributes). Its
    /// values must be few.
    #[inline]
    pub fn dimensions(mut self, dimensions: &'a [Attribute<'a>]) -> Self {
        self.dimensions = dimensions;
        self
    }

    /// Starts the operation.
    ///
    /// What serves or processes gets [context attributes](ContextAttributes) of its own: what comes in from
    /// outside those that it brought, all else a copy of the surrounding ones. A call that is made shares
    /// them.
    pub fn start(self) -> Operation {
        self.start_described(&|_| {})
    }

    /// As [`start`](Self::start). `describe` says more attributes, behind the [others](Self::attributes): it is called
    /// only where somebody listens, since the span is kept or its sampler looks at them.
    pub fn start_described(mut self, describe: &dyn Fn(&mut Say<'_, 'a>)) -> Operation {
        let around = match &self.parent {
            Parent::Local(context) => context.clone(),
            _ => current::context(),
        };
        let outer = Work::span_of(&around);
        let handle = match self.handle {
            Some(handle) if !around.is_telemetry_suppressed() => Cow::Owned(handle),
            _ => Handle::inside(outer, &around),
        };
        // The trace is not kept, and nothing in it can be: the parent stands for its child.
        let unkept = match &self.parent {
            Parent::Current | Parent::Local(_) => {
                outer.filter(|span| !span.is_kept() && span.is_current(&around))
            }
            _ => None,
        };
        let unkept = unkept.filter(|span| span.handle().is_same(&handle) && handle.recorder().drop_child());
        let is_arrival = matches!(self.parent, Parent::Arrival(_));
        let mut accepted = Accepted::default();
        if let Parent::Arrival(arrival) = &self.parent {
            accepted.take_over(arrival, &handle);
        }
        let descent = match self.parent {
            _ if unkept.is_some() => Descent::default(),
            Parent::None => Descent::default(),
            Parent::Current | Parent::Local(_) => Descent::inside(outer, &around),
            Parent::Remote(parent) => Descent::of_remote(Some(parent), Decision::Parent),
            Parent::Arrival(_) => Descent::of_remote(accepted.parent.take(), accepted.decision),
        };
        let route = self.opening.and_then(Opening::route);
        let owner = match outer.map(Span::attributes) {
            Some(attributes) if !is_arrival => {
                let attributes = match self.kind {
                    SpanKind::Client | SpanKind::Producer => attributes.clone(),
                    _ => attributes.fork(),
                };
                if let Some(route) = route {
                    attributes.kept_route(route);
                }
                Owner::new(attributes, &handle)
            }
            _ => ContextAttributes::opened(handle.into_owned(), route).into(),
        };
        accepted.set_attributes(owner.attributes(), owner.handle());
        if let Some(context) = accepted.link.take() {
            self.links.push((context, &[]));
        }
        let links: Vec<_> =
            (self.links.iter()).map(|(context, attributes)| Link { context, attributes }).collect();
        let is_told_all = unkept.is_none() && owner.handle().recorder().looks_at_content();
        let all = is_told_all.then(|| described(self.attributes, describe));
        let measure = self.duration.map(|duration| Measure::start(duration, self.count, self.dimensions));
        let start = SpanStart {
            links: &links,
            attributes: all.as_deref().unwrap_or(self.attributes),
            ..SpanStart::new(self.scope, self.name, &self.kind)
        };
        let span = match unkept {
            Some(parent) => parent.with_owner(owner),
            None => Span::start_by(owner, &start, &descent, self.opening, |writer| {
                if all.is_none() {
                    describe(&mut |key, value| writer.set_attribute(key, value));
                }
            }),
        };
        accepted.mark(&span);
        let site = match is_arrival {
            true => accepted.site(&around, &span),
            false => Site::new(around, &span, self.inbound),
        };
        Operation::started(span, site, measure)
    }
}

/// All attributes, for a sampler that looks at them.
fn described<'a>(first: &[Attribute<'a>], describe: &dyn Fn(&mut Say<'_, 'a>)) -> Vec<Attribute<'a>> {
    let mut all = first.to_vec();
    describe(&mut |key, value| all.push((key, value)));
    all
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Outcome, recorder::unkept::Unkept, schema::Key};

    #[test]
    fn in_a_trace_that_is_not_kept_a_parent_stands_for_its_children() {
        let scope = Scope::new("test", "");
        let recorder = Arc::<Unkept>::default();
        let handle = Handle::builder(recorder.clone()).build();
        let mut served = Operation::builder(&scope, "served", SpanKind::Server).handle(handle).start();
        let call = served.enter(|| Operation::builder(&scope, "call", SpanKind::Client).start());
        let work = served.enter(|| Operation::builder(&scope, "work", SpanKind::Internal).start());
        assert_eq!(recorder.asked(), (1, 2));
        for child in [&call, &work] {
            assert_eq!(child.trace_context(), served.trace_context());
            assert!(!child.is_recording());
        }
        // A call shares the attributes of the work that makes it, and other work has its own.
        call.attributes().tenant("acme");
        work.attributes().tenant("other");
        assert_eq!(served.attributes().value(Key::Tenant).as_deref(), Some("acme"));
        call.finish(Outcome::Ok);

        let other = Handle::builder(recorder.clone()).build();
        served.enter(|| Operation::builder(&scope, "foreign", SpanKind::Client).handle(other).start());
        assert_eq!(recorder.asked(), (2, 2));
    }

    #[test]
    fn the_context_of_an_operation_is_the_same_however_often_it_is_asked_for() {
        let scope = Scope::new("test", "");
        let served =
            Operation::builder(&scope, "served", SpanKind::Server).handle(Handle::disabled()).start();
        let (first, second) = (served.context(), served.context());
        let span = |context: &Context| Span::of(context).map(std::ptr::from_ref);
        assert!(span(&first).is_some());
        assert_eq!(span(&first), span(&second));
    }
}
