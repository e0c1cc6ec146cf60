//! Whether the name before a mark may name a secret: a guess by three letters of each word that names one, which may
//! be wrong only in saying too much. [`keys`](super::super::keys) decides.

/// Whether what ends here may be the name of a secret, and marks that may stand between a name and its value's.
#[inline]
pub(super) fn may_name_secret(before: &[u8], may_be_two_words: bool) -> bool {
    match before {
        [.., last] if is_word(*last) => may_name(before, may_be_two_words),
        _ => may_name(without_gap(before), may_be_two_words),
    }
}

/// What is left of a text without the marks that may stand between a name and its value's. Nothing, if there are more.
#[inline(never)]
fn without_gap(before: &[u8]) -> &[u8] {
    let gap = before.iter().rev().take(LONGEST_GAP).position(|byte| is_word(*byte));
    gap.and_then(|gap| before.get(..before.len() - gap)).unwrap_or_default()
}

#[inline(never)]
fn may_name(name: &[u8], may_be_two_words: bool) -> bool {
    let name = name.get(name.len().saturating_sub(LONGEST)..).unwrap_or_default();
    let mut later = Two::default();
    let mut blanks_left = usize::from(may_be_two_words);
    for byte in name.iter().rev() {
        let code = code(*byte);
        if later.are_behind(code) {
            if code != OUTSIDE || later == RG {
                return true;
            }
            if *byte != b' ' || blanks_left == 0 {
                return false;
            }
            blanks_left -= 1;
        }
        later = later.before(code);
    }
    // What stands before a name is looked at with it: of a short one, two letters are known.
    name.len() >= LONGEST || later == RG
}

/// Whether a name begins here that may be a secret's.
pub(super) fn may_begin_with_secret(text: &[u8]) -> bool {
    let length = text.iter().take_while(|byte| is_in_name(**byte) || **byte == b':').count();
    may_name_secret(text.get(..length).unwrap_or_default(), false)
}

/// More does not stand between a name and the mark: quotes, blanks, brackets.
const LONGEST_GAP: usize = 13;

/// A name of more bytes is not looked at.
const LONGEST: usize = 32;

#[inline]
const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

/// What a name may hold, by five bits; small and capital letters are the same.
#[inline]
fn code(byte: u8) -> u8 {
    CODES.get(usize::from(byte)).copied().unwrap_or(OUTSIDE)
}

fn is_in_name(byte: u8) -> bool {
    code(byte) != OUTSIDE
}

/// Of a byte that no name holds.
const OUTSIDE: u8 = 0;

static CODES: [u8; 256] = {
    let mut all = [OUTSIDE; 256];
    let mut rest = all.as_mut_slice();
    let mut byte = 0;
    while let [slot, more @ ..] = rest {
        *slot = code_of(byte);
        byte = byte.wrapping_add(1);
        rest = more;
    }
    all
};

const fn code_of(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' => byte & 31,
        b'0'..=b'9' => 27,
        b'_' => 28,
        b'-' => 29,
        b'.' | b'[' | b']' => 30,
        0x80.. => 31,
        _ => OUTSIDE,
    }
}

/// Two codes side by side, of a name that is read backwards.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Two(usize);

impl Two {
    const fn of([first, second]: [u8; 2]) -> Self {
        Self(0).before(code_of(second)).before(code_of(first))
    }

    #[inline]
    const fn before(self, code: u8) -> Self {
        Self(self.0 >> 5 | (code as usize) << 5)
    }

    /// Whether they may stand behind this one in the name of a secret; or it ends the name.
    #[inline]
    fn are_behind(self, code: u8) -> bool {
        STEMS.get(self.0 & 0x3ff).is_some_and(|codes| codes >> (code & 31) & 1 == 1)
    }
}

/// A word that names a secret and has two letters.
const RG: Two = Two::of(*b"rg");

/// Three letters of each word that names a secret, as rare in other names as there are.
#[rustfmt::skip] // words, not one for each line
const LETTERS: [[u8; 3]; 69] = [
    *b"acc", *b"aml", *b"ard", *b"ate", *b"bea", *b"bir", *b"cc-", *b"cc_", *b"cc.", *b"cc0", *b"ccn", *b"cnh", *b"cns", *b"cod",
    *b"cpf", *b"cvc", *b"cvv", *b"dni", *b"dob", *b"dre", *b"ecr", *b"ede", *b"eds", *b"egr", *b"nde", *b"fon",
    *b"has", *b"hma", *b"hon", *b"iba", *b"ick", *b"jwt", *b"key", *b"lul", *b"mai", *b"nam", *b"nat", *b"nha",
    *b"nif", *b"nnw", *b"nom", *b"npj", *b"obi", *b"oke", *b"onc", *b"ook", *b"otp", *b"pan", *b"pas", *b"pin",
    *b"pis", *b"pix", *b"pwd", *b"ras", *b"sas", *b"sci", *b"sdn", *b"ses", *b"sid", *b"sig", *b"soc", *b"sse",
    *b"ssn", *b"tax", *b"tsa", *b"uro", *b"urp", *b"uth", *b"uti",
];

/// The codes that stand before each two of them in [`LETTERS`] or before [`RG`], as bits; and the end of the name.
#[expect(
    clippy::indexing_slicing,
    reason = "two codes are below the length; a const context has no other way"
)]
static STEMS: [u32; 1 << 10] = {
    let mut stems = [1 << OUTSIDE; 1 << 10];
    stems[RG.0] = u32::MAX;
    let mut rest = LETTERS.as_slice();
    while let [[first, second, third], more @ ..] = rest {
        stems[Two::of([*second, *third]).0] |= 1 << code_of(*first);
        rest = more;
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
