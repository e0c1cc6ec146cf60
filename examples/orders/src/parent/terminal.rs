//! What the parent shows and hears: standard output for the story, standard error for what is wrong
//! with it, Ctrl-C.

use std::{
    fmt::Display,
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use tokio::signal;
use trilha_testing::Trace;

use super::traffic::Sent;

/// Writes a line of the story. A reader that has gone is no reason to stop.
pub(super) fn show(text: impl Display) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// Shows the trace of an order as a tree.
pub(super) fn show_trace(sent: &Sent, trace: &Trace) {
    show(sent);
    show(trace.tree().color(io::stdout().is_terminal()));
}

/// Says, one line for each reason, why the exit status is not 0.
pub(super) fn complain(status: u8, reasons: impl IntoIterator<Item = impl Display>) -> ExitCode {
    for reason in reasons {
        let reason = reason.to_string().replace(['\r', '\n'], " ");
        let _ = writeln!(io::stderr(), "orders: {reason}");
    }
    ExitCode::from(status)
}

/// Resolves on Ctrl-C, and on Unix also when the process is asked to terminate.
pub(super) async fn interrupted() {
    #[cfg(unix)]
    if let Ok(mut terminate) = signal::unix::signal(signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = signal::ctrl_c() => return,
            _ = terminate.recv() => return,
        }
    }
    let _ = signal::ctrl_c().await;
}
