//! Loss and overdue spans in the program's log: one line when they start and one when they end.

use std::thread;

use opentelemetry::Context;

use crate::queue::Notice;

/// Writes the lines for these, in their order.
///
/// On a thread of its own: the worker's sees no subscriber, and must neither wait for one nor break with it.
/// None of it is traced. Where the system gives no thread, the counts alone tell.
pub(super) fn write(notices: Vec<Notice>) {
    if notices.is_empty() {
        return;
    }
    let _ = thread::Builder::new().name("trilha-notices".to_owned()).spawn(move || {
        let _suppressed = Context::enter_telemetry_suppressed_scope();
        notices.into_iter().for_each(write_one);
    });
}

fn write_one(notice: Notice) {
    match notice {
        Notice::LossStarts { reason } => {
            tracing::warn!(target: "trilha", reason, "spans are being lost; a line follows when it is over");
        }
        Notice::LossEnds { lost } => {
            tracing::info!(target: "trilha", lost, "spans are delivered again");
        }
        Notice::Overdue { spans } => {
            tracing::warn!(target: "trilha", spans, "open spans are overdue; a line follows when none is");
        }
        Notice::NoneOverdue => {
            tracing::info!(target: "trilha", "no span is overdue any more");
        }
    }
}
