//! The `Context` in which an operation's work runs, made when somebody asks for it: a call that only ends
//! needs none.

use std::sync::OnceLock;

use opentelemetry::Context;

use super::inbound::{Inbound, Work};
use crate::recorder::Span;

/// Where an operation runs.
#[derive(Debug)]
pub(super) enum Site {
    Own(Context),
    /// In this one so far.
    Around(Context, OnceLock<Context>),
}

impl Site {
    pub(super) fn new(around: Context, span: &Span, inbound: Inbound) -> Self {
        match inbound.is_empty() {
            true => Self::Around(around, OnceLock::new()),
            false => Self::Own(Work::start(&around, span, inbound)),
        }
    }

    /// The context of the work of `span`.
    pub(super) fn context(&self, span: &Span) -> &Context {
        match self {
            Self::Own(context) => context,
            Self::Around(around, own) => own.get_or_init(|| Work::start(around, span, Inbound::default())),
        }
    }

    /// As [`context`](Self::context), for somebody who needs no more than that.
    pub(super) fn into_context(self, span: &Span) -> Context {
        match self {
            Self::Own(context) => context,
            Self::Around(around, own) => {
                own.into_inner().unwrap_or_else(|| Work::start(&around, span, Inbound::default()))
            }
        }
    }

    /// What came in with the work, and its baggage: they are the same around it.
    pub(super) fn surroundings(&self) -> &Context {
        match self {
            Self::Own(context) | Self::Around(context, _) => context,
        }
    }
}
