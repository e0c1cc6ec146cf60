//! What is sent carries the trace, and nothing else changes.

use opentelemetry::trace::SpanKind;
use rdkafka::{
    Message as _,
    consumer::BaseConsumer,
    error::{KafkaError, RDKafkaErrorCode},
    message::{Header, OwnedHeaders},
    producer::{BaseProducer, BaseRecord, DefaultProducerContext, FutureRecord, Producer, ThreadedProducer},
};
use trilha_core::{Outcome, Refusal};
use trilha_rdkafka::{BaseConsumerExt, FutureProducerExt, ProducerExt};

use crate::support::{Broker, PATIENCE, Shop, foreign, header, headers, in_time, on_both_brokers};

on_both_brokers! {
    a_sent_message_names_its_send_span,
    the_headers_of_the_user_stay,
    a_context_of_the_messages_own_is_kept,
    a_forwarded_message_gets_a_context_of_its_own,
    base_and_threaded_producers_carry_the_trace,
    a_message_that_only_the_context_makes_too_large_is_sent_without,
}

async fn a_sent_message_names_its_send_span(broker: Broker) {
    let shop = Shop::open(broker).await;
    let request = shop.send(shop.record()).await;
    let message = shop.receive_untraced().await;

    let trace = shop.fixture.receiver().trace(request.trace_id()).await;
    let send = trace.span(&shop.span("send"));
    send.has_kind(SpanKind::Producer)
        .is_child_of("request")
        .is_ok()
        .has_links(0)
        .has_scope("trilha-rdkafka")
        .has("messaging.system", "kafka")
        .has("messaging.operation.name", "send")
        .has("messaging.operation.type", "send")
        .has("messaging.destination.name", shop.topic.as_str())
        .has("messaging.destination.partition.id", "0")
        .has("messaging.kafka.offset", 0)
        .lacks("messaging.batch.message_count");
    let expected = format!("00-{}-{}-03", trace.trace_id(), send.span_id);
    assert_eq!(headers(&message), [("traceparent".to_owned(), Some(expected))]);
    trace.lacks_text("ana@example.com").lacks_text("the body");
}

async fn the_headers_of_the_user_stay(broker: Broker) {
    let shop = Shop::open(broker).await;
    let given = OwnedHeaders::new()
        .insert(header("b", "1"))
        .insert(header("a", "2"))
        .insert(header("traceparent", "garbage"))
        .insert::<str>(Header { key: "none", value: None })
        .insert(header("b", "3"));
    shop.send(shop.record().headers(given)).await;

    let message = shop.receive_untraced().await;
    let mut kept = headers(&message);
    let (ours, _) = kept.pop().unwrap();
    assert_eq!(ours, "traceparent");
    let text = |text: &str| Some(text.to_owned());
    let expected = [("b", text("1")), ("a", text("2")), ("none", None), ("b", text("3"))]
        .map(|(k, v)| (k.to_owned(), v));
    assert_eq!(kept, expected);
    assert_eq!((message.key(), message.payload()), (Some(&b"ana@example.com"[..]), Some(&b"the body"[..])));
}

async fn a_context_of_the_messages_own_is_kept(broker: Broker) {
    let shop = Shop::open(broker).await;
    let own = foreign();
    let given = OwnedHeaders::new().insert(header("traceparent", &own.to_string())).insert(header("a", "1"));
    let request = shop.send(shop.record().headers(given)).await;

    let message = shop.receive_untraced().await;
    let expected = [("traceparent", own.to_string()), ("a", "1".to_owned())];
    assert_eq!(headers(&message), expected.map(|(key, value)| (key.to_owned(), Some(value))));
    let trace = shop.fixture.receiver().trace(request.trace_id()).await;
    trace
        .span(&shop.span("send"))
        .has_kind(SpanKind::Client)
        .is_child_of("request")
        .has_links(1)
        .links_to_ids(own.trace_id(), own.parent_id());
}

async fn a_forwarded_message_gets_a_context_of_its_own(broker: Broker) {
    let shop = Shop::open(broker).await;
    let request = shop.send(shop.record()).await;
    let (message, operation) = shop.receive().await;
    let copied = message.headers().unwrap().detach();
    let forward = shop.producer.send_traced(shop.record().headers(copied), PATIENCE);
    operation.run(forward).await.unwrap();
    let (_, operation) = shop.receive().await;
    operation.finish(Outcome::Ok);

    let trace =
        shop.fixture.receiver().trace(request.trace_id()).with(|trace| trace.spans().len() == 5).await;
    let [first, second] = trace.spans_named(&shop.span("process"))[..] else { panic!("{}", trace.tree()) };
    let forwarded = first.children()[0];
    forwarded.has_kind(SpanKind::Producer).has_links(0);
    second.is_child_of_span(&forwarded);
}

