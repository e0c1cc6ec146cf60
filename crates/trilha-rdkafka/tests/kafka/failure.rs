//! How operations end that do not end well.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use rdkafka::{
    Message as _,
    error::{KafkaError, RDKafkaErrorCode},
    producer::{BaseRecord, FutureProducer},
};
use trilha_core::Outcome;
use trilha_rdkafka::{FutureProducerExt, ProducerExt};

use crate::support::{Broker, PATIENCE, Shop, on_both_brokers};

on_both_brokers! {
    a_handler_that_is_dropped_is_cancelled,
    a_handler_that_panics_is_panicked,
    the_calls_own_error_is_returned,
}

async fn a_handler_that_is_dropped_is_cancelled(broker: Broker) {
    let shop = Shop::open(broker).await;
    let request = shop.send(shop.record()).await;
    let (_message, operation) = shop.receive().await;
    let never = operation.run(std::future::pending::<Result<(), ()>>());
    assert!(never.now_or_never().is_none());

    let trace =
        shop.fixture.receiver().trace(request.trace_id()).with(|trace| trace.spans().len() == 3).await;
    trace.span(&shop.span("process")).is_error("cancelled");
}

async fn a_handler_that_panics_is_panicked(broker: Broker) {
    let shop = Shop::open(broker).await;
    let request = shop.send(shop.record()).await;
    let (_message, operation) = shop.receive().await;
    let panics = operation.run(async {
        tokio::task::yield_now().await;
        std::panic::resume_unwind(Box::new("the body"));
        #[allow(unreachable_code)]
        Ok::<(), ()>(())
    });
    AssertUnwindSafe(panics).catch_unwind().await.unwrap_err();

    let trace =
        shop.fixture.receiver().trace(request.trace_id()).with(|trace| trace.spans().len() == 3).await;
    trace.span(&shop.span("process")).is_error("panic");
    trace.lacks_text("the body");
}

async fn the_calls_own_error_is_returned(broker: Broker) {
    let shop = Shop::open(broker).await;
    let mut request = shop.request();
    let context = request.trace_context();
    // A partition that the topic does not have.
    let record = shop.record().partition(7);
    let (error, message) = request.drive(shop.producer.send_traced(record, PATIENCE)).await.unwrap_err();
    assert_eq!(error, KafkaError::MessageProduction(RDKafkaErrorCode::UnknownPartition));
    assert_eq!(message.payload(), Some(&b"the body"[..]));
    request.finish(Outcome::Ok);

    let trace = shop.fixture.receiver().trace(context.trace_id()).await;
    trace.span(&shop.span("send")).is_error("UnknownPartition");
}

#[tokio::test]
async fn a_broker_that_is_gone_is_an_error() {
    let shop = Shop::open(Broker::mock()).await;
    let mut config = shop.broker.config();
    let producer: FutureProducer = config.set("message.timeout.ms", "500").create().unwrap();
    shop.broker.stop();
    let mut request = shop.request();
    let context = request.trace_context();
    let (error, message) = request.drive(producer.send_traced(shop.record(), PATIENCE)).await.unwrap_err();
    assert_eq!(error, KafkaError::MessageProduction(RDKafkaErrorCode::MessageTimedOut));
    assert_eq!(message.key(), Some(&b"ana@example.com"[..]));
    request.finish(Outcome::Ok);

    let trace = shop.fixture.receiver().trace(context.trace_id()).await;
    trace.span(&shop.span("send")).is_error("MessageTimedOut");
    trace.lacks_text("ana@example.com");
}

#[tokio::test]
async fn a_send_that_is_dropped_is_cancelled() {
    let shop = Shop::open(Broker::mock()).await;
    shop.broker.stop();
    let request = shop.request();
    let context = request.trace_context();
    let sending = request.run_with(shop.producer.send_traced(shop.record(), PATIENCE), |_| Outcome::Ok);
    assert!(sending.now_or_never().is_none());

    let trace = shop.fixture.receiver().trace(context.trace_id()).await;
    trace.span(&shop.span("send")).is_error("cancelled");
}

#[tokio::test]
async fn a_record_that_cannot_be_queued_comes_back() {
    let shop = Shop::open(Broker::mock()).await;
    let base: rdkafka::producer::BaseProducer = shop.broker.producer();
    let record = BaseRecord::<str, str>::to("zero\0byte").payload("the body");
    let (error, record) = base.traced().handle(shop.handle()).send(record).unwrap_err();
    assert!(matches!(error, KafkaError::Nul(_)));
    assert_eq!(record.payload, Some("the body"));
    let trace = shop.fixture.receiver().trace_where(|trace| trace.root().name.starts_with("send")).await;
    trace.root().is_error("Nul");
}
