//! What a text says when it is decoded: the views of it that a hunt looks at.

use percent_encoding::percent_decode;

use super::Encoding;

/// Shows the text itself, and what it decodes to, in each way that changes it, and then in each way again.
///
/// The encoding that is told is the outer one.
pub(super) fn for_each(text: &[u8], mut see: impl FnMut(Encoding, &[u8])) {
    see(Encoding::Plain, text);
    for (encoding, once) in decoded(text) {
        see(encoding, &once);
        for (_, twice) in decoded(&once) {
            see(encoding, &twice);
        }
    }
}

fn decoded(text: &[u8]) -> Vec<(Encoding, Vec<u8>)> {
    let mut all = Vec::new();
    if text.contains(&b'%') {
        all.push((Encoding::Percent, percent_decode(text).collect()));
    }
    if text.contains(&b'+') {
        let spaced: Vec<u8> = text.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect();
        all.push((Encoding::Form, percent_decode(&spaced).collect()));
    }
    if text.contains(&b'\\') {
        all.push((Encoding::Escaped, unescaped(text)));
    }
    all
}

/// Without the escapes of JSON and of Rust: `\"`, `\n`, `\u00e9`, `\u{e9}`, `\x41`. What is none stays.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.iter().position(|&byte| byte == b'\\') {
        let (before, escape) = rest.split_at(start);
        plain.extend_from_slice(before);
        rest = match escape {
            [_, b'n', rest @ ..] => push(&mut plain, '\n', rest),
            [_, b'r', rest @ ..] => push(&mut plain, '\r', rest),
            [_, b't', rest @ ..] => push(&mut plain, '\t', rest),
            [_, byte @ (b'"' | b'\'' | b'\\' | b'/'), rest @ ..] => push(&mut plain, char::from(*byte), rest),
            [_, b'u' | b'x', ..] => match character(escape) {
                Some((character, rest)) => push(&mut plain, character, rest),
                None => push(&mut plain, '\\', escape.get(1..).unwrap_or_default()),
            },
            [_, rest @ ..] => push(&mut plain, '\\', rest),
            [] => escape,
        };
    }
    plain.extend_from_slice(rest);
    plain
}

fn push<'a>(text: &mut Vec<u8>, character: char, rest: &'a [u8]) -> &'a [u8] {
    text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    rest
}

/// The character that an escape with digits stands for, and what follows it. In JSON, two may stand for one.
fn character(escape: &[u8]) -> Option<(char, &[u8])> {
    if let [b'\\', b'u', b'{', rest @ ..] = escape {
        let end = rest.iter().take(7).position(|&byte| byte == b'}')?;
        return Some((char::from_u32(number(rest.get(..end)?)?)?, rest.get(end + 1..)?));
    }
    let (first, rest) = unit(escape)?;
    if let Some(character) = char::from_u32(first) {
        return Some((character, rest));
    }
    let (second, rest) = unit(rest)?;
    let units = [first, second].map(|unit| u16::try_from(unit).unwrap_or_default());
    let character = char::decode_utf16(units).next()?.ok()?;
    Some((character, rest))
}

fn unit(escape: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = match escape {
        [b'\\', b'u', rest @ ..] => rest.split_at_checked(4)?,
        [b'\\', b'x', rest @ ..] => rest.split_at_checked(2)?,
        _ => return None,
    };
    Some((number(digits)?, rest))
}

fn number(digits: &[u8]) -> Option<u32> {
    u32::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn views(text: &[u8]) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        for_each(text, |_, view| all.push(view.to_owned()));
        all
    }

    proptest! {
        #[test]
        fn what_json_escapes_is_unescaped(text in "[^\\\\]*") {
            let json = serde_json::to_string(&text).unwrap().replace("\\b", "\\u0008").replace("\\f", "\\u000c");
            prop_assert_eq!(unescaped(json.as_bytes()), format!("\"{text}\"").into_bytes());
        }

        #[test]
        fn what_debug_escapes_is_unescaped(text in "[^\\\\\0]*") {
            prop_assert_eq!(unescaped(format!("{text:?}").as_bytes()), format!("\"{text}\"").into_bytes());
        }

        #[test]
        fn any_bytes_have_views(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            prop_assert_eq!(&views(&bytes)[0], &bytes);
        }

        #[test]
        fn any_escapes_have_views(text in r"[\\u{}0-9a-fx%+dD8]{0,40}") {
            prop_assert!(!views(text.as_bytes()).is_empty());
        }
    }

    #[test]
    fn two_units_are_one_character() {
        assert_eq!(unescaped(br"\ud83d\ude00!"), "😀!".as_bytes());
        assert_eq!(unescaped(br"\ud83d!"), br"\ud83d!");
        assert_eq!(unescaped(br"\x41\q\"), br"A\q\");
    }

    #[test]
    fn what_is_plain_has_one_view() {
        assert_eq!(views(b"plain").len(), 1);
    }
}
