//! How much of a span is kept.

use std::ops::RangeInclusive;

/// How much of a span is kept; what is beyond is left out while it is written, and counted in the
/// span's `dropped_…_count` fields.
///
/// Specification: [span limits](https://opentelemetry.io/docs/specs/otel/trace/sdk/#span-limits).
///
/// ```
/// use trilha_otlp::Limits;
///
/// let limits = Limits::default().attributes(64).value_chars(1_024);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use = "limits are set by `PipelineConfig::limits`"]
pub struct Limits {
    pub(crate) attributes: usize,
    pub(crate) events: usize,
    pub(crate) links: usize,
    pub(crate) event_attributes: usize,
    pub(crate) link_attributes: usize,
    pub(crate) value_chars: usize,
    pub(crate) span_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attributes: 128,
            events: 128,
            links: 128,
            event_attributes: 128,
            link_attributes: 128,
            value_chars: 16 * 1024,
            span_bytes: 1024 * 1024,
        }
    }
}

impl Limits {
    /// What [`span_bytes`](Self::span_bytes) may be: a name always fits, and a receiver may take it.
    pub(crate) const SPAN_BYTES: RangeInclusive<usize> = 16 * 1024..=16 * 1024 * 1024;

    /// Attributes of a span. Defaults to 128.
    pub fn attributes(self, count: usize) -> Self {
        Self { attributes: count, ..self }
    }

    /// Events of a span. Defaults to 128.
    pub fn events(self, count: usize) -> Self {
        Self { events: count, ..self }
    }

    /// Links of a span. Defaults to 128.
    pub fn links(self, count: usize) -> Self {
        Self { links: count, ..self }
    }

    /// Attributes of an event. Defaults to 128.
    pub fn event_attributes(self, count: usize) -> Self {
        Self { event_attributes: count, ..self }
    }

    /// Attributes of a link. Defaults to 128.
    pub fn link_attributes(self, count: usize) -> Self {
        Self { link_attributes: count, ..self }
    }

    /// Characters of an attribute's text, and of each text of a list; what is longer is cut. Defaults
    /// to 16,384. Names are always cut to 1,024, a status's message to 16,384. The guard has cut texts before, to
    /// [`Rules::value_bytes`](trilha_core::guard::Rules::value_bytes): to let more through, raise both.
    pub fn value_chars(self, count: usize) -> Self {
        Self { value_chars: count, ..self }
    }

    /// Bytes of a whole span as it is sent; what does not fit is left out. Defaults to 1 MiB; 16 KiB
    /// to 16 MiB.
    pub fn span_bytes(self, bytes: usize) -> Self {
        Self { span_bytes: bytes, ..self }
    }
}
