//! What is received continues the sender's trace, whatever runs around and whatever was sent.

use opentelemetry::trace::SpanKind;
use rdkafka::{
    Offset,
    consumer::Consumer,
    message::{Headers as _, OwnedHeaders},
    producer::FutureRecord,
};
use trilha_core::{Operation, Outcome, Refusal};
use trilha_rdkafka::{ConsumerExt, StreamConsumerExt};

use crate::support::{Broker, PATIENCE, Shop, foreign, header, in_time, on_both_brokers};

on_both_brokers! {
    a_handlers_spans_continue_the_senders_trace,
    a_loop_under_a_span_does_not_steal_its_handlers,
    a_message_without_a_context_starts_a_trace,
    the_last_of_several_contexts_counts,
    hostile_headers_are_survived,
    a_message_that_comes_again_is_processed_again,
}

async fn a_handlers_spans_continue_the_senders_trace(broker: Broker) {
    let shop = Shop::open(broker).await;
    let request = shop.send(shop.record()).await;
    let consumer =
        shop.consumer.traced().handle(shop.handle()).consumer_group("billing").server("kafka", 9092);
    let (_message, operation) = in_time(consumer.recv()).await.unwrap();
    let work = async {
        let work = Operation::builder(&WORK, "work", SpanKind::Internal).start();
        work.finish(Outcome::Ok);
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
        .has("messaging.system", "kafka")
        .has("messaging.operation.name", "process")
        .has("messaging.operation.type", "process")
        .has("messaging.destination.name", shop.topic.as_str())
        .has("messaging.destination.partition.id", "0")
        .has("messaging.kafka.offset", 0)
        .has("messaging.consumer.group.name", "billing")
        .has("server.address", "kafka")
        .has("server.port", 9092)
        .lacks("messaging.kafka.message.tombstone")
        .lacks("messaging.batch.message_count");
    assert_eq!(process.has_remote_parent(), Some(true));
    trace.lacks_text("ana@example.com").lacks_text("the body");
}

async fn a_loop_under_a_span_does_not_steal_its_handlers(broker: Broker) {
    let shop = Shop::open(broker).await;
    let requests = [shop.send(shop.record()).await, shop.send(shop.record()).await];
    let surrounding = shop.request();
    let context = surrounding.trace_context();
    let consume = async {
        for _ in &requests {
            let (_message, operation) = shop.consumer.recv_traced().await.unwrap();
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

async fn a_message_without_a_context_starts_a_trace(broker: Broker) {
    let shop = Shop::open(broker).await;
    let record = FutureRecord::<str, str>::to(&shop.topic).key("k");
    shop.producer.send(record, PATIENCE).await.unwrap();
    let (_message, operation) = shop.receive().await;
    let context = operation.trace_context();
    operation.finish(Outcome::Ok);

    let trace = shop.fixture.receiver().trace(context.trace_id()).await;
    trace.root().has_kind(SpanKind::Consumer).has_links(0).has("messaging.kafka.message.tombstone", true);
}

async fn the_last_of_several_contexts_counts(broker: Broker) {
    let shop = Shop::open(broker).await;
    let (old, new) = (foreign(), foreign());
    let given = OwnedHeaders::new()
        .insert(header("traceparent", &old.to_string()))
        .insert(header("traceparent", &new.to_string()))
        .insert(header("tracestate", "a=1"));
    shop.send_untraced(Some(given)).await;
    let (_message, operation) = shop.receive().await;
    assert_eq!(operation.trace_context().tracestate().as_str(), "a=1");
    operation.finish(Outcome::Ok);

    let trace = shop.fixture.receiver().trace_under(new.trace_id(), new.parent_id()).await;
    trace.span(&shop.span("process")).has_parent_id(new.parent_id());
}

async fn hostile_headers_are_survived(broker: Broker) {
    let shop = Shop::open(broker).await;
    let sender = foreign();
    let long = "x".repeat(10 * 1024);
    let hostile: Vec<OwnedHeaders> = vec![
        OwnedHeaders::new().insert(header("traceparent", "garbage")),
        OwnedHeaders::new().insert(header("traceparent", &long)),
        OwnedHeaders::new().insert(header("traceparent", "")),
        OwnedHeaders::new()
            .insert(rdkafka::message::Header { key: "traceparent", value: Some(&[0xff, 0xfe, 0]) }),
        OwnedHeaders::new().insert::<str>(rdkafka::message::Header { key: "traceparent", value: None }),
    ];
    let count = hostile.len();
    for headers in hostile {
        shop.send_untraced(Some(headers)).await;
    }
    let with_foreign_key =
        raw::headers_with_key(b"\xff\xfe\0").insert(header("traceparent", &sender.to_string()));
    shop.send_untraced(Some(with_foreign_key)).await;

    for _ in 0..count {
        let (_message, operation) = shop.receive().await;
        let context = operation.trace_context();
        operation.finish(Outcome::Ok);
        shop.fixture.receiver().trace(context.trace_id()).await.root().is_ok();
    }
    assert_eq!(shop.handle().stats().refused(Refusal::Traceparent), count as u64);
    let (message, operation) = shop.receive().await;
    assert_eq!(rdkafka::Message::headers(&message).unwrap().count(), 2);
    assert_eq!(operation.trace_context().trace_id(), sender.trace_id());

    // It can be forwarded, too: the foreign key goes along.
    let copied = rdkafka::Message::headers(&message).unwrap().detach();
    let forward = trilha_rdkafka::FutureProducerExt::send_traced(
        &shop.producer,
        shop.record().headers(copied),
        PATIENCE,
    );
    operation.run(forward).await.unwrap();
    let (message, operation) = shop.receive().await;
    assert_eq!(rdkafka::Message::headers(&message).unwrap().count(), 2);
    assert_eq!(operation.trace_context().trace_id(), sender.trace_id());
}

async fn a_message_that_comes_again_is_processed_again(broker: Broker) {
    let shop = Shop::open(broker).await;
    let request = shop.send(shop.record()).await;
    let (_message, operation) = shop.receive().await;
    operation.run(async { Err::<(), _>(Refused) }).await.unwrap_err();
    shop.consumer.seek(&shop.topic, 0, Offset::Beginning, PATIENCE).unwrap();
    let (_message, operation) = shop.receive().await;
    operation.run(async { Ok::<(), Refused>(()) }).await.unwrap();

    let trace =
        shop.fixture.receiver().trace(request.trace_id()).with(|trace| trace.spans().len() == 4).await;
    let [first, second] = trace.spans_named(&shop.span("process"))[..] else { panic!("{}", trace.tree()) };
    first.is_child_of(&shop.span("send")).is_error(std::any::type_name::<Refused>());
    second.is_child_of(&shop.span("send")).is_ok();
}

#[derive(Debug)]
struct Refused;

const WORK: trilha_core::Scope = trilha_core::Scope::new("test", "");

mod raw {
    #![allow(unsafe_code)]

    use rdkafka::message::OwnedHeaders;

    /// As a producer in another language may send them. `key` ends with a zero byte.
    pub(super) fn headers_with_key(key: &[u8]) -> OwnedHeaders {
        let headers = OwnedHeaders::new();
        let native = std::ptr::from_ref(headers.as_borrowed()).cast_mut().cast();
        assert_eq!(key.last(), Some(&0));
        // SAFETY: the headers are new and ours; librdkafka copies what it is given.
        unsafe {
            rdkafka::bindings::rd_kafka_header_add(native, key.as_ptr().cast(), -1, b"x".as_ptr().cast(), 1)
        };
        headers
    }
}
