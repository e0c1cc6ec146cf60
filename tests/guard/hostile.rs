//! Texts that were made to break a scanner: nothing panics, and one that is hidden in them is still found.

use trilha::guard::{Detector, PiiGuard, Place, Rules, Verdict};

const BYTES: usize = 100_000;
const MAIL: &str = "ana.silva@example.com";

/// All of a value is scanned, and leaves.
fn guard() -> PiiGuard {
    PiiGuard::builder().rules(Rules::new().value_bytes(usize::MAX)).build().unwrap()
}

/// The guard hides what makes a detector panic, and counts that.
#[track_caller]
fn assert_no_failure(guard: &PiiGuard) {
    let failures =
        guard.redactions().filter(|(_, detector, count)| *detector == Detector::Failure && *count > 0);
    assert_eq!(failures.count(), 0, "a detector panicked");
}

/// The pattern again and again.
fn filled(pattern: &str) -> String {
    pattern.repeat(BYTES / pattern.len())
}

const PATTERNS: &[&str] = &[
    "%",
    "%2",
    "%25",
    "%2525",
    "%u0040",
    "%ff",
    "%00",
    "\\",
    "\\\\",
    "\\u",
    "\\u00",
    "\\ud800",
    "\\u{",
    "\\x4",
    "{",
    "[",
    "{\"a\":",
    "[{\"a\":[",
    "}",
    "\"",
    "'",
    "''",
    "\"'`",
    "<",
    "<a>",
    "&",
    "&#",
    "&#64;",
    "&amp;",
    "=",
    "==",
    "a=",
    "=&=",
    "a=b&",
    "?",
    "//",
    "://",
    "a://",
    "a://@",
    "a:b@",
    "@",
    "@a",
    "a@",
    "a@b.",
    "a.@",
    ".",
    "1.",
    "1",
    "0",
    "12 ",
    "1-",
    "+",
    "+1",
    "(11)",
    "00",
    ":",
    "::",
    "a:",
    "fe80::",
    "1:2:",
    "::ffff:1.2.3.",
    "e",
    "eyJ",
    "eyJ.",
    "eyJa.eyJb.",
    "Bearer ",
    "bearer",
    "Basic YTpi",
    "-",
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN ",
    "-----",
    "AKIA",
    "sk_live_",
    "ghp_",
    "xoxb-",
    "password=",
    "password",
    "password=\"",
    "password:{",
    "Pwd=;",
    "token: [",
    "Cookie: ",
    "Some(",
    "A { b: \"",
    "A(\"",
    "\u{0}",
    "\u{7f}",
    "\r\n",
    "\u{a0}",
    "é",
    "🙂",
    "\u{200b}",
    "\u{202e}",
    "１",
    "@é",
    "é@é.",
    "YWJj",
    "YW5hQGV4YW1wbGUuY29t",
    "GB82 ",
    "DE",
    "4111 ",
    "4111-",
    "000.000.000-",
    "12.ABC.345/",
    "a-",
    "A1",
];

#[test]
fn nothing_panics_and_what_is_at_the_end_is_found() {
    let guard = guard();
    for pattern in PATTERNS {
        let text = format!("{} {MAIL} .", filled(pattern));
        let left = match guard.judge(Place::LogBody, "", &text) {
            Verdict::Clean(left) => left.to_owned(),
            Verdict::Replaced(left) => left,
            Verdict::Refused | Verdict::SpanRefused => String::new(),
        };
        assert!(!left.contains("ana.silva"), "{pattern:?}, and the address behind it leaves");
    }
    assert_no_failure(&guard);
}

#[test]
fn nothing_panics_wherever_it_is_cut() {
    let guard = guard();
    for pattern in PATTERNS {
        let text = pattern.repeat(12) + MAIL + pattern;
        for (cut, _) in text.char_indices() {
            let (before, after) = text.split_at(cut);
            for text in [before, after] {
                let _ = guard.judge(Place::LogBody, "", text);
            }
        }
    }
    assert_no_failure(&guard);
}

#[test]
fn ten_megabytes_are_judged_and_cut() {
    let guard = PiiGuard::default();
    for pattern in ["%25", "{\"a\":", "1", "@"] {
        let text = format!("{MAIL} {}", pattern.repeat(10_000_000 / pattern.len()));
        let Verdict::Replaced(left) = guard.judge(Place::LogBody, "", &text) else { panic!("{pattern:?}") };
        assert!(left.len() <= Rules::VALUE_BYTES && !left.contains("ana.silva"), "{pattern:?}");
    }
    assert_eq!(guard.cuts().map(|(_, count)| count).sum::<u64>(), 4);
}
