//! Which detectors may find something in a text: a guess from the classes of its bytes, which may be wrong only in
//! saying too much. Each condition follows from what the detector's own module demands.

use super::{
    super::{
        Detector, Detectors,
        detect::{api_key, credentials},
        fours::Fours,
    },
    classes::{Look, Window, bits, runs},
    marks, numbers,
};

/// What a look at a text has raised.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::guard) struct Suspicion {
    /// Those that may find something.
    pub(super) detectors: Detectors,
    /// Whether a name may be a secret's: then those that look at names are to be [asked](super::marks::named).
    pub(super) is_named: bool,
    /// Whether it may be read in another way too.
    pub(super) is_encoded: bool,
}

impl Suspicion {
    /// What a text raises: most raise nothing. It asks no detector, and does not panic.
    #[inline(always)]
    pub(in crate::guard) fn of(text: &[u8]) -> Option<Self> {
        match Window::whole(text) {
            Some(window) => Self::of_window(window),
            None => Self::of_long(text),
        }
    }

    #[inline(never)]
    fn of_long(text: &[u8]) -> Option<Self> {
        let all = Window::all(text).filter_map(Self::of_window).reduce(Self::or)?;
        Some(all.of_address(text))
    }

    #[inline(always)]
    fn of_window(window: Window<'_>) -> Option<Self> {
        let look = window.look();
        if is_plain(window, look) {
            return None;
        }
        let Look { letter, dash, digit, number, blank, marks, is_written } = look;
        Self::examined(window, letter, dash, digit, number, blank, marks, is_written)
    }

    #[inline(never)]
    #[expect(
        clippy::too_many_arguments,
        reason = "in registers: a struct would be written to memory for each text"
    )]
    fn examined(
        window: Window<'_>,
        letter: u64,
        dash: u64,
        digit: u64,
        number: u64,
        blank: u64,
        marks: u64,
        is_written: bool,
    ) -> Option<Self> {
        let look = Look { letter, dash, digit, number, blank, marks, is_written };
        let mut all = Self::default();
        let is_long = runs(look.token(), LONG) != 0;
        if is_long && is_id(window, look) {
            return None;
        }
        if look.digit != 0 && numbers::may_be_any(look) {
            all.suspect_all(numbers::may_stand(window, look));
        }
        if is_long {
            all = all.or(in_tokens(window, look));
        }
        let dashes = runs(look.dash, 2);
        if dashes != 0 {
            all = all.or(behind_dashes(window, look, dashes));
        }
        if runs(look.between(), 3) != 0 && marks::may_be_tuple(window) {
            all.suspect(Detector::Key);
        }
        if look.marks != 0 {
            all = all.or(marks::examine(window, look.marks, look.letter));
        }
        if look.blank != 0 && is_after_scheme(window, look) {
            all.suspect(Detector::Credentials);
        }
        if look.is_written {
            all = all.or(in_written(window));
        }
        (all.is_encoded || all.is_named || !all.detectors.is_empty()).then_some(all)
    }

    /// Of an address in a URL it is not known which of them it is: what is in front of an `@` may stand far from it.
    pub(super) fn of_address(mut self, text: &[u8]) -> Self {
        if self.detectors.contains(Detector::Email) && text.windows(3).any(|three| three == b"://") {
            self.suspect(Detector::Url);
        }
        self
    }

    /// Those that may find something in the text that raised this.
    pub(super) fn suspects(self, text: &[u8]) -> Detectors {
        if self.is_named { self.detectors.union(marks::named(text)) } else { self.detectors }
    }

    pub(super) fn suspect(&mut self, one: Detector) {
        self.suspect_all(Detectors::of(&[one]));
    }

    pub(super) fn suspect_all(&mut self, those: Detectors) {
        self.detectors = self.detectors.union(those);
    }

    #[inline]
    fn or(self, other: Self) -> Self {
        Self {
            detectors: self.detectors.union(other.detectors),
            is_named: self.is_named | other.is_named,
            is_encoded: self.is_encoded | other.is_encoded,
        }
    }
}

/// Whether there is nothing that is worth another look: no long token, no number, no mark, no escape, and no name of a
/// scheme.
#[inline(always)]
fn is_plain(window: Window<'_>, look: Look) -> bool {
    let may_be_long = window.text().len() >= LONG as usize;
    if look.is_written || look.marks != 0 || may_be_long && runs(look.token(), LONG) != 0 {
        return false;
    }
    // Most have no digits, and many are one word.
    look.number == 0
        || runs(look.punctuation(), 2) == 0
            && (look.digit == 0 || !numbers::may_be_any(look))
            && (look.blank == 0 || !is_after_scheme(window, look))
}

