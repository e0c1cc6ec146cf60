//! `tracestate`: the vendors' members, and OpenTelemetry's own with its sampling probability.
//!
//! Specification: [OpenTelemetry, probability sampling in tracestate](https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/).

use trilha_core::{Traceparent, Tracestate};

use super::{Fields, Section, members, open};

/// One more than the largest randomness value: 56 bits.
const RANDOMNESS: u64 = 1 << 56;

pub(super) fn explain(fields: &Fields) -> Option<Section> {
    let (headers, mut section) = open(fields, "tracestate")?;
    let mut is_told = false;
    let mut before = Tracestate::default();
    for header in &headers {
        for (member, place) in members(&header.value) {
            match before.join(member) {
                Ok(state) => before = state,
                // All after it hangs on it: nothing is left of the list.
                Err(rule) if !is_told => {
                    section.problem_at(rule, &header.value, place);
                    is_told = true;
                }
                Err(_) => {}
            }
        }
    }
    match Tracestate::parse(headers.iter().map(|header| header.value.as_slice())) {
        Ok(state) => tell(&state, &mut section),
        Err(rule) if !is_told => section.problem(rule),
        Err(_) => {}
    }
    let parents: Vec<_> = fields.named("traceparent").collect();
    if !matches!(parents.as_slice(), [one] if Traceparent::parse(&one.value).is_ok()) {
        section.row("ignored", "it counts only beside one valid traceparent");
    }
    Some(section)
}

fn tell(state: &Tracestate, section: &mut Section) {
    for (key, value) in state.as_str().split(',').filter_map(|member| member.split_once('=')) {
        section.row(key, value);
        if key == "ot" {
            tell_sampling(value, section);
        }
    }
}

/// `th` and `rv` of the member `ot`. Others are passed on, and mean nothing here.
fn tell_sampling(value: &str, section: &mut Section) {
    let field = |name| value.split(';').find_map(|field| field.strip_prefix(name)?.strip_prefix(':'));
    let threshold = field("th").map(|text| threshold(text).ok_or(text));
    let randomness = field("rv").map(|text| randomness(text).ok_or(text));
    match threshold {
        Some(Ok(threshold)) => {
            let share = (RANDOMNESS - threshold) as f64 / RANDOMNESS as f64;
            section.row(
                "",
                format!(
                    "th: {} of all traces are kept, each one stands for {}",
                    percent(share),
                    short(1.0 / share)
                ),
            );
        }
        Some(Err(text)) => section.row("", format!("th: {text} is no threshold: 1 to 14 hexadecimal digits")),
        None => {}
    }
    match (randomness, threshold) {
        (Some(Ok(randomness)), Some(Ok(threshold))) => {
            let verb = if randomness >= threshold { "keeps" } else { "drops" };
            section.row("", format!("rv: the randomness of the trace; the threshold {verb} it"));
        }
        (Some(Ok(_)), _) => section.row("", "rv: the randomness of the trace, in the place of its id's"),
        (Some(Err(text)), _) => {
            section.row("", format!("rv: {text} is no randomness: 14 hexadecimal digits"))
        }
        (None, _) => {}
    }
}

/// Of 56 bits; zeros at the end may be left out.
fn threshold(digits: &str) -> Option<u64> {
    let is_short = (1..=14).contains(&digits.len());
    is_short.then(|| hex(&format!("{digits:0<14}"))).flatten()
}

fn randomness(digits: &str) -> Option<u64> {
    if digits.len() == 14 { hex(digits) } else { None }
}

fn hex(digits: &str) -> Option<u64> {
    let is_hex = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_hex.then(|| u64::from_str_radix(digits, 16).ok()).flatten()
}

fn percent(share: f64) -> String {
    format!("{} %", short(share * 100.0))
}

/// With three digits that count, and without zeros at the end.
fn short(number: f64) -> String {
    let digits = (2 - number.log10().floor() as i32).max(0) as usize;
    let text = format!("{number:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(ot: &str) -> String {
        let mut section = Section::new("");
        tell_sampling(ot, &mut section);
        section.to_string()
    }

    #[test]
    fn a_threshold_is_told_as_a_share() {
        for (ot, told_as) in [
            ("th:e666", "10 % of all traces are kept, each one stands for 10"),
            ("th:fd70a", "1 % of all traces are kept, each one stands for 100"),
            ("th:8", "50 % of all traces are kept, each one stands for 2"),
            ("th:0", "100 % of all traces are kept, each one stands for 1"),
            ("th:ffffffffffffff", "each one stands for 72057594037927936"),
        ] {
            assert!(told(ot).contains(told_as), "{ot}: {}", told(ot));
        }
        for wrong in ["th:", "th:E6", "th:+8", "th:123456789012345"] {
            assert!(told(wrong).contains("is no threshold"), "{wrong}");
        }
    }

    #[test]
    fn randomness_is_held_against_the_threshold() {
        assert!(told("rv:80000000000000;th:8").contains("the threshold keeps it"));
        assert!(told("rv:7fffffffffffff;th:8").contains("the threshold drops it"));
        assert!(told("rv:8").contains("is no randomness"));
        assert_eq!(told("p:8;xth:8"), "\n");
    }
}
