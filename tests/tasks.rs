//! What tasks, threads and background jobs know of the work that started them, on both kinds of runtime.

#![allow(clippy::unwrap_used, reason = "helpers of tests, too, say what they expect in the shortest way")]

use std::{
    future::pending,
    sync::{Mutex, Once},
    thread,
};

use tokio::{
    runtime,
    sync::oneshot,
    task::{self as bare, JoinSet, LocalSet, yield_now},
};
use tracing::{Instrument, info, info_span, instrument};
use tracing_subscriber::{
    fmt::{self, MakeWriter},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};
use trilha::{Handle, JsonLog, TraceLayer, carry, prelude::*, schema::Key, task};
use trilha_testing::{Fixture, Trace};

static SCOPE: Scope = Scope::new("test", "");

/// What was logged so far, by the subscriber of this process.
static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

fn subscribe() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing_subscriber::registry()
            .with(TraceLayer::new(Handle::disabled())) // a handle comes with the operation, or not at all
            .with(fmt::layer().event_format(JsonLog::new()).with_writer(|| LOG.make_writer()))
            .init();
    });
}

fn log_of(trace: &Trace) -> String {
    let text = String::from_utf8(LOG.lock().unwrap().clone()).unwrap();
    text.lines().filter(|line| line.contains(&trace.trace_id().to_string())).collect()
}

/// Serves one request on each kind of runtime, and tells what arrived of it.
fn on_each_runtime(request: impl AsyncFn(), check: impl Fn(&Trace)) {
    subscribe();
    let current_thread = runtime::Builder::new_current_thread().build().unwrap();
    let multi_thread = runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    for runtime in [current_thread, multi_thread] {
        let trace = LocalSet::new().block_on(&runtime, async {
            let fixture = Fixture::start("service");
            serve(&fixture, request()).await;
            trace_of(&fixture, "served").await
        });
        check(&trace);
    }
}

async fn serve(fixture: &Fixture, request: impl Future<Output = ()>) {
    let served = Operation::builder(&SCOPE, "served", SpanKind::Server);
    let mut served = served.handle(fixture.handle().clone()).start();
    served.attributes().component("checkout");
    served.drive(request).await;
    served.finish(Outcome::Ok);
    fixture.flush().await;
}

async fn trace_of(fixture: &Fixture, root: &str) -> Trace {
    fixture.receiver().trace_where(|trace| trace.is_whole() && trace.root().name == root).await
}

/// Finds out the tenant, late.
#[instrument]
async fn work() {
    yield_now().await;
    work_at_once();
}

fn work_at_once() {
    trilha::attributes().tenant("acme");
    info!("at work");
    Operation::builder(&SCOPE, "call", SpanKind::Client).start().finish(Outcome::Ok);
}

#[track_caller]
fn knows_its_caller(trace: &Trace) {
    trace.has_spans(3);
    trace.span("served").is_root().has("tenant", "acme");
    trace.span("work").is_child_of("served").has("component", "checkout").has("tenant", "acme");
    trace.span("call").is_child_of("work").has("component", "checkout").has("tenant", "acme");
    let log = log_of(trace);
    assert!(log.contains(&trace.span("work").span_id.to_string()) && log.contains("acme"), "{log}");
}

#[track_caller]
fn calls_under_its_caller(trace: &Trace) {
    trace.has_spans(2);
    trace.span("served").is_root().has("tenant", "acme").has_event("at work");
    trace.span("call").is_child_of("served").has("component", "checkout").has("tenant", "acme");
    let log = log_of(trace);
    assert!(log.contains(&trace.span("served").span_id.to_string()) && log.contains("acme"), "{log}");
}

#[test]
fn a_task_knows_its_caller() {
    on_each_runtime(async || task::spawn(work()).await.unwrap(), knows_its_caller);
}

#[test]
fn a_local_task_knows_its_caller() {
    on_each_runtime(async || task::spawn_local(work()).await.unwrap(), knows_its_caller);
}

#[test]
fn a_blocking_task_knows_its_caller() {
    on_each_runtime(async || task::spawn_blocking(work_at_once).await.unwrap(), calls_under_its_caller);
}

#[test]
fn a_thread_knows_its_caller() {
    on_each_runtime(async || thread::spawn(carry(work_at_once)).join().unwrap(), calls_under_its_caller);
}

#[test]
fn a_future_that_was_given_the_context_knows_its_caller() {
    on_each_runtime(async || bare::spawn(work().with_current_context()).await.unwrap(), knows_its_caller);
}

#[test]
fn tasks_of_a_set_know_their_caller() {
    on_each_runtime(
        async || {
            let mut set = JoinSet::new();
            set.spawn_traced(work());
            set.spawn_local_traced(work());
            set.spawn_blocking_traced(work_at_once);
            set.join_all().await;
        },
        |trace| {
            trace.has_spans(6);
            trace.span("served").has("tenant", "acme");
            for work in trace.spans_named("work") {
                work.is_child_of("served").has("tenant", "acme");
            }
            let calls = trace.spans_named("call");
            let mut parents: Vec<_> = calls.iter().map(|call| call.parent().unwrap().name.clone()).collect();
            parents.sort_unstable();
            assert_eq!(parents, ["served", "work", "work"]);
        },
    );
}

