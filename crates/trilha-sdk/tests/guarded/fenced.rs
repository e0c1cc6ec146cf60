//! Processors and exporters that panic: the work goes on, what is sound gets its spans, and all is counted.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use opentelemetry::{
    Context,
    trace::{Span as _, Tracer, TracerProvider},
};
use opentelemetry_sdk::{
    error::{OTelSdkError, OTelSdkResult},
    trace::{InMemorySpanExporter, SdkTracerProvider, Span, SpanData, SpanExporter, SpanProcessor},
};
use tracing_subscriber::layer::SubscriberExt;
use trilha_core::guard::PiiGuard;
use trilha_sdk::{GuardedExporter, GuardedProcessor};

/// Panics at every call.
#[derive(Debug)]
struct Bomb;

impl SpanProcessor for Bomb {
    fn on_start(&self, _: &mut Span, _: &Context) {
        panic!("of the processor")
    }

    fn on_end(&self, _: SpanData) {
        panic!("of the processor")
    }

    fn force_flush(&self) -> OTelSdkResult {
        panic!("of the processor")
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        panic!("of the processor")
    }
}

#[test]
fn beside_a_processor_that_always_panics_another_one_gets_its_spans() {
    let exporter = InMemorySpanExporter::default();
    let bomb = GuardedProcessor::new(Bomb, PiiGuard::default());
    let stats = bomb.stats();
    let provider =
        SdkTracerProvider::builder().with_span_processor(bomb).with_simple_exporter(exporter.clone()).build();
    // Without the fence, `on_start` and `on_end` together end the process.
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("shop"));
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        tracing::info_span!("under a subscriber").in_scope(|| {});
    });
    provider.tracer("shop").start("without one").end();
    let open = provider.tracer("shop").start("open");
    let counts = stats.counts();
    assert_eq!((counts.started, counts.open, counts.taken, counts.panicked), (3, 1, 0, 2));
    drop(open);
    assert_eq!(stats.panics(), 6, "three starts, three ends");
    assert!(matches!(provider.force_flush(), Err(OTelSdkError::InternalFailure(_))));
    assert_eq!(exporter.get_finished_spans().unwrap().len(), 3);
    assert!(provider.shutdown().is_err());
}

/// Answers as it is told; with the name of each span that it took.
#[derive(Clone, Debug, Default)]
struct Answers {
    exports: Arc<AtomicU32>,
    taken: Arc<Mutex<Vec<String>>>,
}

impl SpanExporter for Answers {
    fn export(&self, batch: Vec<SpanData>) -> impl Future<Output = OTelSdkResult> + Send {
        let number = self.exports.fetch_add(1, Relaxed);
        assert_ne!(number, 0, "before there is a future");
        let taken = self.taken.clone();
        async move {
            match number {
                1 => panic!("in the future"),
                2 => Err(OTelSdkError::Timeout(Duration::ZERO)),
                3 => Err(OTelSdkError::InternalFailure("refused".into())),
                _ => {
                    taken.lock().unwrap().extend(batch.into_iter().map(|span| span.name.into_owned()));
                    Ok(())
                }
            }
        }
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.taken.lock().unwrap().push(format!("shutdown within {timeout:?}"));
        Ok(())
    }
}

#[test]
fn an_exporter_that_panics_leaves_the_worker_alive() {
    let answers = Answers::default();
    let exporter = GuardedExporter::new(answers.clone(), PiiGuard::default());
    let stats = exporter.stats();
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build();
    let tracer = provider.tracer("shop");
    for number in 0..6 {
        tracer.start(format!("number {number}")).end();
        let _ = provider.force_flush(); // a batch of its own
    }
    let counts = stats.counts();
    assert_eq!((counts.handed_over, counts.in_flight, counts.exported), (6, 0, 2));
    assert_eq!((counts.panicked, counts.timed_out, counts.export_failed, counts.failed()), (2, 1, 1, 4));
    assert_eq!(stats.panics(), 2);
    provider.shutdown_with_timeout(Duration::from_secs(7)).unwrap();
    let taken = answers.taken.lock().unwrap();
    assert_eq!(taken[..2], ["number 4", "number 5"]);
    assert!(taken[2].starts_with("shutdown within "), "{taken:?}");
}

#[test]
fn an_export_that_nobody_waits_for_is_unacknowledged() {
    #[derive(Debug)]
    struct Never;
    impl SpanExporter for Never {
        async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
            std::future::pending().await
        }
    }
    let finished = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(finished.clone()).build();
    provider.tracer("shop").start("span").end();
    let exporter = GuardedExporter::new(Never, PiiGuard::default());
    let mut export = Box::pin(exporter.export(finished.get_finished_spans().unwrap()));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(export.as_mut().poll(&mut context).is_pending());
    assert_eq!(exporter.stats().counts().in_flight, 1);
    drop(export);
    let counts = exporter.stats().counts();
    assert_eq!((counts.in_flight, counts.unacknowledged), (0, 1));
}
