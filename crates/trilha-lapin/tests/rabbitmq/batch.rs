//! A batch is one operation, linked to every message.

use lapin::{BasicProperties, message::Delivery};
use opentelemetry::trace::SpanKind;
use trilha_core::Outcome;
use trilha_lapin::MessageExt;

use crate::support::{Shop, foreign, text, with_headers};

async fn receive(shop: &mut Shop, count: usize) -> Vec<Delivery> {
    let mut batch = Vec::new();
    for _ in 0..count {
        batch.push(shop.receive_untraced().await);
    }
    batch
}

#[tokio::test]
async fn a_batch_links_to_every_message() {
    let Some(mut shop) = Shop::open().await else { return };
    let senders = [foreign(), foreign()];
    for sender in &senders {
        shop.publish_untraced(with_headers([("traceparent", text(&sender.to_string()))])).await;
    }
    shop.publish_untraced(BasicProperties::default()).await;
    let batch = receive(&mut shop, 3).await;
    let mut run = shop.request();
    let context = run.trace_context();
    run.enter(|| batch.process_traced().finish(Outcome::Ok));
    run.finish(Outcome::Ok);

    let trace = shop.fixture.receiver().trace(context.trace_id()).await;
    let process = trace.span(&shop.span("process"));
    process
        .has_kind(SpanKind::Consumer)
        .is_child_of("request")
        .has_links(2)
        .has("messaging.batch.message_count", 3)
        .lacks("messaging.rabbitmq.message.delivery_tag");
    for sender in &senders {
        process.links_to_ids(sender.trace_id(), sender.parent_id());
    }
    let tag = "messaging.rabbitmq.message.delivery_tag";
    let tags: Vec<_> = process.links.iter().map(|link| link.attributes.int(tag)).collect();
    assert_eq!(tags, [Some(1), Some(2)]);
}

#[tokio::test]
async fn a_batch_of_one_continues_its_trace() {
    let Some(mut shop) = Shop::open().await else { return };
    let request = shop.publish(BasicProperties::default()).await;
    let batch = receive(&mut shop, 1).await;
    batch.traced().handle(shop.handle()).process().finish(Outcome::Ok);

    let trace =
        shop.fixture.receiver().trace(request.trace_id()).with(|trace| trace.spans().len() == 3).await;
    trace
        .span(&shop.span("process"))
        .is_child_of(&shop.span("send"))
        .has_links(0)
        .has("messaging.rabbitmq.message.delivery_tag", 1)
        .lacks("messaging.batch.message_count");
}
