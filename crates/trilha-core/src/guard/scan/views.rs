//! The other ways in which a text can be read: without its escapes. A view is made only where it differs from the
//! text, and what is found in it is told as a range of the text that it is a view of.
//!
//! Read are: percent-encoding; the escapes of JSON, of `Debug` output and of C; HTML's character references; and
//! characters that look like ASCII ones, or like nothing. All at once, so that a view of a view reads what was
//! encoded twice, in whatever order. Specifications: RFC 3986, section 2.1; RFC 8259, section 7; HTML, section
//! 13.5; Unicode 16, Halfwidth and Fullwidth Forms, General Punctuation.

use std::{ops::Range, str};

/// How a `+` is read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Plus {
    /// As itself.
    Plain,
    /// As a space, as in the query of a URL and in a form.
    Space,
}

/// A text without one layer of escapes.
pub(super) struct View {
    pub(super) text: Vec<u8>,
    /// Whether what was read is only marks with which other escapes begin: `%`, `\`. They say nothing until these
    /// are read too.
    pub(super) is_of_marks: bool,
}

/// The text without one layer of escapes, if it has any.
pub(super) fn view(text: &[u8], plus: Plus) -> Option<View> {
    let mut view = View { text: Vec::new(), is_of_marks: true };
    let mut end = 0;
    for (start, escape) in Escapes::of(text, plus) {
        view.text.extend_from_slice(text.get(end..start)?);
        view.text.extend_from_slice(escape.meaning());
        view.is_of_marks &= matches!(escape.meaning(), b"%" | b"\\");
        end = start + escape.length;
    }
    if end == 0 {
        return None;
    }
    view.text.extend_from_slice(text.get(end..)?);
    Some(view)
}

/// Whether a `+` may be a space in what is looked for: words stand on its sides.
pub(super) fn may_be_form(text: &[u8]) -> bool {
    let is_end = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b')';
    let is_start = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'(' | b'%');
    text.windows(3).any(|three| matches!(three, [end, b'+', start] if is_end(end) && is_start(start)))
}

/// Turns ranges of the view of a text into those of the text. They are sorted and do not overlap.
pub(super) fn map_back<'r>(text: &[u8], plus: Plus, ranges: impl Iterator<Item = &'r mut Range<usize>>) {
    widen(Escapes::of(text, plus), |escape| escape.meant, ranges);
}

/// Widens ranges of a text so that no escape is cut in two. They are sorted and do not overlap.
pub(super) fn keep_escapes<'r>(text: &[u8], ranges: impl Iterator<Item = &'r mut Range<usize>>) {
    widen(Escapes::of(text, Plus::Plain), |escape| escape.length, ranges);
}

/// Widens ranges to whole escapes, as which they are told in the text. `size` is that of an escape where a range
/// counts.
fn widen<'r>(
    escapes: Escapes<'_>,
    size: fn(&Escape) -> usize,
    ranges: impl Iterator<Item = &'r mut Range<usize>>,
) {
    let mut escapes = escapes.peekable();
    // Where the last escape ends that was passed: as ranges count, and in the text.
    let (mut counted, mut told) = (0, 0);
    // The escape to which the byte at `place` belongs, or that byte.
    let mut unit_at = |place: usize| {
        while let Some((start, escape)) = escapes.peek() {
            let end = start - told + counted + size(escape);
            if place < end {
                break;
            }
            (counted, told) = (end, start + escape.length);
            escapes.next();
        }
        let at = place + (told - counted); // no escape is shorter than its meaning
        match escapes.peek() {
            Some((start, escape)) if *start <= at => *start..start + escape.length,
            _ => at..at + 1,
        }
    };
    for range in ranges {
        let start = unit_at(range.start).start;
        *range = start..unit_at(range.end.saturating_sub(1)).end;
    }
}

/// What stands for something else.
struct Escape {
    meaning: [u8; 4],
    meant: usize,
    /// In the text.
    length: usize,
}

impl Escape {
    fn byte(byte: u8, length: usize) -> Self {
        Self { meaning: [byte, 0, 0, 0], meant: 1, length }
    }

    fn character(character: char, length: usize) -> Self {
        let mut meaning = [0; 4];
        let meant = character.encode_utf8(&mut meaning).len();
        Self { meaning, meant, length }
    }

    /// What is not seen.
    fn nothing(length: usize) -> Self {
        Self { meant: 0, ..Self::byte(0, length) }
    }

    fn meaning(&self) -> &[u8] {
        self.meaning.get(..self.meant).unwrap_or_default()
    }
}

/// The escapes of a text, and where they stand.
struct Escapes<'t> {
    text: &'t [u8],
    at: usize,
    plus: Plus,
}

impl<'t> Escapes<'t> {
    fn of(text: &'t [u8], plus: Plus) -> Self {
        Self { text, at: 0, plus }
    }
}

