//! Telemetry as the process's own, beside a subscriber that the program has. One test: what it sets is global.

use std::{collections::HashMap, time::Duration};

use tracing_subscriber::{layer::SubscriberExt, util::SubscriberInitExt};
use trilha::{
    Handle, Telemetry, TraceContext,
    opentelemetry::{global, trace::Tracer},
    prelude::*,
};
use trilha_testing::Receiver;

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

static SCOPE: Scope = Scope::new("test", "");

#[tokio::test]
async fn with_a_subscriber_of_its_own_a_program_builds_adds_the_layer_and_sets_the_default() {
    let receiver = Receiver::start();
    let service = || Telemetry::builder("orders").endpoint(receiver.http_endpoint());
    let telemetry = service().build().unwrap();
    tracing_subscriber::registry().with(telemetry.layer()).init();
    assert_eq!(
        service().install().unwrap_err().to_string(),
        "install: the process has a tracing subscriber already: `build`, add `layer()` to it, and call \
         `set_default()`",
    );
    assert!(!Handle::current().is_same(telemetry.handle()), "nothing is global before");

    telemetry.set_default();
    assert!(Handle::current().is_same(telemetry.handle()));
    let mut operation = Operation::builder(&SCOPE, "consume", SpanKind::Consumer).start();
    operation.enter(|| {
        tracing::info_span!("handle").in_scope(|| global::tracer("foreign").in_span("query", |_| {}));
    });
    operation.finish(Outcome::Ok);
    let headers = HashMap::from([("traceparent".to_owned(), PARENT.to_owned())]);
    let context = global::get_text_map_propagator(|propagator| propagator.extract(&headers));
    assert_eq!(TraceContext::of(&context).unwrap().traceparent().unwrap().to_string(), PARENT);
    global::meter("foreign").u64_counter("foreign.calls").build().add(1, &[]);

    let report = telemetry.shutdown(Duration::from_secs(10)).await;
    assert!(report.is_complete, "{report}");
    let trace = receiver.trace_where(|_| true).await;
    trace.span("consume").is_root();
    trace.span("handle").is_child_of("consume");
    trace.span("query").is_child_of("handle").has_scope("foreign");
    receiver.metric("foreign.calls").await;
}
