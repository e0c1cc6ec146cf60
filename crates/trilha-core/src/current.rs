//! The current `Context`, also where a thread ends: a log line, a span or an operation in the destructor of somebody's
//! thread-local value finds no context any more, and the API would panic there, which ends the process.

use opentelemetry::{Context, ContextGuard};

thread_local! {
    /// Gone before the API's own value is: what is made later ends earlier.
    static IS_THERE: Sentinel = {
        Context::map_current(|_| ());
        Sentinel
    };
}

struct Sentinel;

impl Drop for Sentinel {
    fn drop(&mut self) {} // so that there is an end to be noticed
}

/// Calls `f` with the current context of this thread, or with an empty one where the thread ends.
#[inline]
pub fn map<T>(f: impl FnOnce(&Context) -> T) -> T {
    match is_there() {
        true => Context::map_current(f),
        false => f(&Context::new()),
    }
}

/// The current context of this thread, or an empty one where the thread ends.
#[inline]
pub fn context() -> Context {
    match is_there() {
        true => Context::current(),
        false => Context::new(),
    }
}

/// Makes `context` the current one until the guard is dropped. None where the thread ends: there nothing is attached.
#[inline]
pub fn attach(context: Context) -> Option<ContextGuard> {
    is_there().then(|| context.attach())
}

/// As [`attach`], of what `make` makes of the current context. It must attach nothing.
#[inline]
pub fn attach_made(make: impl FnOnce(&Context) -> Context) -> Option<ContextGuard> {
    is_there().then(|| Context::map_current(make).attach())
}

#[inline]
fn is_there() -> bool {
    IS_THERE.try_with(|_| ()).is_ok()
}
