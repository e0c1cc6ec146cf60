//! Which detectors of numbers may find something: the forms in which their modules read a number, as masks.

use super::{
    super::{Detector, Detectors},
    classes::{Look, Numeric, Window, bits, runs},
};

// No form is longer than half a window, or only the part of it that fits there is asked for.

/// Numbers of digits alone, where there is a row of these.
pub(super) fn in_rows(
    window: Window<'_>,
    look: &Look,
    Numeric { digits, either, between: by }: Numeric,
) -> Detectors {
    let number = digits & !(either << 1);
    let row = runs(look.number, 7);
    let mut all = Detectors::default();
    let mut add = |is_suspect, detector| {
        if is_suspect {
            all = all.union(Detectors::of(&[detector]));
        }
    };
    if row & row >> 4 != 0 {
        let card = {
            let bare = runs(digits, 13);
            let fours = form([(digits, 4), (by, 1), (digits, 4), (by, 1), (digits, 1)]);
            let six = form([(digits, 4), (by, 1), (digits, 6), (by, 1), (digits, 4)]);
            let threes = form([(digits, 4), (by, 1), (digits, 3), (by, 1), (digits, 3)]);
            number & (bare | fours | six | threes)
        };
        add(card != 0 && card & window.within(b'2', b'6') != 0, Detector::Card);
        let cpf = {
            let bare = runs(digits, 11) & !(digits >> 11);
            let nine = form([(digits, 9), (by, 1), (digits, 2)]);
            let grouped = form([(digits, 3), (by, 1), (digits, 3), (by, 1), (digits, 3)]);
            number & (bare | nine | grouped)
        };
        add(cpf != 0, Detector::Cpf);
        let ssn = number & form([(digits, 3), (by, 1), (digits, 2), (by, 1), (digits, 4)]);
        add(ssn != 0, Detector::Ssn);
    }
    let dots = by & digits << 1 & digits >> 1;
    let next = |dots: u64| dots >> 2 | dots >> 3 | dots >> 4;
    let has_four_parts = |dots: u64| dots & next(dots & next(dots)) != 0;
    add(has_four_parts(dots) && has_four_parts(dots & window.of(b'.')), Detector::IpAddress);
    add(row & row >> 2 != 0 && is_phone(window, look, digits, number), Detector::Phone);
    all
}

/// Numbers that may have letters in them.
pub(super) fn mixed(Numeric { digits, either, between: by }: Numeric) -> Detectors {
    let letters = either & !digits;
    let begins = !(either << 1);
    let iban = {
        let country = form([(letters, 2), (digits, 2)]);
        let grouped = form([(either, 4), (by, 1), (either, 4), (by, 1), (either, 4), (by, 1), (either, 3)]);
        begins & country & (runs(either, 15) | grouped)
    };
    let cnpj = {
        let check = runs(digits, 2) & !(either >> 2);
        let apart = form([(by, 1), (check, 1)]);
        let bare = runs(either, 12) & (check | apart) >> 12;
        let halves = form([(either, 8), (by, 1), (either, 4)]) & apart >> 13;
        let grouped = form([(either, 2), (by, 1), (either, 3), (by, 1), (either, 3), (by, 1), (either, 4)]);
        begins & (bare | halves | grouped & (check | apart) >> 15)
    };
    let all = [(iban, Detector::Iban), (cnpj, Detector::Cnpj)];
    all.into_iter().filter(|(begins, _)| *begins != 0).map(|(_, detector)| detector).collect()
}

fn is_phone(window: Window<'_>, look: &Look, digits: u64, number: u64) -> bool {
    let row = runs(look.number, 9);
    let longer = |by: usize| row & row >> by;
    let nine = |mask: u64, at: usize| mask >> at & 1 == 1 && window.text().get(at) == Some(&b'9');
    bits(row & (number | !digits & !look.blank)).any(|at| {
        let is_row = |by| longer(by) >> at & 1 == 1;
        match window.text().get(at) {
            Some(b'+') => true,
            Some(b'(') => is_row(3),
            Some(b'0') => is_row(1),
            Some(b'1'..=b'9') if is_row(2) => {
                let has_area = runs(digits, 2) >> at & 1 == 1;
                let is_mobile = nine(digits, at + 2) || nine(digits, at + 3);
                let landline =
                    form([(digits, 2), (look.blank, 1), (digits, 4), (look.token, 1), (digits, 4)]);
                window.text().get(at) == Some(&b'5') || has_area && is_mobile || landline >> at & 1 == 1
            }
            _ => false,
        }
    })
}

/// Whether tokens stand as in a number that may have letters in it, and is not all one token. `digits` are with
/// dashes.
#[inline]
pub(super) fn may_be_mixed(token: u64, digits: u64) -> bool {
    let by = !token | digits;
    let (three, four) = (runs(token, 3), runs(token, 4));
    let halves = runs(token, 8) & by >> 8 & four >> 9;
    let fours = four & by >> 4 & four >> 5 & by >> 9 & three >> 10;
    let grouped = runs(token, 2) & by >> 2 & three >> 3 & by >> 6 & three >> 7 & by >> 10 & four >> 11;
    halves & digits >> 14 | fours & digits >> 2 | grouped & digits >> 16 != 0
}

/// Whether the parts of a form stand side by side, and where it begins. A part is a mask, and how many bits of it.
#[inline(always)]
fn form<const N: usize>(parts: [(u64, u32); N]) -> u64 {
    let add = |(begins, at), (mask, length)| (begins & (runs(mask, length) >> at), at + length);
    parts.into_iter().fold((u64::MAX, 0), add).0
}
