//! The promises of baggage.

use opentelemetry::baggage::Baggage as ApiBaggage;
use trilha_core::propagation::{Baggage, BaggageReader, Member};

use crate::{lines, tracestate::is_within, trimmed};

/// What the grammar accepts is taken over as it is, and nothing else; decoding is the inverse of encoding; no
/// key appears that was not put in, whoever passes the baggage on.
pub fn check(input: &[u8]) {
    let headers = lines(input);
    let parsed = Baggage::parse(headers.iter().copied());
    let expected = Meaning::of(&headers);
    assert_eq!(parsed.baggage.as_str(), expected.text());
    assert_eq!((parsed.refused, parsed.is_shortened), (expected.refused, expected.is_shortened));
    let mut reader = BaggageReader::default();
    headers.iter().for_each(|header| reader.push(header));
    assert_eq!(reader.finish(), parsed);

    let baggage = parsed.baggage;
    assert!(baggage.as_str().len() <= 8_192 && baggage.len() <= 64);
    assert_eq!(baggage.is_empty(), baggage.as_str().is_empty());
    assert_eq!(baggage.len(), expected.members.len());
    for (member, (key, value, properties)) in baggage.iter().zip(&expected.members) {
        assert_eq!((member.key(), member.properties()), (key.as_str(), properties.as_str()));
        assert_eq!(member.value(), decoded(value));
        assert_eq!(baggage.get(key), Some(member.value()));
    }
    reread(&baggage);
    changed(&baggage, &String::from_utf8_lossy(input));
    for max_bytes in [0, 1, input.len() / 3, input.len() / 2, 2_048] {
        bounded(&baggage, max_bytes);
    }
    passed_on_by_foreign_code(&baggage);
}

fn reread(baggage: &Baggage) {
    let again = Baggage::parse([baggage.as_str().as_bytes()]);
    assert_eq!(again.baggage, *baggage);
    assert_eq!((again.refused, again.is_shortened), (0, false));
}

/// Any text can be set under any key that is there, and under a new one; the others do not notice.
fn changed(baggage: &Baggage, value: &str) {
    for key in baggage.iter().map(|member| member.key()).take(2).chain(["a-new-key"]) {
        let mut changed = baggage.clone();
        match changed.set(key, value) {
            Ok(()) => assert_eq!(changed.get(key).as_deref(), Some(value)),
            Err(_) => assert_eq!(changed, *baggage),
        }
        reread(&changed);
        changed.remove(key);
        let mut without = baggage.clone();
        without.remove(key);
        assert_eq!(changed, without);
        let others: Vec<Member<'_>> = baggage.iter().filter(|member| member.key() != key).collect();
        assert!(without.iter().eq(others));
    }
}

fn bounded(baggage: &Baggage, max_bytes: usize) {
    let bounded = baggage.bounded(max_bytes);
    assert!(bounded.text.len() <= max_bytes);
    let all: Vec<&str> = baggage.as_str().split(',').filter(|text| !text.is_empty()).collect();
    let kept: Vec<&str> = bounded.text.split(',').filter(|text| !text.is_empty()).collect();
    assert_eq!(kept.len() + bounded.left_out, all.len());
    assert!(all.starts_with(&kept));
}

/// Five hops through the API's type. Its values are text, so that what was no UTF-8 changes once.
fn passed_on_by_foreign_code(baggage: &Baggage) {
    let mut sent = baggage.clone();
    for _ in 0..5 {
        let foreign: ApiBaggage = sent.to_api();
        assert_eq!(foreign.len(), sent.len());
        let taken = Baggage::from_api(&foreign);
        assert_eq!(taken.refused, 0);
        let said = |baggage: &Baggage| {
            let mut all: Vec<_> = baggage
                .iter()
                .map(|m| (m.key().to_owned(), m.value().into_owned(), m.properties().to_owned()))
                .collect();
            all.sort();
            all
        };
        let (before, after) = (said(&sent), said(&taken.baggage));
        assert!(is_within(&after, &before), "a member is new or changed");
        assert!(after == before || taken.is_shortened);
        sent = Baggage::parse([taken.baggage.as_str().as_bytes()]).baggage;
    }
}

/// What headers say by the grammar: keys, raw values, raw properties.
#[derive(Default)]
struct Meaning {
    members: Vec<(String, String, String)>,
    refused: usize,
    is_shortened: bool,
}

impl Meaning {
    fn of(headers: &[&[u8]]) -> Self {
        let mut meaning = Self::default();
        let joined = headers.join(&b',');
        let mut end = 0;
        for header in headers {
            end += header.len();
            meaning.is_shortened |= end > 8_192;
            end += 1;
        }
        let mut text = joined.as_slice();
        while text.len() > 8_192 {
            let at = text.iter().rposition(|byte| *byte == b',').unwrap_or_default();
            text = text.get(..at).unwrap_or_default();
        }
        for member in text.split(|byte| *byte == b',').map(trimmed).filter(|member| !member.is_empty()) {
            match std::str::from_utf8(member).ok().and_then(parts) {
                Some(_) if meaning.members.len() == 64 => meaning.is_shortened = true,
                Some(parts) => meaning.members.push(parts),
                None => meaning.refused += 1,
            }
        }
        let mut last: Vec<(String, String, String)> = Vec::new();
        for parts in meaning.members.into_iter().rev() {
            if !last.iter().any(|(key, ..)| *key == parts.0) {
                last.insert(0, parts);
            }
        }
        meaning.members = last;
        meaning
    }

    fn text(&self) -> String {
        let separator = |properties: &str| if properties.is_empty() { "" } else { ";" };
        let text = |(k, v, p): &(String, String, String)| format!("{k}={v}{}{p}", separator(p));
        self.members.iter().map(text).collect::<Vec<_>>().join(",")
    }
}

fn parts(member: &str) -> Option<(String, String, String)> {
    let mut parts = member.split(';');
    let (key, value) = pair(parts.next()?)?;
    let mut properties = Vec::new();
    for property in parts {
        properties.push(match property.contains('=') {
            true => pair(property).map(|(key, value)| format!("{key}={value}"))?,
            false => token(property)?,
        });
    }
    Some((key, value, properties.join(";")))
}

fn pair(text: &str) -> Option<(String, String)> {
    let (key, value) = text.split_once('=')?;
    let value = value.trim_matches([' ', '\t']);
    let is_octet =
        |c: char| matches!(c, '\x21' | '\x23'..='\x2b' | '\x2d'..='\x3a' | '\x3c'..='\x5b' | '\x5d'..='\x7e');
    value.chars().all(is_octet).then_some((token(key)?, value.to_owned()))
}

fn token(text: &str) -> Option<String> {
    let text = text.trim_matches([' ', '\t']);
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    (!text.is_empty() && text.chars().all(is_token)).then(|| text.to_owned())
}

fn decoded(value: &str) -> String {
    let digits = "0123456789abcdefABCDEF";
    let (mut bytes, mut rest) = (Vec::new(), value.as_bytes());
    while let [first, after @ ..] = rest {
        let is_hex = |byte: &u8| digits.contains(char::from(*byte));
        (bytes, rest) = match rest {
            [b'%', high, low, after @ ..] if is_hex(high) && is_hex(low) => {
                let byte = u8::from_str_radix(&String::from_utf8_lossy(&[*high, *low]), 16);
                bytes.push(byte.expect("two hexadecimal digits"));
                (bytes, after)
            }
            _ => {
                bytes.push(*first);
                (bytes, after)
            }
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
