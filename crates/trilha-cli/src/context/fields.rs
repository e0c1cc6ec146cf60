//! Header fields as they were given: on the command line or on stdin, by name or by their form.

use std::{
    ffi::OsString,
    io::{BufRead, BufReader, Read},
};

use trilha_core::{Carrier, CarrierKind};

use crate::terminal::clean;

/// More than any message has.
const MAX_INPUT: u64 = 1 << 20;

const HEADERS: [&str; 14] = [
    "traceparent",
    "tracestate",
    "baggage",
    "b3",
    "x-b3-traceid",
    "x-b3-spanid",
    "x-b3-parentspanid",
    "x-b3-sampled",
    "x-b3-flags",
    "x-trace-id",
    "x-span-id",
    "x-parent-id",
    "x-correlation-id",
    "x-request-id",
];
const PROPERTIES: [&str; 4] = ["trace_id", "span_id", "parent_id", "correlation_id"];
/// By which an answer names its trace.
const ANSWER: &str = "server-timing";
const VARIABLES: [(&str, &str); 3] =
    [("TRACEPARENT=", "traceparent"), ("TRACESTATE=", "tracestate"), ("BAGGAGE=", "baggage")];

/// A header, a message's property or a variable of the environment.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) value: Vec<u8>,
    /// Whether nobody said the name.
    pub(super) is_guessed: bool,
}

/// All fields of one message, as a carrier.
#[derive(Debug)]
pub(super) struct Fields(Vec<Field>);

impl Fields {
    /// Reads arguments, and `stdin` where one of them is `-`. Lines of stdin that are no header of a trace are
    /// passed over.
    pub(super) fn read(arguments: &[OsString], stdin: impl Read) -> Result<Self, String> {
        let mut fields = Vec::new();
        let mut stdin = BufReader::new(stdin.take(MAX_INPUT));
        for argument in arguments {
            if argument == "-" {
                let lines = stdin.by_ref().split(b'\n');
                let lines: Vec<_> =
                    lines.collect::<Result<_, _>>().map_err(|error| format!("cannot read stdin: {error}"))?;
                fields.extend(lines.iter().filter_map(|line| named(of_curl(line))));
            } else {
                fields.push(of_argument(argument.as_encoded_bytes())?);
            }
        }
        read_answers(&mut fields);
        if fields.is_empty() { Err("no header of a trace was given".to_owned()) } else { Ok(Self(fields)) }
    }

    /// The fields of a name, in their order.
    pub(super) fn named(&self, name: &str) -> impl Iterator<Item = &Field> {
        self.0.iter().filter(move |field| field.name == name)
    }
}

impl Carrier for Fields {
    fn kind(&self) -> CarrierKind {
        let is_property = |field: &Field| PROPERTIES.contains(&field.name);
        if self.0.iter().any(is_property) { CarrierKind::Messaging } else { CarrierKind::Http }
    }

    fn for_each(&self, key: &str, visit: &mut dyn FnMut(&[u8])) {
        self.named(key).for_each(|field| visit(&field.value));
    }
}

/// An answer tells the trace that its request began. Where the request named one, there is nothing new in it.
fn read_answers(fields: &mut Vec<Field>) {
    let is_known = fields.iter().any(|field| field.name == "traceparent");
    fields.retain(|field| field.name != ANSWER || !is_known);
    fields.iter_mut().filter(|field| field.name == ANSWER).for_each(|field| field.name = "traceparent");
}

fn of_argument(text: &[u8]) -> Result<Field, String> {
    if let Some(field) = named(text) {
        return Ok(field);
    }
    if let Some(value) = of_timing(text) {
        return Ok(Field { name: ANSWER, value: value.to_vec(), is_guessed: true });
    }
    let name = guess(trim(text)).ok_or_else(|| {
        format!("`{}` is no header of a trace that is known by name or form; see --help", clean(text))
    })?;
    Ok(Field { name, value: text.to_vec(), is_guessed: true })
}

