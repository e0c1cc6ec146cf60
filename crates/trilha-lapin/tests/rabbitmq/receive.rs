//! What is received continues the sender's trace, whatever runs around and whatever was sent.

use lapin::{
    BasicProperties,
    options::{BasicGetOptions, BasicNackOptions},
    types::{AMQPValue, ByteArray, FieldArray, FieldTable},
};
use opentelemetry::trace::SpanKind;
use trilha_core::{Operation, Outcome, Refusal};
use trilha_lapin::{ChannelExt, ConsumerExt, MessageExt};

use crate::support::{SCOPE, Shop, foreign, in_time, short, text, with_headers};

#[tokio::test]
async fn a_handlers_spans_continue_the_senders_trace() {
    let Some(mut shop) = Shop::open().await else { return };
    let request = shop.publish(BasicProperties::default().with_message_id(short("m1"))).await;
    let handle = shop.handle();
    let mut consumer = shop.consumer().traced().handle(handle).server("rabbit", 5672);
    let (_delivery, operation) = in_time(consumer.recv()).await.unwrap().unwrap();
    let work = async {
        Operation::builder(&SCOPE, "work", SpanKind::Internal).start().finish(Outcome::Ok);
        Ok::<(), ()>(())
    };
    operation.run(work).await.unwrap();

    let trace =
        shop.fixture.receiver().trace(request.trace_id()).with(|trace| trace.spans().len() == 4).await;
    trace.span("work").is_child_of(&shop.span("process"));
    let process = trace.span(&shop.span("process"));
    process
        .has_kind(SpanKind::Consumer)
        .is_child_of(&shop.span("send"))
        .is_ok()
        .has_links(0)
        .has("messaging.system", "rabbitmq")
        .has("messaging.operation.name", "process")
        .has("messaging.operation.type", "process")
        .has("messaging.destination.name", shop.queue.as_str())
        .has("messaging.rabbitmq.destination.routing_key", shop.queue.as_str())
        .has("messaging.rabbitmq.message.delivery_tag", 1)
        .has("messaging.message.id", "m1")
        .has("server.address", "rabbit")
        .has("server.port", 5672)
        .lacks("messaging.batch.message_count");
    assert_eq!(process.has_remote_parent(), Some(true));
    trace.lacks_text("the body");
}

#[tokio::test]
async fn a_loop_under_a_span_does_not_steal_its_handlers() {
    let Some(mut shop) = Shop::open().await else { return };
    let requests =
        [shop.publish(BasicProperties::default()).await, shop.publish(BasicProperties::default()).await];
    let surrounding = shop.request();
    let context = surrounding.trace_context();
    let consumer = shop.consumer();
    let consume = async {
        for _ in &requests {
            let (_delivery, operation) = consumer.recv_traced().await.unwrap().unwrap();
            operation.run(async { Ok::<(), ()>(()) }).await.unwrap();
        }
        Ok::<(), ()>(())
    };
    in_time(surrounding.run(consume)).await.unwrap();

    for request in requests {
        let trace =
            shop.fixture.receiver().trace(request.trace_id()).with(|trace| trace.spans().len() == 3).await;
        trace
            .span(&shop.span("process"))
            .is_child_of(&shop.span("send"))
            .has_links(1)
            .links_to_ids(context.trace_id(), context.span_id());
    }
    shop.fixture.receiver().trace(context.trace_id()).await.has_spans(1);
}

#[tokio::test]
async fn a_message_without_a_context_starts_a_trace() {
    let Some(mut shop) = Shop::open().await else { return };
    shop.publish_untraced(BasicProperties::default()).await;
    let (_delivery, operation) = shop.receive().await;
    let context = operation.trace_context();
    operation.finish(Outcome::Ok);

    let trace = shop.fixture.receiver().trace(context.trace_id()).await;
    trace.root().has_kind(SpanKind::Consumer).has_links(0);
}

#[tokio::test]
async fn a_context_is_read_however_it_is_typed() {
    let Some(mut shop) = Shop::open().await else { return };
    let sender = foreign();
    let bytes = AMQPValue::ByteArray(ByteArray::from(sender.to_string().into_bytes()));
    for value in [text(&sender.to_string()), bytes] {
        shop.publish_untraced(with_headers([("traceparent", value), ("tracestate", text("a=1"))])).await;
        let (_delivery, operation) = shop.receive().await;
        assert_eq!(operation.trace_context().trace_id(), sender.trace_id());
        assert_eq!(operation.trace_context().tracestate().as_str(), "a=1");
    }
}

