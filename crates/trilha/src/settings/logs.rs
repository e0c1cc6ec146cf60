//! How log lines look, and which ones there are.

use tracing_subscriber::EnvFilter;

use super::env::Env;
use crate::SetupError;

const FORMAT: &str = "TRILHA_LOGS";

/// How log lines look.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// A line for people.
    Text,
    /// No log lines.
    Off,
}

impl LogFormat {
    pub(crate) fn resolve(option: Option<Self>, env: &Env, is_deployed: bool) -> Result<Self, SetupError> {
        match (option, env.name(FORMAT).as_deref()) {
            (Some(format), _) => Ok(format),
            (None, Some("json")) => Ok(Self::Json),
            (None, Some("text")) => Ok(Self::Text),
            (None, Some("off")) => Ok(Self::Off),
            (None, Some(_)) => Err(SetupError::new(FORMAT, "is none of json, text, off")),
            (None, None) if is_deployed => Ok(Self::Json),
            (None, None) => Ok(Self::Text),
        }
    }
}

/// Which log lines are written.
pub(crate) fn log_filter(env: &Env) -> Result<EnvFilter, SetupError> {
    filter("RUST_LOG", "info", env)
}

/// Which `tracing` spans take part in traces. lapin has one that stays open as long as its connection.
pub(crate) fn span_filter(env: &Env) -> Result<EnvFilter, SetupError> {
    filter("TRILHA_SPANS", "info,lapin=off", env)
}

fn filter(variable: &str, default: &str, env: &Env) -> Result<EnvFilter, SetupError> {
    let directives = env.text(variable).unwrap_or_else(|| default.to_owned());
    directives.parse().map_err(|error| SetupError::new(variable, error))
}
