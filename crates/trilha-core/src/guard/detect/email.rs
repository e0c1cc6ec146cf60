//! E-mail addresses, as people have them: a local part of usual characters, with letters of every script, and a
//! domain of at least two labels, or an address in brackets.
//!
//! `=`, `/`, `?`, `&`, `|`, `{` and `}` are allowed in a local part, but in a text they nearly always end something
//! else. `git@host:` names no person, and the user information of a URL is the `url` detector's.
//!
//! Specification: RFC 5321, section 4.1.2; RFC 6531.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;
use std::str;

/// The first address whose local part begins at `from` or later.
pub(in crate::guard) fn find(text: &[u8], from: usize) -> Option<Range<usize>> {
    let mut next = from;
    loop {
        let at = next + text.get(next..)?.iter().position(|&byte| byte == b'@')?;
        next = at + 1;
        let before = text.get(from.max(at.saturating_sub(LONGEST_LOCAL))..at)?;
        let after = text.get(next..text.len().min(next + LONGEST_DOMAIN))?;
        if let Some(local) = local_part(before)
            && let Some(domain) = domain(after)
        {
            let start = at - local;
            if !(is_git(text, start..at, next + domain) || is_user_information(text, start)) {
                return Some(start..next + domain);
            }
        }
    }
}

const LONGEST_LOCAL: usize = 64;
const LONGEST_DOMAIN: usize = 255;

/// The length of the local part at the end of what stands before the `@`.
fn local_part(before: &[u8]) -> Option<usize> {
    if let [quoted @ .., b'"'] = before {
        let content = quoted.rsplit(|&byte| byte == b'"').next()?;
        let is_simple = content.len() < quoted.len()
            && content.iter().any(u8::is_ascii_alphanumeric)
            && content.iter().all(|&byte| byte == b' ' || byte == b'@' || is_atext(byte));
        return is_simple.then_some(content.len() + 2);
    }
    let length =
        ending(before, |letter| u8::try_from(letter).is_ok_and(is_atext) || is_foreign_letter(letter));
    // What opens a literal or a name is none of it: `'ana@…'`, `#ana@…`.
    let local = before.get(before.len() - length..)?;
    let opening = local.iter().take_while(|&&byte| byte.is_ascii_punctuation() && byte != b'_').count();
    (opening < length).then_some(length - opening)
}

fn is_atext(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".!#$%'*+-^_~".contains(&byte)
}

fn is_foreign_letter(letter: char) -> bool {
    !letter.is_ascii() && (letter.is_alphanumeric() || ('\u{300}'..='\u{36f}').contains(&letter))
}

/// The length of the domain at the beginning of what stands after the `@`.
fn domain(after: &[u8]) -> Option<usize> {
    if let [b'[', literal @ ..] = after {
        let end = literal.iter().take(64).position(|&byte| byte == b']')?;
        return is_address(literal.get(..end)?).then_some(end + 2);
    }
    let is_label =
        |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter) || is_foreign_letter(letter);
    let mut domain = after.get(..beginning(after, is_label))?;
    if let Some(empty_label) = domain.windows(2).position(|pair| pair == b"..") {
        domain = domain.get(..empty_label)?;
    }
    if is_version(domain) {
        return None;
    }
    // A full stop, a dash or a number after it: `ana@example.com.`, `ana@example.com.2`.
    loop {
        let dot = domain.iter().rposition(|&byte| byte == b'.').filter(|&dot| dot > 0)?;
        let last = domain.get(dot + 1..)?;
        if is_top_level(last) {
            let end = domain.iter().rposition(|&byte| is_letter(byte) || byte.is_ascii_digit())?;
            return Some(end + 1);
        }
        domain = domain.get(..dot)?;
    }
}

/// Whether a domain may end with this label: it begins with two letters, and is none of those by which files and
/// services are named, as in `logo@2x.png` or `user@1000.service`.
fn is_top_level(label: &[u8]) -> bool {
    const OTHERS: [&[u8]; 15] = [
        b"css", b"gif", b"html", b"jpg", b"js", b"json", b"mjs", b"png", b"scope", b"service", b"slice",
        b"socket", b"svg", b"timer", b"webp",
    ];
    let begins_with_letters = label.get(..2).is_some_and(|start| start.iter().all(|&byte| is_letter(byte)));
    begins_with_letters && !OTHERS.iter().any(|other| other.eq_ignore_ascii_case(label))
}

/// A letter, or a part of one in another script.
fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || !byte.is_ascii()
}

/// `package@1.2.3-beta.rc`
fn is_version(domain: &[u8]) -> bool {
    let mut labels = domain.split(|&byte| byte == b'.');
    let mut is_number = || labels.next().is_some_and(|label| label.iter().all(u8::is_ascii_digit));
    is_number() && is_number()
}

