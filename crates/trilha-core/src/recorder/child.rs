//! What a span that is no operation takes from the context in which it starts.

use opentelemetry::Context;

use super::{Span, SpanStart, SpanWriter};
use crate::{
    ContextAttributes, Handle,
    operation::{Descent, Work},
};

/// A child of the current span of a context, before it starts.
#[derive(Debug)]
pub enum Child {
    /// The current span is not kept, and no child of it can be: the child is counted, and needs no span of its own.
    Shared(Span),
    /// One with a span of its own.
    Own(OwnChild),
}

/// A [`Child`] that is to be [started](Self::start).
#[derive(Debug)]
pub struct OwnChild {
    handle: Handle,
    attributes: ContextAttributes,
    descent: Descent,
}

impl Child {
    /// That of the current span of `context`. Its handle is that of `context`, else `fallback`.
    ///
    /// No foreign code is called, and nothing is attached: `context` may be the borrowed current one.
    pub fn of(context: &Context, fallback: Option<&Handle>) -> Self {
        let around = Work::span_of(context);
        if let Some(parent) = around.filter(|parent| !parent.is_kept() && parent.is_current(context))
            && (context.is_telemetry_suppressed() || parent.handle().recorder().drop_child())
        {
            return Self::Shared(parent.clone());
        }
        let handle = match (around, fallback) {
            _ if context.is_telemetry_suppressed() => Handle::disabled(),
            (Some(around), _) => around.handle().clone(),
            (None, Some(fallback)) => fallback.clone(),
            (None, None) => Handle::of(context),
        };
        let attributes = match around {
            Some(around) => around.attributes().clone(),
            None => ContextAttributes::new(handle.vocabulary().clone()),
        };
        Self::Own(OwnChild { handle, attributes, descent: Descent::inside(around, context) })
    }
}

impl OwnChild {
    /// Starts it; its parent is none that `start` names. Where it is kept, `first` says more of it, while nobody else
    /// has it.
    pub fn start(self, start: SpanStart<'_>, first: impl FnOnce(&mut SpanWriter<'_>)) -> Span {
        Span::start_by(self.handle, &start, &self.descent, None, self.attributes, first)
    }
}
