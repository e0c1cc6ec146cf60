//! The `trilha` command: a module for each subcommand.

mod check;
mod context;
mod policy_file;
mod receive;
mod redact;
mod schema;
mod terminal;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Check(args) => check::run(&args),
        Command::Context(args) => context::run(&args),
        Command::Receive(args) => receive::run(&args),
        Command::Redact(args) => redact::run(&args),
        Command::Schema(args) => schema::run(&args),
    }
}

/// Tools for tracing with OpenTelemetry.
#[derive(Debug, Parser)]
#[command(name = "trilha", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Args),
    Context(context::Args),
    Receive(receive::Args),
    Redact(redact::Args),
    Schema(schema::Args),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }
}
