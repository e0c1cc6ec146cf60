//! The promises of `tracestate`.

use trilha_core::{InvalidTracestate, Tracestate};

use crate::{lines, trimmed};

/// What the grammar accepts is accepted in its order, and nothing else; what is cut out or shortened leaves
/// the other members as they are.
pub fn check(input: &[u8]) {
    let headers = lines(input);
    let parsed = Tracestate::parse(headers.iter().copied());
    let one_by_one = headers.iter().try_fold(Tracestate::default(), |list, header| list.join(header));
    assert_eq!(parsed.clone().ok().map(|list| list.as_str().to_owned()), meaning(&headers));
    // One by one, empty members of earlier headers are forgotten and do not count.
    if parsed != Err(InvalidTracestate::Length) {
        assert_eq!(one_by_one.ok(), parsed.clone().ok());
    }
    let Ok(list) = parsed else { return };

    assert_eq!(Tracestate::parse([list.as_str().as_bytes()]).as_ref(), Ok(&list));
    assert_eq!(list.is_empty(), list.as_str().is_empty());
    for (key, _) in members(list.as_str()) {
        let mut values = members(list.as_str()).into_iter().filter(|(other, _)| *other == key);
        assert_eq!(list.get(key), values.next().map(|(_, value)| value));
        let others: Vec<_> = members(list.as_str()).into_iter().filter(|(other, _)| *other != key).collect();
        assert_eq!(members(list.without(key).as_str()), others);
    }
    for max_bytes in [0, 1, input.len() / 3, input.len() / 2, 512] {
        bounded(&list, max_bytes);
    }
}

fn bounded(list: &Tracestate, max_bytes: usize) {
    let bounded = list.bounded(max_bytes);
    assert!(bounded.text.len() <= max_bytes);
    let (all, kept) = (members(list.as_str()), members(&bounded.text));
    assert_eq!(kept.len() + bounded.left_out, all.len());
    assert!(is_within(&kept, &all), "a member is new, changed or out of order");
    // A short member goes only after all the long ones.
    let is_long = |(key, value): &(&str, &str)| key.len() + 1 + value.len() > 128;
    let short = |members: &[(&str, &str)]| members.iter().filter(|member| !is_long(member)).count();
    assert!(short(&kept) == short(&all) || !kept.iter().any(is_long));
}

/// Whether all of `some` stand in `all`, in the same order.
pub(crate) fn is_within<T: PartialEq>(some: &[T], all: &[T]) -> bool {
    let mut all = all.iter();
    some.iter().all(|member| all.any(|other| other == member))
}

fn members(list: &str) -> Vec<(&str, &str)> {
    list.split(',').filter_map(|member| member.split_once('=')).collect()
}

/// The members of all headers, joined.
fn meaning(headers: &[&[u8]]) -> Option<String> {
    if headers.iter().map(|header| header.len()).sum::<usize>() > 8_192 {
        return None;
    }
    let mut members: Vec<(String, String)> = Vec::new();
    for member in headers.iter().flat_map(|header| header.split(|byte| *byte == b',')) {
        let member = trimmed(member);
        if member.is_empty() {
            continue;
        }
        let at = member.iter().position(|byte| *byte == b'=')?;
        let (key, value) = member.split_at(at);
        let (key, value) = (String::from_utf8(key.into()).ok()?, String::from_utf8(value.into()).ok()?);
        let value = value.strip_prefix('=')?.to_owned();
        let is_start = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let is_key = key.len() <= 256
            && key.starts_with(is_start)
            && key.chars().all(|c| is_start(c) || "_-*/@".contains(c));
        let is_value = (1..=256).contains(&value.len())
            && value.chars().all(|c| (' '..='~').contains(&c) && c != ',' && c != '=');
        if !is_key || !is_value || members.len() == 32 {
            return None;
        }
        members.push((key, value));
    }
    let texts: Vec<String> = members.iter().map(|(key, value)| format!("{key}={value}")).collect();
    Some(texts.join(","))
}
