//! An OTLP receiver inside the process: HTTP and gRPC, for traces, metrics and logs.
//!
//! It has a thread and a runtime of its own, so that it works from any test. It keeps what it
//! gets, within bounds, and lets callers wait for it. It forwards nothing and stores nothing on
//! disk.

mod builder;
mod fault;
mod grpc;
mod http;
mod request;
mod rpc;
mod server;
mod shared;
mod store;
mod updates;
mod wait;

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use opentelemetry::trace::{SpanId, TraceId};
use parking_lot::Mutex;
use tokio::runtime::Handle;

pub use self::builder::ReceiverBuilder;
pub use self::fault::Fault;
pub use self::request::{Protocol, ReceivedRequest, Signal};
use self::shared::Shared;
pub use self::store::Received;
pub use self::updates::Updates;
pub use self::wait::{DEFAULT_DEADLINE, Wait};
use crate::logs::LogRecord;
use crate::metrics::Metric;
use crate::trace::Trace;

/// An OTLP receiver inside the process.
///
/// ```
/// use trilha_testing::Receiver;
///
/// let receiver = Receiver::start();
/// // Point the code under test at `receiver.http_endpoint()` or `receiver.grpc_endpoint()`.
/// assert!(receiver.http_endpoint().starts_with("http://127.0.0.1:"));
/// ```
///
/// Dropped, it stops: its thread has ended and its ports are free when `drop` returns.
#[derive(Debug)]
pub struct Receiver {
    shared: Arc<Shared>,
    http_addr: SocketAddr,
    grpc_addr: SocketAddr,
    runtime: Handle,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Receiver {
    /// Starts a receiver on free ports of the loopback address.
    ///
    /// # Panics
    /// Where the system gives no port or no thread.
    #[track_caller]
    pub fn start() -> Self {
        let started = Self::builder().start();
        started.unwrap_or_else(|error| panic!("{error}"))
    }

    /// A receiver with addresses and bounds of your choice.
    pub fn builder() -> ReceiverBuilder {
        ReceiverBuilder::default()
    }

    /// Where OTLP over HTTP is received: `http://127.0.0.1:PORT`, without a path, as
    /// `OTEL_EXPORTER_OTLP_ENDPOINT` wants it.
    pub fn http_endpoint(&self) -> String {
        format!("http://{}", self.http_addr)
    }

    /// Where OTLP over gRPC is received: `http://127.0.0.1:PORT`.
    pub fn grpc_endpoint(&self) -> String {
        format!("http://{}", self.grpc_addr)
    }

    /// The address of the HTTP side.
    pub fn http_addr(&self) -> SocketAddr {
        self.http_addr
    }

    /// The address of the gRPC side.
    pub fn grpc_addr(&self) -> SocketAddr {
        self.grpc_addr
    }

    /// Waits until a trace [is whole](Trace::is_whole).
    ///
    /// A leaf that another process has still to send cannot be known to be missing: where more
    /// than one process or exporter is at work, say what you expect by [`Wait::with`].
    ///
    /// ```no_run
    /// # async fn test(receiver: trilha_testing::Receiver, id: opentelemetry::TraceId) {
    /// let trace = receiver.trace(id).with(|trace| trace.spans().len() == 7).await;
    /// trace.span("payment process").is_child_of("payment send").is_ok();
    /// # }
    /// ```
    #[track_caller]
    pub fn trace(&self, trace_id: TraceId) -> Wait<'static, Trace> {
        self.wait_for_trace(trace_id, format!("the whole trace {trace_id}"), Trace::is_whole)
    }

