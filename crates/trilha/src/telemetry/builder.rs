//! What a program says about itself and its telemetry, before it starts.

use std::sync::Arc;

use trilha_core::{
    CarrierKind,
    guard::{Detect, HashKey},
    policy::Policy,
    sampling::Sampler,
    schema::Zone,
};

use super::{Telemetry, install};
use crate::{
    SetupError,
    settings::{Env, LogFormat, Options, Protocol, Settings},
};

/// Settings of [`Telemetry`]. What is not set here is read from the environment.
///
/// | setter | variable | defaults to |
/// |---|---|---|
/// | – | `OTEL_SDK_DISABLED` | `false` |
/// | [`builder`](Telemetry::builder), where its name is empty | `OTEL_SERVICE_NAME` | – |
/// | [`version`](Self::version), [`team`](Self::team), [`zone`](Self::zone), [`environment`](Self::environment) | `OTEL_RESOURCE_ATTRIBUTES` | – |
/// | [`endpoint`](Self::endpoint) | `OTEL_EXPORTER_OTLP_ENDPOINT`, `…_TRACES_ENDPOINT`, `…_METRICS_ENDPOINT` | `http://localhost:4318`, with gRPC `:4317` |
/// | [`protocol`](Self::protocol) | `OTEL_EXPORTER_OTLP_PROTOCOL`, `…_TRACES_PROTOCOL`, `…_METRICS_PROTOCOL` | `http/protobuf` |
/// | [`header`](Self::header) | `OTEL_EXPORTER_OTLP_HEADERS`, `…_TRACES_HEADERS`, `…_METRICS_HEADERS` | – |
/// | [`gzip`](Self::gzip) | `OTEL_EXPORTER_OTLP_COMPRESSION`, `…_TRACES_COMPRESSION`, `…_METRICS_COMPRESSION` (`gzip` or `none`) | `none` |
/// | [`tls`](Self::tls) | `OTEL_EXPORTER_OTLP_CERTIFICATE`, `…_CLIENT_CERTIFICATE`, `…_CLIENT_KEY`, each with `…_TRACES_…` and `…_METRICS_…`: paths of PEM files, read where the endpoint is `https://` | the system's roots |
/// | – | `OTEL_EXPORTER_OTLP_TIMEOUT`, `…_TRACES_TIMEOUT`, `…_METRICS_TIMEOUT` | 10,000 ms |
/// | – | `OTEL_TRACES_EXPORTER` (`otlp`, `none`, or `console`: lines of JSON on standard output), `OTEL_METRICS_EXPORTER` (`otlp` or `none`) | `otlp` |
/// | [`sampler`](Self::sampler) | `OTEL_TRACES_SAMPLER`, `OTEL_TRACES_SAMPLER_ARG` | parent-based; all, or a tenth where the environment is `production` or `staging` |
/// | [`policy`](Self::policy) | `TRILHA_POLICY`: the path of a file | – |
/// | [`hash_key`](Self::hash_key) | `TRILHA_HASH_KEY`: the secret of values that leave as a keyed hash, of 16 bytes at least | – |
/// | [`detector`](Self::detector) | – | the guard's own detectors, and those of the policy |
/// | policy | `OTEL_PROPAGATORS` (of `tracecontext`, `baggage`, `b3`, `b3multi`, `xtrace`, or `none`): what is read and written | all are read, `tracecontext,baggage` are written |
/// | [`without`](Self::without) | – | all carriers take part |
/// | [`logs`](Self::logs) | `TRILHA_LOGS` (`json`, `text`, `off`) | `text`, or `json` where the environment is `production` or `staging` |
/// | – | `RUST_LOG`: which log lines are written | `info` |
/// | – | `TRILHA_SPANS`: which `tracing` spans take part, as in `RUST_LOG` | `info,lapin=off` |
/// | – | `OTEL_BSP_SCHEDULE_DELAY`, `OTEL_BSP_MAX_QUEUE_SIZE`, `OTEL_BSP_MAX_EXPORT_BATCH_SIZE` | 1,000 ms, 65,536 and 512 spans |
/// | – | `OTEL_BSP_EXPORT_TIMEOUT`: how long a batch is tried again before it is given up | 60,000 ms |
/// | – | `OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT`, `OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT`, `OTEL_SPAN_EVENT_COUNT_LIMIT`, `OTEL_SPAN_LINK_COUNT_LIMIT` | 128, 16,384 characters, 128, 128 |
/// | – | `OTEL_ATTRIBUTE_COUNT_LIMIT`, `OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT`, where the span has no limit of its own; `OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT`, `OTEL_LINK_ATTRIBUTE_COUNT_LIMIT` | 128, 16,384 characters; 128, 128 |
/// | – | `OTEL_METRIC_EXPORT_INTERVAL` | 60,000 ms |
///
/// A limit of a value's length also raises what the [guard](crate::guard) lets through at every exit, up to 1 MiB a
/// value, unless the policy's `value_bytes` says otherwise. A span holds 1 MiB in all.
#[derive(Clone, Debug)]
#[must_use = "telemetry starts with `install` or `build`"]
pub struct TelemetryBuilder(Options);

