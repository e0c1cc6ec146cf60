//! The pipeline's own traffic is not traced, and the program's costs no more for it. A binary of its own: the
//! subscriber is the process's.

mod support;

use std::{
    cell::Cell,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
};

use support::{BOTH, ENOUGH, assert_honest, config, spans};
use tracing::{
    Event, Metadata, Subscriber,
    span::{Attributes, Id, Record},
};
use trilha_core::Handle;
use trilha_otlp::{Endpoint, Pipeline};
use trilha_testing::Receiver;

static OWN: AtomicUsize = AtomicUsize::new(0);
static ALL: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static ASKED: Cell<usize> = const { Cell::new(0) };
}

/// Wants everything, and counts what comes from the pipeline's threads.
struct Everything;

fn seen() {
    ALL.fetch_add(1, SeqCst);
    if std::thread::current().name().is_some_and(|name| name.starts_with("trilha-otlp")) {
        OWN.fetch_add(1, SeqCst);
    }
}

impl Subscriber for Everything {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        ASKED.set(ASKED.get() + 1);
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        seen();
        Id::from_u64(1)
    }

    fn event(&self, _: &Event<'_>) {
        seen();
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[test]
fn the_pipeline_s_own_traffic_is_not_traced() {
    tracing::subscriber::set_global_default(Everything).unwrap();
    for protocol in BOTH {
        let receiver = Receiver::start();
        // A name, so that it has to be resolved: on a thread of its own.
        let endpoint = match protocol {
            support::Protocol::Http => {
                Endpoint::http(format!("http://localhost:{}/v1/traces", receiver.http_addr().port()))
            }
            support::Protocol::Grpc => {
                Endpoint::grpc(format!("http://localhost:{}", receiver.grpc_addr().port()))
            }
        };
        let pipeline = Pipeline::start(config(endpoint)).unwrap();
        spans(&Handle::builder(pipeline.recorder()).build(), 3);
        assert_eq!(pipeline.flush_blocking(ENOUGH).counts.delivered, 3);
        // Beside the pipeline's thread, the subscriber is asked about a line of code once, and not each time.
        let asked = [(); 3].map(|()| {
            tracing::info!("of the program");
            ASKED.get()
        });
        assert_eq!(asked, [asked[0]; 3]);
        let report = pipeline.shutdown_blocking(ENOUGH);
        // Nothing but what was asked for was made, or sent.
        assert_eq!(report.counts.created, 3);
        assert_honest(&report.counts, &receiver);
    }
    // The receiver's side is traced, so the subscriber does see what it is shown.
    assert_ne!(ALL.load(SeqCst), 0);
    assert_eq!(OWN.load(SeqCst), 0);
}
