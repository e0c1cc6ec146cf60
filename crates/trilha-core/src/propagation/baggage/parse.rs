//! Reads `baggage` headers into one text of valid members.
//!
//! Strict member by member: one that breaks the grammar is refused whole, the others are kept.

use std::fmt;

use super::{
    super::list::{ByteSet, trim_start},
    Baggage, MAX_BYTES, MAX_MEMBERS,
};

const TOKEN: ByteSet = ByteSet::ALPHANUMERIC.with(b"!#$%&'*+-.^_`|~");
const OCTET: ByteSet = ByteSet::graphic().without(b"\",;\\");

/// What was read, and what was not taken over.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ParsedBaggage {
    /// The valid members.
    pub baggage: Baggage,
    /// How many members were malformed, and left out.
    pub refused: usize,
    /// Whether members at the end were left out, because there were more than 64, or more than 8,192 bytes.
    pub is_shortened: bool,
}

/// Reads one header after another, for a carrier that shows them one by one.
#[derive(Default)]
pub struct BaggageReader {
    text: Vec<u8>, // valid members without white space
    members: usize,
    input: usize, // bytes of all headers and the commas that join them
    seen: u64,    // one bit for the keys of a kind: one whose bit is clear is new
    may_repeat: bool,
    refused: usize,
    is_shortened: bool,
}

impl BaggageReader {
    /// Reads one more header value.
    pub fn push(&mut self, header: &[u8]) {
        let mut rest = self.admit(header);
        let has_white_space = rest.contains(&b' ') || rest.contains(&b'\t');
        self.text.reserve(rest.len() + 1);
        loop {
            rest = trim_start(rest);
            rest = match rest {
                [] => return,
                [b',', after @ ..] => after, // lists may hold empty members
                _ => match split_member(rest) {
                    Some((key, member, after)) => {
                        self.take(key, member, has_white_space);
                        after
                    }
                    None => {
                        self.refused += 1;
                        rest.iter().position(|byte| *byte == b',').map_or(&[], |at| rest.split_at(at).1)
                    }
                },
            };
        }
    }

    /// What all headers together say.
    pub fn finish(self) -> ParsedBaggage {
        let Self { text, may_repeat, refused, is_shortened, .. } = self;
        let text = if may_repeat { without_repeated_keys(&text) } else { text };
        ParsedBaggage { baggage: Baggage::of_text(text), refused, is_shortened }
    }

    /// So much of the header as may be read: whole members.
    fn admit<'a>(&mut self, header: &'a [u8]) -> &'a [u8] {
        let room = MAX_BYTES.saturating_sub(self.input);
        self.input = self.input.saturating_add(header.len() + 1);
        match header.get(..=room) {
            None => header,
            Some(start) => {
                self.is_shortened = true;
                let end = start.iter().rposition(|byte| *byte == b',').unwrap_or(0);
                start.split_at(end).0
            }
        }
    }

    fn take(&mut self, key: &[u8], member: &[u8], has_white_space: bool) {
        if self.members == MAX_MEMBERS {
            self.is_shortened = true;
            return;
        }
        self.members += 1;
        let bit = kind_of(key);
        self.may_repeat |= self.seen & bit != 0;
        self.seen |= bit;
        if !self.text.is_empty() {
            self.text.push(b',');
        }
        if has_white_space {
            // In a valid member it stands only where it means nothing.
            self.text.extend(member.iter().filter(|byte| !matches!(byte, b' ' | b'\t')));
        } else {
            self.text.extend_from_slice(member);
        }
    }
}

impl fmt::Debug for BaggageReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BaggageReader").finish_non_exhaustive() // the text is foreign
    }
}

/// One of 64 bits, by what is cheap to know of a key.
fn kind_of(key: &[u8]) -> u64 {
    let last = key.last().copied().unwrap_or_default();
    1u64.rotate_left(u32::from(last) ^ (key.len() as u32) << 2)
}

/// Each key's last member. A list has at most 64, so that it is cheap enough to compare each with each.
fn without_repeated_keys(text: &[u8]) -> Vec<u8> {
    let mut members: Vec<(&[u8], &[u8])> = Vec::new();
    for member in text.split(|byte| *byte == b',') {
        let (key, _) = TOKEN.split(member);
        members.retain(|(earlier, _)| *earlier != key);
        members.push((key, member));
    }
    members.iter().map(|(_, member)| *member).collect::<Vec<_>>().join(&b',')
}

pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && TOKEN.contains_all(text.as_bytes())
}

/// A list of properties without white space, and with a `;` in front of each. None: it is none.
pub(super) fn properties(list: &str) -> Option<String> {
    let list = list.trim_matches([' ', '\t']);
    let list = if list.is_empty() { String::new() } else { format!(";{list}") };
    skip_properties(list.as_bytes())?.is_empty().then(|| list.replace([' ', '\t'], ""))
}

