//! What a program says by itself: spans, events, links and metrics of every API, batches, errors and panics.

use std::{collections::HashMap, io};

use tracing::{Level, error, error_span, event, info, info_span, instrument, warn};
use trilha::{
    Operation, Outcome, Recipient, Scope, SpanKind, TraceContext, Trust,
    api::{ApiMeterProvider, ApiTracerProvider},
    batch::BatchRun,
    opentelemetry::{
        Array, Context, KeyValue, StringValue, Value,
        baggage::BaggageExt,
        metrics::MeterProvider,
        trace::{
            Link, Span as _, SpanContext, SpanId, Status, TraceContextExt, TraceFlags, TraceId, Tracer,
            TracerProvider,
        },
    },
};

use crate::{
    plants::Plants,
    service::{PANIC, Service},
};

static SCOPE: Scope = Scope::new("test", "");
const ROUNDS: usize = 60;

pub(crate) async fn plant(service: &Service, plants: &mut Plants) {
    for _ in 0..ROUNDS {
        operations(service, plants).await;
        let mut work = work(service, "work").start();
        work.enter(|| spans_of_tracing(plants));
        work.finish(Outcome::Ok);
        library(service, plants);
        metrics(service, plants);
        batch(service, plants).await;
        carried(service, plants);
    }
    service.flush().await;
}

fn work<'a>(service: &Service, name: &'a str) -> trilha::OperationBuilder<'a> {
    Operation::builder(&SCOPE, name, SpanKind::Internal).handle(service.handle())
}

async fn operations(service: &Service, plants: &mut Plants) {
    let [name, key, note, link, error, late] = [(); 6].map(|()| plants.text());
    let (notes, links) =
        ([("shop.note", note.as_str().into()), (&key, "x".into())], [("why", link.as_str().into())]);
    let builder = work(service, &name).attributes(&notes).dimensions(&notes).link(cause(), &links);
    let mut operation = builder.start();
    operation.set_attribute("shop.late", late.as_str());
    operation.set_dimension("shop.late", late.as_str());
    operation.set_name(&late);
    let attributes = operation.attributes();
    attributes.tenant(plants.token()).model_name(plants.line()).purpose(plants.line());
    attributes.consumer_app(plants.line()).matched_route(&plants.token());
    operation.enter(|| info!("{}", plants.text()));
    operation.finish(Outcome::Error(&error));
    let panicking = work(service, "work").start();
    let text = plants.text();
    let panicked = tokio::spawn(panicking.run(async move {
        if !text.is_empty() {
            panic!("{PANIC}: {text}");
        }
        Ok::<_, io::Error>(())
    }));
    assert!(panicked.await.is_err());
}

fn spans_of_tracing(plants: &mut Plants) {
    let [name, note, status] = [(); 3].map(|()| plants.text());
    let span = info_span!(
        "checkout",
        otel.name = name,
        otel.status_code = "ERROR",
        otel.status_description = status,
        note,
        late = tracing::field::Empty
    );
    span.record("late", plants.text());
    span.in_scope(|| {
        info!(note = plants.text(), "{}", plants.text());
        warn!(list = ?[plants.text(), plants.text()], some = ?Some(plants.text()));
        error!(error = %io::Error::other(plants.text()), "{}", plants.text());
        event!(Level::INFO, user.name = plants.text(), password = plants.text(), count = 7);
        error_span!("inner", note = %plants.text()).in_scope(|| info!("{:?}", plants.text()));
        let _ = charged(&plants.text(), Card { holder: plants.text() }, plants.text());
    });
}

#[derive(Debug)]
#[expect(dead_code, reason = "read by `Debug` alone")]
struct Card {
    holder: String,
}

#[instrument(err, ret, fields(kind = "card"))]
fn charged(customer: &str, card: Card, why: String) -> Result<(), io::Error> {
    Err(io::Error::other(why))
}

/// What knows the OpenTelemetry API alone.
fn library(service: &Service, plants: &mut Plants) {
    let tracer = ApiTracerProvider::new(service.handle()).tracer("some-library");
    let note = |plants: &mut Plants| KeyValue::new("shop.note", plants.text());
    let list = [plants.text(), plants.text()].map(StringValue::from).to_vec();
    let attributes = [note(plants), KeyValue::new("shop.notes", Value::Array(Array::String(list)))];
    let link = Link::new(elsewhere(), vec![note(plants)], 0);
    let builder = tracer.span_builder(plants.text()).with_attributes(attributes).with_links(vec![link]);
    let mut span = builder.start(&tracer);
    span.add_event(plants.text(), vec![note(plants)]);
    span.record_error(&io::Error::other(plants.text()));
    span.add_link(elsewhere(), vec![note(plants)]);
    span.set_attribute(KeyValue::new(plants.text(), plants.text()));
    span.set_status(Status::error(plants.text()));
    span.update_name(plants.text());
}

fn metrics(service: &Service, plants: &mut Plants) {
    let foreign = ApiMeterProvider::new(service.handle()).meter("some-library");
    for meter in [foreign, service.handle().meter(&SCOPE)] {
        let note = [KeyValue::new("shop.note", plants.text()), KeyValue::new(plants.text(), plants.text())];
        meter.u64_counter("shop.orders").build().add(1, &note);
        meter.f64_histogram("shop.total").build().record(1.5, &[KeyValue::new("who", plants.text())]);
    }
}

async fn batch(service: &Service, plants: &mut Plants) {
    let [name, id, partition, item] = [(); 4].map(|()| plants.text());
    let run = BatchRun::builder(&name).run_id(&id).handle(service.handle()).start();
    let why = plants.text();
    let partition = run.partition(&partition);
    partition.enter(|| partition.fan_out(&item).finish(Outcome::Error(&why)));
    let scored = partition.run(async { Err::<(), _>(io::Error::other(plants.text())) }).await;
    assert!(scored.is_err());
    run.finish(Outcome::Error(&why));
}

/// What goes on to other processes.
fn carried(service: &Service, plants: &mut Plants) {
    let state = format!("shop={},other=1", plants.token());
    let inbound = HashMap::from([
        ("traceparent".to_owned(), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        ("tracestate".to_owned(), state),
        ("baggage".to_owned(), format!("note={};{}", plants.token(), plants.token())),
    ]);
    let arrived = work(service, "arrived").extract(&inbound, Trust::Internal).start();
    arrived.attributes().correlation_id(plants.token()).tenant(plants.token());
    let baggage = [KeyValue::new("shop.note", plants.text()), KeyValue::new("kept", "yes")];
    let inner = work(service, "inner").parent(&arrived.context().with_baggage(baggage)).start();
    for operation in [&arrived, &inner] {
        let mut fields = HashMap::new();
        operation.inject(&mut fields, Recipient::Process);
        assert!(fields.contains_key("traceparent"));
        service.saw("fields of a carrier", format!("{fields:?}"));
    }
    inner.finish(Outcome::Ok);
    arrived.finish(Outcome::Ok);
}

fn elsewhere() -> SpanContext {
    SpanContext::new(TraceId::from(7), SpanId::from(8), TraceFlags::SAMPLED, true, Default::default())
}

fn cause() -> TraceContext {
    TraceContext::of(&Context::new().with_remote_span_context(elsewhere())).unwrap()
}
