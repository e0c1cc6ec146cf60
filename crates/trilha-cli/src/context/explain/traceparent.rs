//! `traceparent`: version, ids, flags.

use std::ops::Range;

use trilha_core::{InvalidTraceparent, Traceparent, propagation::RANDOM_FLAG};

use super::{Fields, Section, open, trim};

const SEPARATORS: [usize; 3] = [2, 35, 52];

pub(super) fn explain(fields: &Fields) -> Option<Section> {
    let (headers, mut section) = open(fields, "traceparent")?;
    for header in &headers {
        let text = trim(&header.value);
        match Traceparent::parse(&header.value) {
            Ok(value) => tell(&value, text, &mut section),
            Err(rule) => {
                section.problem_at(rule, text, place(rule, text));
                if rule == InvalidTraceparent::Length {
                    section.row("length", format!("{} characters", text.len()));
                }
            }
        }
    }
    if headers.len() > 1 {
        section.problem(InvalidTraceparent::Repeated);
    }
    Some(section)
}

fn tell(value: &Traceparent, text: &[u8], section: &mut Section) {
    let written = |range: Range<usize>| text.get(range).unwrap_or_default();
    match written(0..2) {
        b"00" => section.row("version", "00"),
        higher => {
            section.row("version", higher);
            section.row("", "a higher one than 00; read as far as version 00 goes");
        }
    }
    section.row("trace id", value.trace_id().to_string());
    section.row("parent id", value.parent_id().to_string());
    let is_random = value.flags() & RANDOM_FLAG == RANDOM_FLAG;
    let flags = format!(
        "{}: {}, {}",
        String::from_utf8_lossy(written(53..55)),
        if value.is_sampled() { "sampled" } else { "not sampled" },
        if is_random { "the trace id is random" } else { "the trace id is not said to be random" },
    );
    section.row("flags", flags);
    if value.encode().as_str().as_bytes().get(53..55) != Some(written(53..55)) {
        section.row("", "other flags are not known, and not passed on");
    }
}

/// Where the rule is broken.
fn place(rule: InvalidTraceparent, text: &[u8]) -> Range<usize> {
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    // The first wrong digit, or the whole field where all are right: it is zero.
    let in_field = |field: Range<usize>| {
        let digits = text.get(field.clone()).unwrap_or_default();
        digits.iter().position(|byte| !is_digit(byte)).map_or(field.clone(), |at| {
            let start = field.start + at;
            start..start + 1
        })
    };
    match rule {
        InvalidTraceparent::Version => in_field(0..2),
        InvalidTraceparent::TraceId => in_field(3..35),
        InvalidTraceparent::ParentId => in_field(36..52),
        InvalidTraceparent::Flags => in_field(53..55),
        InvalidTraceparent::Separator => {
            let wrong = SEPARATORS.into_iter().find(|at| text.get(*at) != Some(&b'-')).unwrap_or_default();
            wrong..wrong + 1
        }
        _ => 55.min(text.len())..text.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALID: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn the_place_is_that_of_the_broken_rule() {
        for (value, at) in [
            (VALID.replace("0af", "0AF"), 4..5),
            (VALID.replacen("00", "ff", 1), 0..2),
            (VALID.replace("-b7", "_b7"), 35..36),
            (VALID.replace("b7ad", "b7aD"), 39..40),
            (VALID.replace("b7ad6b7169203331", "0000000000000000"), 36..52),
            (VALID.replace("-01", "-0x"), 54..55),
            (VALID[..54].to_owned(), 54..54),
            (format!("{VALID}-more"), 55..60),
        ] {
            let rule = Traceparent::parse(value.as_bytes()).unwrap_err();
            assert_eq!(place(rule, value.as_bytes()), at, "{value}: {rule}");
        }
    }
}
