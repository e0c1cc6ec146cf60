//! A batch is one operation, linked to every message.

use opentelemetry::trace::SpanKind;
use rdkafka::message::{BorrowedMessage, OwnedMessage};
use trilha_core::Outcome;
use trilha_rdkafka::MessageExt;

use crate::support::{Broker, Shop, foreign, header, on_both_brokers};

on_both_brokers! {
    a_batch_links_to_every_message,
    a_batch_of_one_continues_its_trace,
    more_messages_than_a_span_has_links_are_counted,
}

async fn receive(shop: &Shop, count: usize) -> Vec<BorrowedMessage<'_>> {
    let mut batch = Vec::new();
    for _ in 0..count {
        batch.push(shop.receive_untraced().await);
    }
    batch
}

async fn a_batch_links_to_every_message(broker: Broker) {
    let shop = Shop::open(broker).await;
    let senders = [foreign(), foreign()];
    for sender in &senders {
        let headers =
            rdkafka::message::OwnedHeaders::new().insert(header("traceparent", &sender.to_string()));
        shop.send_untraced(Some(headers)).await;
    }
    shop.send_untraced(None).await;
    let batch = receive(&shop, 3).await;
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
        .lacks("messaging.kafka.offset")
        .lacks("messaging.destination.partition.id");
    for (sender, link) in senders.iter().zip(&process.links) {
        process.links_to_ids(sender.trace_id(), sender.parent_id());
        assert_eq!(link.attributes.str("messaging.destination.partition.id"), Some("0"));
    }
    let offsets: Vec<_> =
        process.links.iter().map(|link| link.attributes.int("messaging.kafka.offset")).collect();
    assert_eq!(offsets, [Some(0), Some(1)]);
}

async fn a_batch_of_one_continues_its_trace(broker: Broker) {
    let shop = Shop::open(broker).await;
    let request = shop.send(shop.record()).await;
    let batch: Vec<OwnedMessage> = vec![shop.receive_untraced().await.detach()];
    batch.traced().handle(shop.handle()).process().finish(Outcome::Ok);

    let trace =
        shop.fixture.receiver().trace(request.trace_id()).with(|trace| trace.spans().len() == 3).await;
    trace
        .span(&shop.span("process"))
        .is_child_of(&shop.span("send"))
        .has_links(0)
        .has("messaging.kafka.offset", 0)
        .lacks("messaging.batch.message_count");
}

async fn more_messages_than_a_span_has_links_are_counted(broker: Broker) {
    let shop = Shop::open(broker).await;
    let headers = rdkafka::message::OwnedHeaders::new().insert(header("traceparent", &foreign().to_string()));
    shop.send_untraced(Some(headers)).await;
    let message = shop.receive_untraced().await.detach();
    let batch = vec![message; 130];
    let operation = batch.traced().handle(shop.handle()).process();
    let context = operation.trace_context();
    operation.finish(Outcome::Ok);

    let trace = shop.fixture.receiver().trace(context.trace_id()).await;
    let process = trace.root().has_links(128).has("messaging.batch.message_count", 130);
    assert_eq!(process.dropped_links, 2);
}
