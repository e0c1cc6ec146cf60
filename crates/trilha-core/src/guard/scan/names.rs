//! Whether the name before a mark may name a secret: a guess by four letters of each word that names one, which may
//! be wrong only in saying too much. [`keys`](super::super::keys) decides.

use super::super::fours::{Fours, are_same};

/// Whether what ends here may be the name of a secret, and marks that may stand between a name and its value's.
#[inline(never)]
pub(super) fn may_name_secret(before: &[u8], may_be_two_words: bool) -> bool {
    let near = before.get(before.len().saturating_sub(LONGEST)..).unwrap_or_default();
    let Some(name) = without_gap(near) else { return false };
    let begin = |end: usize| {
        let name = name.get(..end).unwrap_or_default();
        name.iter().rposition(|byte| !is_in_name(*byte)).map_or(0, |at| at + 1)
    };
    let mut start = begin(name.len());
    if may_be_two_words && start > 0 && name.get(start - 1) == Some(&b' ') {
        start = begin(start - 1);
    }
    let (outside, name) = name.split_at_checked(start).unwrap_or_default();
    match outside.last() {
        // It may begin farther away.
        None if near.len() == LONGEST => true,
        last => may_hold_secret(last.and_then(|last| start_behind(*last)).unwrap_or(START), name),
    }
}

/// What is left of a text without what may stand between a name and its value's mark. `None`: that is no name's.
#[inline]
fn without_gap(before: &[u8]) -> Option<&[u8]> {
    match before.iter().rposition(|byte| is_word(*byte)) {
        Some(last) => before.get(..=last),
        // Columns may be far from each other, and no `=` stands between them.
        None => (!before.contains(&b'=')).then_some(&[]),
    }
}

/// Whether one of the words of a name may be a secret's.
#[inline(never)]
pub(super) fn may_hold_secret(before: u8, name: &[u8]) -> bool {
    let Some(first) = name.first_chunk() else { return is_short_secret(before, name) };
    if name.len() >= LONGEST {
        return true;
    }
    let at_start = (u32::from_le_bytes(*first) << 8 | u32::from(before)).to_le_bytes();
    let mut fours = name.windows(4).filter_map(<[u8]>::first_chunk);
    if STEMS.contains(at_start) || fours.any(|four| STEMS.contains(*four)) {
        return holds_secret(at_start, name);
    }
    ends_with_rg(name)
}

/// As [`may_hold_secret`], for a name that seems to hold one: without a mistake of the set.
#[cold]
#[inline(never)]
fn holds_secret(at_start: [u8; 4], name: &[u8]) -> bool {
    let mut fours = name.windows(4).filter_map(<[u8]>::first_chunk);
    is_stem(at_start) || fours.any(|four| is_stem(*four)) || ends_with_rg(name)
}

/// Whether a name of at most three letters may be a secret's.
fn is_short_secret(before: u8, name: &[u8]) -> bool {
    match name {
        [first, second, third] => is_stem([before, *first, *second, *third]) || has_last_word_rg(name),
        _ => name.eq_ignore_ascii_case(b"rg"),
    }
}

/// Whether four letters are those of a word that names a secret.
fn is_stem(four: [u8; 4]) -> bool {
    let [first, three @ ..] = four;
    STEMS.contains(four)
        && (is_one_of(LETTERS, four)
            || is_one_of(&SHORT, behind_zero(three))
            || is_one_of(&LATER, behind_zero(three)) && may_go_before(first))
}

/// Whether these four are among others. All are looked at: so many are compared at once.
fn is_one_of(others: &[[u8; 4]], four: [u8; 4]) -> bool {
    others.iter().fold(false, |is, other| is | are_same(*other, four))
}

const fn behind_zero([b, c, d]: [u8; 3]) -> [u8; 4] {
    [0, b, c, d]
}

/// Whether the last word may be the one that names a secret and has two letters.
#[inline]
fn ends_with_rg(name: &[u8]) -> bool {
    name.last().is_some_and(|last| known(*last).may_end_rg) && has_last_word_rg(name)
}

