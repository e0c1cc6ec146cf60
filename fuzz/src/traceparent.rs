//! The promises of `traceparent`.

use trilha_core::Traceparent;

use crate::{number, spelt, trimmed};

/// What the grammar accepts is accepted with the same meaning, and nothing else; writing it is the inverse.
pub fn check(input: &[u8]) {
    let parsed = Traceparent::parse(input).ok();
    assert_eq!(parsed.map(|value| value.to_string()), meaning(input));
    if let Some(value) = parsed {
        assert_eq!(value.encode().as_str().len(), 55);
        assert_eq!(Traceparent::parse(value.encode().as_str().as_bytes()), Ok(value));
    }
}

/// The header of version `00` that says the same.
fn meaning(input: &[u8]) -> Option<String> {
    let fields: Vec<&[u8]> = trimmed(input).split(|byte| *byte == b'-').collect();
    let [version, trace_id, span_id, flags, future @ ..] = fields.as_slice() else { return None };
    if [version.len(), trace_id.len(), span_id.len(), flags.len()] != [2, 32, 16, 2] {
        return None;
    }
    let version = number(version)?;
    let (trace_id, span_id) = (number(trace_id)?, number(span_id)?);
    let flags = number(flags)? as u8;
    if version == 0xff || (version == 0 && !future.is_empty()) || trace_id == 0 || span_id == 0 {
        return None;
    }
    Some(spelt(trace_id, span_id, flags & 0x03))
}
