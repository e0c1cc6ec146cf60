//! A commit belongs to the trace of its message.

use opentelemetry::trace::SpanKind;
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{CommitMode, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
};
use trilha_core::Outcome;
use trilha_rdkafka::ConsumerExt;

use crate::support::{Broker, PATIENCE, Shop, on_both_brokers};

on_both_brokers! {
    a_commit_is_a_child_of_what_processes_the_message,
    a_commit_after_processing_stays_in_the_messages_trace,
    offsets_are_committed_under_the_current_span,
}

async fn a_commit_is_a_child_of_what_processes_the_message(broker: Broker) {
    let shop = Shop::open(broker).await;
    let request = shop.send(shop.record()).await;
    let (message, operation) = shop.receive().await;
    let commit = async { shop.consumer.commit_message_traced(&message, CommitMode::Sync) };
    operation.run(commit).await.unwrap();

    let committed = shop.consumer.committed(PATIENCE).unwrap();
    assert_eq!(committed.find_partition(&shop.topic, 0).unwrap().offset(), Offset::Offset(1));
    let trace =
        shop.fixture.receiver().trace(request.trace_id()).with(|trace| trace.spans().len() == 4).await;
    trace
        .span(&shop.span("commit"))
        .has_kind(SpanKind::Client)
        .is_child_of(&shop.span("process"))
        .is_ok()
        .has_links(0)
        .has("messaging.operation.name", "commit")
        .has("messaging.operation.type", "settle")
        .has("messaging.kafka.offset", 0);
}

async fn a_commit_after_processing_stays_in_the_messages_trace(broker: Broker) {
    let shop = Shop::open(broker).await;
    let request = shop.send(shop.record()).await;
    let (message, operation) = shop.receive().await;
    operation.finish(Outcome::Ok);
    let surrounding = shop.request();
    let context = surrounding.trace_context();
    let commit = async { shop.consumer.commit_message_traced(&message, CommitMode::Sync) };
    surrounding.run(commit).await.unwrap();

    let trace =
        shop.fixture.receiver().trace(request.trace_id()).with(|trace| trace.spans().len() == 4).await;
    trace
        .span(&shop.span("commit"))
        .is_child_of(&shop.span("send"))
        .has_links(1)
        .links_to_ids(context.trace_id(), context.span_id());
}

async fn offsets_are_committed_under_the_current_span(broker: Broker) {
    let shop = Shop::open(broker).await;
    let mut offsets = TopicPartitionList::new();
    offsets.add_partition_offset(&shop.topic, 0, Offset::Offset(0)).unwrap();
    let mut request = shop.request();
    let context = request.trace_context();
    request.enter(|| {
        shop.consumer.commit_traced(&offsets, CommitMode::Sync).unwrap();
        let nothing = shop.consumer.commit_consumer_state_traced(CommitMode::Sync);
        assert_eq!(nothing, Err(KafkaError::ConsumerCommit(RDKafkaErrorCode::NoOffset)));
    });
    request.finish(Outcome::Ok);

    let trace =
        shop.fixture.receiver().trace(context.trace_id()).with(|trace| trace.spans().len() == 3).await;
    trace.span(&shop.span("commit")).is_child_of("request").is_ok();
    trace.span("commit").is_child_of("request").is_error("NoOffset");
}
