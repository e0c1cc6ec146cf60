//! The promises of B3: the input is the one header, or a line for each of the others.

use trilha_core::propagation::{
    ForeignContext,
    b3::{B3Reader, InvalidB3, encode, encode_sampled, parse},
};

use crate::{lines, number, spelt, trimmed};

/// What the format allows is accepted with the same meaning, and nothing else, in either form.
pub fn check(input: &[u8]) {
    let parsed = parse(input);
    assert_eq!(parsed.ok().map(said), one_header(input));
    written(parsed);

    let mut reader = B3Reader::default();
    let lines = lines(input);
    let field = |at: usize| lines.get(at).copied().filter(|line| !line.is_empty());
    let [trace_id, span_id, sampled, flags] = [field(0), field(1), field(2), field(3)];
    trace_id.into_iter().for_each(|value| reader.trace_id(value));
    span_id.into_iter().for_each(|value| reader.span_id(value));
    sampled.into_iter().for_each(|value| reader.sampled(value));
    flags.into_iter().for_each(|value| reader.flags(value));
    let parsed = reader.finish();
    let is_there = trace_id.is_some() || span_id.is_some() || sampled.is_some();
    let is_debug = flags.is_some_and(|flags| trimmed(flags) == b"1");
    assert_eq!(parsed.is_some(), is_there || is_debug);
    let sampled = if is_debug { Some(b"1".as_slice()) } else { sampled };
    assert_eq!(parsed.and_then(Result::ok).map(said), many_headers(trace_id, span_id, sampled));
    parsed.into_iter().for_each(written);
}

/// The ids, if any, and the decision, if any.
type Said = (Option<String>, Option<bool>);

fn said(context: ForeignContext) -> Said {
    (context.traceparent.map(|ids| ids.to_string()), context.sampled)
}

/// What is written is read the same.
fn written(parsed: Result<ForeignContext, InvalidB3>) {
    let Some(ids) = parsed.ok().and_then(|context| context.traceparent) else { return };
    let expected = Ok(ForeignContext { traceparent: Some(ids), sampled: Some(ids.is_sampled()) });
    assert_eq!(parse(encode(&ids).as_str().as_bytes()), expected);
    let mut reader = B3Reader::default();
    reader.trace_id(ids.encode_trace_id().as_str().as_bytes());
    reader.span_id(ids.encode_parent_id().as_str().as_bytes());
    reader.sampled(encode_sampled(&ids).as_bytes());
    assert_eq!(reader.finish(), Some(expected));
}

fn one_header(input: &[u8]) -> Option<Said> {
    let fields: Vec<&[u8]> = trimmed(input).split(|byte| *byte == b'-').collect();
    let state = |text: &[u8]| match text {
        b"0" => Some(false),
        b"1" | b"d" => Some(true),
        _ => None,
    };
    match fields.as_slice() {
        [decision] => Some((None, Some(state(decision)?))),
        [trace_id, span_id] => ids(trace_id, span_id, None),
        [trace_id, span_id, sampled] => ids(trace_id, span_id, Some(state(sampled)?)),
        [trace_id, span_id, sampled, parent_id] => {
            number(parent_id).filter(|_| parent_id.len() == 16)?;
            ids(trace_id, span_id, Some(state(sampled)?))
        }
        _ => None,
    }
}

fn many_headers(trace_id: Option<&[u8]>, span_id: Option<&[u8]>, sampled: Option<&[u8]>) -> Option<Said> {
    let sampled = match sampled.map(trimmed) {
        None => None,
        Some(b"0" | b"false") => Some(false),
        Some(b"1" | b"true") => Some(true),
        Some(_) => return None,
    };
    match (trace_id, span_id) {
        (None, None) => sampled.map(|sampled| (None, Some(sampled))),
        _ => ids(trimmed(trace_id?), trimmed(span_id?), sampled),
    }
}

fn ids(trace_id: &[u8], span_id: &[u8], sampled: Option<bool>) -> Option<Said> {
    let are_long_enough = [16, 32].contains(&trace_id.len()) && span_id.len() == 16;
    let (trace_id, span_id) = (number(trace_id)?, number(span_id)?);
    let flags = u8::from(sampled == Some(true));
    let are_ids = are_long_enough && trace_id != 0 && span_id != 0;
    are_ids.then(|| (Some(spelt(trace_id, span_id, flags)), sampled))
}
