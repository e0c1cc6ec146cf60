//! The pipelines of spans and metrics, started as the settings say. What is wrong is told by the name that the user
//! knows.

use trilha_otlp::{Endpoint, Limits, Pipeline, PipelineConfig};
use trilha_sdk::{Component, Metrics, MetricsBuilder, SpanPipeline};

use crate::{
    SetupError,
    settings::{Exporter, Protocol, Settings, SpanSettings},
};

pub(super) fn pipeline(settings: &Settings, to: &Exporter) -> Result<Pipeline, SetupError> {
    let spans = &settings.spans;
    let mut config = PipelineConfig::new(endpoint(to)?)
        .resource(settings.resource.attributes.iter().cloned())
        .sampler(settings.sampler)
        .limits(limits(spans));
    if let Some(delay) = spans.schedule_delay {
        config = config.batch_interval(delay);
    }
    if let Some(time) = spans.export_timeout {
        config = config.retry_for(time);
    }
    if let Some(size) = spans.queue_size {
        // A small queue is no mistake: the default batch then follows it.
        config = config.queue_spans(size).batch_spans(size.min(512));
    }
    if let Some(size) = spans.batch_size {
        config = config.batch_spans(size);
    }
    Pipeline::start(config).map_err(|error| SetupError::new(option_of(to, error.option()), error.problem()))
}

pub(super) fn metrics(settings: &Settings, to: &Exporter) -> Result<Metrics, SetupError> {
    let mut metrics = metrics_to(to)?
        .headers(to.headers.clone())
        .timeout(to.timeout)
        .resource(settings.resource.attributes.clone());
    #[cfg(feature = "gzip")]
    if to.is_gzip {
        metrics = metrics.gzip();
    }
    #[cfg(feature = "tls")]
    if crate::settings::is_encrypted(&to.endpoint) {
        let refused =
            |error: trilha_otlp::SetupError| SetupError::new(option_of(to, error.option()), error.problem());
        metrics = metrics.tls(to.tls.client_config().map_err(refused)?);
    }
    if let Some(interval) = settings.metric_interval {
        metrics = metrics.interval(interval);
    }
    metrics.start().map_err(|error| SetupError::new(option_of(to, error.option()), error))
}

/// How metrics name the pipeline.
pub(super) fn names_of(pipeline: &Pipeline, to: &Exporter) -> SpanPipeline {
    let exporter = match to.protocol {
        _ if to.is_console => "trilha_otlp::Endpoint::stdout",
        Protocol::Http => "otlp_http_span_exporter",
        Protocol::Grpc => "otlp_grpc_span_exporter",
    };
    SpanPipeline {
        processor: Component::new("trilha_otlp::Pipeline"),
        exporter: Component::new(exporter),
        queue_capacity: pipeline.queue_capacity() as u64,
    }
}

fn limits(spans: &SpanSettings) -> Limits {
    type Setter = fn(Limits, usize) -> Limits;
    let all: [(Setter, Option<usize>); 6] = [
        (Limits::attributes, spans.attribute_count),
        (Limits::value_chars, spans.attribute_length),
        (Limits::events, spans.event_count),
        (Limits::links, spans.link_count),
        (Limits::event_attributes, spans.event_attribute_count),
        (Limits::link_attributes, spans.link_attribute_count),
    ];
    let given = all.into_iter().filter_map(|(set, value)| Some((set, value?)));
    given.fold(Limits::default(), |limits, (set, value)| set(limits, value))
}

fn endpoint(to: &Exporter) -> Result<Endpoint, SetupError> {
    let mut endpoint = receiver(to)?.timeout(to.timeout);
    for (name, value) in &to.headers {
        endpoint = endpoint.header(name, value);
    }
    #[cfg(feature = "gzip")]
    if to.is_gzip {
        endpoint = endpoint.gzip();
    }
    #[cfg(feature = "tls")]
    {
        endpoint = endpoint.tls(to.tls.clone());
    }
    Ok(endpoint)
}

