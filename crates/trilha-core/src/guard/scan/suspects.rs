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

/// What a look at a text has raised. All in one word, which stays in a register: most texts raise nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub(in crate::guard) struct Suspicion(u64);

impl Suspicion {
    pub(in crate::guard) const NONE: Self = Self(0);

    /// The text was not looked at.
    pub(in crate::guard) const UNSEEN: Self = Self(1 << 63);

    /// It may be read in another way too.
    pub(super) const ENCODED: Self = Self(1 << 62);

    /// A name may be a secret's: then those that look at names are to be [asked](marks::named).
    pub(super) const NAMED: Self = Self(1 << 61);

    /// What a text raises. It asks no detector, and does not panic.
    ///
    /// Nothing of it is needed any more when another function is called: so no register is saved for most texts.
    #[inline(always)]
    pub(in crate::guard) fn of(text: &[u8]) -> Self {
        let Some(window) = Window::whole(text) else { return Self::of_long(text) };
        let (look @ Look { high, token, solid, .. }, is_written) = window.look();
        if is_written {
            return Self::written(window, high, token, solid);
        }
        if is_long(window, look) {
            return Self::with_long_tokens(window, high, token, solid);
        }
        Self::with_tokens(window, look)
    }

    /// As [`of`](Self::of), as a function of its own.
    #[inline(never)]
    pub(in crate::guard) fn of_any(text: &[u8]) -> Self {
        Self::of(text)
    }

    /// These may find something.
    pub(super) const fn of_all(detectors: Detectors) -> Self {
        Self(detectors.bits())
    }

    pub(super) const fn of_one(detector: Detector) -> Self {
        Self::of_all(Detectors::of(&[detector]))
    }

    #[inline(never)]
    fn of_long(text: &[u8]) -> Self {
        Window::all(text)
            .map(|window| Self::of_any(window.text()))
            .fold(Self::NONE, Self::or)
            .of_address(text)
    }

    /// Of a text that may be encoded.
    #[inline(never)]
    fn written(window: Window<'_>, high: u64, token: u64, solid: u64) -> Self {
        let look = Look::of(window, high, token, solid);
        let quoted = if window.of(b'"') != 0 { Self::of_one(Detector::Debug) } else { Self::NONE };
        let encoded = if window.escapes() != 0 { Self::ENCODED } else { Self::NONE };
        let others = match is_long(window, look) {
            true => Self::with_long_tokens(window, high, token, solid),
            false => Self::with_any_tokens(window, high, token, solid),
        };
        others.or(quoted).or(encoded)
    }

    /// Of a text that has a long token.
    #[inline(never)]
    fn with_long_tokens(window: Window<'_>, high: u64, token: u64, solid: u64) -> Self {
        let look = Look::of(window, high, token, solid);
        if is_id(window, look) {
            return Self::NONE;
        }
        in_tokens(window, look).or(Self::with_any_tokens(window, high, token, solid))
    }

    /// Of a text, without what its tokens raise.
    #[inline(always)]
    fn with_tokens(window: Window<'_>, look: Look) -> Self {
        let Look { high, token, solid, .. } = look;
        // Most texts have no two side by side, and a URL has them once.
        let pairs = runs(look.punctuation(), 2);
        let are_many = pairs & pairs.wrapping_sub(1) != 0;
        if pairs != 0 && (are_many || runs(look.dash(), 2) != 0 || runs(look.between(), 3) != 0) {
            return Self::punctuated(window, high, token, solid);
        }
        if numbers::may_be_near(look) {
            return Self::numbered(window, high, token, solid);
        }
        if look.marks() != 0 {
            return Self::marked(window, high, token, solid);
        }
        after_schemes(window.text(), look)
    }

    #[inline(never)]
    fn with_any_tokens(window: Window<'_>, high: u64, token: u64, solid: u64) -> Self {
        Self::with_tokens(window, Look::of(window, high, token, solid))
    }

    /// Of a text that has dashes side by side, or as much punctuation as a pair of which one is a string.
    #[inline(never)]
    fn punctuated(window: Window<'_>, high: u64, token: u64, solid: u64) -> Self {
        let look = Look::of(window, high, token, solid);
        let tuple = if marks::may_be_tuple(window) { Self::of_one(Detector::Key) } else { Self::NONE };
        behind_dashes(window, look).or(tuple).or(Self::numbered(window, high, token, solid))
    }

