//! Whether the name before a mark may name a secret: a guess by three letters of each word that names one, which may
//! be wrong only in saying too much. [`keys`](super::super::keys) decides.

use super::triples::{Rolling, Triples};

/// Whether what ends here may be the name of a secret, and marks that may stand between a name and its value's.
pub(super) fn may_name_secret(before: &[u8], may_be_two_words: bool) -> bool {
    let Some(gap) = before.iter().rev().take(LONGEST_GAP).position(|byte| is_word(*byte)) else {
        return false;
    };
    let name = before.get(..before.len() - gap).unwrap_or_default();
    let mut three = Rolling::default();
    let mut blanks_left = usize::from(may_be_two_words);
    for byte in name.iter().rev().take(LONGEST) {
        three = three.before(*byte);
        if STEMS.contains(three) {
            return true;
        }
        if !is_in_name(*byte) {
            if *byte != b' ' || blanks_left == 0 {
                return false;
            }
            blanks_left -= 1;
        }
    }
    // What stands before a name is looked at with it: of a short one, two letters are known.
    name.len() >= LONGEST || STEMS.contains(three.before(b'\n'))
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

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

#[inline]
fn is_in_name(byte: u8) -> bool {
    static IN_NAMES: [bool; 256] = {
        let mut all = [false; 256];
        let mut rest = all.as_mut_slice();
        let mut byte = 0;
        while let [slot, more @ ..] = rest {
            *slot = is_word(byte) || matches!(byte, b'_' | b'-' | b'.' | b'[' | b']');
            byte = byte.wrapping_add(1);
            rest = more;
        }
        all
    };
    IN_NAMES.get(usize::from(byte)).is_some_and(|is_in_name| *is_in_name)
}

/// Three letters of each word that names a secret, as rare in other names as there are.
static STEMS: Triples = {
    let mut stems = Triples::of(&[
        *b"acc", *b"aml", *b"ard", *b"ate", *b"bea", *b"bir", *b"cc-", *b"cc_", *b"ccn", *b"cnh", *b"cns",
        *b"cod", *b"cpf", *b"cvc", *b"cvv", *b"dni", *b"dob", *b"dre", *b"ecr", *b"ede", *b"eds", *b"egr",
        *b"nde", *b"fon", *b"has", *b"hma", *b"hon", *b"iba", *b"ick", *b"jwt", *b"key", *b"lul", *b"mai",
        *b"nam", *b"nat", *b"nha", *b"nif", *b"nnw", *b"nom", *b"npj", *b"obi", *b"oke", *b"onc", *b"ook",
        *b"otp", *b"pan", *b"pas", *b"pin", *b"pis", *b"pix", *b"pwd", *b"ras", *b"sas", *b"sci", *b"sdn",
        *b"ses", *b"sid", *b"sig", *b"soc", *b"sse", *b"ssn", *b"tax", *b"tsa", *b"uro", *b"urp", *b"uth",
        *b"uti",
    ]);
    stems.add_with_any(*b"rg"); // shorter than the others
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