fn in_tokens(window: Window<'_>, look: Look) -> Suspicion {
    let mut all = Suspicion::default();
    let text = window.text();
    let letters = window.letters();
    let either = letters | look.digit;
    for at in bits(either & !(either << 1)) {
        match text.get(at..) {
            Some([b'e', b'y', b'J', ..]) => all.suspect(Detector::Jwt),
            // PuTTY-User-Key-File-, AGE-SECRET-KEY-
            Some([b'P', b'u' | b'U', ..] | [b'A' | b'a', b'G' | b'g', ..]) => {
                all.suspect(Detector::PrivateKey)
            }
            _ => {}
        }
        if api_key::may_stand(text, at) {
            all.suspect(Detector::ApiKey);
        }
    }
    if look.letter & !letters != 0 && window.of(b'~') != 0 {
        all.suspect(Detector::ApiKey);
    }
    all
}

fn behind_dashes(window: Window<'_>, look: Look, dashes: u64) -> Suspicion {
    let mut all = Suspicion::default();
    // -----BEGIN PRIVATE KEY-----
    if runs(dashes, 3) != 0 {
        all.suspect(Detector::PrivateKey);
    }
    if marks::may_be_option(window, dashes & !(look.dash << 1)) {
        all.suspect(Detector::Key);
    }
    all
}

#[inline(never)]
fn in_written(window: Window<'_>) -> Suspicion {
    let debug = if window.of(b'"') != 0 { Detectors::of(&[Detector::Debug]) } else { Detectors::default() };
    Suspicion { detectors: debug, is_encoded: window.escapes() != 0, ..Suspicion::default() }
}

/// Whether the window is all of an id that says nothing about anybody, by its length and its dashes: a UUID, a trace
/// id, a digest. Digits in it are no number.
fn is_id(window: Window<'_>, look: Look) -> bool {
    const UUID: u64 = 1 << 8 | 1 << 13 | 1 << 18 | 1 << 23;
    const TRACEPARENT: u64 = 1 << 2 | 1 << 35 | 1 << 52;
    let length = window.text().len();
    let dashes = match length {
        32 | 40 | 64 => 0,
        36 => UUID,
        55 => TRACEPARENT,
        _ => return false,
    };
    let all = u64::MAX >> (Window::SIZE - length);
    look.dash == dashes && look.token() == all && window.hexadecimal() | dashes == all
}

/// No API key, no header of a web token and no name of a key's file is shorter.
const LONG: u32 = 15;

/// `bot`, `mac`
const SHORTEST_SCHEME: u32 = 3;

/// `dTpw`, which is `u:p`
const SHORTEST_CREDENTIALS: u32 = 4;

/// Whether a blank follows the name of a scheme, and something as long as credentials follows the blank.
#[inline(always)]
fn is_after_scheme(window: Window<'_>, look: Look) -> bool {
    let follows = runs(look.visible(), SHORTEST_CREDENTIALS) | look.blank;
    let blanks = runs(look.token(), SHORTEST_SCHEME) << SHORTEST_SCHEME & look.blank & follows >> 1;
    blanks != 0 && is_any_after_scheme(window.text(), blanks)
}

#[inline(never)]
fn is_any_after_scheme(text: &[u8], blanks: u64) -> bool {
    // The name itself is read behind the loop: one that calls nothing costs half.
    may_end_scheme(text, blanks) && is_any_scheme(text, blanks)
}

#[inline(always)]
fn may_end_scheme(text: &[u8], blanks: u64) -> bool {
    let is_ending =
        |at| text.get(at..at + 4).and_then(<[u8]>::first_chunk).is_some_and(|four| ENDINGS.contains(*four));
    // Before the fourth byte there is room for a name of three letters.
    let is_first = || text.first_chunk().is_some_and(|[b, c, d]| ENDINGS.contains([0, *b, *c, *d]));
    bits(blanks >> 4).any(is_ending) || blanks >> 3 & 1 == 1 && is_first()
}

/// Whether the last word before one of these blanks is the name of a scheme.
#[cold]
#[inline(never)]
fn is_any_scheme(text: &[u8], blanks: u64) -> bool {
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'-';
    bits(blanks).any(|at| {
        let before = text.get(..at).unwrap_or_default();
        let length = before.iter().rev().take_while(is_part).count();
        let word = before.get(at - length..).unwrap_or_default();
        credentials::SCHEMES.iter().any(|(scheme, _)| word.eq_ignore_ascii_case(scheme))
    })
}

/// The last four letters of each scheme's name; of a name of three the byte before it may be any.
static ENDINGS: Fours = {
    let mut endings = Fours::EMPTY;
    let mut rest = credentials::SCHEMES.as_slice();
    while let [(scheme, _), more @ ..] = rest {
        match scheme {
            [.., a, b, c, d] => endings.add([*a, *b, *c, *d]),
            [b, c, d] => endings.add_behind_any([*b, *c, *d]),
            _ => {}
        }
        rest = more;
    }
    endings
};