    /// Of a text that has digits side by side, and marks.
    #[inline(never)]
    fn numbered(window: Window<'_>, high: u64, token: u64, solid: u64) -> Self {
        let look = Look::of(window, high, token, solid);
        if numbers::may_be_any(look) {
            return Self::with_numbers(window, high, token, solid);
        }
        if look.marks() != 0 {
            return Self::marked(window, high, token, solid);
        }
        after_schemes(window.text(), look)
    }

    /// Of a text that has what may be a number.
    #[inline(never)]
    fn with_numbers(window: Window<'_>, high: u64, token: u64, solid: u64) -> Self {
        let numbers = numbers::may_stand(window, Look::of(window, high, token, solid));
        Self::of_all(numbers).or(Self::marked(window, high, token, solid))
    }

    /// Of a text that has marks.
    #[inline(never)]
    fn marked(window: Window<'_>, high: u64, token: u64, solid: u64) -> Self {
        let look = Look::of(window, high, token, solid);
        // Many have no other mark than that of a URL.
        if marks::is_of_url(window.text(), look.marks()) {
            return after_schemes(window.text(), look);
        }
        Self::with_marks(window, high, token, solid)
    }

    #[inline(never)]
    fn with_marks(window: Window<'_>, high: u64, token: u64, solid: u64) -> Self {
        let look = Look::of(window, high, token, solid);
        marks::examine(window, look).or(after_schemes(window.text(), look))
    }

    /// Of an address in a URL it is not known which of them it is: what is in front of an `@` may stand far from it.
    pub(super) fn of_address(self, text: &[u8]) -> Self {
        let may_be_in_url =
            self.detectors().contains(Detector::Email) && text.windows(3).any(|three| three == b"://");
        if may_be_in_url { self.or(Self::of_one(Detector::Url)) } else { self }
    }

    /// Those that may find something in the text that raised this.
    pub(super) fn suspects(self, text: &[u8]) -> Detectors {
        if self.has(Self::NAMED) { self.detectors().union(marks::named(text)) } else { self.detectors() }
    }

    fn detectors(self) -> Detectors {
        Detectors::of_bits(self.0 & ((1 << Detectors::MOST_BITS) - 1))
    }

