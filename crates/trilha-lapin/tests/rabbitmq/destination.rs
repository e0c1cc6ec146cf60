//! What exchanges and queues are called where names vary.

use lapin::{
    BasicProperties, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions},
    types::FieldTable,
};
use trilha_core::Outcome;
use trilha_lapin::{DeliveryExt, MessageExt};

use crate::support::{Shop, short};

#[tokio::test]
async fn an_exchange_stands_for_its_routing_keys() {
    let Some(mut shop) = Shop::open().await else { return };
    let exchange = format!("exchange-of-{}", shop.queue);
    let options = ExchangeDeclareOptions { auto_delete: true, ..ExchangeDeclareOptions::default() };
    let (topic, none) = (ExchangeKind::Topic, FieldTable::default());
    shop.channel.exchange_declare(short(&exchange), topic, options, none.clone()).await.unwrap();
    let (queue, options) = (short(&shop.queue), QueueBindOptions::default());
    shop.channel.queue_bind(queue, short(&exchange), short("order.#"), options, none).await.unwrap();
    let request = shop.publish_through(&exchange, "order.4711", BasicProperties::default()).await;
    let (delivery, operation) = shop.receive().await;
    operation.finish(Outcome::Ok);
    delivery.traced().handle(shop.handle()).ack(Default::default()).await.unwrap();
    let named = delivery.traced().queue(shop.queue.as_str()).handle(shop.handle());
    assert!(!named.ack(Default::default()).await.unwrap());

    let trace =
        shop.fixture.receiver().trace(request.trace_id()).with(|trace| trace.spans().len() == 5).await;
    let published = format!("{exchange}:order.4711");
    let delivered = format!("{published}:{}", shop.queue);
    trace
        .span(&format!("send {exchange}"))
        .has("messaging.destination.name", published.as_str())
        .has("messaging.destination.template", exchange.as_str())
        .has("messaging.rabbitmq.destination.routing_key", "order.4711");
    trace
        .span(&shop.span("process"))
        .has("messaging.destination.name", delivered.as_str())
        .has("messaging.destination.template", shop.queue.as_str());
    trace.span(&format!("ack {exchange}")).is_ok().has("messaging.destination.name", published.as_str());
    trace.span(&shop.span("ack")).is_error("not_settled");
}

#[tokio::test]
async fn a_generated_name_stands_in_no_spans_name() {
    let Some(mut shop) = Shop::open_with("").await else { return };
    assert!(shop.queue.starts_with("amq.gen-"));
    let request = shop.publish(BasicProperties::default()).await;
    let (delivery, operation) = shop.receive().await;
    let ack = delivery.ack_traced(Default::default());
    operation.run(ack).await.unwrap();

    let trace =
        shop.fixture.receiver().trace(request.trace_id()).with(|trace| trace.spans().len() == 4).await;
    for name in ["send", "process", "ack"] {
        trace
            .span(name)
            .has("messaging.destination.name", shop.queue.as_str())
            .has("messaging.destination.temporary", true)
            .has("messaging.destination.anonymous", true);
    }
}
