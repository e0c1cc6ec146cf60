//! Who is believed, and what of a message goes where.

use rdkafka::{consumer::CommitMode, message::OwnedHeaders};
use trilha_core::{
    Baggage, BrokenReason, CarrierKind, ContextAttributes, Handle, Operation, Outcome, Propagation, Refusal,
    Trust,
    propagation::{Format, Formats},
    schema::Key,
};
use trilha_rdkafka::{ConsumerExt, FutureProducerExt, MessageExt};

use crate::support::{Broker, PATIENCE, Shop, foreign, header, headers, in_time, on_both_brokers};

on_both_brokers! {
    a_strangers_message_is_processed_and_settled_in_a_trace_of_ones_own,
    the_baggage_of_a_batch_is_nobodys,
    a_forwarded_message_has_one_context_and_one_baggage_and_all_that_is_the_users,
    a_context_in_another_format_is_continued_and_its_copies_are_taken_away,
}

async fn a_strangers_message_is_processed_and_settled_in_a_trace_of_ones_own(broker: Broker) {
    let shop = Shop::open(broker).await;
    let stranger = foreign();
    let given = OwnedHeaders::new()
        .insert(header("traceparent", &stranger.to_string()))
        .insert(header("baggage", "tenant=evil"));
    shop.send_untraced(Some(given)).await;
    let consumer = shop.consumer.traced().handle(shop.handle()).trust(Trust::Edge);
    let (message, operation) = in_time(consumer.recv()).await.unwrap();
    let context = operation.trace_context();
    assert_eq!(operation.attributes().value(Key::Tenant), None);
    let within = operation.run(async {
        assert!(Baggage::current().is_empty());
        shop.consumer.commit_message_traced(&message, CommitMode::Sync)
    });
    within.await.unwrap();
    consumer.commit_message(&message, CommitMode::Sync).unwrap();

    let trace =
        shop.fixture.receiver().trace(context.trace_id()).with(|trace| trace.spans().len() == 2).await;
    assert_ne!(trace.trace_id(), stranger.trace_id());
    let ids = (stranger.trace_id(), stranger.parent_id());
    trace.span(&shop.span("process")).has_links(1).links_to_ids(ids.0, ids.1);
    let commit = trace.span(&shop.span("commit"));
    commit.is_child_of(&shop.span("process")).has_links(1).links_to_ids(ids.0, ids.1);
    shop.fixture.flush().await;
    let traces = shop.fixture.receiver().traces();
    assert!(traces.iter().all(|trace| trace.trace_id() != stranger.trace_id()), "it is not continued");
    assert_eq!(traces.len(), 2, "what is committed afterwards is a trace of its own");
    let handle = shop.handle();
    assert_eq!(handle.stats().refused(Refusal::UntrustedBaggage), 1);
    assert_eq!(handle.stats().refused(Refusal::UntrustedAttribute), 1);
    assert_eq!(handle.stats().broken_propagation(), []);
}

async fn the_baggage_of_a_batch_is_nobodys(broker: Broker) {
    let shop = Shop::open(broker).await;
    let given = OwnedHeaders::new()
        .insert(header("traceparent", &foreign().to_string()))
        .insert(header("baggage", "tenant=acme"));
    shop.send_untraced(Some(given)).await;
    shop.send_untraced(Some(OwnedHeaders::new().insert(header("baggage", "tenant=other")))).await;
    let batch = [shop.receive_untraced().await, shop.receive_untraced().await];
    batch.traced().handle(shop.handle()).trust(Trust::Edge).process().finish(Outcome::Ok);
    assert_eq!(shop.handle().stats().broken_propagation(), [], "strangers need no trace");
    let mut process = batch.traced().handle(shop.handle()).process();
    process.enter(|| {
        assert!(Baggage::current().is_empty());
        assert_eq!(ContextAttributes::current().value(Key::Tenant), None);
    });
    let context = process.trace_context();
    process.finish(Outcome::Ok);

    let broken = shop.handle().stats().broken_propagation();
    let [broken] = &broken[..] else { panic!("{broken:?}") };
    let seen = (broken.reason, broken.carrier, broken.peer.as_str(), broken.count);
    assert_eq!(seen, (BrokenReason::Missing, CarrierKind::Messaging, shop.topic.as_str(), 1));
    let trace = shop.fixture.receiver().trace(context.trace_id()).await;
    assert_eq!(trace.span(&shop.span("process")).events[0].name, "trilha.propagation.broken");
}

