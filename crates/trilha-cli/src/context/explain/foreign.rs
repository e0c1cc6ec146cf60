//! B3 in one header or several, and the `X-Trace-ID` family: ids, and a decision where there is one.

use std::ops::Range;

use trilha_core::{
    Carrier,
    propagation::{
        ForeignContext,
        b3::{self, B3Reader, InvalidB3},
        x_trace::{self, XTraceReader},
    },
};

use super::{Fields, Section, open, trim};

pub(super) fn b3(fields: &Fields) -> Option<Section> {
    let (headers, mut section) = open(fields, b3::B3)?;
    let value = trim(&headers.first()?.value);
    match b3::parse(value) {
        Ok(context) => tell(&context, &mut section),
        Err(rule) => section.problem_at(rule, value, place(rule, value)),
    }
    if headers.len() > 1 {
        section.row("repeated", "the first one counts");
    }
    tell_order(fields, &["traceparent"], &mut section);
    Some(section)
}

pub(super) fn b3_multi(fields: &Fields) -> Option<Section> {
    let names = [b3::TRACE_ID, b3::SPAN_ID, b3::PARENT_ID, b3::SAMPLED, b3::FLAGS];
    let mut section = names.iter().find_map(|name| open(fields, name))?.1;
    let mut reader = B3Reader::default();
    fields.for_each(b3::TRACE_ID, &mut |value| reader.trace_id(value));
    fields.for_each(b3::SPAN_ID, &mut |value| reader.span_id(value));
    fields.for_each(b3::SAMPLED, &mut |value| reader.sampled(value));
    fields.for_each(b3::FLAGS, &mut |value| reader.flags(value));
    match reader.finish() {
        Some(Ok(context)) => tell(&context, &mut section),
        Some(Err(rule)) => {
            let broken = match rule {
                InvalidB3::TraceId => b3::TRACE_ID,
                InvalidB3::SpanId => b3::SPAN_ID,
                _ => b3::SAMPLED,
            };
            match fields.named(broken).next() {
                Some(field) => section.problem_at(rule, &field.value, 0..field.value.len()),
                None => section.problem(rule),
            }
        }
        None => section.row("says", "nothing that is read"),
    }
    tell_order(fields, &["traceparent", b3::B3], &mut section);
    Some(section)
}

/// Many use these names for something else: what does not fit is passed over, and not refused.
pub(super) fn x_trace(fields: &Fields) -> Option<Section> {
    let names = x_trace::fields(fields.kind());
    let mut section = names.iter().find_map(|name| open(fields, name))?.1;
    let [trace_id, span_id, _] = names;
    let mut reader = XTraceReader::default();
    fields.for_each(trace_id, &mut |value| reader.trace_id(value));
    fields.for_each(span_id, &mut |value| reader.span_id(value));
    match reader.finish() {
        Some(Ok(context)) => tell(&context, &mut section),
        Some(Err(rule)) => section.row("passed over", rule.to_string()),
        None => section.row("says", "nothing that is read"),
    }
    tell_order(fields, &["traceparent", b3::B3, b3::TRACE_ID], &mut section);
    Some(section)
}

fn tell(context: &ForeignContext, section: &mut Section) {
    match &context.traceparent {
        Some(ids) => {
            section.row("trace id", ids.trace_id().to_string());
            section.row("span id", ids.parent_id().to_string());
        }
        None => section.row("trace id", "none: a decision alone"),
    }
    section.row(
        "sampled",
        match context.sampled {
            Some(true) => "yes",
            Some(false) => "no",
            None => "not said",
        },
    );
}

/// Of several formats, a service reads the first one.
fn tell_order(fields: &Fields, before: &[&str], section: &mut Section) {
    if let Some(name) = before.iter().find(|name| fields.named(name).next().is_some()) {
        section.row("not read", format!("{name} goes before it"));
    }
}

/// The part of the single header that breaks the rule.
fn place(rule: InvalidB3, value: &[u8]) -> Range<usize> {
    let part = match rule {
        InvalidB3::TraceId => 0,
        InvalidB3::SpanId => 1,
        InvalidB3::State if value.len() > 1 => 2,
        InvalidB3::State => 0,
        InvalidB3::ParentId => 3,
        _ => 4,
    };
    let parts = value.split(|byte| *byte == b'-');
    let start: usize = parts.clone().take(part).map(|part| part.len() + 1).sum();
    let start = start.min(value.len());
    start..start + parts.clone().nth(part).map_or(0, <[u8]>::len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_that_of_the_broken_part() {
        let (trace, span) = ("80f198ee56343ba864fe8b2a57d3eff7", "e457b5a2e4d86bd1");
        for (value, at) in [
            (format!("8-{span}"), 0..1),
            (format!("{trace}-x-1"), 33..34),
            (trace.to_owned(), 32..32),
            (format!("{trace}-{span}-yes"), 50..53),
            (format!("{trace}-{span}-1-x"), 52..53),
            (format!("{trace}-{span}-1-{span}-1"), 69..70),
            ("2".to_owned(), 0..1),
        ] {
            let rule = b3::parse(value.as_bytes()).unwrap_err();
            assert_eq!(place(rule, value.as_bytes()), at, "{value}: {rule}");
        }
    }
}
