//! Why telemetry could not be set up.

use std::fmt;

/// Why telemetry could not be set up. It names the option to change. `Debug` shows what `Display` does.
#[derive(thiserror::Error)]
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

// A `main` that returns an error shows it by `Debug`: a policy's faults are to be one on a line there too.
impl fmt::Debug for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_each_fault_on_a_line() {
        let error = SetupError::new("TRILHA_POLICY", "a.toml: line 2, column 1: a\nline 3, column 1: b");
        assert_eq!(format!("Error: {error:?}"), format!("Error: {error}"));
        assert_eq!(format!("{error:?}").lines().count(), 2);
    }
}
