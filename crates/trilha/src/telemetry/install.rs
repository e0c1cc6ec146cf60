//! Telemetry as the process's own: subscriber, meters and default handle.

use std::io::{IsTerminal, stdout};

use tracing_subscriber::{Layer, Registry, fmt, layer::SubscriberExt};
use trilha_tracing::{JsonLog, TextFields, TextLog};

use super::Telemetry;
use crate::{
    SetupError,
    settings::{LogFormat, Settings},
};

pub(super) fn install(settings: Settings) -> Result<Telemetry, SetupError> {
    let telemetry = Telemetry::start(&settings)?;
    let logs: Option<Box<dyn Layer<_> + Send + Sync>> = match settings.logs {
        LogFormat::Json => Some(fmt::layer().event_format(JsonLog::new()).boxed()),
        LogFormat::Text => {
            let is_colored = stdout().is_terminal();
            Some(
                fmt::layer()
                    .fmt_fields(TextFields::new())
                    .event_format(TextLog::new())
                    .with_ansi(is_colored)
                    .boxed(),
            )
        }
        LogFormat::Off => None,
    };
    let subscriber = Registry::default()
        .with(telemetry.layer().with_filter(settings.span_filter))
        .with(logs.with_filter(settings.log_filter));
    tracing::subscriber::set_global_default(subscriber).map_err(|_| {
        let problem = "the process has a tracing subscriber already: `build`, add `layer()` to it, and \
                       call `set_default()`";
        SetupError::new("install", problem)
    })?;
    telemetry.set_default();
    Ok(telemetry)
}
