//! Why a pipeline could not be started. Nothing else in this crate fails.

use std::{borrow::Cow, io};

/// Why a pipeline could not be started.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct SetupError(#[from] Kind);

#[derive(Debug, thiserror::Error)]
enum Kind {
    #[error("{option}: {problem}")]
    Option { option: &'static str, problem: Cow<'static, str> },
    #[error("the exporting thread could not be started")]
    Worker(#[source] io::Error),
}

impl SetupError {
    pub(crate) fn of_option(option: &'static str, problem: impl Into<Cow<'static, str>>) -> Self {
        Kind::Option { option, problem: problem.into() }.into()
    }

    pub(crate) fn worker(error: io::Error) -> Self {
        Kind::Worker(error).into()
    }

    /// The option to change, as the method that sets it is called: `endpoint`, `queue_spans`, … None
    /// where the system would not give a thread.
    pub fn option(&self) -> Option<&'static str> {
        match &self.0 {
            Kind::Option { option, .. } => Some(option),
            Kind::Worker(_) => None,
        }
    }

    /// What is wrong, without the option, for whoever knows it under another name.
    pub fn problem(&self) -> String {
        match &self.0 {
            Kind::Option { problem, .. } => problem.to_string(),
            Kind::Worker(error) => format!("the exporting thread could not be started: {error}"),
        }
    }
}
