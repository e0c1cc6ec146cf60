//! Which detectors may find something where there is a mark: one of `:;<=>?@`.

use super::{
    super::{
        Detector, Detectors,
        detect::{connection_string, pair, url},
    },
    classes::{Look, Window, bits, runs},
    names::{LONGEST, START, may_begin_with_secret, may_hold_secret, may_name_secret, start_behind},
    suspects::Suspicion,
};

/// Those that look at names.
const PAIRS: Detectors = Detectors::of(&[Detector::Url, Detector::ConnectionString, Detector::Key]);
const PAIRED: Suspicion = Suspicion::of_all(PAIRS);
const EMAIL: Suspicion = Suspicion::of_one(Detector::Email);
const LOGINS: Suspicion = EMAIL.or(Suspicion::of_one(Detector::ConnectionString));

/// Whether one of these places begins an option that may name a secret: `--password x`.
pub(super) fn may_be_option(window: Window<'_>, dashes: u64) -> bool {
    bits(dashes).any(|at| window.text().get(at + 2..).is_some_and(may_begin_with_secret))
}

/// Whether there may be a pair of strings of which the first names a secret: `("password", "x")`.
pub(super) fn may_be_tuple(window: Window<'_>) -> bool {
    let [commas, double, single] = window.each(*b",\"'");
    bits(commas & (double | single) << 1)
        .any(|at| window.text().get(..at).is_some_and(|name| may_name_secret(name, true)))
}

/// What the marks of a window raise.
#[inline(always)]
pub(super) fn examine(window: Window<'_>, look: Look) -> Suspicion {
    let text = window.text();
    let (mut seen, mut is_named, mut suspicion) = (0_u32, false, Suspicion::NONE);
    for at in bits(look.marks()) {
        let Some(mark) = text.get(at) else { break };
        seen |= bit(*mark);
        match mark {
            b'=' => is_named |= is_secret_set(text, at, look.token),
            b':' => is_named |= is_secret_told(text, at, look.token, look.solid),
            b'<' | b'>' | b'@' => suspicion = suspicion.or(of_bracket_or_at(text, at)),
            _ => {}
        }
    }
    if is_named {
        suspicion = suspicion.or(Suspicion::NAMED);
    }
    // Of other punctuation there is little.
    let mut others = bits(look.punctuation() & !look.token);
    let is_of_form = |at| matches!(text.get(at), Some(b'&' | b'+'));
    if seen & (bit(b';') | bit(b'=')) != 0 && others.any(is_of_form) {
        suspicion = suspicion.or(in_form(window, seen));
    }
    let is_one = look.marks() & look.marks().wrapping_sub(1) == 0;
    if seen & bit(b':') != 0 && !is_one && may_be_ip_address(window) {
        suspicion = suspicion.or(Suspicion::of_one(Detector::IpAddress));
    }
    if seen & bit(b'@') != 0 { suspicion.of_address(text) } else { suspicion }
}

/// Whether there is one mark, and it is that between the scheme and the host of a URL.
#[inline(always)]
pub(super) fn is_of_url(text: &[u8], marks: u64) -> bool {
    let is_one = marks & marks.wrapping_sub(1) == 0;
    is_one && matches!(text.get(marks.trailing_zeros() as usize..), Some([b':', b'/', b'/', ..]))
}

/// Of each mark another one.
const fn bit(mark: u8) -> u32 {
    1 << (mark & 31)
}

/// Whether the name before the `=` at `at` may be a secret's. Nearly all are one token, behind what no name holds.
#[inline(never)]
fn is_secret_set(text: &[u8], at: usize, token: u64) -> bool {
    may_be_secret(text, begin(token, at), at, false)
}

/// Whether the name before the `:` at `at` may be a secret's: one token, or two with a space between them.
#[inline(never)]
fn is_secret_told(text: &[u8], at: usize, token: u64, solid: u64) -> bool {
    let Some((before, [_, after @ ..])) = text.split_at_checked(at) else { return false };
    // Of a name, two letters stand side by side, unless it is out of sight.
    if is_of_path(before, after) || runs(token & solid & ((1 << at) - 1), 2) == 0 && at < LONGEST {
        return false;
    }
    let mut start = begin(token, at);
    if start < at && before.get(..start).is_some_and(|before| before.ends_with(b" ")) {
        start = begin(token, start - 1);
    }
    may_be_secret(text, start, at, true)
}

