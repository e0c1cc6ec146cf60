//! Private keys: PEM blocks of any kind (PKCS #1, PKCS #8, SEC 1, OpenSSH, OpenPGP), PuTTY files and age keys.
//!
//! A block without an end, since the text was cut, goes on to the end of the text. What stands in the block is
//! not looked at: its lines may be escaped, indented or wrapped.
//!
//! Specifications: RFC 7468, RFC 9580 section 6.2, RFC 4716; PuTTY 0.83 appendix C; age v1.

use std::ops::Range;

use super::text::{REACH, before, byte, is_start, rest, run, slice, stands};

const PUTTY: &[u8] = b"PuTTY-User-Key-File-";
const AGE: &[u8] = b"AGE-SECRET-KEY-";

/// The next key: all of its block.
pub(in crate::guard) fn find(text: &[u8], from: usize) -> Option<Range<usize>> {
    rest(text, from).iter().zip(from..).find_map(|(byte, at)| {
        let end = match byte {
            b'-' if before(text, at) != Some(b'-') => pem(text, at),
            b'P' if is_start(text, at) && stands(text, at, PUTTY) => Some(putty(text, at)),
            b'A' | b'a' if is_start(text, at) && stands(text, at, AGE) => age(text, at),
            _ => None,
        };
        Some(at..end?)
    })
}

/// Where the block ends that `-----BEGIN … PRIVATE KEY-----` begins.
fn pem(text: &[u8], at: usize) -> Option<usize> {
    let body = boundary(text, at, b"BEGIN ", |label| label.windows(11).any(|words| words == b"PRIVATE KEY"))?;
    let mut from = body;
    while let Some(dash) = rest(text, from).iter().position(|byte| *byte == b'-') {
        let dash = from + dash;
        if let Some(end) = boundary(text, dash, b"END ", |_| true) {
            return Some(end);
        }
        from = run(text, dash, |byte| byte == b'-');
    }
    Some(text.len())
}

/// Where the line `-----BEGIN LABEL-----` ends; SSH2 has four dashes and blanks.
fn boundary(text: &[u8], at: usize, word: &[u8], is_wanted: impl Fn(&[u8]) -> bool) -> Option<usize> {
    let dashes = run(text, at, |byte| byte == b'-');
    let start = run(text, dashes, |byte| byte == b' ');
    if dashes - at < 4 || !stands(text, start, word) {
        return None;
    }
    let label = run(text, start + word.len(), |byte| byte.is_ascii_alphanumeric() || byte == b' ');
    let end = run(text, label, |byte| byte == b'-');
    let is_label = label - start <= REACH && end - label >= 4 && is_wanted(slice(text, start..label));
    is_label.then_some(end)
}

/// Where the file ends: after the line of its last field.
fn putty(text: &[u8], at: usize) -> usize {
    const LAST: &[u8] = b"Private-MAC:";
    match rest(text, at).windows(LAST.len()).position(|window| window == LAST) {
        Some(last) => run(text, at + last, |byte| !matches!(byte, b'\r' | b'\n' | b'\\' | b'"')),
        None => text.len(),
    }
}

/// Where the key ends: in Bech32, without a look at its checksum.
fn age(text: &[u8], at: usize) -> Option<usize> {
    let start = at + AGE.len();
    let end = run(text, start, |byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (end - start >= 20 && byte(text, end) != Some(b'_')).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::detect::testing::{found, never_panics};

    fn block(label: &str, line: &str) -> String {
        let dashes = "-".repeat(5);
        format!(
            "{dashes}BEGIN {label}{dashes}{line}MIIEvQIBADANBg{line}kqhkiG9w0BAQ=={line}{dashes}END {label}{dashes}"
        )
    }

    #[test]
    fn blocks_are_found_whole_however_their_lines_end() {
        for label in [
            "PRIVATE KEY",
            "RSA PRIVATE KEY",
            "EC PRIVATE KEY",
            "ENCRYPTED PRIVATE KEY",
            "OPENSSH PRIVATE KEY",
            "PGP PRIVATE KEY BLOCK",
        ] {
            for line in ["\n", "\r\n", "\\n", " ", "\n    "] {
                let block = block(label, line);
                for (left, right) in [("", ""), ("{\"key\":\"", "\"}"), ("é", "é"), ("key=", "\nmore - text")]
                {
                    let text = format!("{left}{block}{right}");
                    assert_eq!(found(find, &text), [block.as_str()], "{text}");
                }
            }
        }
    }

    #[test]
    fn a_block_that_was_cut_goes_on_to_the_end() {
        let block = block("PRIVATE KEY", "\n");
        for length in 28..block.len() - 5 {
            let text = format!("a {}", &block[..length]);
            assert_eq!(found(find, &text), [&block[..length]]);
        }
    }

    #[test]
    fn two_blocks_are_two() {
        let block = block("PRIVATE KEY", "\n");
        assert_eq!(found(find, &format!("{block}\n{block}")), [block.as_str(), block.as_str()]);
    }

    #[test]
    fn ssh2_putty_and_age_keys_are_found() {
        let ssh2 = concat!(
            "---- BEGIN SSH2 ENCRYPTED PRIVATE",
            " KEY ----\nP2/56wAAA\n---- END SSH2 ENCRYPTED PRIVATE KEY ----"
        );
        assert_eq!(found(find, ssh2), [ssh2]);
        let putty = "PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-Lines: 1\nAAAAIH\nPrivate-MAC: 00ff";
        assert_eq!(found(find, &format!("{putty}\nmore")), [putty]);
        let age = format!("{}1{}", "AGE-SECRET-KEY-", "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L".repeat(2));
        assert_eq!(found(find, &format!("key: {age}, more")), [age.as_str()]);
    }

    #[test]
    fn public_keys_certificates_and_rules_are_not() {
        for text in [
            "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
            "-----------------------",
            "--- BEGIN PRIVATE KEY ---",
            "no private key was given",
            "AGE-SECRET-KEY-1",
        ] {
            assert_eq!(found(find, text), [""; 0], "{text}");
        }
    }

    #[test]
    fn hostile_text_is_read_a_bounded_number_of_times() {
        assert_eq!(found(find, &"-".repeat(1_000_000)), [""; 0]);
        assert_eq!(found(find, &"-----BEGIN ".repeat(100_000)), [""; 0]);
        assert_eq!(found(find, &"a-----BEGIN PRIVATE KEY-----".repeat(100_000)).len(), 1);
    }

    never_panics!(find, "(-----(BEGIN|END) (RSA )?PRIVATE KEY-----|[a-z\\n-]{0,9}){0,5}");
}
