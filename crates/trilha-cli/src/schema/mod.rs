//! `trilha schema`: the schema, for people and for other tools. The core writes it; this prints it.

use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;
use trilha_core::schema::{Registry, Schema, render};

use crate::policy_file;

/// Print the schema: each attribute with its meaning, bounds, PII class, and where it may travel
///
/// Files for other tools are made by redirecting the output. OpenTelemetry's weaver also wants a
/// manifest beside its registry, which names OpenTelemetry's own registry as a dependency.
///
/// The exit status is 1 when a policy is wrong, and 2 when it cannot be read.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The form to print it in
    #[arg(long, value_name = "FORMAT", default_value = "table", value_enum)]
    format: Format,
    /// With the keys and zones of this policy file
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

/// A form of the schema.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// Columns for a terminal
    Table,
    /// Markdown tables
    Markdown,
    /// YAML for weaver, OpenTelemetry's semantic-convention tooling
    Registry,
    /// YAML of the processors by which an OpenTelemetry Collector keeps what is in the schema only
    Collector,
}

/// Prints the schema to stdout.
pub(crate) fn run(args: &Args) -> ExitCode {
    let schema = match &args.policy {
        None => Schema::builtin(),
        Some(file) => match policy_file::read(file) {
            Ok(policy) => policy.schema().clone(),
            Err(status) => return ExitCode::from(status),
        },
    };
    let text = args.format.render(schema.registry());
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        // Nobody reads on, as under `head`.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

impl Format {
    fn render(self, registry: &Registry) -> String {
        match self {
            Self::Table => render::table(registry),
            Self::Markdown => render::markdown(registry),
            Self::Registry => render::semconv(registry),
            Self::Collector => render::collector(registry),
        }
    }
}
