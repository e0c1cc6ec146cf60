//! What a process was started for, as an operation.

use trilha_core::{Operation, SpanKind, Trust, propagation::Environment};

use super::JobOutput;
use crate::telemetry::SCOPE;

/// Runs what this process was started for, as an operation of the kind `INTERNAL`.
///
/// Where the process that started it has put its trace into the environment (`TRACEPARENT`, `TRACESTATE`,
/// `BAGGAGE`), the job is part of that trace and knows its baggage; else it starts one, which is not
/// counted as broken propagation: a scheduler or a shell has no trace. To hand one on,
/// [inject](Operation::inject) into the [`Command`](std::process::Command) that starts the process.
///
/// Its outcome is that of the [output](JobOutput); a panic is told as one, and a job that is dropped before
/// its end was cancelled. The name is of low cardinality.
///
/// ```
/// # async fn export() -> Result<(), std::io::Error> { Ok(()) }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), std::io::Error> {
/// trilha::task::job("nightly export", export()).await
/// # }
/// ```
pub async fn job<F>(name: &str, future: F) -> F::Output
where
    F: Future<Output: JobOutput>,
{
    let environment = Environment::of_process();
    let job = Operation::builder(&SCOPE, name, SpanKind::Internal);
    let job = job.extract(&environment, Trust::Internal).probe(&|| true).start();
    job.run_with(future, F::Output::outcome).await
}