    /// Whether it is all of `other`, and may be more.
    #[inline]
    pub(in crate::guard) const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    #[inline]
    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Whether there is a token that is as long as an API key.
#[inline(always)]
fn is_long(window: Window<'_>, look: Look) -> bool {
    window.text().len() >= LONG as usize && runs(look.token, LONG) != 0
}

/// What the words raise of a text that has a long token.
fn in_tokens(window: Window<'_>, look: Look) -> Suspicion {
    let mut all = Suspicion::NONE;
    let text = window.text();
    let letters = window.letters();
    let either = letters | look.digit();
    for at in bits(either & !(either << 1)) {
        let Some([a, b, c, ..]) = text.get(at..) else { break };
        // Behind a mark, any word that begins so.
        if matches!(a, b'A' | b'B') || SECRETS.contains([*a, *b, *c, 0]) {
            all = all.or(of_word(text, at));
        }
    }
    // A web token, also right behind a word.
    if bits(window.of(b'J')).any(|at| text.get(..at).is_some_and(|before| before.ends_with(b"ey"))) {
        all = all.or(Suspicion::of_one(Detector::Jwt));
    }
    if look.letter() & !letters != 0 && window.of(b'~') != 0 {
        all = all.or(Suspicion::of_one(Detector::ApiKey));
    }
    all
}

/// How private keys and [API keys](api_key::beginnings) begin.
static SECRETS: Fours = {
    let mut secrets = api_key::beginnings();
    // PuTTY-User-Key-File-, AGE-SECRET-KEY-
    secrets.add(*b"PuT\0");
    secrets.add(*b"AGE\0");
    secrets
};

/// What the word that begins at `at` raises.
#[inline(never)]
fn of_word(text: &[u8], at: usize) -> Suspicion {
    let keys = match text.get(at..) {
        Some([b'P', b'u' | b'U', ..] | [b'A' | b'a', b'G' | b'g', ..]) => {
            Suspicion::of_one(Detector::PrivateKey)
        }
        _ => Suspicion::NONE,
    };
    if api_key::may_stand(text, at) { keys.or(Suspicion::of_one(Detector::ApiKey)) } else { keys }
}

fn behind_dashes(window: Window<'_>, look: Look) -> Suspicion {
    let mut all = Suspicion::NONE;
    let dashes = runs(look.dash(), 2);
    // -----BEGIN PRIVATE KEY-----
    if runs(dashes, 3) != 0 {
        all = all.or(Suspicion::of_one(Detector::PrivateKey));
    }
    if marks::may_be_option(window, dashes & !(look.dash() << 1)) {
        all = all.or(Suspicion::of_one(Detector::Key));
    }
    all
}

/// Whether the window is all of an id that says nothing about anybody, by its length and its dashes: a UUID, a trace
/// id, a digest. Digits in it are no number.
fn is_id(window: Window<'_>, look: Look) -> bool {
    const UUID: u64 = 1 << 8 | 1 << 13 | 1 << 18 | 1 << 23;
    const TRACEPARENT: u64 = 1 << 2 | 1 << 35 | 1 << 52;
    if look.token != look.all() {
        return false;
    }
    let length = window.text().len();
    let dashes = match length {
        32 | 40 | 64 => 0,
        36 => UUID,
        55 => TRACEPARENT,
        _ => return false,
    };
    look.dash() == dashes && window.hexadecimal() | dashes == look.all()
}

/// No API key, no header of a web token and no name of a key's file is shorter.
const LONG: u32 = api_key::PART as u32;

/// `bot`, `mac`
const SHORTEST_SCHEME: u32 = 3;

const SHORTEST_CREDENTIALS: u32 = credentials::SHORTEST as u32;

/// What a blank raises that follows the name of a scheme, if something as long as credentials follows the blank.
#[inline(always)]
fn after_schemes(text: &[u8], look: Look) -> Suspicion {
    // Many texts have no blank, but for those at the end.
    if look.visible() & look.visible().wrapping_add(1) == 0 {
        return Suspicion::NONE;
    }
    let follows = runs(look.visible(), SHORTEST_CREDENTIALS) | look.blank();
    let blanks = runs(look.token, SHORTEST_SCHEME) << SHORTEST_SCHEME & look.blank() & follows >> 1;
    if blanks == 0 { Suspicion::NONE } else { after_words(text, blanks) }
}

/// What these blanks raise.
#[inline(never)]
fn after_words(text: &[u8], blanks: u64) -> Suspicion {
    // The name itself is read behind the loop: one that calls nothing costs half.
    if may_end_scheme(text, blanks) { after_any_scheme(text, blanks) } else { Suspicion::NONE }
}

#[inline(always)]
fn may_end_scheme(text: &[u8], blanks: u64) -> bool {
    // Of a name of three letters at the beginning of the text, the blank is the fourth byte.
    let starts = blanks >> 4 | blanks >> SHORTEST_SCHEME & 1;
    bits(starts).any(|at| {
        text.get(at..at + 4).and_then(<[u8]>::first_chunk).is_some_and(|four| ENDINGS.contains(*four))
    })
}

#[cold]
#[inline(never)]
fn after_any_scheme(text: &[u8], blanks: u64) -> Suspicion {
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'-';
    let is_scheme = |at| {
        let before = text.get(..at).unwrap_or_default();
        let length = before.iter().rev().take_while(is_part).count();
        let word = before.get(at - length..).unwrap_or_default();
        credentials::SCHEMES.iter().any(|(scheme, _)| word.eq_ignore_ascii_case(scheme))
    };
    if bits(blanks).any(is_scheme) { Suspicion::of_one(Detector::Credentials) } else { Suspicion::NONE }
}

/// The last four letters of each scheme's name; of a name of three the byte before it may be any.
static ENDINGS: Fours = {
    let mut endings = Fours::EMPTY;
    let mut rest = credentials::SCHEMES.as_slice();
    while let [(scheme, _), more @ ..] = rest {
        match scheme {
            [.., a, b, c, d] => endings.add([*a, *b, *c, *d]),
            [b, c, d] => {
                endings.add_behind_any([*b, *c, *d]);
                endings.add([*b, *c, *d, b' ']);
                endings.add([*b, *c, *d, b'\t']);
            }
            _ => {}
        }
        rest = more;
    }
    endings
};
