//! A file that is meant to do harm gives an error: no panic, and a short answer.

use trilha_core::policy::{InvalidPolicy, Policy};

const MIB: usize = 1 << 20;

fn refused(file: impl AsRef<[u8]>) -> InvalidPolicy {
    let invalid = Policy::parse(file).unwrap_err();
    assert!((1..=100).contains(&invalid.faults().len()));
    let text = invalid.to_string();
    assert!(text.len() < 64 * 1024, "{}", text.len());
    assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
    invalid
}

fn reason(file: impl AsRef<[u8]>) -> String {
    refused(file).faults()[0].message().to_string()
}

#[test]
fn a_megabyte_of_brackets_is_refused() {
    for bracket in ["[", "]", "[[", "{", "a=[", "a={", "a.", "a={b=", "\"", "'''", "#\n[", "[a]\n", "a=1\n"] {
        refused(bracket.repeat(MIB / bracket.len()));
    }
    refused(format!("version=1\n{}={}", "a.".repeat(1_000) + "a", "[".repeat(10_000)));
}

#[test]
fn more_than_a_megabyte_is_refused() {
    assert_eq!(reason("#".repeat(MIB + 1)), "longer than 1 MiB");
    assert_eq!(reason("#".repeat(MIB)), "version: is missing");
}

#[test]
fn what_is_no_text_is_refused() {
    let invalid = refused(b"version = 1\n# \xC3\xA9 \xFF\n");
    assert_eq!(invalid.to_string(), "line 2, column 5: not UTF-8");
    refused([0xFF, 0xFE, b'v', 0]);
    refused(b"\xFF".repeat(MIB));
    for control in ["\0", "\u{7f}", "\u{1b}[2J", "\r"] {
        refused(format!("version = 1{control}"));
        refused(format!("version = 1\n\"{control}\" = 1"));
        refused(format!("version = 1\n[trust]\nedge = \"{control}\""));
    }
}

#[test]
fn keys_that_a_terminal_should_not_see() {
    let escaped = reason("version = 1\n\"\\u001b[2J\\u202e\" = 1");
    assert!(escaped.starts_with("\"\\u{1b}[2J\\u{202e}\": unknown key;"), "{escaped}");
    let long = reason(format!("version = 1\n{} = 1", "k".repeat(10_000)));
    assert!(long.starts_with(&format!("{}…: unknown key;", "k".repeat(64))), "{long}");
    let long = reason(format!("version = 1\n[keys.{}]", "k".repeat(10_000)));
    assert!(long.len() < 200, "{long}");
    let long = reason(format!("version = 1\n[trust]\npeers = [\"{}\"]", "1".repeat(10_000)));
    assert!(long.len() < 200, "{long}");
}

#[test]
fn more_faults_than_anybody_reads() {
    let many: String = (0..5_000).map(|at| format!("k{at} = 1\n")).collect();
    assert_eq!(refused(format!("version = 1\n{many}")).faults().len(), 100);
    let keys: String = (0..1_000).map(|at| format!("[keys.k{at}]\n")).collect();
    assert_eq!(refused(format!("version = 1\n{keys}")).faults().len(), 100);
}