async fn a_forwarded_message_has_one_context_and_one_baggage_and_all_that_is_the_users(broker: Broker) {
    let shop = Shop::open(broker).await;
    let business =
        [("trace_id", "A-4711"), ("span_id", "7"), ("parent_id", "order/17"), ("correlation_id", "case-1")];
    let sender = foreign().to_string();
    let came_in = [
        ("baggage", "tenant=stale"), // as a forwarder that only appends leaves it behind
        ("traceparent", &sender),
        ("tracestate", "vendor=1"),
        ("baggage", "user.region=br,tenant=acme"),
    ];
    let given = business.iter().chain(&came_in);
    let given = given.fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(header(key, value)));
    shop.send_untraced(Some(given)).await;
    let (message, operation) = shop.receive().await;
    assert_eq!(operation.attributes().value(Key::Tenant).as_deref(), Some("acme"));
    operation.attributes().tenant("other");
    let copied = rdkafka::Message::headers(&message).unwrap().detach();
    let forward = shop.producer.send_traced(shop.record().headers(copied), PATIENCE);
    operation.run(forward).await.unwrap();

    let forwarded = headers(&shop.receive_untraced().await);
    let forwarded: Vec<_> =
        forwarded.iter().map(|(key, value)| (key.as_str(), value.as_deref().unwrap())).collect();
    assert_eq!(forwarded[..4], business);
    let [("baggage", baggage), ("traceparent", traceparent), ("tracestate", "vendor=1")] = forwarded[4..]
    else {
        panic!("{forwarded:?}")
    };
    assert_ne!(traceparent, sender);
    assert_eq!(baggage, "user.region=br,tenant=other");
}

async fn a_context_in_another_format_is_continued_and_its_copies_are_taken_away(broker: Broker) {
    let shop = Shop::open(broker).await;
    let sender = foreign();
    let (trace_id, span_id) = (sender.trace_id().to_string(), sender.parent_id().to_string());
    let given = || {
        OwnedHeaders::new()
            .insert(header("trace_id", &trace_id))
            .insert(header("span_id", &span_id))
            .insert(header("parent_id", "order/17")) // not the format's: no id of a span
    };
    let forward = |operation: Operation, copied: OwnedHeaders| {
        operation.run(shop.producer.send_traced(shop.record().headers(copied), PATIENCE))
    };
    let seen = async || headers(&shop.receive_untraced().await);
    let keys = |seen: Vec<(String, Option<String>)>| seen.into_iter().map(|(key, _)| key).collect::<Vec<_>>();

    shop.send_untraced(Some(given())).await;
    let (message, operation) = shop.receive().await;
    assert_eq!(operation.trace_context().trace_id(), sender.trace_id());
    forward(operation, rdkafka::Message::headers(&message).unwrap().detach()).await.unwrap();
    assert_eq!(keys(seen().await), ["parent_id", "traceparent"]);

    // Of a batch, too.
    shop.send_untraced(Some(given())).await;
    shop.send_untraced(None).await;
    let batch = [shop.receive_untraced().await, shop.receive_untraced().await];
    let operation = batch.traced().handle(shop.handle()).process();
    forward(operation, rdkafka::Message::headers(&batch[0]).unwrap().detach()).await.unwrap();
    assert_eq!(keys(seen().await), ["parent_id", "traceparent"]);

    // Where the format is written, its fields are the operation's own.
    let written = Formats::of(&[Format::TraceContext, Format::XTrace]);
    let propagation = Propagation::default().formats(Formats::of(&Format::ALL), written);
    let handle = Handle::builder(shop.handle().recorder().clone()).propagation(propagation).build();
    let given = [("trace_id", "A-4711"), ("parent_id", "order/17"), ("kept", "1")];
    let given =
        given.iter().fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(header(key, value)));
    shop.producer.traced().handle(handle).send(shop.record().headers(given), PATIENCE).await.unwrap();
    assert_eq!(keys(seen().await), ["kept", "traceparent", "trace_id", "span_id"]);
}
