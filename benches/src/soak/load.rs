//! The load: some two thousand spans a second, of work that goes well, fails, panics and is given up.

use std::{
    future::pending,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use futures_util::FutureExt;
use tracing::{error, info, instrument};
use trilha::{Handle, Operation, Outcome, Scope, SpanKind};

const SCOPE: Scope = Scope::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
const THREADS: usize = 2;
/// Between two rounds of about 25 spans.
const PAUSE: Duration = Duration::from_millis(25);

pub(super) struct Load {
    is_over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts the threads, which use each of the handles in turn.
    pub(super) fn start(handles: [Handle; 2]) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let threads = (0..THREADS).map(|_| {
            let (is_over, handles) = (is_over.clone(), handles.clone());
            thread::spawn(move || {
                for round in 0_u64.. {
                    if is_over.load(Relaxed) {
                        return;
                    }
                    handles.iter().for_each(|handle| requests(handle, round));
                    thread::sleep(PAUSE);
                }
            })
        });
        Self { threads: threads.collect(), is_over }
    }

    pub(super) fn stop(self) {
        self.is_over.store(true, Relaxed);
        for thread in self.threads {
            let _ = thread.join(); // a panic is seen in the counts: its spans stay open
        }
    }
}

fn requests(handle: &Handle, round: u64) {
    request(handle, |_| Outcome::Ok, round);
    request(handle, |_| Outcome::Error("OutOfStock"), round);
    // Without the hook, which would write a line each time.
    let _ =
        catch_unwind(AssertUnwindSafe(|| request(handle, |_| resume_unwind(Box::new("on purpose")), round)));
    // Nobody waits for it.
    let given_up =
        Operation::builder(&SCOPE, "given up", SpanKind::Server).handle(handle.clone()).root().start();
    let _ = given_up.run(pending::<Result<(), ()>>()).now_or_never();
}

fn request(handle: &Handle, outcome: impl FnOnce(u64) -> Outcome<'static>, round: u64) {
    let name = match round % 3 {
        0 => "order",
        1 => "refund",
        _ => "search",
    };
    let mut operation =
        Operation::builder(&SCOPE, name, SpanKind::Server).handle(handle.clone()).root().start();
    operation.attributes().tenant(format!("tenant-{}", round % 40));
    operation.set_attribute("order.id", &format!("order-{round}"));
    let outcome = operation.enter(|| {
        (0..4).for_each(line);
        outcome(round)
    });
    operation.finish(outcome);
}

#[instrument(fields(late))]
fn line(number: u64) {
    tracing::Span::current().record("late", "a value that is known late");
    match number {
        3 => error!(code = 7, "it failed"),
        _ => info!(number, "reserved"),
    }
}
