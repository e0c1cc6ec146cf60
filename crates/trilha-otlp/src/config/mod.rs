//! The settings of a pipeline. Nothing is read from the environment here; each value is checked when
//! the pipeline starts, and named when it is wrong.

mod endpoint;
#[cfg(feature = "tls")]
mod tls;

use std::{fmt::Debug, ops::RangeInclusive, time::Duration};

use opentelemetry::KeyValue;
use trilha_core::sampling::Sampler;

pub use self::endpoint::Endpoint;
#[cfg(feature = "json")]
pub(crate) use self::endpoint::LinesTo;
pub(crate) use self::endpoint::{Compression, Destination, Protocol, Target};
#[cfg(feature = "tls")]
pub use self::tls::Tls;
use crate::{Limits, SetupError, queue::Bounds};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// The settings of a [`Pipeline`](crate::Pipeline).
///
/// ```
/// use std::time::Duration;
/// use trilha_otlp::{Endpoint, PipelineConfig};
///
/// let config = PipelineConfig::new(Endpoint::http("http://localhost:4318/v1/traces"))
///     .resource([opentelemetry::KeyValue::new("service.name", "order-service")])
///     .batch_interval(Duration::from_millis(200));
/// ```
#[derive(Clone, Debug)]
#[must_use = "a pipeline is started by `Pipeline::start`"]
pub struct PipelineConfig {
    pub(crate) endpoint: Endpoint,
    pub(crate) resource: Vec<KeyValue>,
    pub(crate) sampler: Sampler,
    pub(crate) limits: Limits,
    pub(crate) bounds: Bounds,
    pub(crate) batch_interval: Duration,
    pub(crate) retry_for: Duration,
    pub(crate) overdue_after: Duration,
}

impl PipelineConfig {
    /// Everything at its default, and spans sent to `endpoint`.
    pub fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            resource: Vec::new(),
            sampler: Sampler::always_on().parent_based(),
            limits: Limits::default(),
            bounds: Bounds {
                queue_spans: 65_536,
                queue_bytes: 32 * MIB,
                batch_spans: 512,
                batch_bytes: 7 * MIB / 2,
            },
            batch_interval: Duration::from_secs(1),
            retry_for: Duration::from_secs(60),
            overdue_after: Duration::from_secs(600),
        }
    }

    /// Who the service is: the attributes of OTLP's resource, sent with every batch. Defaults to none.
    pub fn resource(mut self, attributes: impl IntoIterator<Item = KeyValue>) -> Self {
        self.resource = attributes.into_iter().collect();
        self
    }

    /// Which traces are kept. Defaults to all, except where the parent was not.
    pub fn sampler(mut self, sampler: Sampler) -> Self {
        self.sampler = sampler;
        self
    }

    /// How much of a span is kept.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How many ended spans wait at most. Defaults to 65,536, of which the usual ones take less than
    /// [`queue_bytes`](Self::queue_bytes) together; 1 to 1,000,000.
    ///
    /// Beyond it spans are dropped and counted, the least important first: steps inside of a process; then
    /// roots, spans of the kinds server and consumer, and others whose parent is in another process; those
    /// with an error last. A span makes room for one of a higher rank, and among equals the newest is dropped:
    /// what waited longest is kept, so that traces stay whole.
    pub fn queue_spans(mut self, count: usize) -> Self {
        self.bounds.queue_spans = count;
        self
    }

    /// How much memory ended spans take at most while they wait; what is allocated for them may be a third more.
    /// Defaults to 32 MiB; at least twice [`Limits::span_bytes`], at most 4 GiB.
    pub fn queue_bytes(mut self, bytes: usize) -> Self {
        self.bounds.queue_bytes = bytes;
        self
    }

    /// How many spans are sent at once. Defaults to 512; 1 to [`queue_spans`](Self::queue_spans).
    pub fn batch_spans(mut self, count: usize) -> Self {
        self.bounds.batch_spans = count;
        self
    }

    /// How many bytes are sent at once, unless a single span is larger. Defaults to 3.5 MiB, as
    /// gRPC receivers take requests of up to 4 MiB unless told otherwise; 1 KiB to 64 MiB.
    pub fn batch_bytes(mut self, bytes: usize) -> Self {
        self.bounds.batch_bytes = bytes;
        self
    }

    /// How long a span waits at most for others to be sent with. Defaults to 1 s; 1 ms to 1 h.
    pub fn batch_interval(mut self, interval: Duration) -> Self {
        self.batch_interval = interval;
        self
    }

    /// How long a batch is tried again before it is given up. Defaults to 60 s; 0 is not at all, at
    /// most 1 h.
    pub fn retry_for(mut self, time: Duration) -> Self {
        self.retry_for = time;
        self
    }

    /// How long a span may be open before it counts as [overdue](trilha_core::SpanCounts::overdue), as one that
    /// nobody will end. It is noticed after this time at the earliest, and a quarter of it later at the latest.
    /// Defaults to 10 min; 1 s to 24 h.
    pub fn overdue_after(mut self, time: Duration) -> Self {
        self.overdue_after = time;
        self
    }

    pub(crate) fn check(&self) -> Result<Destination, SetupError> {
        const HOUR: Duration = Duration::from_secs(3_600);
        let Bounds { queue_spans, queue_bytes, batch_spans, batch_bytes } = self.bounds;
        let span_bytes = self.limits.span_bytes;
        within("span_bytes", span_bytes, Limits::SPAN_BYTES)?;
        within("queue_spans", queue_spans, 1..=1_000_000)?;
        within("queue_bytes", queue_bytes, 2 * span_bytes..=4096 * MIB)?;
        within("batch_spans", batch_spans, 1..=queue_spans)?;
        within("batch_bytes", batch_bytes, KIB..=64 * MIB)?;
        within("batch_interval", self.batch_interval, Duration::from_millis(1)..=HOUR)?;
        within("retry_for", self.retry_for, Duration::ZERO..=HOUR)?;
        within("overdue_after", self.overdue_after, Duration::from_secs(1)..=24 * HOUR)?;
        self.endpoint.check()
    }
}