fn receiver(to: &Exporter) -> Result<Endpoint, SetupError> {
    #[cfg(feature = "console")]
    if to.is_console {
        return Ok(Endpoint::stdout());
    }
    match to.protocol {
        #[cfg(feature = "http")]
        Protocol::Http => Ok(Endpoint::http(&to.endpoint)),
        #[cfg(feature = "grpc")]
        Protocol::Grpc => Ok(Endpoint::grpc(&to.endpoint)),
        #[cfg(not(all(feature = "http", feature = "grpc")))]
        _ => Err(missing_feature(to, "OTEL_TRACES_EXPORTER")),
    }
}

fn metrics_to(to: &Exporter) -> Result<MetricsBuilder, SetupError> {
    match to.protocol {
        #[cfg(feature = "http")]
        Protocol::Http => Ok(Metrics::http(&to.endpoint)),
        #[cfg(feature = "grpc")]
        Protocol::Grpc => Ok(Metrics::grpc(&to.endpoint)),
        #[cfg(not(all(feature = "http", feature = "grpc")))]
        _ => Err(missing_feature(to, "OTEL_METRICS_EXPORTER")),
    }
}

#[cfg(not(all(feature = "http", feature = "grpc")))]
fn missing_feature(to: &Exporter, exporter: &str) -> SetupError {
    let feature = match to.protocol {
        Protocol::Http => "http",
        Protocol::Grpc => "grpc",
    };
    SetupError::new(&to.origins.protocol, format!("needs the feature `{feature}`, or `{exporter}=none`"))
}

/// The name by which the user knows an option of the pipeline.
fn option_of<'a>(to: &'a Exporter, option: Option<&'a str>) -> &'a str {
    match option {
        Some("endpoint") => &to.origins.endpoint,
        Some("headers") => "header",
        Some("timeout") => &to.origins.timeout,
        Some("roots") => &to.origins.roots,
        Some("client_certificate") => &to.origins.client_certificate,
        Some("client_key") => &to.origins.client_key,
        Some("queue_spans") => "OTEL_BSP_MAX_QUEUE_SIZE",
        Some("batch_spans") => "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
        Some("retry_for") => "OTEL_BSP_EXPORT_TIMEOUT",
        Some("batch_interval") => "OTEL_BSP_SCHEDULE_DELAY",
        Some(option) => option,
        None => "install",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Env, Options};

    fn settings(variables: &[(&str, &str)]) -> Settings {
        let mut options = Options::default();
        options.resource.service_name = "orders".into();
        Settings::resolve(options, &Env::of(variables)).unwrap()
    }

    #[test]
    fn each_limit_is_that_of_its_variable() {
        let settings = settings(&[
            ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "1"),
            ("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "2"),
            ("OTEL_SPAN_EVENT_COUNT_LIMIT", "3"),
            ("OTEL_SPAN_LINK_COUNT_LIMIT", "4"),
            ("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "5"),
            ("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "6"),
        ]);
        let expected = Limits::default().attributes(1).value_chars(2).events(3).links(4);
        assert_eq!(limits(&settings.spans), expected.event_attributes(5).link_attributes(6));
    }

    #[test]
    fn without_variables_limits_are_the_pipelines() {
        assert_eq!(limits(&settings(&[]).spans), Limits::default());
    }

    #[test]
    #[cfg(all(feature = "http", not(feature = "grpc")))]
    fn a_protocol_that_is_not_built_in_is_refused_for_each_signal() {
        let (traces, metrics) = ("OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER");
        for (variable, exporter) in [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", traces),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", traces),
            ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", metrics),
        ] {
            let error = crate::Telemetry::start(&settings(&[(variable, "grpc")])).unwrap_err();
            let expected = format!("{variable}: needs the feature `grpc`, or `{exporter}=none`");
            assert_eq!(error.to_string(), expected);
        }
    }
}