fn is_address(literal: &[u8]) -> bool {
    let Ok(literal) = str::from_utf8(literal) else { return false };
    match literal.strip_prefix("IPv6:") {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => literal.parse::<Ipv4Addr>().is_ok(),
    }
}

/// `git@host:path`, the user of every repository.
fn is_git(text: &[u8], local: Range<usize>, end: usize) -> bool {
    text.get(local) == Some(b"git") && matches!(text.get(end), Some(b':' | b'/'))
}

/// Whether what begins at `start` is the end of `scheme://user:password`.
fn is_user_information(text: &[u8], start: usize) -> bool {
    let before = text.get(start.saturating_sub(LONGEST_LOCAL)..start).unwrap_or_default();
    let user = ending(before, |letter| letter == ':' || u8::try_from(letter).is_ok_and(is_atext));
    before.get(..before.len() - user).is_some_and(|before| before.ends_with(b"://"))
}

/// How many bytes at the end are whole characters of this kind.
fn ending(text: &[u8], is_part: impl Fn(char) -> bool) -> usize {
    let mut rest = text;
    while let Some((before, _)) = last_char(rest).filter(|(_, letter)| is_part(*letter)) {
        rest = before;
    }
    text.len() - rest.len()
}

/// How many bytes at the beginning are whole characters of this kind.
fn beginning(text: &[u8], is_part: impl Fn(char) -> bool) -> usize {
    let is_end = |byte: &u8| byte.is_ascii() && !is_part(char::from(*byte));
    let text = text.split(is_end).next().unwrap_or_default();
    let chunk = text.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    chunk.find(|letter| !is_part(letter)).unwrap_or(chunk.len())
}

fn last_char(text: &[u8]) -> Option<(&[u8], char)> {
    let begins = |byte: &u8| byte & 0xc0 != 0x80;
    let start = text.len().saturating_sub(4);
    let at = start + text.get(start..)?.iter().rposition(begins)?;
    let (before, last) = text.split_at_checked(at)?;
    Some((before, str::from_utf8(last).ok()?.chars().next()?))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{assert_clean, assert_found, found};
    use super::*;

    #[test]
    fn usual_addresses_are_found() {
        for email in [
            "ana@example.com",
            "Ana.Maria+tag@mail.Example.co.uk",
            "o'brien_1-2@example-1.com.br",
            "joão@exämple.com",
            "用户@例子.中国",
            "ana@xn--exmple-cua.com",
            "ana%tag!x#y$z^w~v@example.museum",
            "_ana@163.com",
            "a@b.co",
            "ana@[192.0.2.7]",
            "ana@[IPv6:2001:db8::1]",
            "\"ana maria\"@example.com",
            "ana@example.com_old",
        ] {
            if email.starts_with(char::is_alphanumeric) && email.is_ascii() {
                assert_found(find, email);
            }
            for text in [format!("to {email}, cc"), format!("<{email}>"), format!("{email}.")] {
                assert_eq!(found(find, &text), [email], "in {text:?}");
            }
        }
    }

    #[test]
    fn what_is_no_address_is_left() {
        assert_clean(
            find,
            &[
                "user@host",
                "@example.com",
                "ana@",
                "ana@.com",
                "ana@example.1",
                "ana@example.c",
                "ana @example.com",
                "ana@ example.com",
                "ana@[not an address]",
                "{\"handle\":\"@example.com\"}",
                "@scope/package@1.2.3",
                "package@1.2.3-beta.next",
                "image@sha256:9f86d081884c7d659a2feaa0c55ad015",
                "@app.route(\"/\")",
                "git@github.com:org/repo.git",
                "https://user@example.com/path",
                "postgres://user:password@db.example.com/shop",
                "com.example.Order@5e2de80c",
                "/static/logo@2x.PNG",
                "user@1000.service",
            ],
        );
    }

    #[test]
    fn a_trailing_number_or_full_stop_is_outside() {
        assert_eq!(found(find, "ana@example.com.2"), ["ana@example.com"]);
        assert_eq!(found(find, "ana@example.com..."), ["ana@example.com"]);
        assert_eq!(found(find, "ana@example.com-"), ["ana@example.com"]);
    }

    #[test]
    fn a_mail_to_git_is_an_address() {
        assert_eq!(found(find, "write to git@example.com today"), ["git@example.com"]);
    }

    #[test]
    fn what_was_found_before_is_not_read_again() {
        assert_eq!(found(find, "ana@example.com@example.org"), ["ana@example.com"]);
    }

    #[test]
    fn a_local_part_is_cut_between_characters() {
        let text = format!("{}@example.com", "é".repeat(40));
        assert_eq!(found(find, &text), [format!("{}@example.com", "é".repeat(32))]);
        let text = format!("x{}@example.com", "中".repeat(40));
        assert_eq!(found(find, &text), [format!("{}@example.com", "中".repeat(21))]);
    }
}
