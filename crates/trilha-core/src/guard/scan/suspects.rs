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
pub(super) struct Suspicion {
    /// Those that may find something.
    pub(super) detectors: Detectors,
    /// Whether it may be read in another way too.
    pub(super) is_encoded: bool,
}

impl Suspicion {
    /// Most texts raise none, at the first look.
    #[inline]
    pub(super) fn of(text: &[u8]) -> Self {
        let window = Window::first(text);
        let look = window.look();
        if text.len() <= Window::SIZE && is_plain(window, &look) {
            return Self::default();
        }
        Self::examined(text, &look)
    }

    #[inline(never)]
    fn examined(text: &[u8], first: &Look) -> Self {
        let mut suspicion = Self::default();
        suspicion.examine(Window::first(text), first);
        for window in Window::others(text) {
            let look = window.look();
            if !is_plain(window, &look) {
                suspicion.examine(window, &look);
            }
        }
        // What is in front of an `@` may stand far from it.
        if suspicion.detectors.contains(Detector::Email) && text.windows(3).any(|three| three == b"://") {
            suspicion.suspect(Detector::Url);
        }
        suspicion
    }

    pub(super) fn is_nothing(self) -> bool {
        self.detectors.is_empty() && !self.is_encoded
    }

    pub(super) fn suspect(&mut self, one: Detector) {
        self.suspect_all(Detectors::of(&[one]));
    }

    pub(super) fn suspect_all(&mut self, those: Detectors) {
        self.detectors = self.detectors.union(those);
    }

    #[inline]
    fn examine(&mut self, window: Window<'_>, look: &Look) {
        let is_long = runs(look.token(), LONG) != 0;
        if is_long && is_id(window, look) {
            return;
        }
        if look.digit != 0 && numbers::may_be_any(look) {
            self.suspect_all(numbers::may_stand(window, look));
        }
        if is_long {
            self.examine_tokens(window, look);
        }
        let dashes = runs(look.dash, 2);
        if dashes != 0 {
            // -----BEGIN PRIVATE KEY-----
            if runs(dashes, 3) != 0 {
                self.suspect(Detector::PrivateKey);
            }
            if marks::may_be_option(window, dashes & !(look.dash << 1)) {
                self.suspect(Detector::Key);
            }
        }
        if runs(look.between(), 3) != 0 && marks::may_be_tuple(window) {
            self.suspect(Detector::Key);
        }
        if look.marks != 0 {
            marks::examine(window, look, self);
        }
        if look.blank != 0 && is_after_scheme(window, look) {
            self.suspect(Detector::Credentials);
        }
        if look.is_written {
            self.is_encoded |= window.escapes() != 0;
            if window.of(b'"') != 0 {
                self.suspect(Detector::Debug);
            }
        }
    }

    fn examine_tokens(&mut self, window: Window<'_>, look: &Look) {
        let text = window.text();
        let either = window.letters() | look.digit;
        for at in bits(either & !(either << 1)) {
            match text.get(at..) {
                Some([b'e', b'y', b'J', ..]) => self.suspect(Detector::Jwt),
                // PuTTY-User-Key-File-, AGE-SECRET-KEY-
                Some([b'P', b'u' | b'U', ..] | [b'A' | b'a', b'G' | b'g', ..]) => {
                    self.suspect(Detector::PrivateKey)
                }
                _ => {}
            }
            if api_key::may_stand(text, at) {
                self.suspect(Detector::ApiKey);
            }
        }
        if window.of(b'~') != 0 {
            self.suspect(Detector::ApiKey);
        }
    }
}

/// Whether there is nothing that is worth another look: no long token, no number, no mark, no escape, and no name of a
/// scheme.
#[inline]
fn is_plain(window: Window<'_>, look: &Look) -> bool {
    if look.is_written || look.marks | runs(look.token(), LONG) != 0 {
        return false;
    }
    // Most have no digits, and many are one word.
    look.number == 0
        || runs(look.dash, 2) | runs(look.between(), 3) == 0
            && (look.digit == 0 || !numbers::may_be_any(look))
            && (look.blank == 0 || !is_after_scheme(window, look))
}

/// Whether the window is all of an id that says nothing about anybody, by its length and its dashes: a UUID, a trace
/// id, a digest. Digits in it are no number.
fn is_id(window: Window<'_>, look: &Look) -> bool {
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
#[inline]
fn is_after_scheme(window: Window<'_>, look: &Look) -> bool {
    let follows = runs(!look.blank, SHORTEST_CREDENTIALS) | look.blank;
    let blanks = runs(look.token(), SHORTEST_SCHEME) << SHORTEST_SCHEME & look.blank & follows >> 1;
    blanks != 0 && bits(blanks).any(|at| window.text().get(..at).is_some_and(ends_scheme))
}

/// Whether the name of a scheme ends a text.
#[inline]
fn ends_scheme(text: &[u8]) -> bool {
    let may_end = match text.last_chunk() {
        Some(last) => ENDINGS.contains(*last),
        None => text.first_chunk().is_some_and(|[b, c, d]| ENDINGS.contains([0, *b, *c, *d])),
    };
    may_end && is_scheme(text)
}

/// Whether the last word of a text is the name of a scheme.
#[cold]
fn is_scheme(text: &[u8]) -> bool {
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'-';
    let length = text.iter().rev().take_while(is_part).count();
    let word = text.get(text.len() - length..).unwrap_or_default();
    credentials::SCHEMES.iter().any(|(scheme, _)| word.eq_ignore_ascii_case(scheme))
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
