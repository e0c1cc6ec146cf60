//! JSON web tokens: signed, unsecured and encrypted ones, in their compact form. No signature is checked.
//!
//! A token that was cut is one, as soon as its second part begins: the claims are in there.
//!
//! Specifications: RFC 7515 section 3.1, RFC 7516 section 3.1, RFC 7519; disclosures of SD-JWT (RFC 9901).

use std::ops::Range;

use super::text::{byte, rest, run, stands};

/// How `{"` begins in base64: the header of each token, and the claims.
const OBJECT: &[u8] = b"eyJ";
/// `{"a":"none"}`: no header is shorter.
const HEADER: usize = 16;
/// A signature of 128 bits: none is shorter.
const SIGNATURE: usize = 22;

/// The next token: all of it.
pub(in crate::guard) fn find(text: &[u8], from: usize) -> Option<Range<usize>> {
    let mut at = from;
    loop {
        let start = at + rest(text, at).windows(OBJECT.len()).position(|window| window == OBJECT)?;
        let header = run(text, start, is_base64);
        // Padding stands at its end.
        let unpadded = run(text, start, |byte| is_base64(byte) && byte != b'=');
        if unpadded - start >= HEADER
            && let Some(end) = end(text, header)
        {
            return Some(start..end);
        }
        at = header;
    }
}

/// Where the token ends whose header ends at `header`.
fn end(text: &[u8], header: usize) -> Option<usize> {
    let second = part(text, header)?;
    let third = part(text, second);
    let is_signed = third.is_some_and(|third| third - second > SIGNATURE);
    let fourth = third.and_then(|third| part(text, third).filter(|fourth| *fourth > third + 1));
    let fifth = fourth.and_then(|fourth| part(text, fourth).filter(|fifth| *fifth > fourth + 1));
    let mut end = match fifth {
        Some(fifth) => fifth,
        None if stands(text, header + 1, OBJECT) || is_signed => third.unwrap_or(second),
        None => return None,
    };
    while byte(text, end) == Some(b'~') {
        end = run(text, end + 1, is_base64);
    }
    Some(end)
}

/// Where the part ends whose dot stands at `dot`.
fn part(text: &[u8], dot: usize) -> Option<usize> {
    (byte(text, dot) == Some(b'.')).then(|| run(text, dot + 1, is_base64))
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'=')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::detect::testing::{found, never_panics};

    const HEADER: &str = "eyJhbGciOiJIUzI1NiJ9";
    const CLAIMS: &str = "eyJzdWIiOiIxMjM0NTY3ODkwIn0";
    const SIGNATURE: &str = "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJVadQssw5c";

    #[test]
    fn signed_unsecured_cut_and_encrypted_tokens_are_found_whole() {
        for token in [
            format!("{HEADER}.{CLAIMS}.{SIGNATURE}"),
            format!("{HEADER}.{CLAIMS}."),
            format!("{HEADER}.{CLAIMS}"),
            format!("{HEADER}.SGVsbG8.{SIGNATURE}"),
            format!("{HEADER}=.{CLAIMS}==.{SIGNATURE}="),
            format!(
                "{HEADER}..48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_E.XFBoMYUZod"
            ),
            format!("{HEADER}.{CLAIMS}.{SIGNATURE}~WyJhIiwiYiIsImMiXQ~"),
        ] {
            for (left, right) in
                [("", ""), ("Bearer ", "\n"), ("{\"t\":\"", "\"}"), ("t=", "&a=b"), ("é", "é")]
            {
                let text = format!("{left}{token}{right}");
                assert_eq!(found(find, &text), [token.as_str()], "{text}");
            }
        }
    }

    #[test]
    fn a_header_alone_and_other_base64_are_not() {
        for text in
            [HEADER, "eyJ", "eyJ.eyJ.eyJ", "eyJhIjoxfQ.txt", "eyJhbGciOiJIUzI1NiJ9.json", "heyJude.eyJ.x"]
        {
            assert_eq!(found(find, text), [""; 0], "{text}");
        }
    }

    #[test]
    fn hostile_text_is_read_a_bounded_number_of_times() {
        assert_eq!(found(find, &"eyJ".repeat(100_000)), [""; 0]);
        assert_eq!(found(find, &"eyJ.".repeat(100_000)), [""; 0]);
    }

    never_panics!(find, "[eyJ.~=a \u{e9}]{0,60}");
}
