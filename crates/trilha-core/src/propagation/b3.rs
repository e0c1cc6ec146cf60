//! B3, the format of Zipkin: one header, or one for each part.
//!
//! A parent id is checked and ignored: it names the parent of the sender's span, not of the receiver's.
//!
//! Specification: [B3 propagation](https://github.com/openzipkin/b3-propagation/blob/1237f0b2676173085d5398faa5292b8bee78e5a8/README.md).

use opentelemetry::{SpanId, TraceId};

use super::{
    ForeignContext, Traceparent,
    foreign::{span_id, trace_id},
    hex::{Encoded, decode_u64},
    list::trim,
};

/// The one header that holds it all. It goes before the others.
pub const B3: &str = "b3";
/// The header of the trace id.
pub const TRACE_ID: &str = "x-b3-traceid";
/// The header of the span id.
pub const SPAN_ID: &str = "x-b3-spanid";
/// The header of the parent id, which is neither read nor written.
pub const PARENT_ID: &str = "x-b3-parentspanid";
/// The header of the decision.
pub const SAMPLED: &str = "x-b3-sampled";
/// The header that forces a trace.
pub const FLAGS: &str = "x-b3-flags";

/// Reads the value of the one header, `b3`.
///
/// ```
/// use trilha_core::propagation::b3;
///
/// let context = b3::parse(b"80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1")?;
/// assert_eq!(context.sampled, Some(true));
/// assert_eq!(b3::parse(b"0")?.traceparent, None);
/// # Ok::<(), b3::InvalidB3>(())
/// ```
///
/// # Errors
/// [`InvalidB3`] says which rule the value breaks; it never holds the value.
pub fn parse(value: &[u8]) -> Result<ForeignContext, InvalidB3> {
    let value = trim(value);
    if let [_] = value {
        return state(value).map(ForeignContext::decision).ok_or(InvalidB3::State);
    }
    let mut parts = value.split(|byte| *byte == b'-');
    let trace_id = parts.next().and_then(trace_id).ok_or(InvalidB3::TraceId)?;
    let span_id = parts.next().and_then(span_id).ok_or(InvalidB3::SpanId)?;
    let sampled = parts.next().map(|part| state(part).ok_or(InvalidB3::State)).transpose()?;
    if let Some(parent_id) = parts.next() {
        parent_id.try_into().ok().and_then(decode_u64).ok_or(InvalidB3::ParentId)?;
    }
    match parts.next() {
        Some(_) => Err(InvalidB3::Length),
        None => Ok(ForeignContext::new(trace_id, span_id, sampled)),
    }
}

/// Reads the headers of the parts, one value after another. Of one header's values the first counts.
#[derive(Clone, Copy, Debug, Default)]
pub struct B3Reader {
    trace_id: Option<Result<TraceId, InvalidB3>>,
    span_id: Option<Result<SpanId, InvalidB3>>,
    sampled: Option<Result<bool, InvalidB3>>,
    is_debug: bool,
}

impl B3Reader {
    /// A value of [`TRACE_ID`].
    pub fn trace_id(&mut self, value: &[u8]) {
        self.trace_id.get_or_insert_with(|| trace_id(trim(value)).ok_or(InvalidB3::TraceId));
    }

    /// A value of [`SPAN_ID`].
    pub fn span_id(&mut self, value: &[u8]) {
        self.span_id.get_or_insert_with(|| span_id(trim(value)).ok_or(InvalidB3::SpanId));
    }

    /// A value of [`SAMPLED`]: `1` or `0`, or `true` or `false` as some senders write it.
    pub fn sampled(&mut self, value: &[u8]) {
        self.sampled.get_or_insert(match trim(value) {
            b"1" | b"true" => Ok(true),
            b"0" | b"false" => Ok(false),
            _ => Err(InvalidB3::State),
        });
    }

    /// A value of [`FLAGS`]: `1` forces the trace, whatever the decision says. Anything else says nothing.
    pub fn flags(&mut self, value: &[u8]) {
        self.is_debug |= trim(value) == b"1";
    }