async fn base_and_threaded_producers_carry_the_trace(broker: Broker) {
    let shop = Shop::open(broker).await;
    let base: BaseProducer = shop.broker.producer();
    let threaded: ThreadedProducer<DefaultProducerContext> = shop.broker.producer();
    let mut request = shop.request();
    let context = request.trace_context();
    request.enter(|| {
        let record = || BaseRecord::to(&shop.topic).key("ana@example.com").payload("the body");
        base.send_traced(record()).unwrap();
        base.flush(PATIENCE).unwrap();
        threaded.send_traced(record()).unwrap();
    });
    request.finish(Outcome::Ok);
    let consumer: BaseConsumer = shop.broker.consumer(&shop.topic);
    for _ in 0..2 {
        let (_, operation) = consumer.poll_traced(PATIENCE).unwrap().unwrap();
        operation.finish(Outcome::Ok);
        let (_, operation) = shop.receive().await;
        operation.finish(Outcome::Ok);
    }

    let trace =
        shop.fixture.receiver().trace(context.trace_id()).with(|trace| trace.spans().len() == 5).await;
    for send in trace.spans_named(&shop.span("send")) {
        send.has_kind(SpanKind::Producer).is_child_of("request").is_ok();
        assert_eq!(send.children().len(), 1);
    }
}

async fn a_message_that_only_the_context_makes_too_large_is_sent_without(broker: Broker) {
    let shop = Shop::open(broker).await;
    let mut config = shop.broker.config();
    config.set("message.max.bytes", "1000");
    let producer: rdkafka::producer::FutureProducer = config.create().unwrap();
    let base: BaseProducer = config.create().unwrap();
    // The most that goes without headers, found by trying: librdkafka adds an overhead of its own.
    let fits = |size: usize| {
        let payload = "x".repeat(size);
        base.send(BaseRecord::<(), str>::to(&shop.topic).payload(&payload)).is_ok()
    };
    let largest = (1..1000).rev().find(|size| fits(*size)).unwrap();
    base.flush(PATIENCE).unwrap();
    shop.receive_untraced().await;

    let payload = "x".repeat(largest);
    let mut request = shop.request();
    request.attributes().tenant("acme").correlation_id("case-1");
    let record = FutureRecord::<(), str>::to(&shop.topic).payload(&payload);
    request.drive(producer.send_traced(record, PATIENCE)).await.unwrap();
    assert_eq!(headers(&shop.receive_untraced().await), []);
    let record = BaseRecord::<(), str>::to(&shop.topic).payload(&payload);
    request.enter(|| base.send_traced(record).unwrap());
    base.flush(PATIENCE).unwrap();
    assert_eq!(headers(&shop.receive_untraced().await), []);
    assert_eq!(shop.handle().stats().refused(Refusal::Carrier), 2);

    let payload = "x".repeat(largest - 100);
    let own = OwnedHeaders::new().insert(header("correlation_id", "mine")).insert(header("a", "1"));
    let record = FutureRecord::<(), str>::to(&shop.topic).payload(&payload).headers(own);
    request.drive(producer.send_traced(record, PATIENCE)).await.unwrap();
    let kept = [("correlation_id", "mine"), ("a", "1")];
    let kept = kept.map(|(key, value)| (key.to_owned(), Some(value.to_owned())));
    assert_eq!(headers(&shop.receive_untraced().await), kept);

    let payload = "x".repeat(largest + 1);
    let record = FutureRecord::<(), str>::to(&shop.topic).payload(&payload);
    let (error, _) = producer.traced().handle(shop.handle()).send(record, PATIENCE).await.unwrap_err();
    assert_eq!(error, KafkaError::MessageProduction(RDKafkaErrorCode::MessageSizeTooLarge));
}

#[tokio::test]
async fn sending_can_be_spawned() {
    let shop = Shop::open(Broker::mock()).await;
    let (producer, topic) = (shop.producer.clone(), shop.topic.clone());
    let sending = tokio::spawn(async move {
        let record = FutureRecord::<str, str>::to(&topic).payload("the body");
        producer.send_traced(record, PATIENCE).await.map_err(|(error, _)| error)
    });
    in_time(sending).await.unwrap().unwrap();
}
