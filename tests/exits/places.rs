//! At each place, what must not leave is hidden and counted; in a dry run it is counted and leaves, so that the first
//! is known to be no accident.

use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use tracing::{info, subscriber::with_default};
use tracing_subscriber::{fmt, layer::SubscriberExt};
use trilha::{
    JsonLog, Operation, Outcome, Recipient, Scope, SpanKind, Telemetry, Trust,
    api::ApiTracerProvider,
    guard::Place,
    opentelemetry::{
        Context, KeyValue,
        baggage::BaggageExt,
        trace::{Span as _, SpanContext, SpanId, Status, TraceFlags, TraceId, Tracer, TracerProvider},
    },
    policy::Policy,
    sqlx::PgConnection,
};
use trilha_testing::{Canary, Hunt, Receiver, canaries, server};

static SCOPE: Scope = Scope::new("test", "");
const NOTE: &str = "shop.note";
const DRY_RUN: &str = "version = 1\n[guard]\ndry_run = true\n";

#[tokio::test]
async fn what_must_not_leave_is_hidden_and_counted_at_every_place() {
    for (place, canary) in Place::ALL.into_iter().zip(all_canaries()) {
        let Some(seen) = planted(place, &canary, "version = 1").await else { continue };
        assert!(seen.count > 0, "{place}: not counted");
        let mut hunt = Hunt::new([canary]);
        hunt.search(place.name(), &seen.left).assert_none();
    }
}

#[tokio::test]
async fn what_a_dry_run_counts_does_leave_at_every_place() {
    for (place, canary) in Place::ALL.into_iter().zip(all_canaries()) {
        let Some(seen) = planted(place, &canary, DRY_RUN).await else { continue };
        assert!(seen.count > 0, "{place}: not counted");
        let mut hunt = Hunt::new([canary]);
        assert!(!hunt.search(place.name(), &seen.left).sightings().is_empty(), "{place}: {}", seen.left);
    }
}

/// Those that fit into every carrier.
fn all_canaries() -> impl Iterator<Item = Canary> {
    canaries().of("cpf").filter(|canary| !canary.value().contains([' ', '/']))
}

struct Seen {
    /// How often the guard says that something was hidden there.
    count: u64,
    /// All that left the service.
    left: String,
}

/// Lets a service of its own write the canary out at `place` alone. `None`: there is no server for that.
async fn planted(place: Place, canary: &Canary, policy: &str) -> Option<Seen> {
    let receiver = Receiver::start();
    let version = if place == Place::Resource { canary.value() } else { "1.4.0" };
    let telemetry = Telemetry::builder("orders")
        .endpoint(receiver.http_endpoint())
        .policy(Policy::parse(policy).unwrap())
        .version(version)
        .build()
        .unwrap();
    let mut left = write_out(place, &telemetry, canary.value()).await?;
    let report = telemetry.shutdown(Duration::from_secs(10)).await;
    assert!(report.is_complete, "{report:?}");
    left += &format!("{:?}", receiver.traces());
    if place == Place::MetricAttribute {
        left += &format!("{:?}", receiver.metric("shop.orders").await);
    }
    let count = telemetry.handle().guard().redactions().filter(|(at, ..)| *at == place);
    Some(Seen { count: count.map(|(.., count)| count).sum(), left })
}

/// Writes `value` out, and gives what left the service elsewhere than to the receiver.
async fn write_out(place: Place, telemetry: &Telemetry, value: &str) -> Option<String> {
    let handle = telemetry.handle();
    let work = |name| Operation::builder(&SCOPE, name, SpanKind::Internal).handle(handle.clone());
    let note = || vec![KeyValue::new(NOTE, value.to_owned())];
    let library = |write: &dyn Fn(&mut trilha::api::ApiSpan)| {
        let tracer = ApiTracerProvider::new(handle.clone()).tracer("some-library");
        write(&mut tracer.start("work"));
    };
    match place {
        Place::SpanName => work(value).start().finish(Outcome::Ok),
        Place::SpanAttribute => work("work").attributes(&[(NOTE, value.into())]).start().finish(Outcome::Ok),
        Place::EventName => library(&|span| span.add_event(value.to_owned(), vec![])),
        Place::EventAttribute => library(&|span| span.add_event("happened", note())),
        Place::Status => library(&|span| span.set_status(Status::error(value.to_owned()))),
        Place::LinkAttribute => library(&|span| span.add_link(elsewhere(), note())),
        Place::Resource => work("work").start().finish(Outcome::Ok), // at the start
        Place::LogBody => return Some(logged(work("work").start(), || info!("no such customer: {value}"))),
        Place::LogField => return Some(logged(work("work").start(), || info!(shop.note = value, "refused"))),
        Place::MetricAttribute => handle.meter(&SCOPE).u64_counter("shop.orders").build().add(1, &note()),
        Place::Baggage => {
            let baggage = Context::new().with_baggage(note());
            return Some(injected(work("work").parent(&baggage).start()));
        }
        Place::Tracestate => {
            let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
            let headers = [("traceparent", parent.to_owned()), ("tracestate", format!("shop={value}"))];
            let headers = headers.map(|(name, value)| (name.to_owned(), value));
            let headers = HashMap::from(headers);
            return Some(injected(work("work").extract(&headers, Trust::Internal).start()));
        }
        Place::SqlComment => {
            let url = server("TRILHA_TEST_POSTGRES_URL")?;
            let connection = PgConnection::connect(&url).await.unwrap();
            let mut connection = connection.handle(handle.clone()).comment_route(true);
            let mut work = work("work").start();
            work.attributes().matched_route(&format!("/customers/{value}"));
            let query = sqlx::query_scalar("select current_query() where $1 = 1").bind(1);
            return Some(work.drive(query.fetch_one(&mut connection)).await.unwrap());
        }
        Place::MessageHeader => {
            let work = work("work").start();
            work.attributes().correlation_id(value);
            return Some(injected(work));
        }
        // The hints of `Strict` ask for the keys that they name. A thread of their own writes them, and only a
        // process's subscriber would hear it.
        Place::Own => {
            let verdict = handle.guard().judge(place, "", value);
            return Some(format!("{verdict:?}"));
        }
        _ => panic!("{place} is new: nothing is written out there yet"),
    }
    Some(String::new())
}

fn elsewhere() -> SpanContext {
    SpanContext::new(TraceId::from(7), SpanId::from(8), TraceFlags::SAMPLED, true, Default::default())
}

/// The fields that another process of ours gets.
fn injected(work: Operation) -> String {
    let mut fields = HashMap::new();
    work.inject(&mut fields, Recipient::Process);
    work.finish(Outcome::Ok);
    assert!(fields.contains_key("traceparent"));
    format!("{fields:?}")
}

/// The lines that are logged inside of the work.
fn logged(mut work: Operation, log: impl Fn()) -> String {
    let lines = Lines::default();
    let writer = lines.clone();
    let layer = fmt::layer().event_format(JsonLog::new()).with_writer(move || writer.clone());
    with_default(tracing_subscriber::registry().with(layer), || work.enter(log));
    work.finish(Outcome::Ok);
    let lines = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert_eq!(lines.lines().count(), 1);
    lines
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
