//! IPv4 and IPv6 addresses of hosts. Loopback, unspecified and broadcast addresses name nobody, and are left, as are
//! four-part versions of products (`Chrome/120.0.0.0`).
//!
//! Specification: RFC 4291, sections 2.2 and 2.3; RFC 4007, section 11.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;
use std::str;

/// The first address that begins at `from` or later. A zone belongs to it; brackets, port and prefix length do not.
pub(in crate::guard) fn find(text: &[u8], from: usize) -> Option<Range<usize>> {
    let mut at = from;
    loop {
        let start = at + text.get(at..)?.iter().position(is_part_of_v6)?;
        let run = text.get(start..)?;
        let run = run.get(..run.iter().take_while(|byte| is_part_of_v6(byte)).count())?;
        let found = if run.len() < SHORTEST { None } else { in_run(text, start, run) };
        if found.is_some() {
            return found;
        }
        at = start + run.len();
    }
}

/// `1::`
const SHORTEST: usize = 3;

/// The first address in a run of bytes that may be parts of one, which begins at `start`.
fn in_run(text: &[u8], start: usize, run: &[u8]) -> Option<Range<usize>> {
    let number_of = |mark| run.iter().filter(|&&byte| byte == mark).count();
    let is_cut = before(text, start).is_some_and(is_part_of_v6);
    let v6 = if is_cut || number_of(b':') < 2 { None } else { v6(text, start, run) };
    v6.or_else(|| {
        let mut starts = run.iter().zip(start..).filter(|(byte, _)| byte.is_ascii_digit());
        if number_of(b'.') < 3 { None } else { starts.find_map(|(_, at)| v4(text, at)) }
    })
}

fn before(text: &[u8], at: usize) -> Option<&u8> {
    text.get(..at)?.last()
}

fn v4(text: &[u8], at: usize) -> Option<Range<usize>> {
    if before(text, at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'.')
        || is_version(text, at)
    {
        return None;
    }
    const LONGEST: usize = "255.255.255.255".len();
    let window = text.get(at..)?.iter().take(LONGEST + 1);
    let length = window.take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    let address = text.get(at..at + length)?;
    let address = address.strip_suffix(b".").unwrap_or(address); // the full stop of a sentence
    let end = at + address.len();
    let goes_on = match text.get(end..) {
        Some([b'.', next, ..]) => next.is_ascii_digit(),
        Some([b'-', next, ..]) => next.is_ascii_alphabetic(), // `1.2.3.4-beta`
        Some([next, ..]) => next.is_ascii_alphanumeric(),
        _ => false,
    };
    let address: Ipv4Addr = str::from_utf8(address).ok()?.parse().ok()?;
    (!goes_on && is_of_a_host(address.into())).then_some(at..end)
}

/// Whether a version begins at `at`: of a product (`Chrome/1.2.3.4`, and not a path), or in the name of a file.
fn is_version(text: &[u8], at: usize) -> bool {
    const LONGEST_PRODUCT: usize = 64;
    match text.get(at.saturating_sub(LONGEST_PRODUCT)..at) {
        Some([.., letter, b'-']) => letter.is_ascii_alphabetic(),
        Some([before @ .., b'/']) => {
            let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_+".contains(byte);
            let product = before.rsplit(|byte| !is_token(byte)).next().unwrap_or_default();
            let preceding = before.get(..before.len() - product.len()).and_then(<[u8]>::last);
            let stands_alone =
                preceding.is_none_or(|byte| byte.is_ascii_whitespace() || b"\"'(=;,:".contains(byte));
            product.first().is_some_and(u8::is_ascii_alphabetic) && stands_alone
        }
        _ => false,
    }
}

fn v6(text: &[u8], run_start: usize, run: &[u8]) -> Option<Range<usize>> {
    let (mut start, mut end) = (run_start, run_start + run.len());
    // `source:2001:…`, `…:1:error`: what is a part of a word is no group of digits.
    let is_word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
    let is_after_word = is_word(before(text, start));
    let is_before_word = is_word(text.get(end));
    if is_after_word {
        start += run.iter().position(|&byte| byte == b':')?;
    }
    if is_before_word {
        end = run_start + run.iter().rposition(|&byte| byte == b':')? + 1;
    }

    let piece = str::from_utf8(text.get(start..end)?).ok()?.trim_start_matches('.');
    let from_separator = after_separator(piece);
    if is_after_word && from_separator.is_none() {
        return None; // `std::…`, a path
    }
    let piece = from_separator.unwrap_or(piece);
    start = end - piece.len();

    let piece = piece.trim_end_matches('.');
    let to_separator = before_separator(piece);
    if is_before_word && to_separator.is_none() {
        return None;
    }
    let piece = to_separator.unwrap_or(piece);

    let address: Ipv6Addr = piece.parse().ok()?;
    (is_of_a_host(address.to_canonical()) && !is_other(piece)).then(|| {
        let end = start + piece.len();
        start..end + zone(text, end)
    })
}