    /// Waits until a trace [is whole under](Trace::is_whole_under) a parent that nobody sends,
    /// such as one that a test made up for an inbound `traceparent`.
    #[track_caller]
    pub fn trace_under(&self, trace_id: TraceId, parent_id: SpanId) -> Wait<'static, Trace> {
        let what = format!("the whole trace {trace_id} under {parent_id}");
        self.wait_for_trace(trace_id, what, move |trace| trace.is_whole_under(parent_id))
    }

    /// Waits for the first whole trace of which a condition is true, whatever its id.
    #[track_caller]
    pub fn trace_where<'a>(&self, mut condition: impl FnMut(&Trace) -> bool + Send + 'a) -> Wait<'a, Trace> {
        self.wait(
            "a whole trace that meets the condition",
            move |shared| {
                let traces = shared.store().traces();
                traces.into_iter().find(|trace| trace.is_whole() && condition(trace))
            },
            |shared| explain_traces(&shared.store().traces()),
        )
    }

    /// Waits until a condition is true of all traces together, whole or not, the oldest first.
    #[track_caller]
    pub fn wait_for<'a>(
        &self,
        mut condition: impl FnMut(&[Trace]) -> bool + Send + 'a,
    ) -> Wait<'a, Vec<Trace>> {
        self.wait(
            "traces that meet the condition",
            move |shared| {
                let traces = shared.store().traces();
                condition(&traces).then_some(traces)
            },
            |shared| explain_traces(&shared.store().traces()),
        )
    }

    /// A trace as it is now, whole or not.
    pub fn trace_so_far(&self, trace_id: TraceId) -> Option<Trace> {
        self.shared.store().trace(trace_id).cloned()
    }

    /// All traces as they are now, the oldest first.
    pub fn traces(&self) -> Vec<Trace> {
        self.shared.store().traces()
    }

    /// Traces as they change, for a program that shows them.
    pub fn updates(&self) -> Updates {
        Updates::new(Arc::clone(&self.shared))
    }

    /// Waits for a metric of a name.
    #[track_caller]
    pub fn metric(&self, name: impl Into<String>) -> Wait<'static, Metric> {
        let name = name.into();
        self.wait(
            format!("the metric {name}"),
            move |shared| shared.store().metrics().get(&name).cloned(),
            |shared| {
                let store = shared.store();
                format!("metrics so far: {:?}", store.metrics().names())
            },
        )
    }

    /// Waits for the first log record of which a condition is true.
    #[track_caller]
    pub fn log_where<'a>(
        &self,
        mut condition: impl FnMut(&LogRecord) -> bool + Send + 'a,
    ) -> Wait<'a, LogRecord> {
        self.wait(
            "a log record that meets the condition",
            move |shared| {
                let records: Vec<LogRecord> = shared.store().logs().cloned().collect();
                records.into_iter().find(|record| condition(record))
            },
            |shared| {
                let store = shared.store();
                let bodies: Vec<String> =
                    store.logs().take(20).map(|record| record.body.to_string()).collect();
                format!("{} log record(s) so far, such as {bodies:#?}", store.counts().logs)
            },
        )
    }

    /// All log records that are kept, the oldest first.
    pub fn logs(&self) -> Vec<LogRecord> {
        self.shared.store().logs().cloned().collect()
    }

    /// What was counted so far.
    pub fn received(&self) -> Received {
        self.shared.store().counts()
    }

    /// Waits until a condition is true of the counts.
    #[track_caller]
    pub fn received_when<'a>(
        &self,
        mut condition: impl FnMut(&Received) -> bool + Send + 'a,
    ) -> Wait<'a, Received> {
        self.wait(
            "counts that meet the condition",
            move |shared| {
                let counts = shared.store().counts();
                condition(&counts).then_some(counts)
            },
            |shared| format!("{:#?}", shared.store().counts()),
        )
    }

    /// The last export requests, the oldest first, with their headers.
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.shared.store().requests().cloned().collect()
    }

    /// Answers every export request by a fault from now on, until [`recover`](Self::recover).
    pub fn respond(&self, fault: Fault) {
        self.shared.set_fault(Some(fault), None);
    }

    /// Answers the next `times` export requests by a fault, and then accepts again.
    pub fn respond_times(&self, fault: Fault, times: usize) {
        self.shared.set_fault(Some(fault), Some(times));
    }

    /// Accepts export requests again. Requests that hang go on hanging.
    pub fn recover(&self) {
        self.shared.set_fault(None, None);
    }

    /// Stops receiving: connections are cut, and the ports are free when this returns. What was
    /// received can still be read. To start again, build a receiver on the same addresses.
    pub fn stop(&self) {
        self.shared.stop();
        if let Some(thread) = self.thread.lock().take() {
            // The thread does not panic; if it did, there is nothing to be done about it here.
            let _ = thread.join();
        }
    }

    #[track_caller]
    fn wait_for_trace(
        &self,
        trace_id: TraceId,
        what: String,
        is_ready: impl Fn(&Trace) -> bool + Send + 'static,
    ) -> Wait<'static, Trace> {
        self.wait(
            what,
            move |shared| {
                let trace = shared.store().trace(trace_id).cloned()?;
                is_ready(&trace).then_some(trace)
            },
            move |shared| {
                let trace = shared.store().trace(trace_id).cloned();
                match trace {
                    Some(trace) => explain_trace(&trace),
                    None => {
                        format!("nothing of it has arrived; {}", explain_traces(&shared.store().traces()),)
                    }
                }
            },
        )
    }

    #[track_caller]
    fn wait<'a, T: Send + 'a>(
        &self,
        what: impl Into<String>,
        look: impl FnMut(&Shared) -> Option<T> + Send + 'a,
        explain: impl Fn(&Shared) -> String + Send + 'a,
    ) -> Wait<'a, T> {
        let shared = Arc::clone(&self.shared);
        Wait::new(shared, self.runtime.clone(), what, look, explain)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The tree of a trace, and what it lacks.
fn explain_trace(trace: &Trace) -> String {
    let missing = if trace.roots().is_empty() && trace.orphans().is_empty() {
        "it has no root"
    } else if !trace.orphans().is_empty() {
        "some parents have not arrived"
    } else if trace.is_whole() {
        "every span hangs on a root"
    } else {
        "some parents form a circle"
    };
    let tree = trace.tree().events(true).max_spans(200);
    format!("{missing}\n\n{tree}")
}

/// The trees of some traces, and how many there are.
fn explain_traces(traces: &[Trace]) -> String {
    let mut text = format!("{} trace(s) have arrived", traces.len());
    for trace in traces.iter().take(10) {
        text.push_str(&format!("\n\n{}", trace.tree().max_spans(50)));
    }
    text
}