#[inline(never)]
fn has_last_word_rg(name: &[u8]) -> bool {
    let end =
        name.iter().rposition(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii()).map_or(0, |at| at + 1);
    match name.get(..end) {
        // A capital letter may begin a word.
        Some([.., _, b'R', b'g' | b'G'] | [b'r' | b'R', b'g' | b'G']) => true,
        Some([.., before, b'r', b'g' | b'G']) => !before.is_ascii_alphabetic(),
        _ => false,
    }
}

/// Whether a name begins here that may be a secret's.
pub(super) fn may_begin_with_secret(text: &[u8]) -> bool {
    let length = text.iter().take_while(|byte| is_in_name(**byte) || **byte == b':').count();
    // It may end farther away: of half a window, two dashes stand before it.
    length + 2 >= LONGEST || may_hold_secret(START, text.get(..length).unwrap_or_default())
}

/// A name of so many bytes is not looked at: half a window, and it may be longer.
pub(super) const LONGEST: usize = 32;

#[inline]
const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

/// Whether a name may hold it.
#[inline]
fn is_in_name(byte: u8) -> bool {
    known(byte).start == 0
}

const fn may_be_in_name(byte: u8) -> bool {
    is_word(byte) || matches!(byte, b'_' | b'-' | b'.' | b'[' | b']')
}

/// What stands for the byte before a name; `None`: it is part of the name.
#[inline]
pub(super) fn start_behind(byte: u8) -> Option<u8> {
    Some(known(byte).start).filter(|start| *start != 0)
}

/// What is known of a byte.
#[derive(Clone, Copy)]
struct Known {
    /// What stands for it before a name. Zero: a name may hold it.
    start: u8,
    /// Whether it is the last letter of `rg`, or may stand behind it.
    may_end_rg: bool,
}

impl Known {
    const fn of(byte: u8) -> Self {
        let start = match byte {
            b'?' | b'&' | b'#' => byte,
            _ if may_be_in_name(byte) => 0,
            _ => START,
        };
        Self { start, may_end_rg: matches!(byte, b'g' | b'G') || !byte.is_ascii_alphabetic() }
    }
}

#[inline]
fn known(byte: u8) -> Known {
    KNOWN.get(usize::from(byte)).copied().unwrap_or(Known::of(0))
}

static KNOWN: [Known; 256] = {
    let mut all = [Known::of(0); 256];
    let mut rest = all.as_mut_slice();
    let mut byte = 0;
    while let [slot, more @ ..] = rest {
        *slot = Known::of(byte);
        byte = byte.wrapping_add(1);
        rest = more;
    }
    all
};

/// Stands for what is before a name, unless it is the parameter of a query. No name holds it.
pub(super) const START: u8 = b'!';

/// Four letters of each word that names a secret, as rare in other names as there are.
#[rustfmt::skip] // words, not one for each line
const LETTERS: &[[u8; 4]] = &[
    *b"atsa", *b"auth", *b"bear", *b"birt", *b"bren", *b"card", *b"ccnu", *b"ccou", *b"chav",
    *b"cnpj", *b"cred", *b"curp", *b"dour", *b"efon", *b"elul", *b"ere\xc3", *b"erec", *b"gnat",
    *b"hmac", *b"hone", *b"iban", *b"icke", *b"iona", *b"ixke", *b"leto", *b"mail", *b"nnwo",
    *b"obil", *b"ooki", *b"outi", *b"pase", *b"pass", *b"rifi", *b"saml", *b"scim", *b"secr",
    *b"segr", *b"senh", *b"sess", *b"sisd", *b"soci", *b"sser", *b"toke", *b"tras", *b"urit",
    // At the beginning of a name.
    *b"!sas", *b"!sig", *b"?sas", *b"?sig", *b"&sas", *b"&sig", *b"#sas", *b"#sig",
    *b"?cod", *b"?has", *b"?key", *b"?non", *b"?sta",
    *b"&cod", *b"&has", *b"&key", *b"&non", *b"&sta",
    *b"#cod", *b"#has", *b"#key", *b"#non", *b"#sta",
];

