//! A job that outlives the work that started it, as an operation of its own.

use tokio::task::JoinHandle;
use trilha_core::{Operation, Outcome, SpanKind, TraceContext, current};

use crate::telemetry::SCOPE;

/// Spawns a job that outlives the work in hand: an operation of its own, of the kind `INTERNAL`.
///
/// It starts a new trace, linked to the span that started it: a trace is the story of one request, and
/// should neither last until tomorrow nor be waited for because a job still runs. The link leads from the
/// one to the other. The job gets a copy of the context attributes: it keeps its tenant, and what it sets
/// does not reach a request that is over. Baggage comes along.
///
/// Its outcome is that of the [output](JobOutput). A panic is told as one, and a job that is aborted, or
/// dropped with its runtime, was cancelled.
///
/// The name is of low cardinality. A loop that never ends is no job: make one of each round.
///
/// ```
/// # async fn render() -> Result<(), std::io::Error> { Ok(()) }
/// # async fn handler() {
/// trilha::task::background("render invoice", async {
///     render().await?;
///     Ok::<_, std::io::Error>(())
/// });
/// # }
/// ```
///
/// # Panics
/// Outside a tokio runtime, as [`tokio::spawn`].
#[track_caller]
pub fn background<F>(name: &str, future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: JobOutput + Send + 'static> + Send + 'static,
{
    let job = Operation::builder(&SCOPE, name, SpanKind::Internal).root();
    let job = match current::map(TraceContext::of) {
        Some(cause) => job.link(cause, &[]),
        None => job,
    };
    tokio::spawn(job.start().run_with(future, F::Output::outcome))
}

/// What a [background](background) job may return: nothing, or a result, whose error fails the job.
pub trait JobOutput {
    /// How the job ended.
    fn outcome(&self) -> Outcome<'static>;
}

impl JobOutput for () {
    fn outcome(&self) -> Outcome<'static> {
        Outcome::Ok
    }
}

impl<T, E> JobOutput for Result<T, E> {
    fn outcome(&self) -> Outcome<'static> {
        Outcome::of(self)
    }
}
