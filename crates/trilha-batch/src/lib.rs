//! Batch runs: one trace for a run, its partitions as children, and links to everything that does not
//! fit under one root.
//!
//! A nightly job that scores each partition of a table, and starts a trace of its own for each item:
//!
//! ```
//! use trilha_batch::{BatchRun, Partition};
//! use trilha_core::schema::Model;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Failed> {
//! # let pinned = || Model::new("churn", "2.3.1").map_err(|_| Failed);
//! let model = pinned()?;
//! let run = BatchRun::builder("nightly-scoring")
//!     .run_id("scheduled-2026-11-21")
//!     .model(&model)                                            // pinned: every span below carries it
//!     .start();
//!
//! run.run(async {
//!     let mut partitions = tokio::task::JoinSet::new();
//!     for date in ["2026-11-19", "2026-11-20"] {
//!         let partition = run.partition(date);
//!         partitions.spawn(partition.run(score_all(partition.clone(), date)));
//!     }
//!     while let Some(scored) = partitions.join_next().await {
//!         scored.map_err(|_| Failed)??;                         // one that failed fails this run
//!     }
//!     Ok(())
//! })
//! .await
//! # }
//!
//! async fn score_all(partition: Partition, date: &str) -> Result<(), Failed> {
//!     for customer in customers_of(date) {
//!         let scored = partition.fan_out("score").run(score(customer)).await;
//!         partition.count(&scored);                             // a bad item does not stop the others
//!     }
//!     Ok(())
//! }
//! # #[derive(Debug)]
//! # struct Failed;
//! # fn customers_of(_: &str) -> [u32; 3] { [1, 2, 3] }
//! # async fn score(_: u32) -> Result<(), Failed> { Ok(()) }
//! ```
//!
//! # What is recorded
//! | span | kind | parent | attributes, beside the context attributes |
//! |---|---|---|---|
//! | `batch-run` | INTERNAL | none: a new trace; or what it [continues](BatchRunBuilder::extract) | `run_id`, `trilha.batch.name`; at its end `trilha.batch.partition_count`, `….failed_partition_count`, `….item_count`, `….failed_item_count` |
//! | `partition` | INTERNAL | the run | `run_id`, `trilha.batch.name`, `trilha.batch.partition`; at its end `trilha.batch.item_count`, `….failed_item_count` |
//! | what [`Partition::fan_out`] is given | INTERNAL | none: a new trace, linked to the partition | `run_id`, `trilha.batch.name`, `trilha.batch.partition` |
//! | `links` | INTERNAL | the span whose links it holds | `trilha.batch.link_part` |
//!
//! A span holds at most 128 links. Those of a run or partition that come after go to child spans named
//! `links`, 128 to each, which are numbered from 2 on by `trilha.batch.link_part`; at its end the run or
//! partition says by `trilha.batch.link_count` how many there are in all, where there are any.
//!
//! Durations, in seconds: `trilha.batch.run.duration` and `trilha.batch.partition.duration`, by
//! `trilha.batch.name`, `error.type` and the context attributes.
//!
//! - **Cardinality:** `trilha.batch.name` is few. `run_id` and `trilha.batch.partition` are many, and on
//!   spans only.
//! - **PII:** none, as long as runs, partitions and names hold none.
//!
//! # Jobs in other processes
//! [`BatchRun::inject`] and [`Partition::inject`] write trace, baggage and the schema keys that travel as
//! baggage, such as `tenant`, to whatever the job is started with. A child process gets them as
//! `TRACEPARENT`, `TRACESTATE` and `BAGGAGE`, in place of those that it would inherit:
//!
//! ```
//! use std::process::Command;
//!
//! # let run = trilha_batch::BatchRun::builder("nightly-scoring").start();
//! let mut command = Command::new("score"); // of a tokio command: `as_std_mut()`
//! run.partition("2026-11-20").inject(&mut command);
//! ```
//!
//! There, a run [continues](BatchRunBuilder::extract) the trace; so does any operation. Where a job gets
//! parameters or headers, those carry it:
//!
//! ```
//! use std::collections::HashMap;
//! use trilha_core::{Operation, Scope, SpanKind, Trust};
//!
//! const SCOPE: Scope = Scope::new("scoring-worker", "1.0.0");
//!
//! # let run = trilha_batch::BatchRun::builder("nightly-scoring").start();
//! let mut parameters = HashMap::from([("date".to_owned(), "2026-11-20".to_owned())]);
//! run.partition("2026-11-20").inject(&mut parameters);
//! // … and in the worker:
//! let work = Operation::builder(&SCOPE, "score", SpanKind::Internal)
//!     .extract(&parameters, Trust::Internal)
//!     .start();
//! # work.finish(trilha_core::Outcome::Ok);
//! ```
//!
//! # What this crate does not do
//! It schedules nothing, retries nothing, and starts no task or thread.

mod future;
mod links;
mod metrics;
mod partition;
mod run;
mod step;

use trilha_core::Scope;

pub use self::{
    future::Run,
    partition::Partition,
    run::{BatchRun, BatchRunBuilder},
};

const SCOPE: Scope = Scope::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
