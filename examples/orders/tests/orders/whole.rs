//! On embedded parts: each order is one trace.

use crate::{
    forest::printed,
    program::{Run, orders, run},
};

#[test]
fn each_order_is_one_whole_trace() {
    let run = run(&[]).succeeded();
    let trees = printed(&run.stdout);
    assert_eq!(trees.len(), 5, "{}", run.stdout);
    for (number, tree) in trees[..3].iter().enumerate() {
        let tree = tree.to_string();
        assert_eq!(tree.lines().count(), 15, "{tree}");
        let id = format!("correlation_id=order-{}", number + 1);
        let settled = tree.lines().filter(|line| line.contains("CLIENT  commit"));
        assert_eq!(tree.matches(&id).count(), 15 - settled.count(), "{tree}");
    }
    assert!(trees[3].to_string().contains("process payment_needed  ERROR orders::services::Failure"));
    assert!(trees[4].span.contains("POST /orders  ERROR cancelled"));
}

#[test]
fn traces_are_whole_where_logs_are_off() {
    let mut command = orders(&["--orders", "1"]);
    command.env("RUST_LOG", "off");
    let silent = Run::of(command).succeeded();
    assert_eq!(silent.stderr, "");
    let logging = run(&["--orders", "1"]).succeeded();
    assert!(logging.stderr.contains("the card was declined"), "{}", logging.stderr);
    assert_eq!(printed(&silent.stdout), printed(&logging.stdout));
}

#[test]
fn a_shell_set_up_for_another_telemetry_changes_nothing() {
    let mut command = orders(&["--orders", "0"]);
    command.env("OTEL_SDK_DISABLED", "true").env("OTEL_TRACES_SAMPLER", "always_off");
    command.env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:9/");
    Run::of(command).succeeded();
}
