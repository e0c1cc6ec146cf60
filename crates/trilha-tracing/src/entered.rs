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
    /// Detaches the context when it is dropped.
    _attached: Option<ContextGuard>,
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
    let mut context = current::context();
    // A span that is not kept may share the record of the current one: nothing is made anew. It is attached all the
    // same, for it may be left after the current one.
    if span.is_kept() || !is_current(&span) {
        context = span.in_context(&context);
    }
    let entered = Entered { of, id: id.clone(), span, _attached: current::attach(context) };
    // Without thread-local storage, at the end of a thread, nothing stays attached.
    let _ = ENTERED.try_with(|all| all.borrow_mut().push(entered));
}

/// Detaches what the span attached, and returns the span. Spans may be left in another order than they were
/// entered.
pub(crate) fn exit(of: Subscribed, id: &Id) -> Option<Span> {
    let left = ENTERED.try_with(|all| {
        let mut all = all.borrow_mut();
        let at = all.iter().rposition(|entered| entered.of == of && entered.id == *id)?;
        if at + 1 == all.len() { all.pop() } else { Some(all.remove(at)) }
    });
    // A context runs foreign code when it drops: only now, when nothing is borrowed any more.
    left.ok().flatten().map(|entered| entered.span)
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
