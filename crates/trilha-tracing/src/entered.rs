//! The contexts that entered `tracing` spans attached, for each thread.

use std::cell::RefCell;

use opentelemetry::{Context, ContextGuard};
use tracing_core::span::Id;

thread_local! {
    static ENTERED: RefCell<Vec<(Id, ContextGuard)>> = const { RefCell::new(Vec::new()) };
}

/// Makes `context` the current one until [`exit`] is called with the same id on this thread.
pub(crate) fn enter(id: &Id, context: Context) {
    let guard = context.attach();
    // Without thread-local storage, at the end of a thread, nothing stays attached.
    let _ = ENTERED.try_with(|entered| entered.borrow_mut().push((id.clone(), guard)));
}

/// Detaches what the span attached. Spans may be left in another order than they were entered.
pub(crate) fn exit(id: &Id) {
    let detached = ENTERED.try_with(|entered| {
        let mut entered = entered.borrow_mut();
        let at = entered.iter().rposition(|(entered, _)| entered == id)?;
        Some(entered.remove(at))
    });
    // A context runs foreign code when it drops: only now, when nothing is borrowed any more.
    drop(detached);
}
