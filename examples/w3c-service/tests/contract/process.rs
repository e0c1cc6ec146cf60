//! The program itself: what it calls and answers, where its telemetry goes, how it ends.

use serde_json::json;
use trilha::opentelemetry::{SpanId, TraceId};
use trilha_testing::Receiver;

use crate::service::Service;

#[tokio::test]
async fn any_path_is_served_and_arguments_are_posted_as_they_are() {
    let mut service = Service::start().await;
    let arguments = json!([{ "url": "http://example/é", "arguments": [] }]);
    for path in ["/", "/test", "/a/b?c=d"] {
        let calls = json!([{ "url": service.callee_url(), "arguments": arguments }]);
        assert_eq!(service.post(path, &[], &calls).await, 200);
        assert_eq!(service.heard().body, arguments.to_string());
    }
}

#[tokio::test]
async fn a_call_that_fails_is_told() {
    let service = Service::start().await;
    assert_eq!(service.post("/", &[], &json!([{ "url": "http://127.0.0.1:1/" }])).await, 502);
}

#[tokio::test]
async fn its_spans_go_where_the_environment_says() {
    let receiver = Receiver::start();
    let mut service = Service::sending_to(&receiver.http_endpoint()).await;
    service.calls(&["traceparent: 00-000000000000000000000000c0ffee00-000000000000beef-01"], 2).await;
    let (lines, succeeded) = service.interrupt().await;
    assert_eq!((&lines[..], succeeded), (&["3 of 3 spans delivered".to_owned()][..], true));

    let (trace_id, caller) = (TraceId::from(0xc0ffee00), SpanId::from(0xbeef));
    let trace = receiver.trace_under(trace_id, caller).await;
    trace.has_spans(3).has_services(["w3c-service"]);
    trace.span("POST /{*path}").has_parent_id(caller);
    for call in trace.spans_named("POST") {
        call.is_child_of("POST /{*path}").is_ok();
    }
}

#[tokio::test]
async fn nobody_who_receives_them_disturbs_nobody() {
    let mut service = Service::start().await;
    service.call(&[]).await;
    let (lines, succeeded) = service.interrupt().await;
    assert!(succeeded, "{lines:?}");
    // That they are lost may be logged too, if the process lives for as long.
    let (reports, others): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line.starts_with("0 of 2 spans"));
    let tells_of_loss =
        |line: &&String| line.contains("spans are being lost") || line.contains("spans were lost");
    assert!(reports.len() == 1 && others.iter().all(tells_of_loss), "{lines:?}");
}

#[test]
fn under_a_wrong_policy_it_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.toml");
    std::fs::write(&policy, "version = 1\n[trust]\npeers = [\"10.0.0.0/99\"]\n").unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_w3c-service"));
    let output = command.env("TRILHA_POLICY", &policy).output().unwrap();
    assert!(!output.status.success());
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(complaint.contains("TRILHA_POLICY") && complaint.contains("line 3"), "{complaint}");
}
