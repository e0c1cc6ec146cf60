//! All settings, from the builder first, then the environment, then their defaults.

mod env;
mod exporter;
mod guard;
mod logs;
mod policy;
mod propagation;
mod resource;
mod sampling;
mod signal;

use std::time::Duration;

use tracing_subscriber::EnvFilter;
use trilha_core::{CarrierKind, Propagation, guard::PiiGuard, policy::Policy, sampling::Sampler};

#[cfg(feature = "tls")]
pub(crate) use self::exporter::is_encrypted;
pub(crate) use self::{
    env::Env,
    exporter::{Exporter, ExporterOptions},
    guard::GuardOptions,
    resource::{ResourceOptions, ServiceResource},
    signal::Signal,
};
pub use self::{exporter::Protocol, logs::LogFormat};
use crate::SetupError;

/// What the program itself said.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) resource: ResourceOptions,
    pub(crate) exporter: ExporterOptions,
    pub(crate) sampler: Option<Sampler>,
    pub(crate) logs: Option<LogFormat>,
    pub(crate) switched_off: Vec<CarrierKind>,
    pub(crate) policy: Option<Policy>,
    pub(crate) guard: GuardOptions,
}

/// What holds in the end.
pub(crate) struct Settings {
    pub(crate) resource: ServiceResource,
    pub(crate) sampler: Sampler,
    /// Nothing where telemetry, or this signal, is switched off.
    pub(crate) traces: Option<Exporter>,
    pub(crate) metrics: Option<Exporter>,
    pub(crate) metric_interval: Option<Duration>,
    pub(crate) spans: SpanSettings,
    pub(crate) propagation: Propagation,
    pub(crate) policy: Policy,
    pub(crate) guard: PiiGuard,
    pub(crate) logs: LogFormat,
    /// Which log lines are written: `RUST_LOG`.
    pub(crate) log_filter: EnvFilter,
    /// Which `tracing` spans take part in traces: `TRILHA_SPANS`.
    pub(crate) span_filter: EnvFilter,
}

/// Bounds of the span pipeline that the environment may change.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct SpanSettings {
    pub(crate) schedule_delay: Option<Duration>,
    pub(crate) export_timeout: Option<Duration>,
    pub(crate) queue_size: Option<usize>,
    pub(crate) batch_size: Option<usize>,
    pub(crate) attribute_count: Option<usize>,
    pub(crate) attribute_length: Option<usize>,
    pub(crate) event_count: Option<usize>,
    pub(crate) link_count: Option<usize>,
    pub(crate) event_attribute_count: Option<usize>,
    pub(crate) link_attribute_count: Option<usize>,
}

impl Settings {
    pub(crate) fn resolve(options: Options, env: &Env) -> Result<Self, SetupError> {
        let policy = policy::resolve(options.policy, env)?;
        let mut resource = ServiceResource::resolve(&options.resource, policy.as_ref(), env)?;
        let policy = policy.unwrap_or_default();
        let spans = SpanSettings::resolve(env)?;
        let guard = guard::resolve(options.guard, &policy, &spans, env)?;
        resource.judge(&guard);
        let is_disabled = env.boolean("OTEL_SDK_DISABLED")?.unwrap_or(false);
        let exporter = |signal| match is_disabled {
            true => Ok(None),
            false => Exporter::resolve(signal, &options.exporter, env),
        };
        let sampler = match options.sampler {
            Some(sampler) => sampler,
            None => sampling::resolve(env, resource.is_deployed)?,
        };
        Ok(Self {
            sampler,
            traces: exporter(Signal::Traces)?,
            metrics: exporter(Signal::Metrics)?,
            metric_interval: env.millis("OTEL_METRIC_EXPORT_INTERVAL")?,
            spans,
            propagation: propagation::resolve(&options.switched_off, &policy, env)?,
            logs: LogFormat::resolve(options.logs, env, resource.is_deployed)?,
            log_filter: logs::log_filter(env)?,
            span_filter: logs::span_filter(env)?,
            resource,
            policy,
            guard,
        })
    }
}