/// What is raised by the name before a `<>` whose `>` stands at `at`, by the one behind a `<` there, or by an `@`.
#[inline(never)]
fn of_bracket_or_at(text: &[u8], at: usize) -> Suspicion {
    match text.split_at_checked(at) {
        Some((before, [b'>', ..])) if before.ends_with(b"<") && may_name_secret(before, true) => PAIRED,
        Some((_, [b'<', after @ ..])) if may_begin_with_secret(after) => PAIRED,
        Some((_, [b'@', after @ ..])) if begins_with_network(after) => LOGINS,
        Some((_, [b'@', ..])) => EMAIL,
        _ => Suspicion::NONE,
    }
}

/// Where the token begins that ends before `end`.
#[inline(always)]
fn begin(token: u64, end: usize) -> usize {
    (!token & ((1 << end) - 1)).checked_ilog2().map_or(0, |last| last as usize + 1)
}

#[inline(always)]
fn may_be_secret(text: &[u8], start: usize, end: usize, may_be_two_words: bool) -> bool {
    let Some(name) = text.get(start..end) else { return true };
    let before = start.checked_sub(1).and_then(|at| text.get(at));
    match before.map_or(Some(START), |before| start_behind(*before)) {
        Some(start) if name.last().is_some_and(|last| !is_bracket(*last)) => may_hold_secret(start, name),
        // `["password"]=`
        _ => may_name_secret(text.get(..end).unwrap_or_default(), may_be_two_words),
    }
}

/// Whether it is one of ``[\]^_`{|}~``, of the bytes that a token may have.
#[inline(always)]
const fn is_bracket(byte: u8) -> bool {
    byte.wrapping_sub(1) & 31 >= 26 // behind the letters of either case
}

/// What raises that there are references (`&#64;`), or a `+` that may be a space: that behind the first `=`. The padding
/// of base64 has none behind it.
#[inline(never)]
fn in_form(window: Window<'_>, seen: u32) -> Suspicion {
    let [references, pluses, values] = window.each(*b"&+=");
    let has_reference = seen & bit(b';') != 0 && references != 0;
    match has_reference || pluses & values.wrapping_neg() != 0 {
        true => Suspicion::ENCODED,
        false => Suspicion::NONE,
    }
}

/// Which detectors take a name before one of the marks `:` and `=` for a secret's.
///
/// The whole text is read: where nobody does, it is read once, and not by each of them.
pub(super) fn named(text: &[u8]) -> Detectors {
    let mut all = Detectors::default();
    for (at, mark) in text.iter().enumerate().filter(|(_, mark)| matches!(mark, b':' | b'=')) {
        let Some((before, [_, after @ ..])) = text.split_at_checked(at) else { break };
        let is_colon = *mark == b':';
        if is_colon && is_of_path(before, after) || !may_name_secret(before, is_colon) {
            continue;
        }
        let asked = [
            (Detector::Key, pair::is_named as fn(&[u8], usize) -> bool),
            (Detector::Url, url::is_named),
            (Detector::ConnectionString, connection_string::is_named),
        ];
        let taken =
            asked.into_iter().filter(|(detector, is_named)| !all.contains(*detector) && is_named(text, at));
        all = all.union(taken.map(|(detector, _)| detector).collect());
        if all == PAIRS {
            break;
        }
    }
    all
}

/// Whether a colon stands beside another one, as in the path of a module, or in a URL: no value follows it.
fn is_of_path(before: &[u8], after: &[u8]) -> bool {
    after.starts_with(b":") || after.starts_with(b"//") || before.ends_with(b":")
}

/// `user:password@tcp(…)`, `user/password@//host`
fn begins_with_network(text: &[u8]) -> bool {
    let begins_with =
        |start: &[u8]| text.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start));
    begins_with(b"tcp") || begins_with(b"unix") || begins_with(b"//")
}

/// The colons of an IPv6 address that was not shortened, in the part of it that half a window holds.
const PARTS: u32 = 6;

/// Whether an IPv6 address may be there: two colons side by side without a word beside them (`fe80::1`, and not
/// `std::fmt`), or [many](PARTS).
fn may_be_ip_address(window: Window<'_>) -> bool {
    let colons = window.of(b':');
    let pairs = runs(colons, 2);
    let words = || (window.letters() | window.of(b'_')) & !window.hexadecimal();
    let is_no_path = |words: u64| pairs & !(words << 1) & !(words >> 2) != 0;
    pairs != 0 && is_no_path(words()) || colons.count_ones() >= PARTS
}