/// Whether an option's value is allowed.
pub(crate) fn within<T: Debug + PartialOrd>(
    option: &'static str,
    value: T,
    allowed: RangeInclusive<T>,
) -> Result<(), SetupError> {
    match allowed.contains(&value) {
        true => Ok(()),
        false => Err(SetupError::of_option(
            option,
            format!("{value:?} is not within {:?} and {:?}", allowed.start(), allowed.end()),
        )),
    }
}

#[cfg(test)]
#[cfg(feature = "http")]
mod tests {
    use super::*;

    fn refused(config: impl FnOnce(PipelineConfig) -> PipelineConfig) -> Option<&'static str> {
        let config = config(PipelineConfig::new(Endpoint::http("http://localhost:4318/v1/traces")));
        config.check().err().map(|error| error.option().unwrap())
    }

    #[test]
    fn the_defaults_are_accepted() {
        assert_eq!(refused(|config| config), None);
    }

    #[test]
    fn a_hostile_value_is_refused_by_its_name() {
        assert_eq!(refused(|config| config.queue_spans(0)), Some("queue_spans"));
        assert_eq!(refused(|config| config.queue_spans(1_000_000_000_000)), Some("queue_spans"));
        assert_eq!(refused(|config| config.queue_bytes(MIB)), Some("queue_bytes"));
        assert_eq!(refused(|config| config.batch_spans(0)), Some("batch_spans"));
        assert_eq!(refused(|config| config.batch_spans(65_537)), Some("batch_spans"));
        assert_eq!(refused(|config| config.batch_bytes(0)), Some("batch_bytes"));
        assert_eq!(refused(|config| config.batch_interval(Duration::ZERO)), Some("batch_interval"));
        assert_eq!(refused(|config| config.retry_for(Duration::MAX)), Some("retry_for"));
        assert_eq!(refused(|config| config.overdue_after(Duration::ZERO)), Some("overdue_after"));
        assert_eq!(refused(|config| config.overdue_after(Duration::MAX)), Some("overdue_after"));
        assert_eq!(refused(|config| config.limits(Limits::default().span_bytes(0))), Some("span_bytes"));
    }
}
