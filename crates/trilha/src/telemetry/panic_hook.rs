//! What ended before a panic that ends the process is sent before it does.

use std::{
    panic::{self, PanicHookInfo},
    sync::Weak,
    thread,
    time::Duration,
};

use super::Parts;

/// What the standard library says of a panic after which nothing unwinds, also where others would.
const ENDINGS: [&str; 2] = ["panic in a function that cannot unwind", "panic in a destructor during cleanup"];

/// Puts a hook before the process's own, which stays.
pub(super) fn install(parts: Weak<Parts>, timeout: Duration) {
    if thread::panicking() {
        return; // the hook cannot be changed now
    }
    let former = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        former(panic);
        if ends_process(panic)
            && let Some(parts) = parts.upgrade()
        {
            let _ = parts.flush_blocking(timeout);
        }
    }));
}

fn ends_process(panic: &PanicHookInfo<'_>) -> bool {
    cfg!(panic = "abort") || panic.payload_as_str().is_some_and(|text| ENDINGS.contains(&text))
}
