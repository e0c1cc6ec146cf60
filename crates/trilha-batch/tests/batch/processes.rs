//! Jobs in other processes: what a child gets, and what a run continues.

use std::{ffi::OsString, process::Command};

use trilha_batch::BatchRun;
use trilha_core::{
    Baggage, BrokenReason, CarrierKind, Operation, Outcome, Refusal, Scope, SpanKind, TraceContext, Trust,
    propagation::Environment, schema::Key,
};
use trilha_testing::Fixture;

static SCOPE: Scope = Scope::new("test", "0");
const INHERITED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// The span of `INHERITED`, which is in another process.
fn inherited() -> TraceContext {
    TraceContext::new(INHERITED.parse().unwrap(), Default::default())
}

fn environment(variables: &[(&str, &str)]) -> Environment {
    Environment::new(variables.iter().map(|(name, value)| ((*name).into(), (*value).into())))
}

/// What a child process says of its own environment.
fn environment_of_child(mut command: Command) -> Vec<(OsString, OsString)> {
    let output = command.output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let variables = text.lines().filter_map(|line| line.split_once('='));
    variables.map(|(name, value)| (name.into(), value.into())).collect()
}

#[tokio::test]
async fn a_child_process_continues_the_partition_that_started_it() {
    let fixture = Fixture::start("scoring");
    let came_in = environment(&[("TRACEPARENT", INHERITED), ("BAGGAGE", "user.region=s%C3%A3o%20paulo")]);
    let run = BatchRun::builder("nightly-scoring").handle(fixture.handle().clone());
    let run = run.extract(&came_in, Trust::Internal).start();
    let partition = run.partition("2026-11-20");
    partition.attributes().tenant("acme");

    let mut command = Command::new("env");
    // As of a process that was itself started by one that is traced.
    command.envs([("TRACEPARENT", INHERITED), ("TRACESTATE", "stale=1"), ("BAGGAGE", "stale=1")]);
    partition.inject(&mut command);
    let seen = environment_of_child(command);
    let value = |name: &str| seen.iter().find(|(known, _)| known == name).map(|(_, value)| value.to_str());
    let expected = partition.trace_context().traceparent().unwrap().to_string();
    assert_eq!(value("TRACEPARENT"), Some(Some(expected.as_str())));
    assert_eq!(value("TRACESTATE"), None);
    assert_eq!(value("BAGGAGE"), Some(Some("user.region=s%C3%A3o%20paulo,tenant=acme")));

    let child = BatchRun::builder("score-day").handle(fixture.handle().clone());
    let child = child.extract(&Environment::new(seen), Trust::Internal).start();
    assert_eq!(child.attributes().value(Key::Tenant).as_deref(), Some("acme"));
    assert_eq!(child.enter(Baggage::current).get("user.region").as_deref(), Some("são paulo"));
    child.finish(Outcome::Ok);
    partition.finish(Outcome::Ok);
    run.finish(Outcome::Ok);

    fixture.flush().await;
    let sender = inherited();
    let trace = fixture.receiver().trace_under(sender.trace_id(), sender.span_id()).await;
    trace.has_spans(3);
    let [one, other] = trace.spans_named("batch-run")[..] else { panic!("{}", trace.tree()) };
    let [child, run] =
        if one.str("trilha.batch.name") == Some("score-day") { [one, other] } else { [other, one] };
    child.is_child_of("partition").has_links(0).has("tenant", "acme").lacks("trilha.batch.link_count");
    run.has_parent_id(sender.span_id());
    assert_eq!(fixture.handle().stats().broken_propagation(), []);
}

#[tokio::test]
async fn a_run_that_continues_a_trace_is_linked_to_the_current_span_too() {
    let fixture = Fixture::start("scoring");
    let trigger = Operation::builder(&SCOPE, "trigger", SpanKind::Internal);
    let mut trigger = trigger.handle(fixture.handle().clone()).start();
    let came_in = environment(&[("TRACEPARENT", INHERITED)]);
    let context = trigger.trace_context();
    let run = trigger.enter(|| BatchRun::builder("nightly").extract(&came_in, Trust::Internal).start());
    run.finish(Outcome::Ok);
    fixture.flush().await;
    let sender = inherited();
    let trace = fixture.receiver().trace_under(sender.trace_id(), sender.span_id()).await;
    let run = trace.span("batch-run");
    run.has_links(1).links_to_ids(context.trace_id(), context.span_id()).has("trilha.batch.link_count", 1);
}

#[tokio::test]
async fn a_run_that_should_continue_a_trace_and_finds_none_is_broken_propagation() {
    let fixture = Fixture::start("scoring");
    for (variables, reason) in
        [(&[][..], BrokenReason::Missing), (&[("TRACEPARENT", "garbage")], BrokenReason::Malformed)]
    {
        let came_in = environment(variables);
        let run = BatchRun::builder("nightly").handle(fixture.handle().clone());
        let run = run.extract(&came_in, Trust::Internal).start();
        let id = run.trace_context().trace_id();
        run.finish(Outcome::Ok);
        fixture.flush().await;
        let trace = fixture.receiver().trace(id).await;
        assert_eq!(trace.root().events[0].name, "trilha.propagation.broken");
        let broken = fixture.handle().stats().broken_propagation();
        let of_reason = broken.iter().find(|broken| broken.reason == reason).unwrap();
        assert_eq!((of_reason.carrier, of_reason.count), (CarrierKind::Environment, 1));
    }

    // Nobody asked for one.
    let fixture = Fixture::start("scoring");
    BatchRun::builder("nightly").handle(fixture.handle().clone()).start().finish(Outcome::Ok);
    assert_eq!(fixture.handle().stats().broken_propagation(), []);
}

#[tokio::test]
async fn what_a_stranger_started_is_a_trace_of_its_own() {
    let fixture = Fixture::start("scoring");
    let came_in = environment(&[("TRACEPARENT", INHERITED), ("BAGGAGE", "tenant=evil")]);
    let run = BatchRun::builder("nightly").handle(fixture.handle().clone());
    let run = run.extract(&came_in, Trust::Edge).start();
    let stranger = inherited();
    assert_ne!(run.trace_context().trace_id(), stranger.trace_id());
    assert_eq!(run.attributes().value(Key::Tenant), None);
    let id = run.trace_context().trace_id();
    run.finish(Outcome::Ok);
    fixture.flush().await;
    let trace = fixture.receiver().trace(id).await;
    trace.root().has_links(1).links_to_ids(stranger.trace_id(), stranger.span_id());
    assert_eq!(fixture.handle().stats().refused(Refusal::UntrustedBaggage), 1);
}