    /// What all values together say. None: there were none.
    ///
    /// # Errors
    /// [`InvalidB3`] says which part is malformed or missing; it never holds a value.
    pub fn finish(self) -> Option<Result<ForeignContext, InvalidB3>> {
        let sampled = if self.is_debug { Some(Ok(true)) } else { self.sampled };
        Some(match (self.trace_id, self.span_id, sampled) {
            (None, None, sampled) => sampled?.map(ForeignContext::decision),
            (trace_id, span_id, sampled) => join(trace_id, span_id, sampled),
        })
    }
}

/// The value of the one header.
pub fn encode(context: &Traceparent) -> Encoded<51> {
    let (trace_id, span_id) = (context.encode_trace_id(), context.encode_parent_id());
    Encoded::joined([trace_id.as_bytes(), span_id.as_bytes(), encode_sampled(context).as_bytes()])
}

/// The value of [`SAMPLED`]. Those of [`TRACE_ID`] and [`SPAN_ID`] are [`Traceparent::encode_trace_id`] and
/// [`Traceparent::encode_parent_id`].
pub fn encode_sampled(context: &Traceparent) -> &'static str {
    if context.is_sampled() { "1" } else { "0" }
}

/// Which rule a B3 header breaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidB3 {
    /// Missing, not 16 or 32 lower-case hexadecimal digits, or all zero.
    #[error("the trace id is missing, is not 16 or 32 lower-case hexadecimal digits, or is zero")]
    TraceId,
    /// Missing, not 16 lower-case hexadecimal digits, or all zero.
    #[error("the span id is missing, is not 16 lower-case hexadecimal digits, or is zero")]
    SpanId,
    /// Not 16 lower-case hexadecimal digits.
    #[error("the parent id is not 16 lower-case hexadecimal digits")]
    ParentId,
    /// None of the sampling states.
    #[error("the sampling state is none of those that B3 knows")]
    State,
    /// More than four parts.
    #[error("a b3 header has at most four parts")]
    Length,
}

fn join(
    trace_id: Option<Result<TraceId, InvalidB3>>,
    span_id: Option<Result<SpanId, InvalidB3>>,
    sampled: Option<Result<bool, InvalidB3>>,
) -> Result<ForeignContext, InvalidB3> {
    let trace_id = trace_id.unwrap_or(Err(InvalidB3::TraceId))?;
    let span_id = span_id.unwrap_or(Err(InvalidB3::SpanId))?;
    Ok(ForeignContext::new(trace_id, span_id, sampled.transpose()?))
}

