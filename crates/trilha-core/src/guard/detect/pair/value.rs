//! Where the value after a key begins and ends, and whether it says anything.

use std::ops::Range;

use super::super::text::{
    bare, byte, is_blank, is_clean, is_pair, quoted, rest, run, skip_blanks, slice, stands,
};

/// What stands where a value begins.
pub(super) enum Value {
    /// It is known, or there is nothing to hide.
    Found(Option<Range<usize>>),
    /// It has no quotes and no brackets.
    Bare(usize),
}

impl Value {
    /// The value; one without quotes as `of_bare` says, which is given its start.
    pub(super) fn resolve(self, of_bare: impl FnOnce(usize) -> Option<Range<usize>>) -> Option<Range<usize>> {
        match self {
            Self::Found(value) => value,
            Self::Bare(start) => of_bare(start),
        }
    }
}

/// The value that begins at `start`, within as many constructors as it has: `Some("…")`, `Token { … }`.
pub(super) fn value(text: &[u8], mut start: usize) -> Value {
    for _ in 0..8 {
        if stands(text, start, b"[redacted") || stands(text, start, b"[hash:") {
            return Value::Found(None);
        }
        if let Some(quoted) = quoted(text, start) {
            let is_clean = is_clean(slice(text, quoted.inner.clone()));
            return Value::Found((!is_clean).then_some(quoted.inner));
        }
        let word = run(text, start, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'#'));
        let open = if byte(text, word) == Some(b' ') && byte(text, word + 1) == Some(b'{') {
            word + 1
        } else {
            word
        };
        match byte(text, open) {
            Some(b'"' | b'\'') if open == word && is_literal(slice(text, start..word)) => start = word,
            Some(b'(') if word > start && text.get(start).is_some_and(u8::is_ascii_uppercase) => {
                start = open + 1
            }
            Some(b'[' | b'{' | b'(')
                if open == start || byte(text, start).is_some_and(|byte| byte.is_ascii_uppercase()) =>
            {
                return Value::Found(brackets(text, open));
            }
            _ => return Value::Bare(start),
        }
    }
    Value::Bare(start)
}

