//! How operations end that do not end well.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use lapin::{BasicProperties, ErrorKind, options::BasicGetOptions};
use trilha_core::Outcome;
use trilha_lapin::{ChannelExt, DeliveryExt, MessageExt};

use crate::support::{Shop, short};

#[tokio::test]
async fn a_handler_that_is_dropped_is_cancelled() {
    let Some(mut shop) = Shop::open().await else { return };
    let request = shop.publish(BasicProperties::default()).await;
    let (_delivery, operation) = shop.receive().await;
    let never = operation.run(std::future::pending::<Result<(), ()>>());
    assert!(never.now_or_never().is_none());

    let trace =
        shop.fixture.receiver().trace(request.trace_id()).with(|trace| trace.spans().len() == 3).await;
    trace.span(&shop.span("process")).is_error("cancelled");
}

#[tokio::test]
async fn a_handler_that_panics_is_panicked() {
    let Some(mut shop) = Shop::open().await else { return };
    let request = shop.publish(BasicProperties::default()).await;
    let (_delivery, operation) = shop.receive().await;
    let panics = operation.run_with(
        async {
            tokio::task::yield_now().await;
            std::panic::resume_unwind(Box::new("the body"))
        },
        |_: &()| Outcome::Ok,
    );
    AssertUnwindSafe(panics).catch_unwind().await.unwrap_err();

    let trace =
        shop.fixture.receiver().trace(request.trace_id()).with(|trace| trace.spans().len() == 3).await;
    trace.span(&shop.span("process")).is_error("panic");
    trace.lacks_text("the body");
}

#[tokio::test]
async fn the_brokers_own_error_is_returned() {
    let Some(shop) = Shop::open().await else { return };
    let channel = shop.connection.create_channel().await.unwrap();
    let queue = short("ana@example.com");
    let get = channel.traced().handle(shop.handle());
    let error = get.basic_get(queue, BasicGetOptions::default()).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::ProtocolError(error) if error.get_id() == 404));

    let trace = shop.fixture.receiver().trace_where(|trace| trace.root().name.starts_with("receive")).await;
    trace.root().is_error("NOT-FOUND");
}

#[tokio::test]
async fn a_connection_that_is_gone_is_an_error() {
    let Some(mut shop) = Shop::open().await else { return };
    let sent = shop.publish(BasicProperties::default()).await;
    let (delivery, operation) = shop.receive().await;
    shop.connection.close(200, short("bye")).await.unwrap();
    assert!(!operation.run(delivery.ack_traced(Default::default())).await.unwrap());

    let channel = shop.channel.traced().handle(shop.handle());
    let publish = channel.basic_publish(
        short(""),
        short(&shop.queue),
        Default::default(),
        b"the body",
        BasicProperties::default(),
    );
    let error = publish.await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::InvalidChannelState(..)), "{error:?}");

    let receiver = shop.fixture.receiver();
    let trace = receiver.trace(sent.trace_id()).with(|trace| trace.spans().len() == 4).await;
    trace.span(&shop.span("ack")).is_error("not_settled");
    trace.span(&shop.span("process")).is_ok();
    let trace = receiver.trace_where(|trace| trace.root().name.starts_with("send")).await;
    trace.root().is_error("InvalidChannelState");
    let _ = delivery.traced();
}
