//! Credentials after the name of their scheme, as in an `authorization` header: `Bearer …`, `Basic …`, `Digest …`.
//!
//! Only what has the shape of credentials: "bearer of bad news" and "basic authentication" are prose. What an
//! `authorization` key names is the matter of [`pair`](super::pair).
//!
//! Specifications: RFC 9110 section 11.4, RFC 6750 section 2.1, RFC 7617, RFC 7616, RFC 4559; AWS Signature Version 4.

use std::ops::Range;

use super::text::{byte, goes_on, is_blank, quoted, rest, run, run_back, skip_blanks, slice};

/// The schemes, in lower case, and the shape of what follows.
pub(in crate::guard) const SCHEMES: [(&[u8], Shape); 21] = [
    (b"bearer", Shape::Token),
    (b"dpop", Shape::Token),
    (b"token", Shape::Opaque),
    (b"apikey", Shape::Opaque),
    (b"api-key", Shape::Opaque),
    (b"bot", Shape::Opaque),
    (b"geniekey", Shape::Opaque),
    (b"kerberos", Shape::Opaque),
    (b"negotiate", Shape::Opaque),
    (b"ntlm", Shape::Opaque),
    (b"sharedkey", Shape::Opaque),
    (b"sharedkeylite", Shape::Opaque),
    (b"splunk", Shape::Opaque),
    (b"ssws", Shape::Opaque),
    (b"basic", Shape::Basic),
    (b"aws4-hmac-sha256", Shape::Parameters),
    (b"digest", Shape::Parameters),
    (b"hawk", Shape::Parameters),
    (b"mac", Shape::Parameters),
    (b"oauth", Shape::Parameters),
    (b"signature", Shape::Parameters),
];

/// Parameters that only credentials have, not the challenge that asks for them.
const PROOFS: [&[u8]; 9] = [
    b"credential",
    b"mac",
    b"oauth_consumer_key",
    b"oauth_signature",
    b"oauth_token",
    b"response",
    b"signature",
    b"token",
    b"username",
];

/// What follows the name of a scheme.
#[derive(Clone, Copy)]
pub(in crate::guard) enum Shape {
    /// A token, after a word that is rare in prose.
    Token,
    /// A token, after a word that is common in prose.
    Opaque,
    /// `user:password` in base64.
    Basic,
    /// `name=value`, in a list.
    Parameters,
}

/// The next credentials: what follows the scheme.
pub(in crate::guard) fn find(text: &[u8], from: usize) -> Option<Range<usize>> {
    let mut blanks = rest(text, from).iter().zip(from..).filter(|(byte, _)| is_blank(**byte));
    blanks.find_map(|(_, end)| {
        let start = run_back(text, end, LONGEST_SCHEME + 1, is_scheme);
        let word = slice(text, start.max(from)..end);
        let may_be_scheme = start >= from && word.first().is_some_and(u8::is_ascii_alphabetic);
        let mut schemes = SCHEMES.iter().filter(|(scheme, _)| may_be_scheme && scheme.len() == word.len());
        let (_, shape) = schemes.find(|(scheme, _)| word.eq_ignore_ascii_case(scheme))?;
        after(text, end, *shape)
    })
}

const LONGEST_SCHEME: usize = b"aws4-hmac-sha256".len();

/// What follows the scheme that ends at `end`, if it has the shape.
fn after(text: &[u8], end: usize, shape: Shape) -> Option<Range<usize>> {
    let blanks = skip_blanks(text, end);
    let start = run(text, blanks, |byte| matches!(byte, b'"' | b'\''));
    if let Shape::Parameters = shape {
        return parameters(text, blanks).map(|end| blanks..end);
    }
    let end = run(text, start, is_token);
    let end = if let Shape::Basic = shape { padded(text, start, end) } else { end };
    let trailing =
        slice(text, start..end).iter().rev().take_while(|byte| matches!(byte, b'.' | b':')).count();
    let range = start..end - trailing;
    let token = slice(text, range.clone());
    let is_parameter = token.ends_with(b"=") && byte(text, end) == Some(b'"') && goes_on(text, end + 1);
    let is_secret = !is_parameter
        && match shape {
            Shape::Token => is_made(token, 6, 24),
            Shape::Opaque => is_made(token, 16, usize::MAX),
            Shape::Basic => is_basic(token),
            Shape::Parameters => false,
        };
    is_secret.then_some(range)
}

/// Where base64 ends that begins at `start`: with its padding, whatever stands behind that, as in a path.
fn padded(text: &[u8], start: usize, end: usize) -> usize {
    let digits = slice(text, start..end).iter().take_while(|byte| **byte != b'=').count();
    end.min(run(text, start + digits, |byte| byte == b'='))
}

/// Whether a token of `least` bytes or more looks made, or has `long` bytes, which no word has.
fn is_made(token: &[u8], least: usize, long: usize) -> bool {
    let digits = token.iter().filter(|byte| byte.is_ascii_digit()).count();
    let has_letters = token.iter().any(u8::is_ascii_alphabetic);
    let is_cased = token.iter().any(u8::is_ascii_lowercase) && token.iter().any(u8::is_ascii_uppercase);
    let is_mixed = is_cased && (token.len() >= 16 || digits >= 1 && token.len() >= 8)
        || token.len() >= 16 && digits >= 1;
    token.len() >= long || token.len() >= least && (digits >= 2 && has_letters || digits >= 8 || is_mixed)
}

/// `dTpw`, which is `u:p`.
pub(in crate::guard) const SHORTEST: usize = 4;

