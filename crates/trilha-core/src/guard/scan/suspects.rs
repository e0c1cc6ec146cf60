//! Which detectors may find something in a text: a guess from the classes of its bytes, which may be wrong only in
//! saying too much. Each condition follows from what the detector's own module demands.

use super::{
    super::{
        Detector, Detectors,
        detect::{api_key, credentials},
    },
    classes::{Look, Numeric, Window, bits, runs},
    marks, numbers,
    triples::{Rolling, Triples},
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
        let is_all = text.len() <= Window::SIZE;
        if is_all && is_plain(window, &look) {
            return Self::default();
        }
        Self::examined(text, look)
    }

    pub(super) fn is_nothing(self) -> bool {
        self.detectors.is_empty() && !self.is_encoded
    }

    #[inline(never)]
    fn examined(text: &[u8], first: Look) -> Self {
        let mut raised = Raised::default();
        raised.examine(Window::first(text), &first);
        for window in Window::others(text) {
            raised.examine(window, &window.look());
        }
        if raised.has_authority && raised.suspicion.detectors.contains(Detector::Email) {
            raised.suspect(Detectors::of(&[Detector::Url]));
        }
        raised.suspicion
    }
}

/// Whether there is nothing that is worth another look.
#[inline]
fn is_plain(window: Window<'_>, look: &Look) -> bool {
    let digits = look.token & look.number; // and dashes
    let is_prose = runs(look.token, LONG) | runs(digits, 2) | runs(look.number, 3) | look.marks == 0;
    (is_prose && !look.is_written || is_harmless(window, look)) && !is_after_scheme(window, look)
}

/// Whether there is no long token, no number, and no mark behind the name of a secret.
#[inline(never)]
fn is_harmless(window: Window<'_>, look: &Look) -> bool {
    if look.is_written || runs(look.token, LONG) != 0 {
        return false;
    }
    let digits = look.token & look.number;
    let pairs = runs(digits, 2);
    let may_be_number = pairs != 0
        && (is_long_number(window, look.token)
            || numbers::may_be_mixed(look.token, digits)
            || may_be_dashed(window, digits));
    !may_be_number
        && runs(look.number & !digits, 3) == 0
        && !has_option(window, look, digits, pairs)
        && !has_row(look, digits)
        && (look.marks == 0 || marks::are_plain(window, look))
}

/// Whether an IBAN or a CNPJ may be there that is one token, or one and its check digits.
#[inline]
fn is_long_number(window: Window<'_>, token: u64) -> bool {
    const SHORTEST: u32 = 12;
    runs(token, SHORTEST + 2) != 0 && runs(token & !window.of(b'-'), SHORTEST) != 0
}

/// Whether there is an option: `--password`.
#[inline]
fn has_option(window: Window<'_>, look: &Look, digits: u64, pairs: u64) -> bool {
    bits(pairs & (look.token & !digits) >> 2)
        .any(|at| window.text().get(at..).is_some_and(|text| text.starts_with(b"--")))
}

/// Whether the dashes of `-----BEGIN PRIVATE KEY-----` may be there.
#[inline]
fn may_be_dashed(window: Window<'_>, digits: u64) -> bool {
    runs(digits, 4) != 0 && runs(window.of(b'-'), 4) != 0
}

/// Whether there is a row of digits and of what may stand between them, with as many as a number has: ten, or
/// fewer with a dot, a `+` or a bracket among them.
#[inline]
fn has_row(look: &Look, digits: u64) -> bool {
    let rows = runs(look.number, 7);
    rows != 0 && (rows & !runs(digits, 7) != 0 || digits.count_ones() >= 10)
}

/// What the windows of a text have raised.
#[derive(Debug, Default)]
pub(super) struct Raised {
    pub(super) suspicion: Suspicion,
    /// Whether there is a `://`: in front of an `@`, maybe far from it.
    pub(super) has_authority: bool,
}

impl Raised {
    pub(super) fn suspect(&mut self, those: Detectors) {
        self.suspicion.detectors = self.suspicion.detectors.union(those);
    }

    fn examine(&mut self, window: Window<'_>, look: &Look) {
        let digits = look.token & look.number; // and dashes
        let pairs = runs(digits, 2);
        let has_row = has_row(look, digits);
        let has_long_token = runs(look.token, LONG) != 0;
        let may_be_mixed =
            pairs != 0 && (is_long_number(window, look.token) || numbers::may_be_mixed(look.token, digits));
        if has_long_token && is_id(window) {
            return;
        }
        if has_row || may_be_mixed || has_long_token {
            let numeric = window.numeric();
            if has_row {
                self.suspect(numbers::in_rows(window, look, numeric));
            }
            if may_be_mixed {
                self.suspect(numbers::mixed(numeric));
            }
            if has_long_token {
                self.examine_tokens(window, numeric);
            }
        }
        if may_be_dashed(window, digits) {
            self.suspect(Detectors::of(&[Detector::PrivateKey]));
        }
        let may_be_unmarked = runs(look.number & !digits, 3) != 0 || has_option(window, look, digits, pairs);
        if may_be_unmarked && marks::may_be_unmarked(window) {
            self.suspect(Detectors::of(&[Detector::Key]));
        }
        if look.marks != 0 {
            marks::examine(window, look, self);
        }
        if is_after_scheme(window, look) {
            self.suspect(Detectors::of(&[Detector::Credentials]));
        }
        if look.is_written {
            self.suspicion.is_encoded |= window.escapes() != 0;
            if window.of(b'"') != 0 {
                self.suspect(Detectors::of(&[Detector::Debug]));
            }
        }
    }

