//! Parts that are killed in the middle of an order.

use crate::program::{Run, run};

#[test]
fn a_killed_gateway_leaves_a_trace_without_beginning() {
    let run = run(&["--orders", "1", "--kill", "gateway"]);
    assert_trace_ends(&run, "its trace has no beginning: \"POST /orders\" of gateway is missing");
    assert!(run.stdout.contains("└─ missing parent"), "{}", run.stdout);
}

#[test]
fn a_killed_order_service_leaves_a_trace_that_ends_at_the_gateways_call() {
    let run = run(&["--orders", "1", "--kill", "order"]);
    let end = "its trace ends at \"POST\" of gateway: \"POST /orders\" of order-service is missing";
    assert_trace_ends(&run, end);
}

#[test]
fn a_killed_payment_service_leaves_a_trace_that_ends_at_its_queue() {
    let run = run(&["--orders", "1", "--kill", "payment"]);
    let end = "its trace ends at \"send payment_needed\" of order-service: \
               \"process payment_needed\" of payment-service is missing";
    assert_trace_ends(&run, end);
}

#[test]
fn a_killed_notification_service_leaves_a_trace_that_ends_at_its_queue() {
    let run = run(&["--orders", "1", "--kill", "notification"]);
    let end = "its trace ends at \"send payment_complete\" of payment-service: \
               \"process payment_complete\" of notification-service is missing";
    assert_trace_ends(&run, end);
}

#[test]
fn without_receiver_every_order_is_answered_and_the_losses_are_told() {
    let run = run(&["--orders", "3", "--kill", "receiver"]);
    assert_eq!(run.status, Some(1), "{run:#?}");
    let complaints = run.complaints();
    assert!(complaints.contains(&"no trace is whole: the receiver was killed"), "{run:#?}");
    let losses = complaints.iter().filter(|complaint| complaint.contains("spans delivered"));
    assert_eq!(losses.count(), 4, "{run:#?}");
    assert_eq!(complaints.len(), 5, "every order got its answer: {run:#?}");
}

/// The trace of the order that the killed process worked for ends so; the other traces, and all that
/// the other processes had to tell, are there.
#[track_caller]
fn assert_trace_ends(run: &Run, end: &str) {
    assert_eq!(run.status, Some(1), "{run:#?}");
    assert_eq!(run.complaints(), [format!("order-4: {end}")], "{}", run.stdout);
    assert_eq!(run.stdout.matches("spans delivered").count(), 3, "{}", run.stdout);
    assert!(run.stdout.contains("order-4: an order in whose middle"), "{}", run.stdout);
}