impl Iterator for Escapes<'_> {
    type Item = (usize, Escape);

    fn next(&mut self) -> Option<(usize, Escape)> {
        loop {
            let is_space = |byte| byte == b'+' && self.plus == Plus::Space;
            let may_begin = |byte: &u8| matches!(byte, b'%' | b'\\' | b'&' | 0x80..) || is_space(*byte);
            let start = self.at + self.text.get(self.at..)?.iter().position(may_begin)?;
            let rest = self.text.get(start..)?;
            let (first, after) = rest.split_first()?;
            let escape = match first {
                b'%' => pair(after).map(|byte| Escape::byte(byte, 3)),
                b'\\' => backslash(after),
                b'&' => reference(after),
                b'+' => Some(Escape::byte(b' ', 1)),
                _ => look_alike(rest),
            };
            self.at = start + escape.as_ref().map_or(1, |escape| escape.length);
            if let Some(escape) = escape {
                return Some((start, escape));
            }
        }
    }
}

/// `\"`, `\n`, `\x41`, `\u0041`, `\u{41}`
fn backslash(after: &[u8]) -> Option<Escape> {
    match *after {
        [b'n' | b'r' | b't' | b'b' | b'f' | b'v', ..] => Some(Escape::byte(b'\n', 2)),
        [byte @ (b'"' | b'\'' | b'\\' | b'/'), ..] => Some(Escape::byte(byte, 2)),
        [b'x', ref digits @ ..] => pair(digits).map(|byte| Escape::byte(byte, 4)),
        [b'u', b'{', ref braced @ ..] => {
            let length = braced.iter().take(7).position(|&byte| byte == b'}')?;
            let character = char::from_u32(number(braced.get(..length)?, 16)?)?;
            Some(Escape::character(character, length + 4))
        }
        [b'u', ref digits @ ..] => {
            let high = number(digits.get(..4)?, 16)?;
            let (code, length) = match digits.get(4..) {
                Some([b'\\', b'u', low @ ..]) if (0xd800..0xdc00).contains(&high) => {
                    let low = number(low.get(..4)?, 16)?.checked_sub(0xdc00)?;
                    (0x1_0000 + ((high - 0xd800) << 10) + low, 12)
                }
                _ => (high, 6),
            };
            Some(Escape::character(char::from_u32(code)?, length))
        }
        _ => None,
    }
}

/// `&#65;`, `&#x41;`, `&amp;`
fn reference(after: &[u8]) -> Option<Escape> {
    let length = after.iter().take(9).position(|&byte| byte == b';')?;
    let character = match after.get(..length)? {
        [b'#', b'x' | b'X', digits @ ..] => char::from_u32(number(digits, 16)?)?,
        [b'#', digits @ ..] => char::from_u32(number(digits, 10)?)?,
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        b"nbsp" => ' ',
        b"commat" => '@',
        b"period" => '.',
        b"colon" => ':',
        b"equals" => '=',
        b"sol" => '/',
        b"plus" => '+',
        _ => return None,
    };
    Some(Escape::character(character, length + 2))
}

/// A character beyond ASCII that is read as one of ASCII, or passed over.
fn look_alike(rest: &[u8]) -> Option<Escape> {
    let character = str::from_utf8(rest.get(..utf8_length(*rest.first()?))?).ok()?.chars().next()?;
    let length = character.len_utf8();
    Some(match character {
        // Soft hyphen, zero-width spaces and joiners, marks of direction, word joiner, byte order mark.
        '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{feff}' => Escape::nothing(length),
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => {
            Escape::byte(b' ', length)
        }
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe63}' => Escape::byte(b'-', length),
        '\u{ff01}'..='\u{ff5e}' => {
            Escape::byte(u8::try_from(u32::from(character) - 0xff01).ok()? + b'!', length)
        }
        _ => Escape::byte(digit(character)? + b'0', length),
    })
}

/// What a digit of another script says: Arabic-Indic, Persian, Devanagari, mathematical.
fn digit(character: char) -> Option<u8> {
    const ZEROS: [u32; 8] = [0x660, 0x6f0, 0x966, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6];
    let values = ZEROS.iter().filter_map(|&zero| u32::from(character).checked_sub(zero));
    values.filter_map(|value| u8::try_from(value).ok()).find(|&value| value < 10)
}

fn utf8_length(first: u8) -> usize {
    match first {
        0xf0.. => 4,
        0xe0.. => 3,
        _ => 2,
    }
}

/// The byte that two hexadecimal digits say.
fn pair(digits: &[u8]) -> Option<u8> {
    let [high, low] = digits.first_chunk()?.map(|digit| char::from(digit).to_digit(16));
    u8::try_from(high? << 4 | low?).ok()
}

