//! Who is believed, and what of a message goes where.

use lapin::{BasicProperties, options::BasicAckOptions, types::AMQPValue};
use trilha_core::{
    Baggage, BrokenReason, CarrierKind, ContextAttributes, Outcome, Refusal, Trust, schema::Key,
};
use trilha_lapin::{ConsumerExt, DeliveryExt, MessageExt};

use crate::support::{Shop, foreign, in_time, short, text, with_headers};

#[tokio::test]
async fn a_strangers_message_is_processed_and_settled_in_a_trace_of_ones_own() {
    let Some(mut shop) = Shop::open().await else { return };
    let stranger = foreign();
    let headers = [("traceparent", text(&stranger.to_string())), ("baggage", text("tenant=evil"))];
    shop.publish_untraced(with_headers(headers)).await;
    let handle = shop.handle();
    let mut consumer = shop.consumer().traced().handle(handle.clone()).trust(Trust::Edge);
    let (delivery, operation) = in_time(consumer.recv()).await.unwrap().unwrap();
    let context = operation.trace_context();
    assert_eq!(operation.attributes().value(Key::Tenant), None);
    let within = operation.run(async {
        assert!(Baggage::current().is_empty());
        delivery.ack_traced(BasicAckOptions::default()).await
    });
    assert!(within.await.unwrap());
    let after = delivery.traced().handle(handle.clone()).trust(Trust::Edge);
    let _ = after.ack(BasicAckOptions::default()).await;

    let trace =
        shop.fixture.receiver().trace(context.trace_id()).with(|trace| trace.spans().len() == 2).await;
    assert_ne!(trace.trace_id(), stranger.trace_id());
    let ids = (stranger.trace_id(), stranger.parent_id());
    trace.span(&shop.span("process")).has_links(1).links_to_ids(ids.0, ids.1);
    let ack = trace.span(&shop.span("ack"));
    ack.is_child_of(&shop.span("process")).has_links(1).links_to_ids(ids.0, ids.1);
    shop.fixture.flush().await;
    let traces = shop.fixture.receiver().traces();
    assert!(traces.iter().all(|trace| trace.trace_id() != stranger.trace_id()), "it is not continued");
    assert_eq!(traces.len(), 2, "what is settled afterwards is a trace of its own");
    let stats = handle.stats();
    assert_eq!(stats.refused(Refusal::UntrustedBaggage), 1);
    assert_eq!(stats.refused(Refusal::UntrustedAttribute), 1);
    assert_eq!(stats.broken_propagation(), []);
}

#[tokio::test]
async fn the_baggage_of_a_batch_is_nobodys() {
    let Some(mut shop) = Shop::open().await else { return };
    let headers = [("traceparent", text(&foreign().to_string())), ("baggage", text("tenant=acme"))];
    shop.publish_untraced(with_headers(headers)).await;
    shop.publish_untraced(with_headers([("baggage", text("tenant=other"))])).await;
    let batch = [shop.receive_untraced().await, shop.receive_untraced().await];
    let strangers = batch.traced().handle(shop.handle()).trust(Trust::Edge).process();
    strangers.finish(Outcome::Ok);
    assert_eq!(shop.handle().stats().broken_propagation(), [], "strangers need no trace");
    let mut process = batch.traced().handle(shop.handle()).queue(&shop.queue).process();
    process.enter(|| {
        assert!(Baggage::current().is_empty());
        assert_eq!(ContextAttributes::current().value(Key::Tenant), None);
    });
    let context = process.trace_context();
    process.finish(Outcome::Ok);

    let broken = shop.handle().stats().broken_propagation();
    let [broken] = &broken[..] else { panic!("{broken:?}") };
    let seen = (broken.reason, broken.carrier, broken.peer.as_str(), broken.count);
    assert_eq!(seen, (BrokenReason::Missing, CarrierKind::Messaging, shop.queue.as_str(), 1));
    let trace = shop.fixture.receiver().trace(context.trace_id()).await;
    assert_eq!(trace.span(&shop.span("process")).events[0].name, "trilha.propagation.broken");
}

#[tokio::test]
async fn a_forwarded_message_has_one_context_and_one_baggage_and_all_that_is_the_users() {
    let Some(mut shop) = Shop::open().await else { return };
    let business = [
        ("trace_id", text("A-4711")),
        ("span_id", AMQPValue::LongInt(7)),
        ("parent_id", text("order/17")),
        ("correlation_id", text("case-1")),
    ];
    let [a, b, c, d] = business.clone();
    let sender = foreign();
    let came_in = [
        ("traceparent", text(&sender.to_string())),
        ("tracestate", text("vendor=1")),
        ("baggage", text("user.region=br,tenant=acme")),
    ];
    let [e, f, g] = came_in;
    let properties = with_headers([a, b, c, d, e, f, g]).with_correlation_id(short("reply-9"));
    shop.publish_untraced(properties).await;
    let (delivery, operation) = shop.receive().await;
    operation.attributes().tenant("other");
    operation.run(shop.forward(&delivery)).await.unwrap();

    let forwarded = shop.receive_untraced().await.properties;
    let headers = forwarded.headers().clone().unwrap();
    assert_eq!(headers.inner().len(), 7);
    for (key, value) in business {
        assert_eq!(headers.inner().get(key), Some(&value), "{key}");
    }
    assert_eq!(headers.inner().get("baggage"), Some(&text("user.region=br,tenant=other")));
    assert_eq!(headers.inner().get("tracestate"), Some(&text("vendor=1")));
    assert_ne!(headers.inner().get("traceparent"), Some(&text(&sender.to_string())));
    assert_eq!(forwarded.correlation_id(), &Some(short("reply-9")));
}

#[tokio::test]
async fn the_property_of_request_and_reply_is_no_correlation_id() {
    let Some(mut shop) = Shop::open().await else { return };
    shop.publish(BasicProperties::default().with_correlation_id(short("reply-9"))).await;
    let (_delivery, operation) = shop.receive().await;
    assert_eq!(operation.attributes().value(Key::CorrelationId), None);
    operation.finish(Outcome::Ok);
}
