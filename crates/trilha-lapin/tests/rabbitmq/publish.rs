//! What is published carries the trace, and nothing else changes.

use lapin::{
    BasicProperties,
    options::BasicPublishOptions,
    types::{AMQPValue, FieldArray},
};
use opentelemetry::trace::SpanKind;
use trilha_core::Outcome;
use trilha_lapin::ChannelExt;

use crate::support::{Shop, foreign, in_time, short, text, with_headers};

#[tokio::test]
async fn a_published_message_names_its_send_span() {
    let Some(mut shop) = Shop::open().await else { return };
    let properties = BasicProperties::default().with_message_id(short("m1")).with_correlation_id(short("c1"));
    let request = shop.publish(properties.clone()).await;
    let delivery = shop.receive_untraced().await;

    let trace = shop.fixture.receiver().trace(request.trace_id()).await;
    let send = trace.span(&shop.span("send"));
    send.has_kind(SpanKind::Producer)
        .is_child_of("request")
        .is_ok()
        .has_links(0)
        .has_scope("trilha-lapin")
        .has("messaging.system", "rabbitmq")
        .has("messaging.operation.name", "send")
        .has("messaging.operation.type", "send")
        .has("messaging.destination.name", shop.queue.as_str())
        .has("messaging.rabbitmq.destination.routing_key", shop.queue.as_str())
        .has("messaging.message.id", "m1")
        .has("messaging.message.conversation_id", "c1")
        .lacks("messaging.batch.message_count");
    let traceparent = format!("00-{}-{}-03", trace.trace_id(), send.span_id);
    let ours = with_headers([("traceparent", text(&traceparent))]);
    assert_eq!(delivery.properties, properties.with_headers(ours.headers().clone().unwrap()));
    assert_eq!(delivery.data, b"the body");
    trace.lacks_text("the body");
}

#[tokio::test]
async fn the_headers_of_the_user_stay() {
    let Some(mut shop) = Shop::open().await else { return };
    let kept = [
        ("a", AMQPValue::LongInt(1)),
        ("b", AMQPValue::FieldArray(FieldArray::from(vec![text("x"), AMQPValue::Void]))),
        ("c", text("ana@example.com")),
    ];
    let [a, b, c] = kept.clone();
    let request = shop.publish(with_headers([a, b, c, ("traceparent", text("garbage"))])).await;

    let delivery = shop.receive_untraced().await;
    let headers = delivery.properties.headers().clone().unwrap();
    assert_eq!(headers.inner().len(), 4);
    for (key, value) in kept {
        assert_eq!(headers.inner().get(key), Some(&value));
    }
    let trace = shop.fixture.receiver().trace(request.trace_id()).await;
    trace.span(&shop.span("send")).has_kind(SpanKind::Producer);
    trace.lacks_text("ana@example.com");
}

#[tokio::test]
async fn a_context_of_the_messages_own_is_kept() {
    let Some(mut shop) = Shop::open().await else { return };
    let own = foreign();
    let properties = with_headers([("traceparent", text(&own.to_string())), ("a", text("1"))]);
    let request = shop.publish(properties.clone()).await;

    assert_eq!(shop.receive_untraced().await.properties, properties);
    let trace = shop.fixture.receiver().trace(request.trace_id()).await;
    trace
        .span(&shop.span("send"))
        .has_kind(SpanKind::Client)
        .is_child_of("request")
        .has_links(1)
        .links_to_ids(own.trace_id(), own.parent_id());
}

#[tokio::test]
async fn a_forwarded_message_gets_a_context_of_its_own() {
    let Some(mut shop) = Shop::open().await else { return };
    let request = shop.publish(BasicProperties::default()).await;
    let (delivery, operation) = shop.receive().await;
    operation.run(shop.forward(&delivery)).await.unwrap();
    let (_, operation) = shop.receive().await;
    operation.finish(Outcome::Ok);

    let trace =
        shop.fixture.receiver().trace(request.trace_id()).with(|trace| trace.spans().len() == 5).await;
    let [first, second] = trace.spans_named(&shop.span("process"))[..] else { panic!("{}", trace.tree()) };
    let forwarded = first.children()[0];
    forwarded.has_kind(SpanKind::Producer).has_links(0);
    second.is_child_of_span(&forwarded);
}

#[tokio::test]
async fn publishing_can_be_spawned() {
    let Some(shop) = Shop::open().await else { return };
    let (channel, queue) = (shop.channel.clone(), short(&shop.queue));
    let publishing = tokio::spawn(async move {
        let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
        channel.basic_publish_traced(short(""), queue, options, b"the body", properties).await.map(drop)
    });
    in_time(publishing).await.unwrap().unwrap();
}