impl TelemetryBuilder {
    pub(super) fn new(service_name: String) -> Self {
        let mut options = Options::default();
        options.resource.service_name = service_name;
        Self(options)
    }

    /// The version of the service: `service.version`. Defaults to none.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.0.resource.version = Some(version.into());
        self
    }

    /// The team that owns the service: `team`. Defaults to none.
    pub fn team(mut self, team: impl Into<String>) -> Self {
        self.0.resource.team = Some(team.into());
        self
    }

    /// Where in the platform the service stands: `zone`. [`Zone::Z1`] is an edge, and does not continue
    /// the traces of strangers. Defaults to none, which is no edge.
    pub fn zone(mut self, zone: Zone) -> Self {
        self.0.resource.zone = Some(zone);
        self
    }

    /// Where it is deployed: `deployment.environment.name`. Defaults to none.
    ///
    /// In `production` and `staging` a tenth of the traces is kept and log lines are JSON, unless
    /// [`sampler`](Self::sampler) and [`logs`](Self::logs) say otherwise.
    pub fn environment(mut self, environment: impl Into<String>) -> Self {
        self.0.resource.environment = Some(environment.into());
        self
    }

    /// The receiver's base URL, as in `OTEL_EXPORTER_OTLP_ENDPOINT`. Defaults to `http://localhost:4318`,
    /// with gRPC to `http://localhost:4317`.
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.0.exporter.endpoint = Some(url.into());
        self
    }

    /// How OTLP is spoken. Defaults to [`Protocol::Http`].
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.0.exporter.protocol = Some(protocol);
        self
    }

    /// Adds a header to every export, in the place of one with this name in the environment. Defaults to
    /// none. It is never logged.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.exporter.headers.push((name.into(), value.into()));
        self
    }

    /// Compresses every export with gzip. Defaults to what `OTEL_EXPORTER_OTLP_COMPRESSION` says, else to not
    /// doing so.
    #[cfg(feature = "gzip")]
    pub fn gzip(mut self) -> Self {
        self.0.exporter.is_gzip = true;
        self
    }

    /// How the receiver behind `https://` is known, and how it knows us, in the place of the environment's
    /// files. Defaults to those, else to the system's roots.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: trilha_otlp::Tls) -> Self {
        self.0.exporter.tls = Some(tls);
        self
    }

    /// Which traces are kept. Defaults to all, or a tenth where the [`environment`](Self::environment) is
    /// `production` or `staging`; a trace that came in is kept where its parent was.
    pub fn sampler(mut self, sampler: Sampler) -> Self {
        self.0.sampler = Some(sampler);
        self
    }

    /// Neither reads nor writes a context in this kind of carrier. Defaults to all kinds taking part.
    pub fn without(mut self, carrier: CarrierKind) -> Self {
        self.0.switched_off.push(carrier);
        self
    }

    /// The platform's own rules: its keys and zones, whom it trusts, who gets baggage, and what the
    /// [guard](crate::guard) does, which scans by default. Defaults to the file that `TRILHA_POLICY` names, else
    /// to none.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.0.policy = Some(policy);
        self
    }

    /// Adds a detector of the platform's own to the [guard](crate::guard). Those of the policy come first.
    pub fn detector(mut self, detector: impl Detect + 'static) -> Self {
        self.0.guard.detectors.push(Arc::new(detector));
        self
    }

    /// The secret key of what leaves as a keyed hash: services that share it hash equal values alike. Defaults to
    /// `TRILHA_HASH_KEY`, else to none, and then a policy that asks for hashes is refused.
    pub fn hash_key(mut self, key: HashKey) -> Self {
        self.0.guard.hash_key = Some(key);
        self
    }

    /// How log lines look, with [`install`](Self::install). Defaults to [`LogFormat::Text`], or
    /// [`LogFormat::Json`] where the [`environment`](Self::environment) is `production` or `staging`.
    pub fn logs(mut self, format: LogFormat) -> Self {
        self.0.logs = Some(format);
        self
    }

    /// Starts telemetry, and makes it the process's: every adapter without a handle of its own uses it,
    /// `tracing` spans take part, and log lines go to standard output. Records of the `log` crate are among them after
    /// `tracing_log::LogTracer::init()`, which the program calls itself.
    ///
    /// # Errors
    /// A setting is wrong, or the process already has a `tracing` subscriber: then [`build`](Self::build)
    /// it, add [`Telemetry::layer`] there, and call [`Telemetry::set_default`].
    pub fn install(self) -> Result<Telemetry, SetupError> {
        let settings = Settings::resolve(self.0, &Env::of_process()?)?;
        install::install(settings)
    }

    /// Starts telemetry and makes nothing global: adapters get its [`handle`](Telemetry::handle), or do
    /// nothing until [`Telemetry::set_default`] is called.
    ///
    /// # Errors
    /// A setting is wrong.
    pub fn build(self) -> Result<Telemetry, SetupError> {
        let settings = Settings::resolve(self.0, &Env::of_process()?)?;
        Telemetry::start(&settings)
    }
}
