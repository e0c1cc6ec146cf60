//! Loss and overdue spans in the program's log: one line when they start and one when they end.

use std::{
    sync::mpsc::{SyncSender, sync_channel},
    thread,
    time::Duration,
};

use opentelemetry::Context;
use tokio::{sync::oneshot, time::timeout};
use trilha_core::fence::{Callback, Panics};

use crate::queue::Notice;

/// Lines that wait to be written. More would only say the same again.
const MOST_WAITING: usize = 8;

/// How long the last lines may take: a subscriber may wait for ever.
const LONGEST: Duration = Duration::from_millis(500);

/// Writes lines in their order, on a thread that begins with the first one and ends with the last.
///
/// Not on the worker's, which sees no subscriber, and must neither wait for one nor break with it. None of it is
/// traced. Where the system gives no thread, the counts alone tell.
#[derive(Debug)]
pub(super) struct Log {
    writing: Option<Writing>,
    panics: Panics,
}

#[derive(Debug)]
struct Writing {
    lines: SyncSender<Notice>,
    /// Answered, by an error, once the thread ends.
    end: oneshot::Receiver<()>,
}

impl Log {
    /// `panics` counts those of the program's subscriber.
    pub(super) fn new(panics: Panics) -> Self {
        Self { writing: None, panics }
    }

    pub(super) fn write(&mut self, notices: Vec<Notice>) {
        for notice in notices {
            let writing = self.writing.get_or_insert_with(|| start(self.panics.clone()));
            let _ = writing.lines.try_send(notice);
        }
    }

    /// Returns when all lines are written.
    pub(super) async fn finish(self) {
        if let Some(Writing { lines, end }) = self.writing {
            drop(lines);
            let _ = timeout(LONGEST, end).await;
        }
    }
}

fn start(panics: Panics) -> Writing {
    let ((lines, notices), (at_end, end)) = (sync_channel(MOST_WAITING), oneshot::channel());
    let _ = thread::Builder::new().name("trilha-notices".to_owned()).spawn(move || {
        let _at_end: oneshot::Sender<()> = at_end;
        let _suppressed = Context::enter_telemetry_suppressed_scope();
        for notice in notices {
            panics.fence(Callback::Notifier, || write_one(notice));
        }
    });
    Writing { lines, end }
}

fn write_one(notice: Notice) {
    match notice {
        Notice::LossStarts { reason } => {
            tracing::warn!(target: "trilha", reason, "spans are being lost; a line follows when it is over");
        }
        Notice::LossEnds { lost } => {
            tracing::info!(target: "trilha", lost, "spans are delivered again, for a while now");
        }
        Notice::LossStays { lost } => {
            tracing::warn!(target: "trilha", lost, "spans were lost until telemetry ended");
        }
        Notice::Overdue { spans } => {
            tracing::warn!(target: "trilha", spans, "open spans are overdue; a line follows when none is");
        }
        Notice::NoneOverdue => {
            tracing::info!(target: "trilha", "no span is overdue any more");
        }
    }
}
