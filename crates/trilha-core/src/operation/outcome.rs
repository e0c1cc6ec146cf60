//! How an operation ended.

use std::any::type_name;

/// How an operation ended: each has exactly one outcome.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome<'a> {
    /// It did what it was asked to do.
    Ok,
    /// It failed. The text is the error's type, never its message: `error.type`, of low cardinality.
    Error(&'a str),
    /// Nobody waited for its end: the caller went away, or the future was dropped.
    Cancelled,
    /// It panicked.
    Panicked,
}

impl Outcome<'static> {
    /// The outcome of a function: an error is known by the name of its type.
    pub fn of<T, E>(result: &Result<T, E>) -> Self {
        match result {
            Ok(_) => Self::Ok,
            Err(_) => Self::Error(type_name::<E>()),
        }
    }
}

impl<'a> Outcome<'a> {
    /// The value of `error.type`, unless it went well.
    pub fn error_type(self) -> Option<&'a str> {
        match self {
            Self::Ok => None,
            Self::Error(kind) => Some(kind),
            Self::Cancelled => Some("cancelled"),
            Self::Panicked => Some("panic"),
        }
    }
}