/// What at most seven digits say.
fn number(digits: &[u8], radix: u32) -> Option<u32> {
    if digits.is_empty() || digits.len() > 7 {
        return None;
    }
    digits.iter().try_fold(0, |number, &digit| Some(number * radix + char::from(digit).to_digit(radix)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> String {
        view(text.as_bytes(), Plus::Plain)
            .map_or(text.to_owned(), |view| String::from_utf8(view.text).unwrap())
    }

    /// The ranges of the text that bytes of its view stand for.
    fn mapped(text: &str, plus: Plus, ranges: &[Range<usize>]) -> Vec<String> {
        let mut ranges = ranges.to_vec();
        map_back(text.as_bytes(), plus, ranges.iter_mut());
        ranges.into_iter().map(|range| text[range].to_owned()).collect()
    }

    #[test]
    fn each_escape_is_read() {
        for (text, meaning) in [
            ("ana%40example.com", "ana@example.com"),
            ("%C3%A9%e4%b8%ad", "é中"),
            ("a%4", "a%4"),
            ("100% 5%zz", "100% 5%zz"),
            (r#"{\"a\":\"b\/c\"}"#, r#"{"a":"b/c"}"#),
            (r#"\\\"a\\\""#, r#"\"a\""#),
            (r"ana\u0040b\x40c\u{40}d", "ana@b@c@d"),
            (r"\ud83d\ude00\ud83d", "😀\\ud83d"),
            (r"\u{}\u{110000}\u{12345678}\u12\x4\q\", r"\u{}\u{110000}\u{12345678}\u12\x4\q\"),
            ("ana&#64;b&#x40;c&commat;d&amp;&nosuch;&", "ana@b@c@d&&nosuch;&"),
            ("５２９．９８２", "529.982"),
            ("٠١٢٣۴५𝟎𝟗𝟿", "012345099"),
            ("52\u{ad}9", "529"),
            ("52\u{200b}9\u{a0}9\u{2011}9", "529 9-9"),
            ("são joão", "são joão"),
        ] {
            assert_eq!(read(text), meaning, "{text}");
        }
    }

    #[test]
    fn a_text_without_escapes_has_no_view() {
        for text in ["", "abc", "são joão 中", "a+b", "100%", r"\q", "a&b;"] {
            assert!(view(text.as_bytes(), Plus::Plain).is_none(), "{text}");
        }
        assert_eq!(view(b"a+b", Plus::Space).unwrap().text, b"a b");
    }

    #[test]
    fn a_view_that_only_uncovers_other_escapes_is_told() {
        for (text, is_of_marks) in [
            ("a%2540", true),
            (r"\\u0040", true),
            (r"%25 \\x", true),
            (r#"%25 \\ \""#, false),
            ("%40", false),
        ] {
            assert_eq!(view(text.as_bytes(), Plus::Plain).unwrap().is_of_marks, is_of_marks, "{text}");
        }
    }

    #[test]
    fn a_form_has_a_plus_between_words() {
        for text in ["4111+1111", "%2811%29+98765", "(11)+98765", "a=1+(2)", "Bearer+%41"] {
            assert!(may_be_form(text.as_bytes()), "{text}");
        }
        for text in ["", "+", "+55", "a + b", "a+", "c++ ", "(+"] {
            assert!(!may_be_form(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn a_range_of_a_view_is_told_as_one_of_the_text() {
        // "a@b 1"
        assert_eq!(mapped("a%40b 1", Plus::Plain, &[0..1, 1..2, 2..5]), ["a", "%40", "b 1"]);
        assert_eq!(mapped("a%40b+1", Plus::Space, &[0..3, 3..4]), ["a%40b", "+"]);
        // What is not seen goes with what stands before it, or between.
        assert_eq!(
            mapped("5\u{ad}2\u{ad}9", Plus::Plain, std::slice::from_ref(&(0..3))),
            ["5\u{ad}2\u{ad}9"]
        );
        // A byte of a character is all of it.
        assert_eq!(mapped(r"a\u00e9b", Plus::Plain, &[1..2, 2..3]), [r"\u00e9", r"\u00e9"]);
    }

    proptest! {
        #[test]
        fn any_range_of_a_view_is_one_of_the_text(
            text in r"([a-z0-9@１\u{ad}]|%[0-9a-f]{2}|\\[nu\\][0-9a-f]{4}|&#[0-9]{1,3};|%){0,30}",
            cuts in proptest::collection::btree_set(0_usize..100, 0..6),
        ) {
            let Some(View { text: view, .. }) = view(text.as_bytes(), Plus::Plain) else { return Ok(()) };
            prop_assert!(view.len() <= text.len());
            let cuts: Vec<_> = cuts.into_iter().filter(|cut| *cut <= view.len()).collect();
            let mut ranges: Vec<_> = cuts.windows(2).map(|pair| pair[0]..pair[1]).collect();
            map_back(text.as_bytes(), Plus::Plain, ranges.iter_mut());
            for range in &ranges {
                prop_assert!(text.get(range.clone()).is_some_and(|part| !part.is_empty()));
            }
        }
    }
}
