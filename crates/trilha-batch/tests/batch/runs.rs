//! Runs, partitions and fan-out, as they arrive at a receiver.

use std::{
    collections::HashMap,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};

use opentelemetry::trace::SpanKind;
use tokio::task::JoinSet;
use trilha_batch::{BatchRun, Partition};
use trilha_core::{
    ContextAttributes, Handle, Operation, Outcome, Scope, TraceContext, Traceparent, Tracestate, Trust,
    schema::{Key, Model},
};
use trilha_testing::{Fixture, Trace};

const SCOPE: Scope = Scope::new("test", "0");

#[derive(Debug)]
struct Failed;

fn start(fixture: &Fixture) -> BatchRun {
    let model = Model::new("churn", "2.3.1").unwrap();
    let builder = BatchRun::builder("nightly-scoring").run_id("run-7").model(&model);
    builder.handle(fixture.handle().clone()).start()
}

/// The trace of the run, when all that ended until now has arrived.
async fn trace(fixture: &Fixture, run: &TraceContext) -> Trace {
    fixture.flush().await;
    fixture.receiver().trace(run.trace_id()).await
}

fn cause(number: u64) -> TraceContext {
    let text = format!("00-{number:032x}-{number:016x}-01");
    TraceContext::new(text.parse::<Traceparent>().unwrap(), Tracestate::default())
}

#[tokio::test]
async fn flow_b_is_one_trace_with_its_items_linked() {
    let fixture = Fixture::start("scoring");
    let run = start(&fixture);
    let root = run.trace_context().clone();
    let scored = run.run(async {
        let mut partitions = JoinSet::new();
        for date in ["2026-11-19", "2026-11-20"] {
            let partition = run.partition(date);
            partitions.spawn(partition.run(score_all(partition.clone())));
        }
        let mut ids = Vec::new();
        while let Some(scored) = partitions.join_next().await {
            ids.extend(scored.unwrap()?);
        }
        Ok::<_, Failed>(ids)
    });
    let items = scored.await.unwrap();

    let trace = trace(&fixture, &root).await;
    trace.has_spans(3);
    let root = trace
        .root()
        .has_kind(SpanKind::Internal)
        .has_scope("trilha-batch")
        .has("run_id", "run-7")
        .has("trilha.batch.name", "nightly-scoring")
        .has("model_name", "churn")
        .has("model_version", "2.3.1")
        .has("trilha.batch.partition_count", 2)
        .has("trilha.batch.failed_partition_count", 0)
        .has("trilha.batch.item_count", 4)
        .has("trilha.batch.failed_item_count", 2)
        .lacks("trilha.batch.link_count")
        .is_ok();
    assert_eq!(root.name, "batch-run");
    let partitions = trace.spans_named("partition");
    let mut names: Vec<_> = partitions.iter().map(|span| span.str("trilha.batch.partition")).collect();
    names.sort_unstable();
    assert_eq!(names, [Some("2026-11-19"), Some("2026-11-20")]);
    for partition in &partitions {
        partition
            .is_child_of("batch-run")
            .is_within(&root)
            .has_kind(SpanKind::Internal)
            .has("run_id", "run-7")
            .has("trilha.batch.name", "nightly-scoring")
            .has("model_version", "2.3.1")
            .has("trilha.batch.item_count", 2)
            .has("trilha.batch.failed_item_count", 1)
            .has("trilha.batch.link_count", 2)
            .lacks("trilha.batch.partition_count")
            .has_links(2)
            .is_ok();
    }
    assert_eq!(items.len(), 4);
    for item in items {
        let own = fixture.receiver().trace(item.trace_id()).await;
        let item = own.has_spans(1).root();
        let item = item.has("model_version", "2.3.1").has("run_id", "run-7").has_links(1);
        let partition = partitions.iter().find(|span| span.span_id == item.links[0].span_id).unwrap();
        item.links_to(partition);
        partition.links_to(&item);
        assert_eq!(item.str("trilha.batch.partition"), partition.str("trilha.batch.partition"));
        assert_eq!(item.name, "score");
    }
}

async fn score_all(partition: Partition) -> Result<Vec<TraceContext>, Failed> {
    let mut items = Vec::new();
    for is_good in [true, false] {
        let item = partition.fan_out("score");
        items.push(item.trace_context());
        let scored = item.run(async { if is_good { Ok(()) } else { Err(Failed) } }).await;
        partition.count(&scored);
    }
    Ok(items)
}

