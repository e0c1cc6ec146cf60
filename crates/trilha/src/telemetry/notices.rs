//! One hint for each key that nobody declared, as a log line.
//!
//! The guard finds them in the midst of somebody's work, under a subscriber perhaps that cannot be asked again:
//! the lines are written by a thread of their own.

use std::{sync::mpsc, thread};

use trilha_core::guard::{Mode, PiiGuard, Place};

/// Hints that wait to be written. More are only in the guard's report.
const MOST_WAITING: usize = 64;

/// Writes hints for as long as `guard` lives. Without a thread they are in its report alone.
pub(super) fn start(guard: &PiiGuard) {
    if guard.rules().undeclared() != Mode::Strict {
        return;
    }
    let (sender, hints) = mpsc::sync_channel::<(Place, String)>(MOST_WAITING);
    let own = guard.clone();
    let writer = thread::Builder::new().name("trilha-notices".into()).spawn(move || {
        for (place, key) in hints.into_iter().filter(|(_, key)| own.lets_pass(Place::Own, "", key)) {
            let exit = place.name();
            tracing::warn!(
                exit,
                key,
                "text under a key that nobody declared is dropped; `[keys]` of the policy declare it"
            );
        }
    });
    if writer.is_ok() {
        guard.on_undeclared(move |place, key| {
            let _ = sender.try_send((place, key.to_owned()));
        });
    }
}
