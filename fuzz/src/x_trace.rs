//! The promises of the `X-Trace-ID` family: the first line is the span id, the others are trace ids.

use trilha_core::propagation::x_trace::XTraceReader;

use crate::{lines, number, spelt, trimmed};

/// What may be an id is accepted with the same meaning, and nothing else.
pub fn check(input: &[u8]) {
    let mut reader = XTraceReader::default();
    let lines = lines(input);
    let (span_id, trace_ids) = lines.split_first().expect("there is a first line");
    reader.span_id(span_id);
    trace_ids.iter().for_each(|value| reader.trace_id(value));
    let parsed = reader.finish().and_then(Result::ok);
    assert!(parsed.is_none_or(|context| context.sampled.is_none()));
    let parsed = parsed.and_then(|context| context.traceparent);
    assert_eq!(parsed.map(|ids| ids.to_string()), meaning(span_id, trace_ids));
    if let Some(ids) = parsed {
        let mut reader = XTraceReader::default();
        reader.trace_id(ids.encode_trace_id().as_str().as_bytes());
        reader.span_id(ids.encode_parent_id().as_str().as_bytes());
        assert_eq!(reader.finish().and_then(Result::ok).and_then(|context| context.traceparent), parsed);
    }
}

fn meaning(span_id: &[u8], trace_ids: &[&[u8]]) -> Option<String> {
    let [trace_id] = trace_ids else { return None };
    let mut trace_id = trimmed(trace_id).to_ascii_lowercase();
    if trace_id.len() == 36 {
        for at in [23, 18, 13, 8] {
            (trace_id.remove(at) == b'-').then_some(())?;
        }
    }
    let span_id = trimmed(span_id).to_ascii_lowercase();
    let are_long_enough = [16, 32].contains(&trace_id.len()) && span_id.len() == 16;
    let (trace_id, span_id) = (number(&trace_id)?, number(&span_id)?);
    (are_long_enough && trace_id != 0 && span_id != 0).then(|| spelt(trace_id, span_id, 0))
}
