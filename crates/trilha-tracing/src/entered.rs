//! The `tracing` spans that are entered, and the contexts that they attached, for each thread.

use std::{
    cell::RefCell,
    sync::atomic::{AtomicUsize, Ordering},
};

use opentelemetry::ContextGuard;
use tracing_core::span::Id;
use trilha_core::{Span, current};

thread_local! {
    static ENTERED: RefCell<Vec<Entered>> = const { RefCell::new(Vec::new()) };
}

struct Entered {
    of: Subscribed,
    id: Id,
    span: Span,
    /// Detaches the context when it is dropped. None where the context around serves: that of a span with the same
    /// record, which is not kept.
    attached: Option<ContextGuard>,
}

/// Which subscriber a span's id is of: those of two subscribers are the same numbers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Subscribed(usize);

impl Subscribed {
    /// That of a subscriber which was not seen before.
    pub(crate) fn next() -> Self {
        static LAST: AtomicUsize = AtomicUsize::new(0);
        Self(LAST.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

/// Makes `span` the current one until [`exit`] is called with the same id on this thread.
pub(crate) fn enter(of: Subscribed, id: &Id, span: Span) {
    // One without a trace looks like the current one also where there is none.
    let is_there = |current: &_| span.trace_context().traceparent().is_some() || Span::of(current).is_some();
    let serves = |current: &_| span.is_current(current) && is_there(current);
    let attached = match !span.is_kept() && current::map(serves) {
        true => None,
        false => current::attach_made(|current| span.in_context(current)),
    };
    let entered = Entered { of, id: id.clone(), span, attached };
    // Without thread-local storage, at the end of a thread, nothing stays attached.
    let _ = ENTERED.try_with(|all| all.borrow_mut().push(entered));
}

/// Detaches what the span attached, and leaves the span: whether it was entered. Spans may be left in another order
/// than they were entered.
pub(crate) fn exit(of: Subscribed, id: &Id) -> bool {
    let left = ENTERED.try_with(|all| {
        let mut all = all.borrow_mut();
        let at = all.iter().rposition(|entered| entered.of == of && entered.id == *id)?;
        if at + 1 == all.len() {
            return all.pop();
        }
        let mut left = all.remove(at);
        // The one that was entered next still needs the context that served for both.
        if let Some(next) = all.get_mut(at).filter(|next| next.attached.is_none()) {
            next.attached = left.attached.take();
        }
        Some(left)
    });
    let Ok(Some(Entered { span, attached, .. })) = left else { return false };
    // A context runs foreign code when it drops: only now, when nothing is borrowed any more.
    drop(attached);
    span.leave();
    true
}

/// The span that was entered last, if it is the current one: no operation, and nothing of foreign code, runs
/// inside it. None in it where the span is not kept.
pub(crate) fn innermost() -> Option<Option<Span>> {
    let last = ENTERED.try_with(|all| {
        let all = all.borrow();
        let last = all.last().filter(|entered| is_current(&entered.span))?;
        Some(last.span.is_kept().then(|| last.span.clone()))
    });
    last.ok().flatten()
}

fn is_current(span: &Span) -> bool {
    current::map(|current| span.is_current(current))
}
