//! Which detectors may find something where there is a mark: one of `:;<=>?@`.

use super::{
    super::{Detector, Detectors},
    classes::{Look, Window, bits, runs},
    names::{may_begin_with_secret, may_name_secret},
    suspects::Raised,
};

/// Those that look at names.
const PAIRS: Detectors = Detectors::of(&[Detector::Url, Detector::ConnectionString, Detector::Key]);
const EMAIL: Detectors = Detectors::of(&[Detector::Email]);
const LOGINS: Detectors = Detectors::of(&[Detector::Email, Detector::ConnectionString]);

/// Whether there may be a secret without a mark: as in `--password x` or `("password", "x")`.
pub(super) fn may_be_unmarked(window: Window<'_>) -> bool {
    let text = window.text();
    let [dashes, commas, double, single] = window.each(*b"-,\"'");
    let options = runs(dashes, 2) & !(dashes << 1);
    let tuples = commas & (double | single) << 1;
    bits(options).any(|at| text.get(at + 2..).is_some_and(may_begin_with_secret))
        || bits(tuples).any(|at| text.get(..at).is_some_and(|name| may_name_secret(name, true)))
}

/// Whether the marks raise nothing, by a quick look.
pub(super) fn are_plain(window: Window<'_>, look: &Look) -> bool {
    let text = window.text();
    let letters = runs(look.token & !look.number, 2);
    let (mut colons, mut values) = (0_u64, 0_u64);
    for at in bits(look.marks) {
        let Some((before, [mark, after @ ..])) = text.split_at_checked(at) else { break };
        let is_colon = *mark == b':';
        let is_plain = match mark {
            b'?' => true,
            b':' if after.starts_with(b"//") || is_of_path(before, after) => true,
            b':' | b'=' | b'>' => letters & ((1 << at) - 1) == 0 || !may_name_secret(before, *mark != b'='),
            b';' => window.of(b'&') == 0,
            _ => false,
        };
        if !is_plain {
            return false;
        }
        colons |= u64::from(is_colon) << at;
        values |= u64::from(*mark == b'=') << at;
    }
    runs(colons, 2) == 0 && colons.count_ones() < PARTS && !is_form(window, values)
}

pub(super) fn examine(window: Window<'_>, look: &Look, raised: &mut Raised) {
    let text = window.text();
    let letters = runs(look.token & !look.number, 2);
    let (mut colons, mut values) = (0_u64, 0_u64);
    let mut ends_reference = false;
    for at in bits(look.marks) {
        let Some((before, [mark, after @ ..])) = text.split_at_checked(at) else { break };
        colons |= u64::from(*mark == b':') << at;
        match mark {
            b'@' => raised.suspect(if begins_with_network(after) { LOGINS } else { EMAIL }),
            b'<' if letters != 0 && may_begin_with_secret(after) => raised.suspect(PAIRS),
            b';' => ends_reference = true,
            b':' if after.starts_with(b"//") => raised.has_authority = true,
            b':' if is_of_path(before, after) => {}
            b':' | b'=' | b'>' => {
                values |= u64::from(*mark == b'=') << at;
                if letters & ((1 << at) - 1) != 0 && may_name_secret(before, *mark != b'=') {
                    raised.suspect(PAIRS);
                }
            }
            _ => {}
        }
    }
    if ends_reference && window.of(b'&') != 0 || is_form(window, values) {
        raised.suspicion.is_encoded = true;
    }
    if colons & colons.wrapping_sub(1) != 0 && may_be_ip_address(window, colons) {
        raised.suspect(Detectors::of(&[Detector::IpAddress]));
    }
}

/// Whether a colon stands beside another one, as in the path of a module: no value follows it.
fn is_of_path(before: &[u8], after: &[u8]) -> bool {
    after.starts_with(b":") || before.ends_with(b":")
}

/// Whether a `+` may be a space: behind the first `=` of these. The padding of base64 has none behind it.
fn is_form(window: Window<'_>, values: u64) -> bool {
    values != 0 && window.of(b'+') & values.wrapping_neg() != 0
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
    let words = || (window.numeric().either | window.of(b'_')) & !window.hexadecimal();
    let is_no_path = |words: u64| pairs & !(words << 1) & !(words >> 2) != 0;
    pairs != 0 && is_no_path(words()) || colons.count_ones() >= PARTS
}