/// The key of the member at the start of `text`, the member, and what follows it: a comma or nothing.
fn split_member(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (key, rest) = split_key(text)?;
    let (_, rest) = OCTET.split(trim_start(rest.strip_prefix(b"=")?));
    let rest = skip_properties(rest)?;
    let (member, rest) = text.split_at_checked(text.len() - rest.len())?;
    matches!(rest, [] | [b',', ..]).then_some((key, member, rest))
}

/// What follows any number of `;` and property.
fn skip_properties(text: &[u8]) -> Option<&[u8]> {
    let mut rest = trim_start(text);
    while let [b';', property @ ..] = rest {
        let (_, after) = split_key(trim_start(property))?;
        rest = match after {
            [b'=', value @ ..] => trim_start(OCTET.split(trim_start(value)).1),
            _ => after,
        };
    }
    Some(rest)
}

/// A key, and what follows the white space behind it.
fn split_key(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (key, rest) = TOKEN.split(text);
    (!key.is_empty()).then_some((key, trim_start(rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(headers: &[&str]) -> (String, usize, bool) {
        let parsed = Baggage::parse(headers.iter().map(|header| header.as_bytes()));
        (parsed.baggage.as_str().to_owned(), parsed.refused, parsed.is_shortened)
    }

    fn whole(text: &str) -> (String, usize, bool) {
        (text.to_owned(), 0, false)
    }

    #[test]
    fn several_headers_join_in_order() {
        assert_eq!(parsed(&["a=1, b=2;p ,", "", " ,,\t", "c=3"]), whole("a=1,b=2;p,c=3"));
        assert_eq!(parsed(&[]), whole(""));
    }

    #[test]
    fn white_space_is_allowed_around_each_part_and_not_kept() {
        assert_eq!(parsed(&["\t a \t= 1 ; p ;\tq = 2 \t,b=\t"]), whole("a=1;p;q=2,b="));
    }

    #[test]
    fn a_malformed_member_is_refused_whole_and_the_others_stay() {
        for bad in [
            "a",
            "=1",
            "a b=1",
            "a=1 2",
            "a=\"1\"",
            "a=1\\2",
            "a=\u{e9}",
            "\u{e9}=1",
            "a=1\0",
            "a\u{b}=1",
            "a=1;",
            "a=1;;p",
            "a=1;=2",
            "a=1;p q",
            "a=1;p=\"",
            "a=1;p=1 2",
            "(a)=1",
            "a:b=1",
        ] {
            assert_eq!(parsed(&[&format!("x=1,{bad},y=2")]), ("x=1,y=2".to_owned(), 1, false), "{bad}");
        }
        assert_eq!(parsed(&["\u{e9}", "a=1,b,c"]), ("a=1".to_owned(), 3, false));
        let parsed = Baggage::parse([b"a=\xff,b=1".as_slice()]);
        assert_eq!((parsed.baggage.as_str(), parsed.refused), ("b=1", 1));
    }

    #[test]
    fn the_last_of_two_members_with_one_key_counts() {
        assert_eq!(parsed(&["a=1;p,aa=2,b=3", "a=4"]), whole("aa=2,b=3,a=4"));
        assert_eq!(parsed(&["a=1,a=2,a=3"]), whole("a=3"));
    }

    #[test]
    fn sixty_four_members_pass_and_the_65th_is_left_out() {
        let members =
            |range: std::ops::Range<usize>| range.map(|i| format!("k{i}=1")).collect::<Vec<_>>().join(",");
        assert_eq!(parsed(&[&members(0..40), &members(40..64)]), whole(&members(0..64)));
        assert_eq!(parsed(&[&members(0..40), &members(40..66)]), (members(0..64), 0, true));
        assert_eq!(parsed(&[&members(0..64), "k0=2"]), (members(0..64), 0, true));
        assert_eq!(parsed(&[&members(0..63), "k0=1"]), whole(&format!("{},k0=1", members(1..63))));
    }

    #[test]
    fn eight_kilobytes_pass_and_what_goes_beyond_is_left_out_whole() {
        let (a, b) = (format!("a={}", "x".repeat(4_093)), format!("b={}", "x".repeat(4_094)));
        let both = format!("{a},{b}");
        assert_eq!(both.len(), 8_192);
        assert_eq!(parsed(&[&both]), whole(&both));
        assert_eq!(parsed(&[&a, &b]), whole(&both));
        assert_eq!(parsed(&[&a, &format!("{b}x")]), (a.clone(), 0, true));
        assert_eq!(parsed(&[&format!("{both}x")]), (a.clone(), 0, true));
        assert_eq!(parsed(&[&format!("{both},c=1"), "d=1"]), (both.clone(), 0, true));
        assert_eq!(parsed(&[&"x".repeat(9_000)]), (String::new(), 0, true));
    }

    #[test]
    fn megabytes_of_commas_are_not_read() {
        assert_eq!(parsed(&["a=1", &",".repeat(1 << 20), "b=1"]), ("a=1".to_owned(), 0, true));
    }
}
