//! Which detectors of numbers may find something: the forms in which their modules read a number, as masks.

use super::{
    super::{Detector, Detectors},
    classes::{Look, Window, bits, runs},
};

// No form is longer than half a window, or only the part of it that fits there is asked for. What may stand between
// the groups of a number is here all that is below the digits.

/// Whether there is what no number is without: two digits side by side, or a dot between two of them.
#[inline(always)]
pub(super) fn may_be_near(look: Look) -> bool {
    look.digit() != 0 && runs(look.digit(), 2) | dots(look) != 0
}

/// Whether there may be a number of any kind, by a quick look.
#[inline(always)]
pub(super) fn may_be_any(look: Look) -> bool {
    let pairs = runs(look.digit(), 2);
    has_four_parts(dots(look)) || pairs != 0 && (rows(look) != 0 || may_be_mixed(look, pairs))
}

/// What may be the dots of an IP address.
#[inline(always)]
fn dots(look: Look) -> u64 {
    !look.high & look.digit() << 1 & look.digit() >> 1
}

/// Whether there may be a number with letters in it: its country, or twelve characters in one piece or in groups with
/// two digits behind them.
#[inline(always)]
fn may_be_mixed(look: Look, pairs: u64) -> bool {
    if look.letter() & look.letter() >> 1 & pairs >> 2 != 0 {
        return true;
    }
    let by = look.between();
    let groups = by & by >> 4 & by >> 8;
    if groups != 0 && groups & (pairs >> 13 | pairs >> 14) != 0 {
        return true;
    }
    let eight = runs(look.word(), 8);
    let bare = || eight & eight >> 4 & (pairs >> 12 | pairs >> 13);
    let halves = || eight & by >> 8 & runs(look.word(), 4) >> 9 & pairs >> 14;
    eight != 0 && bare() | halves() != 0
}

/// Where a row of digits and of what may stand between them begins that is as long as a telephone number: all others
/// are longer, but for an IP address.
#[inline(always)]
fn rows(look: Look) -> u64 {
    match runs(look.number(), 9) {
        0 => 0,
        long => long & !look.dash() & !look.blank(),
    }
}

/// Those that may find a number.
#[inline(never)]
pub(super) fn may_stand(window: Window<'_>, look: Look) -> Detectors {
    let mut all = Detectors::default();
    let dots = dots(look);
    if has_four_parts(dots) && has_four_parts(dots & window.of(b'.')) {
        all = all.union(Detectors::of(&[Detector::IpAddress]));
    }
    if rows(look) != 0 && look.digit().count_ones() >= FEWEST_DIGITS {
        all = all.union(in_rows(window, look));
    }
    if may_be_mixed(look, runs(look.digit(), 2)) && !mixed(look, look.word(), u64::MAX, 0).is_empty() {
        let either = window.letters() | look.digit();
        all = all.union(mixed(look, either, !(either << 1), either));
    }
    all
}

/// Of a telephone number.
const FEWEST_DIGITS: u32 = 8;

#[inline(always)]
fn has_four_parts(dots: u64) -> bool {
    let next = |dots: u64| dots >> 2 | dots >> 3 | dots >> 4;
    dots != 0 && dots & next(dots & next(dots)) != 0
}

/// Numbers of digits alone, where there is a row of these and of what may stand between them.
fn in_rows(window: Window<'_>, look: Look) -> Detectors {
    let (digits, by) = (look.digit(), look.between());
    let begins = digits & !(digits << 1);
    let three = runs(digits, 3);
    let four = runs(digits, 4);
    let mut all = Detectors::default();
    let mut add = |is_suspect, detector| {
        if is_suspect {
            all = all.union(Detectors::of(&[detector]));
        }
    };
    let card = {
        let bare = runs(digits, 13);
        let fours = form([(four, 4), (by, 1), (four, 4), (by, 1), (digits, 1)]);
        let six = form([(four, 4), (by, 1), (runs(digits, 6), 6), (by, 1), (four, 4)]);
        let threes = form([(four, 4), (by, 1), (three, 3), (by, 1), (three, 3)]);
        begins & (bare | fours | six | threes)
    };
    add(card != 0 && card & window.within(b'2', b'6') != 0, Detector::Card);
    let cpf = {
        let bare = runs(digits, 11) & !(digits >> 11);
        let nine = form([(runs(digits, 9), 9), (by, 1), (runs(digits, 2), 2)]);
        let grouped = form([(three, 3), (by, 1), (three, 3), (by, 1), (three, 3)]);
        begins & (bare | nine | grouped)
    };
    add(cpf != 0, Detector::Cpf);
    let ssn = begins & form([(three, 3), (by, 1), (runs(digits, 2), 2), (by, 1), (four, 4)]);
    add(ssn != 0, Detector::Ssn);
    add(is_phone(window, look, begins), Detector::Phone);
    all
}

fn is_phone(window: Window<'_>, look: Look, begins: u64) -> bool {
    let row = runs(look.number(), 9);
    let two = runs(look.digit(), 2);
    let four = runs(look.digit(), 4);
    let landline = form([(two, 2), (look.blank(), 1), (four, 4), (look.dash(), 1), (four, 4)]);
    let others = look.number() & !look.digit() & !look.blank();
    bits(row & (begins | others)).any(|at| {
        let is_longer = |by: usize| row >> at >> by & 1 == 1;
        match window.text().get(at..) {
            Some([b'+', ..]) => true,
            Some([b'(', ..]) => is_longer(3),
            Some([b'0', ..]) => is_longer(1),
            Some([b'5', ..]) => is_longer(2),
            Some([b'1'..=b'9', _, b'9', ..] | [b'1'..=b'9', _, _, b'9', ..]) => {
                is_longer(2) && two >> at & 1 == 1
            }
            Some([b'1'..=b'9', ..]) => landline >> at & 1 == 1,
            _ => false,
        }
    })
}

/// Numbers that may have letters in them: of digits and letters that are `either`, beginning at one of `begins`. What
/// follows is in none of `goes_on`.
fn mixed(look: Look, either: u64, begins: u64, goes_on: u64) -> Detectors {
    let by = look.between();
    let two = runs(look.digit(), 2);
    let (three, four) = (runs(either, 3), runs(either, 4));
    let letters = either & !look.digit();
    let country = begins & letters & letters >> 1 & two >> 2;
    let iban = if country == 0 {
        0
    } else {
        let grouped = form([(four, 4), (by, 1), (four, 4), (by, 1), (four, 4), (by, 1), (three, 3)]);
        country & (runs(four, 12) | grouped)
    };
    let cnpj = {
        let check = two & !(goes_on >> 2);
        let apart = by & check >> 1;
        let bare = runs(four, 9) & (check | apart) >> 12;
        let halves = form([(runs(four, 5), 8), (by, 1), (four, 4)]) & apart >> 13;
        let grouped =
            form([(runs(either, 2), 2), (by, 1), (three, 3), (by, 1), (three, 3), (by, 1), (four, 4)]);
        begins & (bare | halves | grouped & (check | apart) >> 15)
    };
    let all = [(iban, Detector::Iban), (cnpj, Detector::Cnpj)];
    all.into_iter().filter(|(begins, _)| *begins != 0).map(|(_, detector)| detector).collect()
}

/// Where the parts of a form begin that stand side by side. A part is where it may begin, and its length.
#[inline(always)]
fn form<const N: usize>(parts: [(u64, u32); N]) -> u64 {
    let add = |(begins, at), (mask, length)| (begins & mask >> at, at + length);
    parts.into_iter().fold((u64::MAX, 0), add).0
}