#[tokio::test]
async fn a_run_is_linked_to_what_triggered_it() {
    let fixture = Fixture::start("scoring");
    let mut request = Operation::builder(&SCOPE, "POST /runs", SpanKind::Server)
        .handle(fixture.handle().clone())
        .root()
        .start();
    request.attributes().tenant("acme");
    let run = request.enter(|| BatchRun::builder("nightly-scoring").link(cause(1)).start());
    let (trigger, root) = (request.trace_context(), run.trace_context().clone());
    run.link(&cause(2));
    run.link(&TraceContext::none());
    run.finish(Outcome::Ok);
    request.finish(Outcome::Ok);
    let trace = trace(&fixture, &root).await;
    let trace_id = root.trace_id().to_string();
    trace
        .root()
        .is_root()
        .has_links(3)
        .links_to_ids(trigger.trace_id(), trigger.span_id())
        .links_to_ids(cause(1).trace_id(), cause(1).span_id())
        .links_to_ids(cause(2).trace_id(), cause(2).span_id())
        .has("trilha.batch.link_count", 3)
        .has("run_id", trace_id.as_str())
        .has("tenant", "acme");
}

#[tokio::test]
async fn more_links_than_a_span_may_hold_are_all_there() {
    let fixture = Fixture::start("scoring");
    let run = start(&fixture);
    let partition = run.partition("all");
    (1..=300).for_each(|number| partition.link(&cause(number)));
    partition.finish(Outcome::Ok);
    run.finish(Outcome::Ok);
    let trace = trace(&fixture, run.trace_context()).await;
    let owner = trace.span("partition").has_links(128).has("trilha.batch.link_count", 300);
    let mut parts = trace.spans_named("links");
    parts.sort_by_key(|part| part.int("trilha.batch.link_part"));
    assert_eq!(parts.len(), 2);
    parts[0].is_child_of("partition").has("trilha.batch.link_part", 2).has_links(128).is_ok();
    parts[1].is_child_of("partition").has("trilha.batch.link_part", 3).has_links(44).is_ok();
    let held = [owner, parts[0], parts[1]].into_iter().flat_map(|span| span.links.clone());
    let mut found: Vec<_> = held.map(|link| link.span_id.to_bytes()).collect();
    found.sort_unstable();
    let expected: Vec<_> = (1..=300).map(|number: u64| number.to_be_bytes()).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn what_a_partition_sets_is_not_seen_by_the_others() {
    let fixture = Fixture::start("scoring");
    let run = start(&fixture);
    run.attributes().set(Key::PolicyDigest, "sha256:abc");
    let (first, second) = (run.partition("first"), run.partition("second"));
    first.attributes().tenant("acme");
    std::thread::scope(|threads| {
        threads.spawn(|| second.enter(|| drop(ContextAttributes::current().tenant("globex").clone())));
    });
    let item = first.fan_out("score"); // outside the partition's own context
    let item_id = item.trace_context().trace_id();
    item.finish(Outcome::Ok);
    first.finish(Outcome::Ok);
    second.finish(Outcome::Ok);
    run.finish(Outcome::Ok);
    let trace = trace(&fixture, run.trace_context()).await;
    let tenant = |name: &str| {
        let spans = trace.spans_named("partition");
        let span = spans.iter().find(|span| span.str("trilha.batch.partition") == Some(name)).unwrap();
        span.has("policy_digest", "sha256:abc").str("tenant").map(str::to_owned)
    };
    assert_eq!(tenant("first").as_deref(), Some("acme"));
    assert_eq!(tenant("second").as_deref(), Some("globex"));
    trace.root().lacks("tenant").has("policy_digest", "sha256:abc");
    fixture.receiver().trace(item_id).await.root().has("tenant", "acme").has("model_name", "churn");
}

#[tokio::test]
async fn a_failed_partition_is_counted_and_does_not_fail_the_run() {
    let fixture = Fixture::start("scoring");
    let run = start(&fixture);
    let partition = run.partition("bad");
    partition.succeeded(5);
    partition.failed(2);
    assert!(partition.run(async { Err::<(), _>(Failed) }).await.is_err());
    partition.succeeded(1); // too late for the partition, not for the run
    run.run(async { Ok::<_, Failed>(()) }).await.unwrap();
    let trace = trace(&fixture, run.trace_context()).await;
    trace
        .span("partition")
        .is_error("batch::runs::Failed")
        .has("trilha.batch.item_count", 7)
        .has("trilha.batch.failed_item_count", 2);
    trace
        .root()
        .is_ok()
        .has("trilha.batch.item_count", 8)
        .has("trilha.batch.partition_count", 1)
        .has("trilha.batch.failed_partition_count", 1);
}

#[tokio::test]
async fn a_run_fails_with_its_future_or_as_it_is_told() {
    let fixture = Fixture::start("scoring");
    let run = start(&fixture);
    assert!(run.run(async { Err::<(), _>(Failed) }).await.is_err());
    run.finish(Outcome::Ok); // only the first end counts
    trace(&fixture, run.trace_context()).await.root().is_error("batch::runs::Failed");

    let run = start(&fixture);
    run.finish(Outcome::Error("no_data"));
    trace(&fixture, run.trace_context()).await.root().is_error("no_data");
}

#[tokio::test]
async fn what_is_dropped_is_cancelled() {
    let fixture = Fixture::start("scoring");
    let run = start(&fixture);
    let root = run.trace_context().clone();
    let partition = run.partition("dropped");
    {
        let mut running = pin!(partition.run(std::future::pending::<Result<(), Failed>>()));
        let poll = std::future::poll_fn(|cx| Poll::Ready(running.as_mut().poll(cx))).await;
        assert!(poll.is_pending());
    } // the future goes, the partition is still held
    fixture.flush().await;
    drop(run.clone()); // not the last one
    drop(run);
    let trace = trace(&fixture, &root).await;
    trace.span("partition").is_error("cancelled").has("trilha.batch.item_count", 0);
    trace.root().is_error("cancelled").has("trilha.batch.failed_partition_count", 1);
    drop(partition);
}

#[tokio::test]
async fn a_panic_ends_a_partition_with_its_counts_and_leaves_the_others_alone() {
    let fixture = Fixture::start("scoring");
    let run = start(&fixture);
    let (bad, good) = (run.partition("bad"), run.partition("good"));
    bad.succeeded(3);
    bad.link(&cause(1));
    let panicking = bad.run(async {
        tokio::task::yield_now().await;
        if true {
            panic!("canary");
        }
        Ok::<_, Failed>(())
    });
    assert!(tokio::spawn(panicking).await.unwrap_err().is_panic());
    let sync = run.partition("sync");
    let caught = catch_unwind(AssertUnwindSafe(|| sync.enter(|| panic!("canary"))));
    assert!(caught.is_err());
    sync.finish(Outcome::Ok); // too late: it ended with the panic
    good.finish(Outcome::Ok);
    run.finish(Outcome::Ok);
    let trace = trace(&fixture, run.trace_context()).await;
    for partition in trace.spans_named("partition") {
        match partition.str("trilha.batch.partition") {
            Some("bad") => partition
                .is_error("panic")
                .has("trilha.batch.item_count", 3)
                .has("trilha.batch.link_count", 1)
                .has_links(1),
            Some("sync") => partition.is_error("panic"),
            _ => partition.is_ok(),
        };
    }
    trace.root().is_ok().has("trilha.batch.failed_partition_count", 2);
    trace.lacks_text("canary");
}

#[tokio::test]
async fn a_job_in_another_process_is_a_child() {
    let fixture = Fixture::start("scoring");
    let run = start(&fixture);
    let partition = run.partition("2026-11-20");
    let mut parameters = HashMap::from([
        ("date".to_owned(), "2026-11-20".to_owned()),
        ("traceparent".to_owned(), "stale".to_owned()),
        ("tracestate".to_owned(), "stale=1".to_owned()),
    ]);
    partition.inject(&mut parameters);
    assert_eq!(parameters.len(), 2);
    let worker = Operation::builder(&SCOPE, "worker", SpanKind::Internal)
        .handle(fixture.handle().clone())
        .extract(&parameters, Trust::Internal)
        .start();
    worker.finish(Outcome::Ok);
    partition.finish(Outcome::Ok);
    run.inject(&mut parameters);
    run.finish(Outcome::Ok);
    let trace = trace(&fixture, run.trace_context()).await;
    trace.span("worker").is_child_of("partition");
    let injected: Traceparent = parameters["traceparent"].parse().unwrap();
    assert_eq!(injected.parent_id(), run.trace_context().span_id());
}

#[tokio::test]
async fn without_telemetry_the_batch_runs() {
    let run = BatchRun::builder("nightly").handle(Handle::disabled()).link(cause(1)).start();
    let partition = run.partition("all");
    (1..=300).for_each(|number| partition.link(&cause(number)));
    let scored = partition.fan_out("score").run(async { Ok::<_, Failed>(7) }).await;
    partition.count(&scored);
    assert_eq!(run.run(async { scored }).await.unwrap(), 7);
}

#[test]
fn runs_and_partitions_go_to_any_thread() {
    fn anywhere<T: Clone + Send + Sync + 'static>() {}
    anywhere::<BatchRun>();
    anywhere::<Partition>();
}