impl SpanSettings {
    /// A value that would hurt is refused, never adjusted: who wrote it has to know.
    fn resolve(env: &Env) -> Result<Self, SetupError> {
        let number = |name: &str, range| Ok(env.number(name, range)?.map(|value| value as usize));
        let count = |name: &str| number(name, 0..=10_000);
        let length = |name: &str| number(name, 0..=1_000_000);
        // An hour is the pipeline's own bound.
        let millis = |name: &str| Ok(number(name, 1..=3_600_000)?.map(|it| Duration::from_millis(it as u64)));
        // Both are read, so that a wrong general one is an error also where the span's own counts.
        let (all_count, all_length) =
            (count("OTEL_ATTRIBUTE_COUNT_LIMIT")?, length("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT")?);
        Ok(Self {
            schedule_delay: millis("OTEL_BSP_SCHEDULE_DELAY")?,
            export_timeout: millis("OTEL_BSP_EXPORT_TIMEOUT")?,
            queue_size: number("OTEL_BSP_MAX_QUEUE_SIZE", 1..=1_000_000)?,
            batch_size: number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 1..=1_000_000)?,
            attribute_count: count("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT")?.or(all_count),
            attribute_length: length("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT")?.or(all_length),
            event_count: count("OTEL_SPAN_EVENT_COUNT_LIMIT")?,
            link_count: count("OTEL_SPAN_LINK_COUNT_LIMIT")?,
            event_attribute_count: count("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT")?.or(all_count),
            link_attribute_count: count("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT")?.or(all_count),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(variables: &[(&str, &str)]) -> Result<Settings, SetupError> {
        let resource = ResourceOptions { service_name: "orders".into(), ..ResourceOptions::default() };
        Settings::resolve(Options { resource, ..Options::default() }, &Env::of(variables))
    }

    #[test]
    fn disabled_switches_all_signals_off() {
        let settings = resolve(&[("OTEL_SDK_DISABLED", "true")]).unwrap();
        assert!(settings.traces.is_none() && settings.metrics.is_none());
    }

    #[test]
    fn a_hostile_number_is_refused_by_its_name() {
        let zero_is_wrong = [
            "OTEL_BSP_SCHEDULE_DELAY",
            "OTEL_BSP_EXPORT_TIMEOUT",
            "OTEL_BSP_MAX_QUEUE_SIZE",
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
            "OTEL_EXPORTER_OTLP_TIMEOUT",
            "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
            "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT",
            "OTEL_METRIC_EXPORT_INTERVAL",
        ];
        let zero_is_none = [
            "OTEL_ATTRIBUTE_COUNT_LIMIT",
            "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
            "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
            "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
            "OTEL_SPAN_EVENT_COUNT_LIMIT",
            "OTEL_SPAN_LINK_COUNT_LIMIT",
            "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
            "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
        ];
        let resolve = |name, value| resolve(&[(name, value)]);
        for name in zero_is_wrong.into_iter().chain(zero_is_none) {
            for value in ["1e12", "1000000000000", "-1", "99999999999999999999999", "many", "1 000", "0x10"] {
                let error = resolve(name, value).err().expect(value);
                assert_eq!(error.option(), name, "{value}");
            }
            assert!(resolve(name, "1").is_ok() && resolve(name, "").is_ok());
        }
        for name in zero_is_wrong {
            assert_eq!(resolve(name, "0").err().expect(name).option(), name);
        }
        for name in zero_is_none {
            assert!(resolve(name, "0").is_ok());
        }
    }

    #[test]
    fn a_hostile_text_is_refused_by_its_name() {
        for variable in [
            ("OTEL_TRACES_EXPORTER", "jaeger"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "thrift"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "no pair"),
            ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "a=%ff"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "brotli"),
            ("OTEL_PROPAGATORS", "tracecontext,jaeger"),
            ("OTEL_SDK_DISABLED", "1"),
            ("RUST_LOG", "info=debug=trace"),
        ] {
            let error = resolve(&[variable]).err().expect(variable.0);
            assert_eq!(error.option(), variable.0);
        }
    }
}
