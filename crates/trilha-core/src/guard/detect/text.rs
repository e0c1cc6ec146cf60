//! Steps over bytes that several detectors share. Each says where it stopped; none of them panics.

use std::ops::Range;

/// How far a key, a name or a scheme is looked for, in bytes: so that no text makes a detector scan back for ever.
pub(super) const REACH: usize = 64;

/// The byte at `at`.
pub(super) fn byte(text: &[u8], at: usize) -> Option<u8> {
    text.get(at).copied()
}

/// The byte before `at`.
pub(super) fn before(text: &[u8], at: usize) -> Option<u8> {
    byte(text, at.checked_sub(1)?)
}

/// All that begins at `at`.
pub(super) fn rest(text: &[u8], at: usize) -> &[u8] {
    text.get(at..).unwrap_or_default()
}

/// What stands in `range`.
pub(super) fn slice(text: &[u8], range: Range<usize>) -> &[u8] {
    text.get(range).unwrap_or_default()
}

/// Whether `word` stands at `at`, in whatever case.
pub(super) fn stands(text: &[u8], at: usize, word: &[u8]) -> bool {
    rest(text, at).get(..word.len()).is_some_and(|there| there.eq_ignore_ascii_case(word))
}

/// Where the run of bytes that are `of` it ends. It begins at `at`.
pub(super) fn run(text: &[u8], at: usize, of: impl Fn(u8) -> bool) -> usize {
    at + rest(text, at).iter().take_while(|byte| of(**byte)).count()
}

/// Where the run of bytes that are `of` it begins, `most` bytes back at most. It ends before `at`.
pub(super) fn run_back(text: &[u8], at: usize, most: usize, of: impl Fn(u8) -> bool) -> usize {
    at - slice(text, 0..at).iter().rev().take(most).take_while(|byte| of(**byte)).count()
}

/// Where the blanks that begin at `at` end, on the same line.
pub(super) fn skip_blanks(text: &[u8], at: usize) -> usize {
    run(text, at, is_blank)
}

/// Whether it is a space or a tab.
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Whether a name may hold it: `x-api-key`, `user.cpf`, `endereço`.
pub(super) fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.') || !byte.is_ascii()
}

/// Whether `at` is where a word begins: no letter and no digit stands before it.
pub(super) fn is_start(text: &[u8], at: usize) -> bool {
    !before(text, at).is_some_and(|byte| byte.is_ascii_alphanumeric())
}

/// Whether a name and then one of the `signs` stand at `at`.
pub(super) fn is_pair(text: &[u8], at: usize, signs: &[u8]) -> bool {
    let name = run(slice(text, 0..text.len().min(at + REACH)), at, is_name);
    let is_named = byte(text, at).is_some_and(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii());
    is_named && byte(text, name).is_some_and(|sign| signs.contains(&sign))
}

/// Whether it looks made, and not like a word: digits, or small and capital letters mixed.
pub(super) fn is_random(token: &[u8]) -> bool {
    let has = |of: fn(&u8) -> bool| token.iter().any(of);
    has(u8::is_ascii_digit) || has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase)
}

/// A string in quotes.
pub(super) struct Quoted {
    /// What stands between the quotes.
    pub(super) inner: Range<usize>,
    /// Where it ends, with its closing quote. The end of the text, if there is none.
    pub(super) end: usize,
}

/// The string that opens at `at`: `"…"`, `'…'` or `` `…` ``. A quote within it is escaped by a backslash or, in single
/// quotes, doubled. Where the opening quote itself is escaped (`\"…\"`: JSON in JSON), so is the closing one.
pub(super) fn quoted(text: &[u8], at: usize) -> Option<Quoted> {
    let open = run(text, at, |byte| byte == b'\\');
    let depth = open - at;
    let quote = byte(text, open).filter(|byte| matches!(byte, b'"' | b'\'' | b'`'))?;
    let start = open + 1;
    if quote == b'\'' && stands_in_literal(text, open) {
        let inner = rest(text, start + 1);
        let length = inner.windows(2).position(|two| two == b"''").unwrap_or(inner.len());
        let end = start + 1 + length;
        return Some(Quoted { inner: start + 1..end, end: text.len().min(end + 2) });
    }
    let mut slashes = 0;
    let mut bytes = rest(text, start).iter().zip(start..).peekable();
    while let Some((byte, at)) = bytes.next() {
        if *byte == b'\\' {
            slashes += 1;
            continue;
        }
        let is_closing = if depth == 0 { slashes % 2 == 0 } else { slashes <= depth };
        if *byte == quote && is_closing {
            let is_doubled = quote == b'\'' && bytes.next_if(|(next, _)| **next == quote).is_some();
            if !is_doubled {
                return Some(Quoted { inner: start..at - slashes.min(depth), end: at + 1 });
            }
        }
        slashes = 0;
    }
    Some(Quoted { inner: start..text.len(), end: text.len() })
}

/// Whether the quote at `open` is that of a string within a literal of SQL, where all are doubled: `''…''`. An empty
/// string has nothing right behind it.
fn stands_in_literal(text: &[u8], open: usize) -> bool {
    byte(text, open + 1) == Some(b'\'')
        && byte(text, open + 2).is_some_and(|next| next.is_ascii_alphanumeric())
}

