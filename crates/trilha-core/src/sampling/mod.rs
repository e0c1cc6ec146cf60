//! Head sampling: whether a trace is kept, decided where it starts.
//!
//! Specification: [OpenTelemetry, trace SDK, samplers](https://opentelemetry.io/docs/specs/otel/trace/sdk/#sampling)
//! and [probability sampling](https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/).

use opentelemetry::TraceId;

use crate::{
    TraceContext,
    propagation::random_trace_id,
    recorder::{Decision, SpanStart},
};

/// One more than the largest randomness value: 56 bits.
const RANDOMNESS: u64 = 1 << 56;

/// Decides whether a span is kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampler {
    /// A span is kept where its trace's randomness is not below.
    threshold: u64,
    is_parent_based: bool,
}

impl Sampler {
    /// Keeps all spans, whatever the parent's decision was.
    pub const fn always_on() -> Self {
        Self { threshold: 0, is_parent_based: false }
    }

    /// Keeps none.
    pub const fn always_off() -> Self {
        Self { threshold: RANDOMNESS, is_parent_based: false }
    }

    /// Keeps this share of all traces, the same ones in every service.
    ///
    /// A ratio outside 0 to 1, or one that is not a number, gives nothing.
    pub fn ratio(ratio: f64) -> Option<Self> {
        (0.0..=1.0).contains(&ratio).then(|| Self {
            threshold: ((1.0 - ratio) * RANDOMNESS as f64).round() as u64,
            is_parent_based: false,
        })
    }

    /// Follows the parent's decision where there is a parent.
    #[must_use]
    pub const fn parent_based(self) -> Self {
        Self { is_parent_based: true, ..self }
    }

    /// Whether it keeps no child of a span that it did not keep.
    pub const fn is_final(&self) -> bool {
        self.is_parent_based || self.threshold == RANDOMNESS
    }

    /// The decision for a span that starts in the trace `trace_id`.
    #[inline]
    pub fn decide(&self, start: &SpanStart<'_>, trace_id: TraceId) -> bool {
        let parent = start.parent.filter(|parent| parent.traceparent().is_some());
        match start.decision {
            Decision::Parent => self.keeps(parent.map(TraceContext::is_sampled), trace_id),
            Decision::TraceId => self.keeps(None, trace_id),
            Decision::Denied => self.keeps(Some(false), trace_id),
            Decision::Chance => self.keeps(None, random_trace_id()),
        }
    }

    /// The decision for a span in the trace `trace_id`.
    ///
    /// `parent` is the decision of the parent, where there is one.
    #[inline]
    pub fn keeps(&self, parent: Option<bool>, trace_id: TraceId) -> bool {
        match parent {
            Some(is_sampled) if self.is_parent_based => is_sampled,
            _ => randomness(trace_id) >= self.threshold,
        }
    }
}

fn randomness(trace_id: TraceId) -> u64 {
    let [.., a, b, c, d, e, f, g] = trace_id.to_bytes();
    u64::from_be_bytes([0, a, b, c, d, e, f, g])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_keeps_its_share() {
        let sampler = Sampler::ratio(0.1).unwrap();
        let kept = (0..10_000u64)
            .map(|i| TraceId::from(u128::from(i.wrapping_mul(0x9e37_79b9_7f4a_7c15))))
            .filter(|id| sampler.keeps(None, *id))
            .count();
        assert!((900..1_100).contains(&kept), "{kept}");
    }

    #[test]
    fn one_tenth_has_the_specifications_threshold() {
        let keeps =
            |randomness: u64| Sampler::ratio(0.1).unwrap().keeps(None, TraceId::from(u128::from(randomness)));
        assert!(keeps(0xe6_6666_6666_7000));
        assert!(!keeps(0xe6_6666_6666_6000));
    }

    #[test]
    fn parent_based_follows_the_parent() {
        let id = TraceId::from(u128::MAX);
        assert!(!Sampler::always_on().parent_based().keeps(Some(false), id));
        assert!(Sampler::always_on().keeps(Some(false), id));
        assert!(Sampler::always_off().parent_based().keeps(Some(true), id));
        assert!(!Sampler::always_off().keeps(Some(true), id));
    }

    #[test]
    fn what_is_final_keeps_no_child_of_what_it_did_not_keep() {
        let ratio = Sampler::ratio(0.5).unwrap();
        for (sampler, is_final) in [
            (ratio.parent_based(), true),
            (Sampler::always_on().parent_based(), true),
            (Sampler::always_off(), true),
            (Sampler::always_on(), false),
            (ratio, false),
        ] {
            assert_eq!(sampler.is_final(), is_final, "{sampler:?}");
            let keeps = |id: u128| sampler.keeps(Some(false), TraceId::from(id));
            assert!(!is_final || !(keeps(u128::MAX) || keeps(1)), "{sampler:?}");
        }
    }

    #[test]
    fn a_ratio_is_a_share() {
        for bad in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert_eq!(Sampler::ratio(bad), None);
        }
    }
}
