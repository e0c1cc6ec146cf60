//! The status that a span ends with.

/// `Ok` is final; the text of an error may be empty.
#[derive(Debug, Default)]
pub(super) enum FinalStatus {
    #[default]
    Unset,
    Ok,
    Error(Box<str>),
}

impl FinalStatus {
    pub(super) fn message(&self) -> &str {
        match self {
            Self::Error(message) => message,
            Self::Unset | Self::Ok => "",
        }
    }
}