#[test]
fn a_bare_task_knows_nobody() {
    on_each_runtime(
        async || bare::spawn(work()).await.unwrap(),
        |trace| {
            trace.has_spans(1);
            trace.span("served").lacks("tenant");
        },
    );
}

#[test]
fn the_span_around_the_call_is_the_parent_also_with_in_current_span() {
    for spawn in [
        || task::spawn(work()),
        || task::spawn(work().in_current_span()),
        || bare::spawn(work().with_current_context().in_current_span()),
    ] {
        let request = async || spawn().await.unwrap();
        on_each_runtime(
            async || request().instrument(info_span!("handler")).await,
            |trace| {
                trace.has_spans(4);
                trace.span("handler").is_child_of("served");
                trace.span("work").is_child_of("handler").has("tenant", "acme");
                trace.span("call").is_child_of("work");
                let log = log_of(trace);
                assert!(log.contains(&trace.span("work").span_id.to_string()), "{log}");
            },
        );
    }
}

#[test]
fn a_task_may_outlive_the_span_that_spawned_it() {
    on_each_runtime(
        async || {
            let (go, gone) = oneshot::channel();
            let job = info_span!("handler").in_scope(|| {
                task::spawn(async {
                    gone.await.unwrap();
                    work().await;
                })
            });
            go.send(()).unwrap();
            job.await.unwrap();
        },
        |trace| {
            trace.span("work").is_child_of("handler").has("tenant", "acme");
            trace.span("served").has("tenant", "acme");
        },
    );
}

#[test]
fn work_beside_has_attributes_of_its_own() {
    on_each_runtime(
        async || {
            let one = trilha::with_attributes(|copy| copy.set(Key::ModelVersion, "1"), work());
            let other = trilha::with_attributes(|copy| copy.set(Key::ModelVersion, "2"), work());
            let (_, other) = tokio::join!(one, task::spawn(other));
            other.unwrap();
            assert_eq!(trilha::attributes().value(Key::Tenant), None);
        },
        |trace| {
            trace.span("served").lacks("tenant").lacks("model_version");
            for span in trace.spans_named("work").into_iter().chain(trace.spans_named("call")) {
                span.has("component", "checkout").has("tenant", "acme").has_attribute("model_version");
            }
            let works = trace.spans_named("work");
            let mut versions: Vec<_> = works.iter().map(|work| work.str("model_version")).collect();
            versions.sort_unstable();
            assert_eq!(versions, [Some("1"), Some("2")]);
        },
    );
}

#[test]
fn a_panic_in_a_task_is_tokios_and_ends_what_was_open() {
    on_each_runtime(
        async || {
            let call = async {
                let call = Operation::builder(&SCOPE, "call", SpanKind::Client).start();
                call.run(async { panic!("told") as Result<(), ()> }).await
            };
            let failed = task::spawn(call.instrument(info_span!("work"))).await.unwrap_err();
            assert!(failed.is_panic());
        },
        |trace| {
            trace.has_spans(3);
            trace.span("call").is_child_of("work").is_error("panic");
            trace.span("served").is_ok();
        },
    );
}

#[tokio::test]
async fn a_background_job_is_a_trace_of_its_own_with_a_link_and_a_copy_of_the_attributes() {
    subscribe();
    let fixture = Fixture::start("service");
    let (go, gone) = oneshot::channel();
    let mut job = None;
    serve(&fixture, async {
        trilha::attributes().tenant("acme");
        let handler = info_span!("handler").entered();
        job = Some(task::background("send receipt", async {
            gone.await.unwrap();
            trilha::attributes().component("printer");
            info!("at work");
            work().await;
        }));
        drop(handler);
    })
    .await;
    let served = trace_of(&fixture, "served").await; // whole without the job
    go.send(()).unwrap();
    job.unwrap().await.unwrap();
    fixture.flush().await;
    let job = trace_of(&fixture, "send receipt").await;
    served.has_spans(2).span("served").has("component", "checkout");
    let root = job.span("send receipt").is_root().is_ok().has_kind(SpanKind::Internal);
    root.has("tenant", "acme").has("component", "printer").has_event("at work");
    root.has_links(1).links_to(&served.span("handler"));
    job.span("work").is_child_of("send receipt").has("component", "printer");
}

#[tokio::test]
async fn a_background_job_tells_how_it_ended() {
    let fixture = Fixture::start("service");
    serve(&fixture, async {
        let refused = task::background("refused", async { Err::<(), _>("no") });
        let panicked = task::background("panicked", async { panic!("told") as () });
        let aborted = task::background("aborted", pending::<()>());
        aborted.abort();
        assert_eq!(refused.await.unwrap(), Err("no"));
        assert!(panicked.await.unwrap_err().is_panic());
        assert!(aborted.await.unwrap_err().is_cancelled());
    })
    .await;
    for (name, error_type) in [("refused", "&str"), ("panicked", "panic"), ("aborted", "cancelled")] {
        trace_of(&fixture, name).await.span(name).is_root().is_error(error_type).has_links(1);
    }
}

#[test]
fn a_runtime_that_ends_cancels_its_jobs() {
    let fixture = Fixture::start("service");
    let runtime = runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(serve(&fixture, async { drop(task::background("job", pending::<()>())) }));
    drop(runtime);
    let trace = fixture.receiver().trace_where(|trace| trace.is_whole() && trace.root().name == "job");
    trace.blocking().span("job").is_error("cancelled");
}