/// Where a value without quotes ends that begins at `at`: at white space, at the punctuation before it, or where
/// something else plainly begins. In doubt a mark is part of the value: a password may hold any.
pub(super) fn bare(text: &[u8], at: usize) -> usize {
    let (mut end, mut marks) = (at, at); // the last marks begin at `marks`
    while let Some(byte_here) = byte(text, end) {
        if byte_here <= b' ' {
            break;
        }
        let is_end = match byte_here {
            b',' => is_pair(text, end + 1, b"=:"),
            b';' | b'&' => is_pair(text, end + 1, b"="),
            b'"' | b'\'' | b'`' => closes(text, end + 1),
            b'<' => byte(text, end + 1) == Some(b'/'),
            b'\\' => matches!(byte(text, end + 1), Some(b'"' | b'\'')),
            _ => false,
        };
        if is_end {
            return if marks == end { end } else { marks };
        }
        end += 1;
        if !b",;&.:\"'`)]}<>|".contains(&byte_here) {
            marks = end;
        }
    }
    marks
}

/// Whether what stands at `at`, after a quote, is what follows a string in data or code.
pub(super) fn closes(text: &[u8], at: usize) -> bool {
    match rest(text, at) {
        [] | [b'>', ..] => true,
        [b',' | b':' | b';' | b')' | b']' | b'}', next @ ..] => {
            next.first().is_none_or(|byte| *byte <= b' ' || b"\"'`{[(,:;)]}".contains(byte))
        }
        [byte, ..] => *byte <= b' ',
    }
}

/// Whether a letter, a digit or the like stands at `at`: text after which a mark was not the end.
pub(super) fn goes_on(text: &[u8], at: usize) -> bool {
    byte(text, at).is_some_and(|byte| !(byte <= b' ' || b",;:.\"'`()[]{}<>|/&".contains(&byte)))
}

/// Whether there is nothing to hide in the value: it is empty, a placeholder, or hidden already.
pub(super) fn is_clean(value: &[u8]) -> bool {
    const HIDDEN: [&[u8]; 6] =
        [b"[redacted", b"[hash:", b"redacted", b"<redacted", b"(redacted", b"\xe2\x80\xa6"];
    const NOTHING: [&[u8]; 9] =
        [b"null", b"none", b"nil", b"undefined", b"true", b"false", b"(null)", b"yes", b"no"];
    let is_placeholder = match value {
        [b'?' | b'$', number @ ..] if number.iter().all(u8::is_ascii_digit) => true,
        [b'@' | b':', b'p' | b'P', number @ ..] if number.iter().all(u8::is_ascii_digit) => true,
        [b'@' | b':', name @ ..] => name.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'_'),
        [b'{', name @ .., b'}'] | [b'<', name @ .., b'>'] => name.iter().all(is_variable),
        // The closing brace may have been taken for one around the value.
        [b'$', b'{', name @ ..] => name.iter().all(is_variable),
        [b'$', name @ ..] => name.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'_'),
        [b'%', name @ ..] => matches!(name, b"s" | b"d" | b"v" | b"q") || name.starts_with(b"("),
        _ => false,
    };
    is_placeholder
        || value.iter().all(|byte| matches!(byte, b'*' | b'.'))
        || value.len() < 3 && value.iter().all(u8::is_ascii_punctuation)
        || value.len() > 3 && value.iter().all(|byte| matches!(byte, b'x' | b'X'))
        || HIDDEN.iter().any(|mark| stands(value, 0, mark))
        || NOTHING.iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// Whether the name of a variable may hold it.
fn is_variable(byte: &u8) -> bool {
    byte.is_ascii_alphabetic() || b"_- {}".contains(byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_ends_at_its_own_quote() {
        for (text, inner) in [
            (r#""a" b"#, "a"),
            (r#""a\"b""#, r#"a\"b"#),
            (r#""a\\" b"#, r"a\\"),
            (r#""a\\\"b" c"#, r#"a\\\"b"#),
            ("'it''s' b", "it''s"),
            ("''it is'' b'", "it is"), // in a literal of SQL
            ("'' b", ""),
            ("'', 'b'", ""),
            (r#"\"a\\\"b\" c"#, r#"a\\\"b"#),
            ("`a` b", "a"),
            ("\"cut", "cut"),
            (r#"\"a", "b""#, "a"),
        ] {
            let quoted = quoted(text.as_bytes(), 0).expect("it opens with a quote");
            assert_eq!(text.get(quoted.inner), Some(inner), "{text}");
        }
        assert!(quoted(b"a\"b\"", 0).is_none());
    }

    #[test]
    fn a_bare_value_ends_where_nothing_of_it_can_follow() {
        for (text, value) in [
            ("a b", "a"),
            ("a,b=c", "a"),
            ("a,b c", "a,b"),
            ("a;b;c=d", "a;b"),
            ("a&b=c", "a"),
            ("a), b", "a"),
            ("pa'ss\" x", "pa'ss"),
            ("a</p>", "a"),
            ("a\\\"", "a"),
            ("ação\n", "ação"),
        ] {
            assert_eq!(text.get(..bare(text.as_bytes(), 0)), Some(value), "{text}");
        }
    }

    #[test]
    fn placeholders_and_markers_have_nothing_to_hide() {
        for value in [
            "",
            "?",
            "$1",
            "?2",
            ":name",
            "@p1",
            "{}",
            "{name}",
            "<token>",
            "${DB_PASSWORD}",
            "$TOKEN",
            "%s",
            "%(name)s",
            "****",
            "xxxx",
            "null",
            "None",
            "true",
            "[redacted:key]",
            "[hash:0011223344556677]",
            "REDACTED",
            "…",
        ] {
            assert!(is_clean(value.as_bytes()), "{value}");
        }
        for value in ["hunter2", "x", "$2b$10$abc", "$ecret", "?x", "{a1}", "%41", "x1", "*a", "nullable"] {
            assert!(!is_clean(value.as_bytes()), "{value}");
        }
    }
}