#[tokio::test]
async fn hostile_headers_are_survived() {
    let Some(mut shop) = Shop::open().await else { return };
    let mut nested = text("x");
    for _ in 0..32 {
        nested = AMQPValue::FieldArray(FieldArray::from(vec![nested]));
    }
    let mut table = FieldTable::default();
    table.insert(short("traceparent"), nested.clone());
    let hostile = [
        text("garbage"),
        text(""),
        text(&"x".repeat(10 * 1024)),
        AMQPValue::LongString(vec![0xff, 0xfe, 0x00].into()),
        AMQPValue::LongInt(1),
        AMQPValue::Void,
        AMQPValue::FieldTable(table),
        nested,
    ];
    let count = hostile.len();
    for value in hostile {
        shop.publish_untraced(with_headers([("traceparent", value)])).await;
    }
    for _ in 0..count {
        let (delivery, operation) = shop.receive().await;
        let context = operation.trace_context();
        delivery.process_traced().finish(Outcome::Ok);
        operation.finish(Outcome::Ok);
        shop.fixture.receiver().trace(context.trace_id()).await.root().is_ok();
    }
    assert_eq!(shop.handle().stats().refused(Refusal::Traceparent), count as u64);
}

#[tokio::test]
async fn a_message_that_comes_again_is_processed_again() {
    let Some(mut shop) = Shop::open().await else { return };
    let request = shop.publish(BasicProperties::default()).await;
    let (delivery, operation) = shop.receive().await;
    operation.run(async { Err::<(), _>(Refused) }).await.unwrap_err();
    let again = BasicNackOptions { requeue: true, ..BasicNackOptions::default() };
    assert!(delivery.nack(again).await.unwrap());
    let (delivery, operation) = shop.receive().await;
    assert!(delivery.redelivered);
    operation.run(async { Ok::<(), Refused>(()) }).await.unwrap();

    let trace =
        shop.fixture.receiver().trace(request.trace_id()).with(|trace| trace.spans().len() == 4).await;
    let [first, second] = trace.spans_named(&shop.span("process"))[..] else { panic!("{}", trace.tree()) };
    first.is_child_of(&shop.span("send")).is_error(std::any::type_name::<Refused>());
    second.is_child_of(&shop.span("send")).is_ok();
}

#[tokio::test]
async fn a_fetched_message_is_received_and_processed() {
    let Some(shop) = Shop::open().await else { return };
    let queue = short(&shop.span("fetched"));
    let declare = lapin::options::QueueDeclareOptions { exclusive: true, ..Default::default() };
    shop.channel.queue_declare(queue.clone(), declare, FieldTable::default()).await.unwrap();
    let sender = shop.publish_through("", queue.as_str(), BasicProperties::default()).await;
    let mut request = shop.request();
    let context = request.trace_context();
    let (options, none) = (BasicGetOptions::default(), BasicGetOptions::default());
    let fetched = request.drive(shop.channel.basic_get_traced(queue.clone(), options)).await.unwrap();
    let (message, operation) = fetched.unwrap();
    assert_eq!(message.data, b"the body");
    operation.finish(Outcome::Ok);
    assert!(request.drive(shop.channel.basic_get_traced(queue.clone(), none)).await.unwrap().is_none());
    request.finish(Outcome::Ok);

    let receiver = shop.fixture.receiver();
    let sent = receiver.trace(sender.trace_id()).with(|trace| trace.spans().len() == 3).await;
    let process = sent.span(&format!("process {queue}")).is_child_of(&format!("send {queue}"));
    process.links_to_ids(context.trace_id(), context.span_id());
    let trace = receiver.trace(context.trace_id()).with(|trace| trace.spans().len() == 3).await;
    let [first, second] = trace.spans_named(&format!("receive {queue}"))[..] else {
        panic!("{}", trace.tree())
    };
    first
        .has_kind(SpanKind::Client)
        .is_child_of("request")
        .is_ok()
        .has_links(1)
        .links_to(&sent.span(&format!("send {queue}")))
        .has("messaging.operation.type", "receive")
        .has("messaging.rabbitmq.message.delivery_tag", 1);
    second.is_child_of("request").is_ok().has_links(0).lacks("messaging.rabbitmq.message.delivery_tag");
}

#[derive(Debug)]
struct Refused;
