//! The command line of the parent, and the environment of a service.

use clap::{Parser, Subcommand, ValueEnum};

use crate::services::{Role, Settings};

/// Sends orders through four services and checks that each order is one trace.
///
/// Exit status: 0 when every trace is whole, 1 when a link is missing, 2 when something cannot be
/// started or reached, 130 after Ctrl-C.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs one service; the parent does this.
    #[command(hide = true)]
    Service(Settings),
}

#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
    /// Ordinary orders to send, before one whose payment fails and one that its client abandons.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(0..=5000))]
    pub(crate) orders: u16,

    /// A database: postgres://, mysql:// or sqlite: and a new file. In it, a schema (PostgreSQL) or
    /// a database (MySQL) is created for the run and dropped at its end. Default: SQLite in a
    /// temporary folder.
    #[arg(long, value_name = "URL", value_parser = with_scheme(&["postgres:", "postgresql:", "mysql:", "mariadb:", "sqlite:"]))]
    pub(crate) database: Option<String>,

    /// A broker: kafka://host:port or amqp://. Topics or queues are created for the run and deleted
    /// at its end. Default: an embedded Kafka broker.
    #[arg(long, value_name = "URL", value_parser = with_scheme(&["kafka:", "amqp:"]))]
    pub(crate) broker: Option<String>,

    /// An OTLP/HTTP receiver of yours to send the traces to, instead of the embedded one. Then the
    /// traces are not checked here, only that every span was delivered.
    #[arg(long, value_name = "URL", value_parser = with_scheme(&["http:"]))]
    pub(crate) otlp: Option<String>,

    /// A drill: kills a service in the middle of one more order, or the receiver after the first one.
    #[arg(long, value_name = "PART", conflicts_with = "otlp")]
    pub(crate) kill: Option<Part>,
}

/// What a drill can kill.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Part {
    Service(Role),
    Receiver,
}

impl ValueEnum for Part {
    fn value_variants<'a>() -> &'a [Self] {
        const PARTS: [Part; 5] = [
            Part::Service(Role::Gateway),
            Part::Service(Role::Order),
            Part::Service(Role::Payment),
            Part::Service(Role::Notification),
            Part::Receiver,
        ];
        &PARTS
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        match self {
            Self::Service(role) => role.to_possible_value(),
            Self::Receiver => Some("receiver".into()),
        }
    }
}

fn with_scheme(
    schemes: &'static [&'static str],
) -> impl Fn(&str) -> Result<String, String> + Clone + Send + Sync + 'static {
    move |url| match schemes.iter().any(|scheme| url.starts_with(scheme)) {
        true => Ok(url.to_owned()),
        false => Err(format!("it starts with none of {}", schemes.join(" "))),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_url_of_another_scheme_is_refused() {
        for wrong in ["--database=oracle://x", "--broker=nats://x", "--otlp=ftp://x"] {
            let error = Args::try_parse_from(["orders", wrong]).unwrap_err();
            assert!(error.to_string().contains("it starts with none of"), "{error}");
        }
    }
}
