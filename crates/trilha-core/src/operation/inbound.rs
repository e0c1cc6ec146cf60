//! What came in with the work at hand, in its `Context`: to be told from what is sent.

use std::{fmt, sync::Arc};

use opentelemetry::Context;

use crate::{
    TraceContext, Traceparent, Trust,
    carrier::{Carrier, CarrierMut},
    current,
    propagation::{Format, Propagation, correlation_fields, x_trace},
    recorder::Span,
};

/// What the `Context` holds of the work at hand, in one entry.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    /// None: somebody's headers were read, and no operation runs.
    pub(crate) span: Option<Span>,
    pub(crate) inbound: Inbound,
}

impl Work {
    #[inline]
    pub(crate) fn of(context: &Context) -> Option<&Self> {
        context.get()
    }

    /// The span of the operation that runs in `context`.
    #[inline]
    pub(crate) fn span_of(context: &Context) -> Option<&Span> {
        Self::of(context)?.span.as_ref()
    }

    /// `context` with `span` as its operation; what came in is what came in before.
    pub(crate) fn replace_span(context: &Context, span: Span) -> Context {
        let inbound = Self::of(context).map(|work| work.inbound.clone()).unwrap_or_default();
        context.with_value(Self { span: Some(span), inbound })
    }

    /// `context` for the work of an operation, with its span as the current one. Where nothing came in with it,
    /// what came in is what did before.
    pub(super) fn start(context: &Context, span: &Span, inbound: Inbound) -> Context {
        let inbound = match Self::of(context) {
            Some(work) if inbound.is_empty() => work.inbound.clone(),
            _ => inbound,
        };
        span.current_in(&context.with_value(Self { span: Some(span.clone()), inbound }))
    }
}

/// What came in with an operation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inbound {
    /// The first one, and nearly always the only one.
    context: Option<Traceparent>,
    rest: Option<Arc<Rest>>,
}

/// What seldom comes in.
#[derive(Clone, Default)]
struct Rest {
    contexts: Vec<Traceparent>,
    /// Fields that nobody replaces when something is sent.
    fields: Vec<(&'static str, Box<[u8]>)>,
    /// Of one of us.
    correlation_id: Option<String>,
}

// Others' headers are shown to nobody.
impl fmt::Debug for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rest").finish_non_exhaustive()
    }
}

/// The longest field that is known again, and how many are.
const MAX_FIELD: usize = 512;
const MAX_FIELDS: usize = 256;

impl Inbound {
    /// Remembers what would go on if somebody copied the fields of `carrier`: those of formats that are
    /// read and not written, and of a stranger its correlation id.
    pub(crate) fn add_fields_of(&mut self, carrier: &dyn Carrier, trust: Trust, propagation: &Propagation) {
        let kind = carrier.kind();
        for format in Format::ALL.into_iter().filter(|it| propagation.reads(*it) && !propagation.writes(*it))
        {
            for name in format.fields(kind) {
                // A name such as `parent_id` may be the caller's own, for something that is no id.
                self.add_field(carrier, name, |value| format != Format::XTrace || x_trace::is_id(value));
            }
        }
        for name in correlation_fields(kind).iter().filter(|_| trust.is_edge()) {
            self.add_field(carrier, name, |_| true);
        }
    }

    fn add_field(&mut self, carrier: &dyn Carrier, name: &'static str, is_meant: impl Fn(&[u8]) -> bool) {
        let mut is_first = true;
        carrier.for_each(name, &mut |value| {
            if is_first && value.len() <= MAX_FIELD && is_meant(value) {
                let fields = &mut self.rest_mut().fields;
                if fields.len() < MAX_FIELDS {
                    fields.push((name, value.into()));
                }
            }
            is_first = false;
        });
    }

    /// Removes what was copied; another value is the caller's.
    pub(crate) fn remove_copies(&self, carrier: &mut dyn CarrierMut) {
        for (name, came_in) in self.rest.iter().flat_map(|rest| &rest.fields) {
            let mut is_copy = false;
            carrier.for_each(name, &mut |value| is_copy |= value == &**came_in);
            if is_copy {
                carrier.remove(name);
            }
        }
    }

    pub(crate) fn add_context(&mut self, context: &TraceContext) {
        let Some(context) = context.traceparent() else { return };
        match self.context {
            None => self.context = Some(*context),
            Some(_) => self.rest_mut().contexts.push(*context),
        }
    }

    /// The correlation id that came in, whatever the work is known by since.
    pub(crate) fn correlation_id(&self) -> Option<&str> {
        self.rest.as_ref()?.correlation_id.as_deref()
    }

    pub(super) fn set_correlation_id(&mut self, id: String) {
        self.rest_mut().correlation_id = Some(id);
    }

    /// Whether `context` came in with the work at hand.
    pub(crate) fn holds(context: &TraceContext) -> bool {
        current::map(|current| Work::of(current).is_some_and(|work| work.inbound.knows(context)))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.context.is_none() && self.rest.is_none()
    }

    fn knows(&self, context: &TraceContext) -> bool {
        let mut known = self.context.iter().chain(self.rest.iter().flat_map(|rest| &rest.contexts));
        known.any(|it| it.trace_id() == context.trace_id() && it.parent_id() == context.span_id())
    }

    fn rest_mut(&mut self) -> &mut Rest {
        Arc::make_mut(self.rest.get_or_insert_default())
    }
}
