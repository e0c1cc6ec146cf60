//! A request that is traced, whether or not anybody is told how it ends.
//!
//! Of one whose span is not kept, and that is not measured, the context is all that is held.

use http::Response;
use http_body::Body;
use opentelemetry::{Context, ContextGuard};
use trilha_core::{Operation, Span, current};

use super::{Exchange, Protocol, Side, name_trace};

/// A request that is under way, and the context of its operation.
#[derive(Debug)]
pub(crate) enum Traced {
    /// Boxed, since it goes from the future to the body, and each of the layers around moves those.
    Heard(Box<Exchange>),
    /// Nobody is told how it ends.
    Unheard { context: Context, names_trace: bool },
}

impl Traced {
    pub(crate) fn new(mut operation: Operation, side: Side, protocol: Protocol) -> Self {
        match operation.unheard() {
            Some(context) => Self::Unheard { context, names_trace: side.names_trace() },
            None => Self::Heard(Box::new(Exchange::new(operation, side, protocol))),
        }
    }

    pub(crate) fn context(&self) -> Context {
        match self {
            Self::Heard(exchange) => exchange.operation.context(),
            Self::Unheard { context, .. } => context.clone(),
        }
    }

    /// Its context is the current one until what is returned is dropped.
    #[inline]
    pub(crate) fn entered(&mut self) -> Entered<'_> {
        match self {
            Self::Heard(exchange) => Entered::Heard(exchange.operation.entered()),
            Self::Unheard { context, .. } => Entered::Unheard(current::attach(context.clone())),
        }
    }

    #[inline]
    pub(crate) fn enter<R>(&mut self, f: impl FnOnce() -> R) -> R {
        let _entered = self.entered();
        f()
    }

    /// Takes the head of the response. None: nothing of it is left to be traced.
    pub(super) fn answer<B: Body>(self, response: &mut Response<B>) -> Option<Self> {
        match self {
            Self::Heard(exchange) => exchange.answer(response).map(Self::Heard),
            Self::Unheard { ref context, names_trace } => {
                if names_trace && let Some(span) = Span::of(context) {
                    name_trace(span, response.headers_mut());
                }
                (!response.body().is_end_stream()).then_some(self)
            }
        }
    }
}

/// A request whose context is the current one.
#[must_use = "the context is left when this is dropped"]
pub(crate) enum Entered<'t> {
    Heard(#[expect(dead_code, reason = "for its drop")] trilha_core::Entered<'t>),
    Unheard(#[expect(dead_code, reason = "for its drop")] Option<ContextGuard>),
}
