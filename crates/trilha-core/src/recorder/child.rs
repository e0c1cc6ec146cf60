//! What a span that is no operation takes from the context in which it starts.

use opentelemetry::Context;

use super::{Owner, Span, SpanStart, SpanWriter};
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
    owner: Owner,
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
        let is_suppressed = context.is_telemetry_suppressed();
        let owner = match around {
            Some(around) if is_suppressed => Owner::new(around.attributes().clone(), &Handle::disabled()),
            Some(around) => around.owner().clone(),
            None => {
                let handle = fallback.filter(|_| !is_suppressed).cloned();
                ContextAttributes::new(handle.unwrap_or_else(|| Handle::of(context))).into()
            }
        };
        Self::Own(OwnChild { owner, descent: Descent::inside(around, context) })
    }
}

impl OwnChild {
    /// Starts it; its parent is none that `start` names. Where it is kept, `first` says more of it, while nobody else
    /// has it.
    pub fn start(self, start: SpanStart<'_>, first: impl FnOnce(&mut SpanWriter<'_>)) -> Span {
        Span::start_by(self.owner, &start, &self.descent, None, first)
    }
}
