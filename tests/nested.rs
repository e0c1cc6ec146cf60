//! A value that logs while it is written, under a subscriber of the whole process. One test: what it sets is global.

use std::{fmt, io, process, sync::mpsc, thread, time::Duration};

use tracing::{field, info, info_span, subscriber::set_global_default};
use tracing_subscriber::{fmt as lines, prelude::*};
use trilha::{JsonLog, TraceLayer};
use trilha_testing::Fixture;

/// Logs while it is written, as what looks something up does.
struct Logs(&'static str);

impl fmt::Debug for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.0;
        info!(place, "looked up");
        f.write_str(place)
    }
}

#[tokio::test]
async fn a_value_that_logs_while_it_is_written_stops_nobody() {
    let fixture = Fixture::start("service");
    let layer = TraceLayer::new(fixture.handle().clone());
    let json = lines::layer().event_format(JsonLog::new()).with_writer(io::sink);
    set_global_default(tracing_subscriber::registry().with(layer).with(json)).unwrap();
    let (done, is_done) = mpsc::channel();
    thread::spawn(move || {
        info_span!("around").in_scope(|| {
            let work = info_span!("work", new = ?Logs("new"), later = field::Empty);
            work.in_scope(|| {
                work.record("later", field::debug(Logs("later")));
                info!(value = ?Logs("event"), "said");
            });
        });
        let _ = done.send(());
    });
    if is_done.recv_timeout(Duration::from_secs(60)).is_err() {
        process::abort();
    }
    fixture.flush().await;
    let trace = fixture.receiver().trace_where(|trace| trace.spans().len() == 2).await;
    // What it logs is heard where no thread has a subscriber of its own, as the worker has while it sends.
    trace.span("work").has("new", "new").has("later", "later").has_event("said");
}