    fn examine_tokens(&mut self, window: Window<'_>, Numeric { either, .. }: Numeric) {
        let text = window.text();
        for at in bits(either & !(either << 1)) {
            match text.get(at..) {
                Some([b'e', b'y', b'J', ..]) => self.suspect(Detectors::of(&[Detector::Jwt])),
                // PuTTY-User-Key-File-, AGE-SECRET-KEY-
                Some([b'P', b'u' | b'U', ..] | [b'A' | b'a', b'G' | b'g', ..]) => {
                    self.suspect(Detectors::of(&[Detector::PrivateKey]));
                }
                _ => {}
            }
            if api_key::may_stand(text, at) {
                self.suspect(Detectors::of(&[Detector::ApiKey]));
            }
        }
        if window.of(b'~') != 0 {
            self.suspect(Detectors::of(&[Detector::ApiKey]));
        }
    }
}

/// Whether the window is all of an id that says nothing about anybody, by its length and its dashes: a UUID, a trace
/// id, a digest. Digits in it are no number.
fn is_id(window: Window<'_>) -> bool {
    const UUID: u64 = 1 << 8 | 1 << 13 | 1 << 18 | 1 << 23;
    const TRACEPARENT: u64 = 1 << 2 | 1 << 35 | 1 << 52;
    let dashes = match window.text().len() {
        32 | 40 | 64 => 0,
        36 => UUID,
        55 => TRACEPARENT,
        _ => return false,
    };
    if !window.text().last().is_some_and(u8::is_ascii_hexdigit) {
        return false;
    }
    window.hexadecimal() | dashes == u64::MAX >> (Window::SIZE - window.text().len())
        && window.of(b'-') == dashes
}

/// No API key, no header of a web token and no name of a key's file is shorter.
const LONG: u32 = 16;

/// `bot`, `mac`
const SHORTEST_SCHEME: u32 = 3;

/// `dTpw`, which is `u:p`
const SHORTEST_CREDENTIALS: u32 = 4;

/// Whether a blank follows the name of a scheme, and something as long as credentials follows the blank.
#[inline]
fn is_after_scheme(window: Window<'_>, look: &Look) -> bool {
    let follows = runs(!look.blank, SHORTEST_CREDENTIALS) | look.blank;
    let blanks = runs(look.token, SHORTEST_SCHEME) << SHORTEST_SCHEME & look.blank & follows >> 1;
    blanks != 0 && follow_scheme(window, blanks)
}

#[inline(never)]
fn follow_scheme(window: Window<'_>, mut blanks: u64) -> bool {
    while blanks != 0 {
        let before = window.text().get(..blanks.trailing_zeros() as usize).unwrap_or_default();
        if let [.., b, c, d] = *before
            && ENDS.contains(Rolling::of([b, c, d]))
            && before.last_chunk().is_none_or(|[a, b, c, _]| BEFORE.contains(Rolling::of([*a, *b, *c])))
            && ends_scheme(before)
        {
            return true;
        }
        blanks &= blanks - 1;
    }
    false
}

/// Whether the last word of a text is the name of a scheme.
#[cold]
fn ends_scheme(text: &[u8]) -> bool {
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'-';
    let length = text.iter().rev().take_while(is_part).count();
    let word = text.get(text.len() - length..).unwrap_or_default();
    credentials::SCHEMES.iter().any(|(scheme, _)| word.eq_ignore_ascii_case(scheme))
}

/// The last three letters of each scheme's name.
static ENDS: Triples = schemes(false);

/// The three before the last: of a name of three, the first one is any byte.
static BEFORE: Triples = schemes(true);

const fn schemes(are_before: bool) -> Triples {
    let mut ends = Triples::of(&[]);
    let mut rest = credentials::SCHEMES.as_slice();
    while let [(scheme, _), more @ ..] = rest {
        match scheme {
            [.., b, c, d] if !are_before => ends.add([*b, *c, *d]),
            [.., a, b, c, _] => ends.add([*a, *b, *c]),
            [b, c, _] => ends.add_with_any([*b, *c]),
            _ => {}
        }
        rest = more;
    }
    ends
}
