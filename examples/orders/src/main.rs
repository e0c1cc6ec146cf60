//! One order, one trace: four services over HTTP, a database and a queue.
//!
//! `cargo run -p orders` starts the services as processes of their own, sends orders through them, and
//! checks that each order left one whole trace. What a service needs to be traced is in [`services`],
//! [`database`] and [`queue`]; the [`parent`] holds what stands around them.
//!
//! ```text
//! client ─HTTP─> gateway ─HTTP─> order ──queue──> payment ──queue──> notification
//!                                  └─> database <────┴──────────────────┘
//! ```

mod args;
mod database;
mod parent;
mod queue;
mod services;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Args, Command};

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    match args.command {
        Some(Command::Service(settings)) => services::run(settings).await,
        None => parent::run(args.run).await,
    }
}
