//! What the tests of the detectors share: carriers, hostile text, and properties that each one has to have.

use std::ops::Range;

use proptest::prelude::*;

use super::*;

type Find = fn(&[u8], usize) -> Option<Range<usize>>;

const ALL: [Find; 8] =
    [card::find, cnpj::find, cpf::find, email::find, iban::find, ip_address::find, phone::find, ssn::find];

/// What stands before and after a value in telemetry.
const CARRIERS: [(&str, &str); 34] = [
    ("", ""),
    ("\"", "\""),
    ("'", "'"),
    ("(", ")"),
    ("[", "]"),
    ("<", ">"),
    ("{", "}"),
    ("key=", ""),
    ("key=", "&other=1"),
    ("key=", ";other=1"),
    ("key: ", ""),
    ("key:", ","),
    ("{\"key\":\"", "\",\"n\":1}"),
    ("{\"key\": [\"", "\"]}"),
    ("{\\\"key\\\":\\\"", "\\\"}"),
    ("Customer { id: 42, value: \"", "\" }"),
    ("Some(\"", "\")"),
    ("select * from t where a = '", "' and b = 1"),
    ("insert into t values (1, '", "', 2)"),
    ("/customers/", "/orders"),
    ("https://api.example.com/v1/", ""),
    ("https://api.example.com/v1?q=", "&page=2"),
    ("x-customer: ", "\r\nhost: a"),
    ("invalid value: ", ": not known"),
    ("no customer ", ""),
    ("customer ", " was not found"),
    ("Customer ", ". Next one"),
    ("customer ", ", who was"),
    ("customer ", "!\n"),
    ("são ", " é"),
    ("“", "”"),
    ("→", "…"),
    ("a\n", "\nb"),
    ("\t", "\t"),
];

/// Everything that is found in a text, as text.
pub(super) fn found(find: Find, text: &str) -> Vec<&str> {
    let all = std::iter::successors(find(text.as_bytes(), 0), |last| find(text.as_bytes(), last.end));
    all.map(|range| &text[range]).collect()
}

/// The value is found alone and in every carrier, exactly.
#[track_caller]
pub(super) fn assert_found(find: Find, value: &str) {
    for (before, after) in CARRIERS {
        let text = format!("{before}{value}{after}");
        assert_eq!(found(find, &text), [value], "in {text:?}");
    }
}

/// Nothing is found in any of the texts.
#[track_caller]
pub(super) fn assert_clean(find: Find, texts: &[&str]) {
    for text in texts {
        assert_eq!(found(find, text), [""; 0], "in {text:?}");
    }
}

#[test]
fn ordinary_telemetry_is_left() {
    let texts = [
        "550e8400-e29b-41d4-a716-446655440000",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "nginx:1.25.3@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "1.25.3-alpine+build.20240115",
        "2024-01-15T10:30:00.123456789Z",
        "2024-01-15 10:30:00 +0300",
        "1700000000",
        "1700000000123",
        "1700000000123456",
        "1700000000123456789",
        "GET /api/v1/orders/{id}/items/10023456",
        "select o.id, o.total from orders o where o.id = $1 and o.total > 100.50 limit 10 offset 20",
        "checkout-7d9f8b6c5d-x2x4q",
        "docker://3f4e5d6c7b8a90112233445566778899aabbccddeeff00112233445566778899",
        "R$ 1.234.567,89",
        "ORD-2024-001234",
        "10023456",
        "202401150001",
        "0.0.0.0:8080",
        "127.0.0.1:5432",
        "[::1]:4317",
        "localhost:8080",
        "tokio::runtime::task::core::Cell<dead::beef>",
        "arn:aws:lambda:us-east-1:123456789012:function:checkout",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
        "\"33a64df551425fcc55e4d42a148795d9f25f89d4\"",
        "W/\"0815=\"",
        "1541815603606036480",
        "12:34:56",
        "00:1a:2b:3c:4d:5e",
        "00:11:22:33:44:55:66:77",
        "@scope/package@1.2.3",
        "actions/checkout@v4.1.1",
        "user@host",
        "git@github.com:org/repo.git",
        "thread 'main' panicked at src/main.rs:42:7",
        "took 1234.567 ms, 12 rows, 3 retries",
        "10.5 20.25 30.125 40.0625",
        "0x7ffee4b5c8d0",
        "pool: 5 idle, 10 max, 30000 ms",
    ];
    for (at, find) in ALL.into_iter().enumerate() {
        for text in texts {
            assert_eq!(found(find, text), [""; 0], "by detector {at} in {text:?}");
        }
    }
}

#[test]
fn hostile_text_is_read_in_linear_time() {
    let pieces = [
        "@",
        "a@",
        "a@a.",
        "\"@",
        "1",
        "1.",
        "1 ",
        "1111 ",
        "a:",
        ":",
        "::",
        "1:",
        "+",
        "+1 ",
        "(",
        "(11) ",
        "00",
        "DE89 ",
        "4111 1111 1111 1111 ",
        "a@b.cc ",
        "1.2.3.4.",
        "%",
        "é",
        "é@",
    ];
    for find in ALL {
        for piece in pieces {
            let text = piece.repeat(100_000 / piece.len());
            found(find, &text);
        }
    }
}

proptest! {
    #[test]
    fn a_range_is_within_the_text(
        text in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..80),
            "[0-9a-f:.+() @/-]{0,80}".prop_map(String::into_bytes),
            "[a-z0-9.@\"é“\\[\\]:-]{0,60}".prop_map(String::into_bytes),
        ],
        from in 0_usize..90,
    ) {
        for find in ALL {
            if let Some(range) = find(&text, from) {
                prop_assert!(from <= range.start && range.start < range.end && range.end <= text.len());
            }
        }
    }

    #[test]
    fn a_range_of_text_is_text(text in "[a-zé“中0-9.@:+() -]{0,60}") {
        for find in ALL {
            if let Some(range) = find(text.as_bytes(), 0) {
                prop_assert!(text.get(range).is_some());
            }
        }
    }
}