/// Words of three letters, and what is left of longer ones behind a first letter that may be missing.
#[rustfmt::skip] // words, not one for each line
const SHORT: [[u8; 4]; 36] = all_behind_zero([
    *b"cns", *b"cnh", *b"cpf", *b"cvc", *b"cvv", *b"dni", *b"dob", *b"jwt", *b"mae", *b"mfa",
    *b"nif", *b"otp", *b"pin", *b"pis", *b"pwd", *b"sid", *b"ssn", *b"tax",
    // Two letters, and what may stand behind them.
    *b"cc_", *b"cc-", *b"cc.", *b"cc ", *b"cc[", *b"cc]", *b"ccn", *b"ccp",
    *b"cc0", *b"cc1", *b"cc2", *b"cc3", *b"cc4", *b"cc5", *b"cc6", *b"cc7", *b"cc8", *b"cc9",
]);

/// The first three letters of words that name a secret behind others only.
const LATER: [[u8; 4]; 3] = all_behind_zero([*b"add", *b"key", *b"nam"]);

const fn all_behind_zero<const N: usize>(threes: [[u8; 3]; N]) -> [[u8; 4]; N] {
    let mut all = [[0; 4]; N];
    let (mut slots, mut rest) = (all.as_mut_slice(), threes.as_slice());
    while let ([slot, more_slots @ ..], [three, more @ ..]) = (slots, rest) {
        *slot = behind_zero(*three);
        (slots, rest) = (more_slots, more);
    }
    all
}

/// Whether it may stand between one of [`LATER`] and the word before it, as `:` does in an element's name, or end that
/// word, which is ASCII.
const fn may_go_before(byte: u8) -> bool {
    matches!(byte, b' ' | b':') || byte.is_ascii() && may_be_in_name(byte)
}

static STEMS: Fours = {
    let mut stems = Fours::EMPTY;
    let mut letters = LETTERS;
    while let [four, more @ ..] = letters {
        stems.add(*four);
        letters = more;
    }
    let mut short = SHORT.as_slice();
    while let [[_, b, c, d], more @ ..] = short {
        stems.add_behind_any([*b, *c, *d]);
        short = more;
    }
    let mut later = LATER.as_slice();
    while let [[_, b, c, d], more @ ..] = later {
        let mut before = 0;
        while before < 1 << 7 {
            if may_go_before(before) {
                stems.add([before, *b, *c, *d]);
            }
            before += 1;
        }
        later = more;
    }
    stems
};

#[cfg(test)]
mod tests {
    use super::super::super::keys::names_secret;
    use super::*;

    /// The words that are known to `keys`: each one that stands in its text.
    fn words() -> Vec<&'static str> {
        let literals =
            include_str!("../keys.rs").split("b\"").skip(1).filter_map(|rest| rest.split('"').next());
        let mut words: Vec<_> =
            literals.filter(|word| word.bytes().all(|byte| byte.is_ascii_alphanumeric())).collect();
        words.sort_unstable();
        words.dedup();
        assert!(words.len() > 100 && words.contains(&"password"));
        words
    }

    #[test]
    fn each_name_that_may_be_a_secrets_is_told() {
        let words = words();
        for first in words.iter().copied().chain([""]) {
            for second in &words {
                for by in ["_", "-", "."] {
                    let name = [first, by, second].concat();
                    let name = name.trim_start_matches(by);
                    if names_secret(name.as_bytes()) {
                        assert!(may_name_secret(name.as_bytes(), false), "{name}");
                    }
                }
            }
        }
    }

    #[test]
    fn marks_may_stand_behind_a_name() {
        for before in [
            "password",
            "\"password\" ",
            r#"{\\\"password\\\""#,
            "user[password]",
            "password[0]",
            "PASSWORD ='",
            "пароль-senha",
        ] {
            assert!(may_name_secret(before.as_bytes(), false), "{before}");
        }
        assert!(may_name_secret("x".repeat(100).as_bytes(), false), "what is too long to look at");
    }

    #[test]
    fn most_names_are_told_to_be_none() {
        for name in [
            "",
            "id",
            "status",
            "level",
            "order_id",
            "12:34",
            "http.request.method",
            "=",
            "total",
            "/orders",
            "localhost",
        ] {
            assert!(!may_name_secret(name.as_bytes(), false), "{name}");
        }
    }
}