/// `name: value`, where the name is known.
fn named(line: &[u8]) -> Option<Field> {
    let field = |name, value: &[u8]| Field { name, value: value.to_vec(), is_guessed: false };
    for (variable, name) in VARIABLES {
        if let Some(value) = line.strip_prefix(variable.as_bytes()) {
            return Some(field(name, value));
        }
    }
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = line.split_at_checked(colon)?;
    if name.trim_ascii().eq_ignore_ascii_case(ANSWER.as_bytes()) {
        return Some(field(ANSWER, of_timing(value.strip_prefix(b":")?)?));
    }
    let name = HEADERS
        .iter()
        .chain(&PROPERTIES)
        .find(|known| name.trim_ascii().eq_ignore_ascii_case(known.as_bytes()))?;
    Some(field(name, trim(value.strip_prefix(b":")?)))
}

/// The trace among the metrics of a `Server-Timing`.
fn of_timing(value: &[u8]) -> Option<&[u8]> {
    let mut metrics = value.split(|byte| *byte == b',');
    metrics.find_map(|metric| trim(metric).strip_prefix(b"traceparent;desc=\"")?.strip_suffix(b"\""))
}

/// Without the white space that may stand around a value: spaces and tabs only.
pub(super) fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// A line without curl's mark of the direction, and without the line's end.
fn of_curl(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    line.strip_prefix(b"> ").or_else(|| line.strip_prefix(b"< ")).unwrap_or(line)
}

/// The header that a value looks like, valid or not.
fn guess(value: &[u8]) -> Option<&'static str> {
    let is_hex = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_hexdigit);
    if value.contains(&b'=') {
        return Some(if is_tracestate(value) { "tracestate" } else { "baggage" });
    }
    let parts: Vec<&[u8]> = value.split(|byte| *byte == b'-').collect();
    match parts.as_slice() {
        [b"0" | b"1" | b"d"] => Some("b3"),
        [id] if is_hex(id) && matches!(id.len(), 16 | 32) => Some("x-trace-id"),
        [a, b, c, d, e] if [a, b, c, d, e].map(|part| part.len()) == [8, 4, 4, 4, 12] => Some("x-trace-id"),
        [trace_id, _, ..] if is_hex(trace_id) && matches!(trace_id.len(), 16 | 32) => Some("b3"),
        [_, _, _, _, ..] => Some("traceparent"),
        _ => None,
    }
}

/// What is a valid list of both kinds is a `tracestate` if it says how was sampled, and else `baggage`, where
/// people put what they want to read.
fn is_tracestate(list: &[u8]) -> bool {
    use trilha_core::{Baggage, Tracestate};
    let is_baggage = Baggage::parse([list]).refused == 0;
    Tracestate::parse([list]).is_ok_and(|state| !is_baggage || state.get("ot").is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &'static str, value: &str) -> Option<Field> {
        Some(Field { name, value: value.into(), is_guessed: false })
    }

    #[test]
    fn a_name_is_known_in_any_case_and_as_a_variable() {
        assert_eq!(named(b"TraceParent : 00-a"), field("traceparent", "00-a"));
        assert_eq!(named(b"correlation_id:7"), field("correlation_id", "7"));
        assert_eq!(named(b"BAGGAGE=a=1"), field("baggage", "a=1"));
        assert_eq!(named(b"host: example"), None);
        assert_eq!(named(b"ot=th:8"), None);
    }

    #[test]
    fn a_value_is_known_by_its_form_also_when_it_is_wrong() {
        let trace = "0af7651916cd43dd8448eb211c80319c";
        for (value, name) in [
            (format!("00-{trace}-b7ad6b7169203331-01"), "traceparent"),
            (format!("00-{}-b7ad6b7169203331-01", trace.to_uppercase()), "traceparent"),
            ("0-1-2-1".to_owned(), "traceparent"),
            (format!("{trace}-b7ad6b7169203331-d"), "b3"),
            ("0".to_owned(), "b3"),
            (trace.to_owned(), "x-trace-id"),
            ("0af76519-16cd-43dd-8448-eb211c80319c".to_owned(), "x-trace-id"),
            ("ot=th:e666,rojo=1".to_owned(), "tracestate"),
            ("tenant@acme=a b".to_owned(), "tracestate"),
            ("tenant=acme".to_owned(), "baggage"),
            ("user=J%C3%BCrgen;p,=".to_owned(), "baggage"),
        ] {
            assert_eq!(guess(value.as_bytes()), Some(name), "{value}");
        }
        for unknown in ["", "hello", "a-b"] {
            assert_eq!(guess(unknown.as_bytes()), None, "{unknown}");
        }
    }
}
