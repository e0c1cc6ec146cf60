//! A line of JSON: its strings, numbers and keys are judged one by one, and what is hidden is spliced out of the
//! text. All else stays as it was written.
//!
//! Specification: [RFC 8259](https://www.rfc-editor.org/rfc/rfc8259). Whether a line is JSON, `serde_json`
//! says; so the walk needs neither recursion nor errors.

use std::{borrow::Cow, ops::Range, rc::Rc};

use serde::de::IgnoredAny;
use serde_json::Value;
use trilha_core::guard::{Place, Verdict};

use super::{Redactor, explanation::Explanation};
use crate::terminal::clean;

/// Steps of a path that are shown, the last ones: paths may be as long as their line.
const MOST_STEPS: usize = 16;
/// Characters of a key that are shown.
const MOST_OF_KEY: usize = 64;

/// The line without what is hidden; `None` if it is no object or array of JSON.
pub(super) fn redact(
    redactor: &Redactor<'_>,
    text: &str,
    explanation: &mut Explanation<'_>,
) -> Option<String> {
    let json = text.strip_prefix('\u{feff}').unwrap_or(text);
    let is_nested = json.trim_ascii_start().starts_with(['{', '[']);
    if !is_nested || serde_json::from_str::<IgnoredAny>(json).is_err() {
        return None;
    }
    let mut walk = Walk {
        redactor,
        exit: redactor.args.exit.unwrap_or(Place::LogField),
        text,
        out: String::with_capacity(text.len()),
        copied: 0,
        frames: Vec::new(),
        is_key_next: false,
    };
    let mut at = text.len() - json.len();
    while let Some(token) = next_token(text, at) {
        at = token.end;
        walk.step(token, explanation);
    }
    walk.end()
}

struct Walk<'a> {
    redactor: &'a Redactor<'a>,
    exit: Place,
    text: &'a str,
    out: String,
    /// How much of the text is in `out`.
    copied: usize,
    frames: Vec<Frame<'a>>,
    is_key_next: bool,
}

/// An object or an array, around what comes next.
struct Frame<'a> {
    at: At<'a>,
    /// The key by which what is in it is judged.
    key: Rc<str>,
    /// Whether that is the key of an object around it, since it hides all that is in there.
    is_hidden: bool,
}

#[derive(Clone, Copy)]
enum At<'a> {
    /// A key, as it is written.
    Key(&'a str),
    Item(usize),
}

