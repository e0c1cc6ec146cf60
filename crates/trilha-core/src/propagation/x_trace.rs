//! The `X-Trace-ID` family: headers, or properties of a message, with an id each and no specification.
//!
//! They know no sampling decision. A parent id is ignored: it names the parent of the sender's span, not of
//! the receiver's.

use opentelemetry::{SpanId, TraceId};

use crate::carrier::CarrierKind;

use super::{
    ForeignContext,
    foreign::{span_id, trace_id},
    list::trim,
};

/// The headers of the trace id, the span id and the parent id, of which the last is neither read nor written.
pub const HEADERS: [&str; 3] = ["x-trace-id", "x-span-id", "x-parent-id"];
/// The same as properties of a message.
pub const PROPERTIES: [&str; 3] = ["trace_id", "span_id", "parent_id"];

/// The names of the three in this kind of carrier.
pub const fn fields(kind: CarrierKind) -> &'static [&'static str; 3] {
    match kind {
        CarrierKind::Messaging => &PROPERTIES,
        _ => &HEADERS,
    }
}

/// Reads the ids, one value after another.
///
/// A trace id is 32 hexadecimal digits, also as a UUID, or 16; a span id is 16. Upper case is taken, and
/// becomes lower case. They are written as [`Traceparent::encode_trace_id`](super::Traceparent::encode_trace_id) and
/// [`Traceparent::encode_parent_id`](super::Traceparent::encode_parent_id).
///
/// ```
/// use trilha_core::propagation::x_trace::XTraceReader;
///
/// let mut reader = XTraceReader::default();
/// reader.trace_id(b"80F198EE-5634-3BA8-64FE-8B2A57D3EFF7");
/// reader.span_id(b"e457b5a2e4d86bd1");
/// let context = reader.finish().unwrap()?;
/// assert_eq!(context.sampled, None);
/// # Ok::<(), trilha_core::propagation::x_trace::InvalidXTrace>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct XTraceReader {
    trace_id: Option<Result<TraceId, InvalidXTrace>>,
    span_id: Option<Result<SpanId, InvalidXTrace>>,
}

impl XTraceReader {
    /// A value of the trace id.
    pub fn trace_id(&mut self, value: &[u8]) {
        let id = || trace_id(&digits(value)?);
        self.trace_id = Some(match self.trace_id {
            None => id().ok_or(InvalidXTrace::TraceId),
            Some(_) => Err(InvalidXTrace::Repeated),
        });
    }

    /// A value of the span id.
    pub fn span_id(&mut self, value: &[u8]) {
        let id = || span_id(&digits(value)?);
        self.span_id = Some(match self.span_id {
            None => id().ok_or(InvalidXTrace::SpanId),
            Some(_) => Err(InvalidXTrace::Repeated),
        });
    }

    /// What both say together. None: there was neither.
    ///
    /// # Errors
    /// [`InvalidXTrace`] says which id is malformed or missing; it never holds a value.
    pub fn finish(self) -> Option<Result<ForeignContext, InvalidXTrace>> {
        if self.trace_id.is_none() && self.span_id.is_none() {
            return None;
        }
        let trace_id = self.trace_id.unwrap_or(Err(InvalidXTrace::TraceId));
        let span_id = self.span_id.unwrap_or(Err(InvalidXTrace::SpanId));
        Some(trace_id.and_then(|trace_id| Ok(ForeignContext::new(trace_id, span_id?, None))))
    }
}

/// Which rule the ids break.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidXTrace {
    /// Missing, not 16 or 32 hexadecimal digits nor a UUID, or all zero.
    #[error("the trace id is missing, is not 16 or 32 hexadecimal digits nor a UUID, or is zero")]
    TraceId,
    /// Missing, not 16 hexadecimal digits, or all zero.
    #[error("the span id is missing, is not 16 hexadecimal digits, or is zero")]
    SpanId,
    /// Two or more values: nobody can tell which one is meant.
    #[error("an id stands there more than once")]
    Repeated,
}

/// Whether this is an id of a trace or a span.
pub(crate) fn is_id(value: &[u8]) -> bool {
    digits(value).is_some_and(|digits| trace_id(&digits).is_some())
}

const UUID: [usize; 5] = [8, 4, 4, 4, 12];

/// The digits in lower case, without the dashes of a UUID.
fn digits(value: &[u8]) -> Option<Vec<u8>> {
    let value = Some(trim(value)).filter(|value| value.len() <= 36)?.to_ascii_lowercase();
    let fields = || value.split(|byte| *byte == b'-');
    Some(if fields().map(<[u8]>::len).eq(UUID) { fields().flatten().copied().collect() } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "80f198ee56343ba864fe8b2a57d3eff7";
    const SPAN: &str = "e457b5a2e4d86bd1";

    fn read(traces: &[&str], spans: &[&str]) -> Option<Result<String, InvalidXTrace>> {
        let mut reader = XTraceReader::default();
        traces.iter().for_each(|value| reader.trace_id(value.as_bytes()));
        spans.iter().for_each(|value| reader.span_id(value.as_bytes()));
        let context = reader.finish()?;
        Some(context.map(|context| {
            assert_eq!(context.sampled, None);
            context.traceparent.unwrap().to_string()
        }))
    }

    #[test]
    fn either_case_and_uuids_are_the_same_id() {
        let same = Some(Ok(format!("00-{TRACE}-{SPAN}-00")));
        assert_eq!(read(&[TRACE], &[SPAN]), same);
        assert_eq!(read(&[&TRACE.to_uppercase()], &[&format!(" {} ", SPAN.to_uppercase())]), same);
        assert_eq!(read(&["80F198EE-5634-3ba8-64fe-8b2a57d3eff7"], &[SPAN]), same);
        assert_eq!(read(&[SPAN], &[SPAN]), Some(Ok(format!("00-{:016}{SPAN}-{SPAN}-00", 0))));
    }

    #[test]
    fn other_texts_are_no_ids() {
        let zero = "0".repeat(32);
        let long = "a".repeat(1 << 20);
        for bad in [
            "",
            "xyz-123",
            &TRACE[1..],
            &zero,
            &long,
            "80f198ee-56343ba8-64fe-8b2a-57d3eff7",
            "+0f198ee56343ba8",
        ] {
            assert_eq!(read(&[bad], &[SPAN]), Some(Err(InvalidXTrace::TraceId)), "{bad}");
        }
        for bad in ["", TRACE, &zero[..16], "e457-b5a2-e4d86b", "e457b5a2e4d86bd"] {
            assert_eq!(read(&[TRACE], &[bad]), Some(Err(InvalidXTrace::SpanId)), "{bad}");
        }
    }

    #[test]
    fn one_id_alone_or_one_twice_is_refused() {
        assert_eq!(read(&[], &[]), None);
        assert_eq!(read(&[TRACE], &[]), Some(Err(InvalidXTrace::SpanId)));
        assert_eq!(read(&[], &[SPAN]), Some(Err(InvalidXTrace::TraceId)));
        assert_eq!(read(&[TRACE, TRACE], &[SPAN]), Some(Err(InvalidXTrace::Repeated)));
        assert_eq!(read(&[TRACE], &[SPAN, SPAN]), Some(Err(InvalidXTrace::Repeated)));
    }
}
