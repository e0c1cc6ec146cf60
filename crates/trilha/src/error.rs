//! Why telemetry could not be set up.

/// Why telemetry could not be set up. It names the option to change.
#[derive(Debug, thiserror::Error)]
#[error("{option}: {problem}")]
pub struct SetupError {
    option: String,
    problem: String,
}

impl SetupError {
    pub(crate) fn new(option: impl Into<String>, problem: impl ToString) -> Self {
        Self { option: option.into(), problem: problem.to_string() }
    }

    /// The option to change, as it is written: a builder's method or an environment variable.
    pub fn option(&self) -> &str {
        &self.option
    }
}