impl<'a> Walk<'a> {
    fn step(&mut self, token: Range<usize>, explanation: &mut Explanation<'_>) {
        let written = self.text.get(token.clone()).unwrap_or_default();
        match written.as_bytes() {
            [b'{', ..] => {
                self.push(At::Key(r#""""#));
                self.is_key_next = true;
            }
            [b'[', ..] => self.push(At::Item(0)),
            [b'}' | b']', ..] => {
                self.frames.pop();
                self.is_key_next = false;
            }
            [b',', ..] => match self.frames.last_mut().map(|frame| &mut frame.at) {
                Some(At::Item(at)) => *at += 1,
                Some(At::Key(_)) => self.is_key_next = true,
                None => {}
            },
            [b':', ..] => self.is_key_next = false,
            [b'"', ..] if self.is_key_next => self.key(token, written),
            _ => self.value(token, written, explanation),
        }
    }

    fn push(&mut self, at: At<'a>) {
        let key = self.frames.last().map_or_else(|| Rc::from(""), |frame| Rc::clone(&frame.key));
        let is_hidden = matches!(at, At::Key(_)) && self.is_hiding(&key);
        self.frames.push(Frame { at, key, is_hidden });
    }

    /// Whether the key hides every value, whatever it looks like.
    fn is_hiding(&self, key: &str) -> bool {
        let ruling = self.redactor.guard.explain_number(self.exit, key, "0");
        !matches!(ruling.verdict, Verdict::Clean(_))
    }

    fn key(&mut self, token: Range<usize>, written: &'a str) {
        let key = decoded(written);
        let shown = self.redactor.guard.shown_key(self.exit, &key);
        if *shown != *key {
            self.splice(token, &Value::from(shown).to_string());
        }
        if let Some(frame) = self.frames.last_mut() {
            frame.at = At::Key(written);
            if !frame.is_hidden {
                frame.key = key.into();
            }
        }
    }

    fn value(&mut self, token: Range<usize>, written: &str, explanation: &mut Explanation<'_>) {
        if written == "null" {
            return;
        }
        let (guard, key) = (&self.redactor.guard, self.frames.last().map_or("", |frame| &*frame.key));
        let text = decoded(written);
        let ruling = match written.starts_with('"') {
            true => guard.explain(self.exit, key, &text),
            false => guard.explain_number(self.exit, key, &text),
        };
        explanation.add(&ruling, |_| token.start, || self.path());
        match ruling.verdict {
            Verdict::Clean(left) if left.len() == text.len() => {}
            Verdict::Clean(left) => self.splice(token, &Value::from(left).to_string()),
            Verdict::Replaced(left) => self.splice(token, &Value::from(left).to_string()),
            Verdict::Refused | Verdict::SpanRefused => self.splice(token, "null"),
        }
    }

    /// Writes `left` in the place of a token.
    fn splice(&mut self, token: Range<usize>, left: &str) {
        self.out.push_str(self.text.get(self.copied..token.start).unwrap_or_default());
        self.out.push_str(left);
        self.copied = token.end;
    }

    /// Where the walk is, as in JSONPath: `$.user.email`, `$.items[2].note`, `$["order.note"]`.
    fn path(&self) -> String {
        let first = self.frames.len().saturating_sub(MOST_STEPS);
        let mut path = if first == 0 { "$" } else { "$…" }.to_owned();
        for frame in self.frames.iter().skip(first) {
            let key = match frame.at {
                At::Item(at) => {
                    path.push_str(&format!("[{at}]"));
                    continue;
                }
                At::Key(written) => decoded(written),
            };
            let shown = self.redactor.guard.shown_key(self.exit, &key);
            let end = shown.char_indices().nth(MOST_OF_KEY).map(|(end, _)| end);
            let shown = end.and_then(|end| shown.get(..end)).unwrap_or(shown);
            let is_word = shown.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
                && shown.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            match is_word {
                true => path.extend([".", shown]),
                false => path.extend(["[\"", &clean(shown.as_bytes()), "\"]"]),
            }
        }
        path
    }

    /// What is left; `None` if the text ended in the midst of something.
    fn end(mut self) -> Option<String> {
        self.out.push_str(self.text.get(self.copied..).unwrap_or_default());
        self.frames.is_empty().then_some(self.out)
    }
}

/// The next mark, string, number or word of valid JSON.
fn next_token(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = text.get(at..)?;
    let start = at + rest.len() - rest.trim_ascii_start().len();
    let mut bytes = text.bytes().enumerate().skip(start);
    let end = match bytes.next()? {
        (_, b'"') => loop {
            match bytes.next()? {
                (at, b'"') => break at + 1,
                (_, b'\\') => drop(bytes.next()),
                _ => {}
            }
        },
        (at, b'{' | b'}' | b'[' | b']' | b',' | b':') => at + 1,
        _ => bytes.find(|(_, byte)| b",]} \t\n\r".contains(byte))?.0,
    };
    Some(start..end)
}

/// The text of a string; what is none as it is written, and so is what has no text: half a surrogate pair.
fn decoded(written: &str) -> Cow<'_, str> {
    let Some(inner) = written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return Cow::Borrowed(written);
    };
    match inner.contains('\\') {
        true => serde_json::from_str(written).map_or(Cow::Borrowed(inner), Cow::Owned),
        false => Cow::Borrowed(inner),
    }
}
