//! Which detectors may find something where there is a mark: one of `:;<=>?@`.

use super::{
    super::{
        Detector, Detectors,
        detect::{connection_string, pair, url},
    },
    classes::{Window, bits, runs},
    names::{may_begin_with_secret, may_name_secret},
    suspects::Suspicion,
};

/// Those that look at names.
const PAIRS: Detectors = Detectors::of(&[Detector::Url, Detector::ConnectionString, Detector::Key]);
const EMAIL: Detectors = Detectors::of(&[Detector::Email]);
const LOGINS: Detectors = Detectors::of(&[Detector::Email, Detector::ConnectionString]);

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

#[inline]
pub(super) fn examine(window: Window<'_>, marks: u64, letter: u64) -> Suspicion {
    let mut suspicion = Suspicion::default();
    let text = window.text();
    // Of a name, two letters stand side by side.
    let letters = runs(letter, 2);
    let (mut colons, mut values, mut ends_reference) = (0_u64, 0_u64, false);
    for at in bits(marks) {
        let Some((before, [mark, after @ ..])) = text.split_at_checked(at) else { break };
        let is_named = match mark {
            b':' => {
                colons |= 1 << at;
                suspicion.is_named |= letters & ((1 << at) - 1) != 0 && may_be_named(before, *mark, after);
                false
            }
            b'=' => {
                values |= 1 << at;
                suspicion.is_named |= may_be_named(before, *mark, after);
                false
            }
            b';' => {
                ends_reference = true;
                false
            }
            b'>' => before.ends_with(b"<") && may_name_secret(before, true),
            b'<' => may_begin_with_secret(after),
            b'@' => {
                suspicion.suspect_all(if begins_with_network(after) { LOGINS } else { EMAIL });
                false
            }
            _ => false,
        };
        if is_named {
            suspicion.suspect_all(PAIRS);
        }
    }
    if (ends_reference || values != 0) && window.has_any(*b"&+") {
        let [references, pluses] = window.each(*b"&+");
        // A `+` may be a space behind the first `=`. The padding of base64 has none behind it.
        suspicion.is_encoded |= ends_reference && references != 0 || pluses & values.wrapping_neg() != 0;
    }
    if colons & colons.wrapping_sub(1) != 0 && may_be_ip_address(window, colons) {
        suspicion.suspect(Detector::IpAddress);
    }
    suspicion.of_address(text)
}

/// Whether a `:` or a `=` may stand between the name of a secret and its value.
fn may_be_named(before: &[u8], mark: u8, after: &[u8]) -> bool {
    let is_colon = mark == b':';
    !(is_colon && is_of_path(before, after)) && may_name_secret(before, is_colon)
}

/// Which detectors take a name before one of the marks `:` and `=` for a secret's.
///
/// The whole text is read: where nobody does, it is read once, and not by each of them.
pub(super) fn named(text: &[u8]) -> Detectors {
    let mut all = Detectors::default();
    for (at, mark) in text.iter().enumerate().filter(|(_, mark)| matches!(mark, b':' | b'=')) {
        let Some((before, [_, after @ ..])) = text.split_at_checked(at) else { break };
        if !may_be_named(before, *mark, after) {
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
fn may_be_ip_address(window: Window<'_>, colons: u64) -> bool {
    let pairs = runs(colons, 2);
    let words = || (window.letters() | window.of(b'_')) & !window.hexadecimal();
    let is_no_path = |words: u64| pairs & !(words << 1) & !(words >> 2) != 0;
    pairs != 0 && is_no_path(words()) || colons.count_ones() >= PARTS
}