/// Whether it is `user:password` in base64. A long one is judged by its beginning.
fn is_basic(token: &[u8]) -> bool {
    let token = token.trim_ascii_end();
    if token.len() < SHORTEST {
        return false;
    }
    let padding = token.iter().rev().take_while(|byte| **byte == b'=').count();
    let digits = slice(token, 0..token.len() - padding);
    let mut plain = [0; 96];
    let mut space = plain.iter_mut();
    let mut written = 0;
    for four in digits.chunks(4).take(32) {
        let Some(bits) = four.iter().try_fold(0_u32, |bits, digit| Some(bits << 6 | sextet(*digit)?)) else {
            return false;
        };
        let (bits, length) = match four.len() {
            4 => (bits, 3),
            3 => (bits << 6, 2),
            2 => (bits << 12, 1),
            _ => return false,
        };
        let [_, bytes @ ..] = bits.to_be_bytes();
        for (byte, slot) in bytes.into_iter().take(length).zip(space.by_ref()) {
            *slot = byte;
            written += 1;
        }
    }
    let plain = slice(&plain, 0..written);
    let is_text = match std::str::from_utf8(plain) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && digits.len() > 128, // a character was cut
    };
    is_text && plain.contains(&b':') && !plain.iter().any(u8::is_ascii_control)
}

fn sextet(digit: u8) -> Option<u32> {
    Some(u32::from(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    }))
}

/// So many parameters are looked at for a proof: a list of more is not read again from each scheme in it.
const PROVEN_BY: usize = 8;

/// Where the list of parameters ends that begins at `at`, if it proves something.
fn parameters(text: &[u8], mut at: usize) -> Option<usize> {
    let mut is_proof = false;
    let mut end = at;
    for number in 0.. {
        let name = run(text, at, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        let is_over = name == at || byte(text, name) != Some(b'=');
        if is_over || number == PROVEN_BY && !is_proof {
            break;
        }
        is_proof = is_proof || PROOFS.iter().any(|proof| slice(text, at..name).eq_ignore_ascii_case(proof));
        end = match quoted(text, name + 1) {
            Some(quoted) => quoted.end,
            None => run(text, name + 1, |byte| is_token(byte) || byte == b';'),
        };
        let comma = skip_blanks(text, end);
        at = if byte(text, comma) == Some(b',') { skip_blanks(text, comma + 1) } else { comma };
    }
    is_proof.then_some(end)
}

fn is_scheme(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

/// A token of RFC 6750, and the marks that others put into theirs.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/=:|$%@".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::detect::testing::{found, never_panics};

    #[test]
    fn what_follows_the_scheme_is_found() {
        for (text, secret) in [
            ("Bearer mF_9.B5f-4.1JqM", "mF_9.B5f-4.1JqM"),
            ("authorization: bearer abc123\r\nhost: a", "abc123"),
            ("{\"auth\":\"Bearer 0123456789abcdef\"}", "0123456789abcdef"),
            ("Bearer 12|aBcDeFgHiJkLmNoP.", "12|aBcDeFgHiJkLmNoP"),
            ("Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
            ("basic dXNlcjpwYXNzdw==, x", "dXNlcjpwYXNzdw=="),
            ("BASIC w6k6w6k=", "w6k6w6k="),
            ("/by/Basic dXNlcjpwYXNzdw==/orders", "dXNlcjpwYXNzdw=="),
            ("Token 9944b09199c62bcf9418ad846dd0e4bbdfc6ee4b", "9944b09199c62bcf9418ad846dd0e4bbdfc6ee4b"),
            ("Negotiate YIIJvwYGKwYBBQUCoIIJszCCCa", "YIIJvwYGKwYBBQUCoIIJszCCCa"),
            ("NTLM TlRMTVNTUAABAAAAB4IIogAAAAA=", "TlRMTVNTUAABAAAAB4IIogAAAAA="),
            ("ApiKey VnVhQ2ZHY0JDZGJrUW0", "VnVhQ2ZHY0JDZGJrUW0"),
            (
                "Digest username=\"ana\", realm=\"a\", uri=/x, response=\"6629fae4\" after",
                "username=\"ana\", realm=\"a\", uri=/x, response=\"6629fae4\"",
            ),
            (
                "AWS4-HMAC-SHA256 Credential=A/2024/x, SignedHeaders=host;date, Signature=fe5f80",
                "Credential=A/2024/x, SignedHeaders=host;date, Signature=fe5f80",
            ),
        ] {
            for (left, right) in [("", ""), ("\"", "\""), ("(", ")"), ("é ", " é"), ("x=", "\n")] {
                let text = format!("{left}{text}{right}");
                assert_eq!(found(find, &text), [secret], "{text}");
            }
        }
    }

    #[test]
    fn prose_and_challenges_are_not() {
        for text in [
            "bearer of bad news",
            "Bearer authentication failed",
            "bearer internationalization",
            "basic authentication",
            "the basic plan costs 10",
            "Basic auth",
            "Basic realm=\"users\"",
            "Bearer realm=\"users1234567890\", error=\"invalid_token\"",
            "Digest realm=\"a\", nonce=\"5f2a\", qop=auth",
            "digest sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "token expired after 3600s",
            "invalid token 12 at line 4",
            "negotiate http2",
            "Bearer [redacted:credentials]",
            "Bearer",
            "forbearer abc12345",
            "Token: expired",
        ] {
            assert_eq!(found(find, text), [""; 0], "{text}");
        }
    }

    #[test]
    fn hostile_text_is_read_a_bounded_number_of_times() {
        assert_eq!(found(find, &"basic ".repeat(100_000)), [""; 0]);
        assert_eq!(found(find, &"digest a=1, ".repeat(100_000)), [""; 0]);
    }

    never_panics!(find, "(([Bb]earer|basic|digest|token) [a-zA-Z0-9=,\" ]{0,20}){0,4}");
}
