//! A shutdown when the system asks the process to end, for programs that do not handle that themselves.

use std::{
    io, process,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
    iterator::Signals,
    low_level::emulate_default_handler,
};

use trilha_core::fence::Callback;

use super::Parts;

const SIGNALS: [i32; 2] = [SIGINT, SIGTERM];

/// Waits for a signal on a thread of its own.
pub(super) fn shutdown(parts: Weak<Parts>, timeout: Duration) -> io::Result<()> {
    let is_ending = Arc::new(AtomicBool::new(false));
    for signal in SIGNALS {
        // Who asks a second time does not wait for the deadline.
        flag::register_conditional_default(signal, is_ending.clone())?;
    }
    let listening = is_ending.clone();
    let started = Signals::new(SIGNALS).and_then(|mut signals| {
        thread::Builder::new().name("trilha-signal".into()).spawn(move || {
            for signal in signals.forever() {
                listening.store(true, SeqCst);
                end(&parts, timeout, signal);
            }
        })
    });
    if started.is_err() {
        is_ending.store(true, SeqCst); // nobody listens: each signal does what it always did
    }
    started.map(|_| ())
}

fn end(parts: &Weak<Parts>, timeout: Duration, signal: i32) {
    if let Some(parts) = parts.upgrade() {
        let report = parts.shutdown_blocking(timeout);
        // A subscriber is foreign too.
        parts.handle.stats().panics().fence(Callback::Notifier, || {
            // In the message: a field of text would not leave under a strict guard.
            tracing::info!(signal, "the process was asked to end; telemetry is shut down: {report}");
        });
    }
    if process::id() == 1 {
        // The system protects the first process of a container from what signals do by themselves.
        process::exit(128 + signal);
    }
    // As if nobody had listened: whoever waits for the process sees by what it ended.
    let _ = emulate_default_handler(signal);
}
