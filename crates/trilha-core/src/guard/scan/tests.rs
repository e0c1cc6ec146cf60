//! What the engine promises: no detector is passed over that would find something, and a find in a view is told
//! as a range of the text.

use proptest::prelude::*;

use super::*;

fn scanner() -> Scanner {
    Scanner::new(Detector::ALL.into_iter().collect(), Vec::new())
}

/// What is found, with the name of its detector.
fn found(text: &str) -> Vec<(&'static str, &str)> {
    let findings = scanner().find(text, Detectors::default());
    findings.into_iter().map(|Finding { range, detector }| (detector.name(), &text[range])).collect()
}

#[test]
fn a_find_is_told_as_it_stands_in_the_text() {
    for (text, detector, part) in [
        ("mail ana@example.com now", "email", "ana@example.com"),
        ("/users/ana%40example.com/orders", "email", "ana%40example.com"),
        ("/users/ana%2540example.com", "email", "ana%2540example.com"),
        ("%2Fusers%2F%61na%252540example%2Ecom%2Fx", "email", "%61na%252540example%2Ecom"),
        (r#"{"a":"ana\u0040example.com"}"#, "email", r"ana\u0040example.com"),
        (r#"error "no \u{61}na@example.com""#, "email", r"\u{61}na@example.com"),
        (r#"{\"a\":\"\nana@example.com\"}"#, "email", r"\nana@example.com"),
        ("<p>ana&#64;example.com</p>", "email", "ana&#64;example.com"),
        ("q=529.982.247-25", "cpf", "529.982.247-25"),
        ("cliente ５２９.９８２.２４７-２５", "cpf", "５２９.９８２.２４７-２５"),
        ("529\u{200b}.982\u{ad}.247\u{2011}25", "cpf", "529\u{200b}.982\u{ad}.247\u{2011}25"),
        ("4111\u{a0}1111\u{a0}1111\u{a0}1111", "card", "4111\u{a0}1111\u{a0}1111\u{a0}1111"),
        ("q=4111+1111+1111+1111&p=2", "card", "4111+1111+1111+1111"),
        ("q=4111+1111+1111+1111", "card", "4111+1111+1111+1111"),
        ("to=%2B55+11+98765-4321&p=2", "phone", "%2B55+11+98765-4321"),
        ("from 192.0.2.1:80", "ip_address", "192.0.2.1"),
    ] {
        assert!(found(text).contains(&(detector, part)), "{text}: {:?}", found(text));
    }
}

#[test]
fn clean_text_needs_no_memory() {
    for text in ["", "a", "/orders/{id}", "checkout-7d9f8b6c5d-x2x4q", "550e8400-e29b-41d4-a716-446655440000"]
    {
        assert_eq!(scanner().find(text, Detectors::default()).capacity(), 0, "{text}");
    }
}

#[test]
fn ordinary_values_are_shown_to_no_detector() {
    for text in [
        "GET /api/v1/orders/{order_id}/items",
        "payment declined by the acquirer network",
        "SELECT id, total FROM orders WHERE a = $1",
        "https://shop.example.com/orders/42/items",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "550e8400-e29b-41d4-a716-446655440000",
        "checkout-7d9f8b6c5d-x2x4q",
        "2026-07-01T12:34:56.789Z",
        "1700000000123",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "orders::api::create",
        "não foi possível concluir a transação",
        "1.25.3-alpine",
    ] {
        let suspicion = Suspicion::of(text.as_bytes());
        assert_eq!(suspicion, Suspicion::NONE, "{text}");
    }
}

#[test]
fn a_name_that_only_looks_like_a_secrets_is_shown_to_no_detector() {
    for text in [
        "order created: id=42",
        "panicked at src/main.rs:42:17",
        "cache miss for key product:42",
        "order 42 was updated: status=shipped total=12",
        "SELECT name FROM products WHERE category = $1",
        "invalid state: expected open, found closed",
    ] {
        let suspects = Suspicion::of(text.as_bytes()).suspects(text.as_bytes());
        assert!(suspects.is_empty(), "{text}: {suspects:?}");
    }
}

#[test]
fn each_name_of_a_text_is_seen_for_those_that_know_it() {
    let text = "senha: x1y2z3\nGET /files?sig=abc123";
    assert_eq!(found(text), [("key", "x1y2z3"), ("url", "abc123")]);
}

#[test]
fn user_information_is_seen_far_from_the_scheme() {
    let text = format!("https://{}:hunter2@localhost:5432/x", "user".repeat(20));
    assert!(found(&text).iter().any(|(_, part)| part.contains("hunter2")), "{text}: {:?}", found(&text));
}

#[test]
fn a_webhook_is_seen_wherever_it_stands() {
    let code = "aB3dE5fG7hI9jK1lM3nO5pQ7".repeat(2);
    for path in [
        "hooks.slack.com/services/T024BE7LD/B024BE7LE/",
        "hooks.slack.com/workflows/T024BE7LD/A024BE7LE/123456789012345678/",
        "discord.com/api/webhooks/123456789012345678/",
    ] {
        for at in 0..70 {
            let before = "a, b. ".repeat(12);
            let webhook = format!("{path}{code}");
            let text = format!("{} {webhook}", &before[..at]);
            assert_eq!(found(&text), [("api_key", webhook.as_str())], "{text}");
        }
    }
}

#[test]
fn a_name_is_seen_wherever_it_stands_and_however_long_it_is() {
    for name in ["secret", "secret-00000000000000000", "a-name-of-many-words-that-ends-with-token"] {
        for pair in [format!("{name}=x1y2z3"), format!("{name}\"\"' !: x1y2z3"), format!("--{name} x1y2z3")] {
            for at in 0..70 {
                let text = format!("{} {pair}", &"a, b. ".repeat(12)[..at]);
                assert!(found(&text).contains(&("key", "x1y2z3")), "{text}");
            }
        }
    }
}

#[test]
fn the_shortest_credentials_are_seen_behind_any_blanks_and_at_the_end() {
    for text in ["Basic dTpw", "basic  \t dTpw", "as basic dTpw", "Bot\t a1B2c3D4e5F6g7H8i9"] {
        assert!(found(text).iter().any(|(name, _)| *name == "credentials"), "{text}");
    }
}

#[test]
fn what_is_excepted_is_not_looked_for() {
    let except = Detectors::of(&[Detector::IpAddress]);
    assert_eq!(scanner().find("192.0.2.1", except), []);
    assert_eq!(Scanner::new(except, Vec::new()).find("ana@example.com", Detectors::default()), []);
}

#[test]
fn finds_that_overlap_are_one() {
    let find = |range, detector| Finding { range, detector };
    let mut all = vec![
        find(8..12, Detector::Phone),
        find(0..4, Detector::Key),
        find(0..4, Detector::Email),
        find(3..6, Detector::Card),
        find(6..7, Detector::Cpf),
        find(8..20, Detector::Url),
    ];
    merge(&mut all);
    assert_eq!(all, [find(0..6, Detector::Email), find(6..7, Detector::Cpf), find(8..20, Detector::Url)]);
}

/// Finds `é` by its last byte, and breaks the rules.
#[derive(Debug)]
struct Own;

impl Detect for Own {
    fn name(&self) -> &str {
        "own"
    }

    fn find(&self, text: &[u8], from: usize) -> Option<Range<usize>> {
        let at = from + text.get(from..)?.iter().position(|&byte| byte == 0xa9)?;
        Some(at..at + 1 + usize::from(text.ends_with(b"!")) * 100)
    }
}

#[test]
fn a_detector_of_ones_own_is_asked_about_every_text() {
    let scanner = Scanner::new(Detectors::of(&[Detector::Own(0)]), vec![Arc::new(Own)]);
    let found = |text| scanner.find(text, Detectors::default());
    let own = |range| Finding { range, detector: Detector::Own(0) };
    assert_eq!(found("a"), []);
    assert_eq!(found("né!e"), [own(1..3)]);
    assert_eq!(found("n%C3%A9e"), [own(4..7)]);
    assert_eq!(found("né."), [own(1..3)]);
    assert_eq!(found("née!"), [own(1..5)], "what goes beyond the text is hidden to its end");
    assert_eq!(scanner.find("é", Detectors::of(&[Detector::Own(0)])), []);
}

#[test]
fn hostile_text_is_scanned_in_bounded_time() {
    for piece in [
        "%",
        "%25",
        "%2540",
        "\\",
        "\\\\\"",
        "{\"a\":",
        "&#64;",
        "é",
        "\u{ad}",
        "１",
        "a@",
        "1 ",
        ":",
        "=",
        "-",
        "bearer ",
        "digest a=",
        "token=x ",
        "host=a;password=",
        "user@",
        "&token=",
    ] {
        let text = piece.repeat(1_000_000 / piece.len());
        scanner().find(&text, Detectors::default());
    }
}

/// A value that a detector finds: one of the endings of what was generated.
fn with_check(find: Find, start: &str, endings: impl Iterator<Item = String>) -> String {
    let mut all = endings.map(|ending| format!("{start}{ending}"));
    all.find(|text| find(text.as_bytes(), 0) == Some(0..text.len())).unwrap_or_else(|| start.to_owned())
}

fn digits(most: u32) -> impl Iterator<Item = String> {
    (0..10_u32.pow(most)).map(move |number| format!("{number:0width$}", width = most as usize))
}

fn name() -> impl Strategy<Value = String> {
    "(user[_.-]|x-|db|my |)(password|Password|SENHA|secret|api[_-]?key|token|Cookie|Authorization|session[_.]id|cpf|rg|email|card number|phone|pin)(_hash|\\]|)"
}

fn value() -> impl Strategy<Value = String> {
    let by = || prop_oneof!["", " ", "-", "\\.", "/"];
    prop_oneof![
        "[a-z.+]{1,9}@[a-z]{1,5}\\.[a-z]{2,3}",
        ("[2-6][0-9]{11,17}", by(), any::<u8>()).prop_map(|(start, by, form)| {
            let card = with_check(detect::card::find, &start, digits(1));
            let group = |length: usize| {
                card.as_bytes()
                    .chunks(length)
                    .map(|four| String::from_utf8_lossy(four).into_owned())
                    .collect::<Vec<_>>()
                    .join(&by)
            };
            match form % 4 {
                0 => card,
                1 if card.len() == 15 => [&card[..4], &card[4..10], &card[10..]].join(&by),
                _ => group(4),
            }
        }),
        ("[0-9]{3}", "[0-9]{3}", "[0-9]{3}", by(), by()).prop_map(|(a, b, c, by, last)| {
            with_check(
                detect::cpf::find,
                &[&a, &by, &b, &by, &c, &last].map(|part| part.to_string()).concat(),
                digits(2),
            )
        }),
        ("[0-9A-Z]{2}", "[0-9A-Za-z]{3}", "[0-9A-Z]{3}", "[0-9A-Z]{4}", by(), by(), by()).prop_map(
            |(a, b, c, d, by, slash, last)| {
                let start = [&a, &by, &b, &by, &c, &slash, &d, &last].map(|part| part.to_string()).concat();
                with_check(detect::cnpj::find, &start, digits(2))
            }
        ),
        "[0-8][0-9]{2}([ -])[0-9]{2}([ -])[0-9]{4}",
        ("(NO|BE|DE|GB|FR|BR|MT|KW|no|gb)", "[0-9A-Z]{31}", by()).prop_map(|(country, rest, by)| {
            let any = (11..=29).flat_map(|length| digits(2).map(move |check| (length, check)));
            let plain = any.map(|(length, check)| format!("{country}{check}{}", &rest[..length]));
            let iban = { plain }.find(|text| detect::iban::find(text.as_bytes(), 0) == Some(0..text.len()));
            let iban = iban.unwrap_or_default();
            iban.as_bytes()
                .chunks(4)
                .map(|four| String::from_utf8_lossy(four).into_owned())
                .collect::<Vec<_>>()
                .join(&by)
        }),
        "(\\+|00|)(55|1|44|)[ ]?(\\([1-9]{2}\\)|[1-9]{2})[ .-]?9?[0-9]{4}[ .-]?[0-9]{4}",
        "\\+[1-9][0-9() ./-]{7,14}[0-9]{2}",
        "0?[1-9]{2}[ .-]?9[ -]?[0-9]{4}[ -]?[0-9]{4}",
        "[12]?[0-9]{1,2}\\.[12]?[0-9]{1,2}\\.[12]?[0-9]{1,2}\\.[12]?[0-9]{1,2}",
        "([0-9a-f]{1,4}:){7}[0-9a-f]{1,4}",
        "([0-9a-f]{1,4}:){0,3}:([0-9a-f]{1,4}:){0,3}[0-9a-f]{0,4}",
        "[a-z]{0,3}eyJ[A-Za-z0-9_-]{11,30}\\.(eyJ|)[A-Za-z0-9_-]{0,30}\\.[A-Za-z0-9_-]{0,30}",
        "(Bearer|bearer|DPoP|Token|ApiKey|api-key|Bot|Basic|NTLM|Negotiate|SSWS|GenieKey) [\"']?[A-Za-z0-9+/._-]{4,40}",
        "Basic (dXNlcjpw|YTpi|Og==|cG9zdGdyZXM6cG9zdGdyZXM=)",
        "(Digest|OAuth|Hawk|MAC|Signature|AWS4-HMAC-SHA256) (username|response|mac|signature)=\"[a-z0-9]{4,9}\"",
        "-----BEGIN (RSA |EC |)PRIVATE KEY-----[ A-Za-z0-9]{0,20}",
        (
            0..detect::api_key::SHAPES.len(),
            "[A-Z0-9]{80}",
            "[a-zA-Z0-9_-]{12,80}",
            "[0-9a-f]{12,80}",
            0..90_usize
        )
            .prop_map(|(shape, upper, word, hex, length)| {
                let prefix = String::from_utf8_lossy(detect::api_key::SHAPES[shape].prefix).into_owned();
                [&upper, &word, &hex]
                    .map(|body| format!("{prefix}{}", &body[..body.len().min(length.max(12))]))
                    .into_iter()
                    .find(|key| detect::api_key::find(key.as_bytes(), 0).is_some())
                    .unwrap_or(prefix)
            }),
        "[0-9a-f]{32}-us[0-9]{1,2}",
        "[0-9]{8,10}:A[A-Za-z0-9_-]{34}",
        "[MNO][DTjz][A-Za-z0-9]{22}\\.[A-Za-z0-9_-]{6}\\.[A-Za-z0-9_-]{27,38}",
        "[A-Za-z0-9]{3}[0-9]Q~[A-Za-z0-9_~-]{31,34}",
        "[a-z]{2,5}://[a-z]{1,5}:[a-zA-Z0-9@/:%]{1,12}@[a-z]{1,9}\\.[a-z]{2,3}(:80)?(/[a-z]*)?",
        "[/a-z?&;#]{0,9}[?&#;](token|access_token|api_key|sig|code|X-Amz-Signature|user\\[password\\]|state|key|nonce|SAMLResponse)=[A-Za-z0-9]{1,20}",
        "(Server|Host|Data Source|AccountName)=[a-z]{1,40};( ?User ID=[a-z]{1,9};)? ?(Password|Pwd|AccountKey|SharedAccessKey) ?=[A-Za-z0-9+/@]{1,20}",
        "host=[a-z.]{1,40} (user=[a-z]{1,9} )?password = ?'?[a-z0-9]{1,9}",
        "[a-z]{1,5}:[a-z0-9]{1,5}@(tcp|unix)\\([a-z:0-9]{0,9}\\)",
        "[a-z]{1,5}/[a-z0-9]{1,5}@//[a-z]{1,9}",
        (
            name(),
            "(=|: ?|\": ?\"|\"\\]=\"|'\\]=|`: |\"`=| => |=\"|\\\\\": \\\\\"|: Some\\(\"| = '|<>|\", \"|' ,'|>)",
            "[a-zA-Z0-9$.]{1,12}"
        )
            .prop_map(|(name, sign, value)| format!("{name}{sign}{value}")),
        (name(), "([ ]{0,80}|( ?\\.){0,40}|[_.-]{0,80}) ?", "[:=]", "[a-zA-Z0-9$.]{1,12}")
            .prop_map(|(name, gap, sign, value)| format!("{name}{gap}{sign}{value}")),
        (name(), "[\"']", ", ?\"?", "[a-zA-Z0-9$.]{1,12}")
            .prop_map(|(name, quote, by, value)| format!("({quote}{name}{quote}{by}{value}\")")),
        (name(), "[ ]{1,3}", "[a-zA-Z0-9$.]{1,12}")
            .prop_map(|(name, by, value)| format!("--{name}{by}{value}")),
        (name(), ":{0,2}", "( [a-z]{1,5}=\"[a-z ]{1,9}\"){0,2}", "[a-zA-Z0-9$.]{1,12}").prop_map(
            |(name, by, attribute, value)| {
                let name = name.replacen(['_', '-', '.'], &by, 1);
                format!("<{name}{attribute}>{value}</{name}>")
            }
        ),
        "(PuTTY-User-Key-File-|AGE-SECRET-KEY-)[0-9A-Z]{0,30}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn who_would_find_something_is_asked(
        before in prop_oneof![Just(String::new()), "[ -~é]{0,70}", "[a-z0-9 ]{0,10}[ \"'(\\[=:/,>]"],
        value in value(),
        after in prop_oneof![Just(String::new()), "[ -~é]{0,70}", "[ \"')\\],.;<&][a-z0-9 ]{0,10}"],
    ) {
        let text = format!("{before}{value}{after}");
        prop_assert_eq!(overlooked(text.as_bytes()), None, "in {:?}", text);
    }

    #[test]
    fn findings_are_parts_of_the_text_in_order(
        text in "([a-z@.é１ ]|[0-9]{3}|%[0-9a-f]{2}|\\\\[nux\"\\\\]|&#6[0-9];|\\+|=|:){0,60}",
    ) {
        let findings = scanner().find(&text, Detectors::default());
        for Finding { range, .. } in &findings {
            prop_assert!(text.get(range.clone()).is_some_and(|part| !part.is_empty()));
        }
        for pair in findings.windows(2) {
            prop_assert!(pair[0].range.end <= pair[1].range.start);
        }
    }
}