/// What stands after the one colon that sets it apart from a word: two are a part of an address, or of a path.
fn after_separator(piece: &str) -> Option<&str> {
    piece.strip_prefix(':').filter(|rest| !rest.starts_with(':') || rest.starts_with("::"))
}

/// The same at the other end.
fn before_separator(piece: &str) -> Option<&str> {
    piece.strip_suffix(':').filter(|rest| !rest.ends_with(':') || rest.ends_with("::"))
}

/// Whether what could be an IPv6 address is a hardware address (`00:11:22:33:44:55:66:77`) or a path (`dead::beef`).
fn is_other(address: &str) -> bool {
    let groups = || address.split(':').filter(|group| !group.is_empty());
    let is_hardware = groups().count() == 8 && groups().all(|group| group.len() == 2);
    let is_path = groups().count() < 3 && !address.contains(|digit: char| digit.is_ascii_digit());
    is_hardware || is_path
}

/// The length of the zone (`%eth0`) at the end of an address.
fn zone(text: &[u8], at: usize) -> usize {
    const LONGEST: usize = 16;
    let Some([b'%', name @ ..]) = text.get(at..) else { return 0 };
    let name = name.iter().take(LONGEST);
    let length = name.take_while(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte)).count();
    if length == 0 { 0 } else { length + 1 }
}

fn is_part_of_v6(byte: &u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F' | b':' | b'.')
}

fn is_of_a_host(address: IpAddr) -> bool {
    !(address.is_loopback() || address.is_unspecified() || address == IpAddr::V4(Ipv4Addr::BROADCAST))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{assert_clean, assert_found, found};
    use super::*;

    #[test]
    fn addresses_of_every_form_are_found() {
        for address in [
            "203.0.113.7",
            "10.0.0.1",
            "255.255.255.254",
            "2001:db8:0:0:8:800:200c:417a",
            "2001:DB8::8:800:200C:417A",
            "2001:0db8:0000:0000:0008:0800:200c:417a",
            "2001:db8::",
            "2001:db8::1",
            "fe80::1",
            "::ffff:203.0.113.7",
            "::13.1.68.3",
            "64:ff9b::203.0.113.7",
            "fe80::1ff:fe23:4567:890a%eth0",
            "::1234:5678",
        ] {
            assert_found(find, address);
        }
    }

    #[test]
    fn ports_prefixes_and_words_are_outside() {
        for (text, address) in [
            ("203.0.113.7:8080", "203.0.113.7"),
            ("203.0.113.0/24", "203.0.113.0"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("2001:db8::/32", "2001:db8::"),
            ("source:2001:db8::1", "2001:db8::1"),
            ("2001:db8::1: refused", "2001:db8::1"),
            ("2001:db8::1:error", "2001:db8::1"),
            ("203.0.113.7-203.0.113.7", "203.0.113.7"),
            ("source:203.0.113.7:80", "203.0.113.7"),
            ("a=2001:db8::1.", "2001:db8::1"),
        ] {
            assert!(found(find, text).iter().all(|found| *found == address), "{text}");
            assert_eq!(found(find, text).first(), Some(&address), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_of_a_host_is_left() {
        assert_clean(
            find,
            &[
                "127.0.0.1",
                "127.8.9.10",
                "0.0.0.0",
                "255.255.255.255",
                "::1",
                "::",
                "::ffff:127.0.0.1",
                "256.1.1.1",
                "1.2.3",
                "1.2.3.4.5",
                "01.2.3.4",
                "v1.2.3.4",
                "1.2.3.4-beta",
                "lib-1.2.3.4.tar",
                "Chrome/120.0.0.0",
                "Mozilla/5.0 Chrome/120.0.0.0 Safari/537.36",
                "\"Edg/120.0.2210.91\"",
                "12:34:56",
                "12:34:56.789",
                "2024-01-15T12:34:56",
                "00:1a:2b:3c:4d:5e",
                "00:11:22:33:44:55:66:77",
                "AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99",
                "dead::beef",
                "std::fmt::Debug",
                "sha2::Digest",
                "e2e::test",
                "x::add",
                "a::b::c",
                "1:2:3",
                "2001:db8::1::2",
                "2001:db8:::1",
            ],
        );
    }
}