/// What stands in the brackets that open at `open`, if it is more than a placeholder.
fn brackets(text: &[u8], open: usize) -> Option<Range<usize>> {
    let start = open + 1;
    let (mut depth, mut at) = (1_usize, start);
    while let Some(here) = byte(text, at) {
        at = match here {
            b'"' | b'\'' => quoted(text, at)?.end,
            _ => at + 1,
        };
        match here {
            b'[' | b'{' | b'(' => depth += 1,
            b']' | b'}' | b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    let end = if depth == 0 { at - 1 } else { at };
    let inner = slice(text, start..end).trim_ascii();
    let is_placeholder = byte(text, open) == Some(b'{') && is_clean(slice(text, open..at));
    (!is_placeholder && !is_clean(inner)).then_some(start..end)
}

/// Where the line ends that holds all of the value, or the string that the line stands in.
pub(super) fn line(text: &[u8], start: usize) -> usize {
    let is_end = |at: usize, byte_here: u8| match byte_here {
        b'\r' | b'\n' => true,
        b'"' | b'\'' => {
            matches!(byte(text, at + 1), None | Some(b' ' | b',' | b'}' | b']' | b')' | b'\r' | b'\n'))
        }
        b'\\' => matches!(byte(text, at + 1), Some(b'"' | b'\'' | b'n' | b'r')),
        _ => false,
    };
    rest(text, start)
        .iter()
        .zip(start..)
        .find(|(byte, at)| is_end(*at, **byte))
        .map_or(text.len(), |(_, at)| at)
}

/// Where the value ends that goes on to the end of the line, or to the next key: `senha: a b, id: 3`.
pub(super) fn item(text: &[u8], start: usize) -> usize {
    let end = line(text, start);
    let mut marks =
        slice(text, start..end).iter().zip(start..).filter(|(byte, _)| matches!(byte, b',' | b';'));
    let is_end = |at: usize| {
        let blanks = skip_blanks(text, at + 1);
        blanks > at + 1 && is_pair(text, run(text, blanks, |byte| matches!(byte, b'"' | b'\'')), b"=:\"'")
    };
    marks.find(|(_, at)| is_end(*at)).map_or(end, |(_, at)| at)
}

/// Where the value of a header ends that stands in a line of `key=value`: `authorization=Bearer … user=ana`.
pub(super) fn header(text: &[u8], start: usize) -> usize {
    let mut end = bare(text, start);
    loop {
        let word = slice(text, start..end);
        let is_scheme = !word.is_empty()
            && word.len() <= 20
            && word.iter().all(|byte| byte.is_ascii_alphabetic() || *byte == b'-');
        let is_list =
            matches!(byte(text, end), Some(b';' | b',')) || word.ends_with(b";") || word.ends_with(b",");
        let next = run(text, end, |byte| is_blank(byte) || matches!(byte, b';' | b','));
        let value = bare(text, next);
        if !(is_scheme || is_list) || next == end || value == next {
            return end;
        }
        end = value;
    }
}

/// Whether the value is clean, or the beginning of a sentence.
pub(super) fn says_nothing(value: &[u8]) -> bool {
    let start = run(value, 0, |byte| byte == b'&'); // of a type: `&str`
    let end = run(value, start, |byte| byte.is_ascii_alphabetic());
    let (word, after) = (slice(value, start..end), rest(value, end));
    let is_whole = after.iter().all(|byte| b".!?,:;".contains(byte)) || matches!(after, [b' ' | b'<', ..]);
    is_clean(value) || is_whole && is_saying(word)
}

/// Words that tell of a state or a type, in prose, SQL or code, and are no value.
#[rustfmt::skip] // words, not one for each line
fn is_saying(word: &[u8]) -> bool {
    let mut lower = [0; 16];
    lower.iter_mut().zip(word).for_each(|(slot, byte)| *slot = byte.to_ascii_lowercase());
    matches!(
        lower.get(..word.len()).unwrap_or_default(),
        b"a" | b"absent" | b"added" | b"an" | b"and" | b"any" | b"are" | b"argument" | b"array"
            | b"bad" | b"blob" | b"bool" | b"boolean" | b"bytea" | b"bytes" | b"cannot"
            | b"changed" | b"char" | b"closed" | b"contains" | b"could" | b"created" | b"deleted"
            | b"denied" | b"did" | b"disabled" | b"does" | b"email" | b"empty" | b"enabled"
            | b"error" | b"exceeded" | b"expected" | b"expired" | b"expires" | b"fail"
            | b"failed" | b"failure" | b"flag" | b"for" | b"found" | b"from" | b"given" | b"has"
            | b"hidden" | b"id" | b"in" | b"incorrect" | b"initialized" | b"int" | b"integer"
            | b"invalid" | b"is" | b"issued" | b"it" | b"json" | b"length" | b"loaded"
            | b"malformed" | b"masked" | b"may" | b"mismatch" | b"missing" | b"must" | b"new"
            | b"not" | b"number" | b"object" | b"of" | b"ok" | b"on" | b"only" | b"option"
            | b"optional" | b"or" | b"passed" | b"password" | b"present" | b"reached" | b"read"
            | b"refreshed" | b"rejected" | b"renewed" | b"required" | b"reset" | b"revoked"
            | b"rotated" | b"sent" | b"set" | b"should" | b"started" | b"stopped" | b"str"
            | b"string" | b"success" | b"successful" | b"terminated" | b"text" | b"the" | b"this"
            | b"timeout" | b"to" | b"token" | b"too" | b"type" | b"uint" | b"unauthorized"
            | b"unknown" | b"unset" | b"unsupported" | b"updated" | b"used" | b"uuid" | b"valid"
            | b"validated" | b"validation" | b"value" | b"varchar" | b"verified" | b"was"
            | b"were" | b"will" | b"with" | b"wrong"
    )
}

/// Whether what is assigned is a column, a call or a path: `token = s.token`, `token = parse()`.
pub(super) fn is_code(value: &[u8]) -> bool {
    let is_name = |byte: &u8| byte.is_ascii_alphabetic() || b"_.:()&?*,;".contains(byte);
    value.iter().all(is_name) && value.iter().any(|byte| matches!(byte, b'.' | b':' | b'(' | b'&'))
}

/// Whether it stands before the quote of a literal: `b"…"`, `r#"…"#`, `N'…'`.
fn is_literal(prefix: &[u8]) -> bool {
    prefix.len() <= 3 && prefix.iter().all(|byte| b"bcreuxBNEUX#".contains(byte))
}