/// The sampling state of the one header: `d` forces the trace.
fn state(value: &[u8]) -> Option<bool> {
    match value {
        b"1" | b"d" => Some(true),
        b"0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "80f198ee56343ba864fe8b2a57d3eff7";
    const SPAN: &str = "e457b5a2e4d86bd1";

    fn read(value: &str) -> Result<(Option<String>, Option<bool>), InvalidB3> {
        parse(value.as_bytes()).map(|read| (read.traceparent.map(|ids| ids.to_string()), read.sampled))
    }

    fn read_parts(parts: [Option<&str>; 4]) -> Option<Result<ForeignContext, InvalidB3>> {
        let mut reader = B3Reader::default();
        let values = parts.map(|part| part.unwrap_or_default().as_bytes());
        parts[0].inspect(|_| reader.trace_id(values[0]));
        parts[1].inspect(|_| reader.span_id(values[1]));
        parts[2].inspect(|_| reader.sampled(values[2]));
        parts[3].inspect(|_| reader.flags(values[3]));
        reader.finish()
    }

    #[test]
    fn each_sampling_state_is_known() {
        let ids = |flags: u8| Some(format!("00-{TRACE}-{SPAN}-{flags:02x}"));
        assert_eq!(read(&format!("{TRACE}-{SPAN}")), Ok((ids(0), None)));
        assert_eq!(read(&format!("{TRACE}-{SPAN}-0")), Ok((ids(0), Some(false))));
        assert_eq!(read(&format!("{TRACE}-{SPAN}-1")), Ok((ids(1), Some(true))));
        assert_eq!(read(&format!(" {TRACE}-{SPAN}-d-05e3ac9a4f6e3b90\t")), Ok((ids(1), Some(true))));
        assert_eq!(read("0"), Ok((None, Some(false))));
        assert_eq!(read("d"), Ok((None, Some(true))));
    }

    #[test]
    fn a_trace_id_of_64_bits_has_zeros_in_front() {
        let (ids, _) = read(&format!("{SPAN}-{SPAN}-1")).unwrap();
        assert_eq!(ids, Some(format!("00-{:016}{SPAN}-{SPAN}-01", 0)));
    }

    #[test]
    fn what_breaks_a_rule_is_refused_with_its_part() {
        use InvalidB3 as Invalid;
        for (bad, why) in [
            (String::new(), Invalid::TraceId),
            ("2".to_owned(), Invalid::State),
            (TRACE.to_owned(), Invalid::SpanId),
            (format!("{TRACE}-"), Invalid::SpanId),
            (format!("{TRACE}0-{SPAN}"), Invalid::TraceId),
            (format!("{}-{SPAN}", TRACE.to_uppercase()), Invalid::TraceId),
            (format!("{:032}-{SPAN}", 0), Invalid::TraceId),
            (format!("{TRACE}-{:016}", 0), Invalid::SpanId),
            (format!("{TRACE}-{SPAN}-"), Invalid::State),
            (format!("{TRACE}-{SPAN}-true"), Invalid::State),
            (format!("{TRACE}-{SPAN}-{SPAN}"), Invalid::State),
            (format!("{TRACE}-{SPAN}-1-"), Invalid::ParentId),
            (format!("{TRACE}-{SPAN}-1-{SPAN}-"), Invalid::Length),
        ] {
            assert_eq!(read(&bad), Err(why), "{bad}");
        }
    }

    #[test]
    fn parts_say_the_same_as_the_one_header() {
        let whole = parse(format!("{TRACE}-{SPAN}-1").as_bytes());
        assert_eq!(read_parts([Some(TRACE), Some(SPAN), Some("1"), None]), Some(whole));
        assert_eq!(read_parts([Some(TRACE), Some(SPAN), Some("true"), None]), Some(whole));
        assert_eq!(read_parts([Some(TRACE), Some(SPAN), Some("0"), Some("1")]), Some(whole));
        assert_eq!(read_parts([None, None, Some("0"), Some("0")]), Some(parse(b"0")));
        assert_eq!(read_parts([None, None, None, Some("0")]), None);
    }

    #[test]
    fn a_part_that_is_missing_or_malformed_refuses_all() {
        use InvalidB3 as Invalid;
        assert_eq!(read_parts([Some(TRACE), None, Some("1"), None]), Some(Err(Invalid::SpanId)));
        assert_eq!(read_parts([None, Some(SPAN), None, None]), Some(Err(Invalid::TraceId)));
        assert_eq!(read_parts([Some(TRACE), Some(SPAN), Some("d"), None]), Some(Err(Invalid::State)));
        assert_eq!(read_parts([Some("1"), Some(SPAN), None, None]), Some(Err(Invalid::TraceId)));
    }

    #[test]
    fn the_first_value_of_a_part_counts() {
        let mut reader = B3Reader::default();
        reader.trace_id(SPAN.as_bytes());
        reader.trace_id(TRACE.as_bytes());
        reader.span_id(SPAN.as_bytes());
        assert_eq!(reader.finish(), Some(parse(format!("{SPAN}-{SPAN}").as_bytes())));
    }

    #[test]
    fn what_is_written_is_read_the_same() {
        for flags in ["00", "01"] {
            let context: Traceparent = format!("00-{TRACE}-{SPAN}-{flags}").parse().unwrap();
            let read = parse(encode(&context).as_bytes()).unwrap();
            assert_eq!(read.traceparent, Some(context));
            assert_eq!(read.sampled, Some(context.is_sampled()));
        }
    }
}
