//! The service that is hunted in, and all that left it: OTLP as bytes and decoded, log lines, headers, comments.

use std::{
    collections::BTreeSet,
    mem, panic,
    sync::{Arc, Mutex, Once},
    time::Duration,
};

use axum::{Router, body::Bytes, extract::State, http::Uri};
use tokio::net::TcpListener;
use tracing_subscriber::{
    Layer,
    filter::LevelFilter,
    fmt::{self, MakeWriter},
    layer::SubscriberExt,
};
use trilha::{Handle, JsonLog, Report, Telemetry, TextFields, TextLog, TraceLayer, policy::Policy};
use trilha_testing::Receiver;

use crate::plants::Plants;

/// What a planted panic begins with: those are no failures of the test.
pub(crate) const PANIC: &str = "no such customer";

/// The place that shows keys, and those that hold something not even in a dry run.
pub(crate) const REPORT: &str = "report of the guard";

pub(crate) struct Service {
    telemetry: Telemetry,
    receiver: Receiver,
    left: Left,
}

/// What left, by place.
type Left = Arc<Mutex<Vec<(&'static str, Vec<u8>)>>>;

impl Service {
    /// A service whose resource holds canaries.
    pub(crate) fn start(policy: &str, plants: &mut Plants) -> Self {
        subscribe();
        let (receiver, left) = (Receiver::start(), Left::default());
        let telemetry = Telemetry::builder(plants.line())
            .endpoint(tap(receiver.http_endpoint(), left.clone()))
            .policy(Policy::parse(policy).unwrap())
            .version(plants.token())
            .team(plants.token())
            .environment(plants.token())
            .build()
            .unwrap();
        Self { telemetry, receiver, left }
    }

    pub(crate) fn handle(&self) -> Handle {
        self.telemetry.handle().clone()
    }

    /// Keeps something that left.
    pub(crate) fn saw(&self, place: &'static str, bytes: impl Into<Vec<u8>>) {
        self.left.lock().unwrap().push((place, bytes.into()));
    }

    /// For handlers, which outlive no service but cannot borrow it.
    pub(crate) fn witness(&self) -> impl Fn(&'static str, String) + Clone + Send + Sync + use<> {
        let left = self.left.clone();
        move |place, text| left.lock().unwrap().push((place, text.into_bytes()))
    }

    /// Sends what has ended, so that the queue never runs over.
    pub(crate) async fn flush(&self) {
        let _ = self.telemetry.flush(Duration::from_secs(30)).await;
    }

    pub(crate) async fn finish(self) -> Evidence {
        let report = self.telemetry.shutdown(Duration::from_secs(30)).await;
        self.saw("decoded spans", format!("{:?}", self.receiver.traces()));
        self.saw("decoded metric", format!("{:?}", self.receiver.metric("shop.orders").await));
        self.saw("JSON log", mem::take(&mut *JSON.lock().unwrap()));
        self.saw("text log", mem::take(&mut *TEXT.lock().unwrap()));
        self.saw(REPORT, format!("{:?}", self.handle().guard().report()));
        let redactions = self.handle().guard().redactions().map(|(.., count)| count).sum();
        Evidence { redactions, report, left: mem::take(&mut *self.left.lock().unwrap()) }
    }
}

pub(crate) struct Evidence {
    pub(crate) redactions: u64,
    report: Report,
    left: Vec<(&'static str, Vec<u8>)>,
}

impl Evidence {
    pub(crate) fn for_each(&self, mut visit: impl FnMut(&str, &[u8])) {
        self.left.iter().for_each(|(place, bytes)| visit(place, bytes));
    }

    pub(crate) fn places(&self) -> impl Iterator<Item = &'static str> + use<> {
        let places: BTreeSet<_> = self.left.iter().map(|(place, _)| *place).collect();
        places.into_iter()
    }

    /// Nothing got lost on the way: what was not seen did not leave.
    pub(crate) fn assert_complete(&self) {
        let spans = &self.report.counts.spans;
        assert!(self.report.is_complete && spans.created > 3_000, "{:?}", self.report);
        assert_eq!(spans.delivered, spans.created, "{:?}", self.report);
    }
}

/// Stands in front of a receiver and keeps what passes as it is on the wire.
fn tap(receiver: String, left: Left) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let client = reqwest::Client::new();
    let pass = async move |State(left): State<Left>, uri: Uri, body: Bytes| {
        left.lock().unwrap().push(("OTLP on the wire", body.to_vec()));
        let request = client.post(format!("{receiver}{}", uri.path())).body(body);
        let answer = request.header("content-type", "application/x-protobuf").send().await.unwrap();
        (answer.status(), [("content-type", "application/x-protobuf")], answer.bytes().await.unwrap())
    };
    let router = Router::new().fallback(pass).with_state(left);
    let listener = TcpListener::from_std(listener).unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    endpoint
}

static JSON: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static TEXT: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// The process's subscriber: spans, and log lines of both formats. A planted panic writes nothing.
fn subscribe() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let json = fmt::layer().event_format(JsonLog::new()).with_writer(|| JSON.make_writer());
        let text = fmt::layer()
            .fmt_fields(TextFields::new())
            .event_format(TextLog::new())
            .with_ansi(false)
            .with_writer(|| TEXT.make_writer());
        let subscriber = tracing_subscriber::registry()
            .with(TraceLayer::new(Handle::disabled()).with_filter(LevelFilter::INFO))
            .with(json.with_filter(LevelFilter::INFO))
            .with(text.with_filter(LevelFilter::INFO));
        tracing::subscriber::set_global_default(subscriber).unwrap();
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !info.payload_as_str().is_some_and(|text| text.starts_with(PANIC)) {
                hook(info);
            }
        }));
    });
}
