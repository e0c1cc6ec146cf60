//! An acknowledgement belongs to the trace of its message.

use lapin::{
    BasicProperties,
    options::{BasicAckOptions, BasicNackOptions, BasicRejectOptions},
};
use opentelemetry::trace::SpanKind;
use trilha_core::Outcome;
use trilha_lapin::{DeliveryExt, MessageExt};

use crate::support::Shop;

#[tokio::test]
async fn an_ack_is_a_child_of_what_processes_the_message() {
    let Some(mut shop) = Shop::open().await else { return };
    let request = shop.publish(BasicProperties::default()).await;
    let (delivery, operation) = shop.receive().await;
    assert!(operation.run(delivery.ack_traced(BasicAckOptions::default())).await.unwrap());

    let trace =
        shop.fixture.receiver().trace(request.trace_id()).with(|trace| trace.spans().len() == 4).await;
    trace
        .span(&shop.span("ack"))
        .has_kind(SpanKind::Client)
        .is_child_of(&shop.span("process"))
        .is_ok()
        .has_links(0)
        .has("messaging.operation.name", "ack")
        .has("messaging.operation.type", "settle")
        .has("messaging.rabbitmq.message.delivery_tag", 1);
}

#[tokio::test]
async fn settling_after_processing_stays_in_the_messages_trace() {
    let Some(mut shop) = Shop::open().await else { return };
    let request = shop.publish(BasicProperties::default()).await;
    let (delivery, operation) = shop.receive().await;
    operation.finish(Outcome::Ok);
    let surrounding = shop.request();
    let context = surrounding.trace_context();
    let again = BasicNackOptions { requeue: true, ..BasicNackOptions::default() };
    assert!(surrounding.run(delivery.nack_traced(again)).await.unwrap());
    let (delivery, operation) = shop.receive().await;
    operation.finish(Outcome::Ok);
    let traced = delivery.traced().handle(shop.handle());
    assert!(traced.reject(BasicRejectOptions::default()).await.unwrap());

    let trace =
        shop.fixture.receiver().trace(request.trace_id()).with(|trace| trace.spans().len() == 6).await;
    trace
        .span(&shop.span("nack"))
        .is_child_of(&shop.span("send"))
        .is_ok()
        .has_links(1)
        .links_to_ids(context.trace_id(), context.span_id());
    trace.span(&shop.span("reject")).is_child_of(&shop.span("send")).is_ok().has_links(0);
}
