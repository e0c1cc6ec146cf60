//! Values as ordinary telemetry has them, with nothing personal or secret in any: what the guard must leave alone.

mod generated;
mod listed;
mod messages;

/// One value.
pub(crate) struct Sample {
    pub(crate) group: &'static str,
    /// The attribute that it stands under, by OpenTelemetry's semantic conventions.
    pub(crate) key: Option<&'static str>,
    /// Whether it is ordinary without that key too: an IP address says whose host it is only under its key.
    pub(crate) is_plain: bool,
    pub(crate) text: String,
}

pub(crate) fn samples() -> Vec<Sample> {
    listed::samples().chain(messages::samples()).chain(generated::samples()).collect()
}
