//! A value whose key names a secret or personal data, whatever the value looks like: `password=hunter2`,
//! `"cpf": "…"`, `Cookie: a=b; c=d`, `<senha>…</senha>`, `--token …`, and `Debug` output.
//!
//! Which keys do so, [`keys`] knows. A value that says nothing (a placeholder of SQL, `none`, a marker of the
//! guard, "expired") is left. In doubt more of the value is hidden, not less.

mod value;

use std::ops::Range;

use self::value::{header, is_code, item, line, says_nothing, value};
use super::text::{
    REACH, bare, before, byte, is_blank, is_clean, is_name, rest, run, run_back, skip_blanks, slice, stands,
};
use crate::guard::keys;

/// The next value, without its quotes.
pub(in crate::guard) fn find(text: &[u8], from: usize) -> Option<Range<usize>> {
    rest(text, from).iter().zip(from..).find_map(|(byte, at)| {
        let value = match byte {
            b'=' | b':' => after_sign(text, at),
            b'>' if before(text, at) == Some(b'<') => after_sign(text, at),
            b'<' => element(text, at),
            b',' => of_tuple(text, at),
            b'-' => option(text, at),
            _ => None,
        };
        value.filter(|value| !value.is_empty())
    })
}

/// Whether what stands before the `=` or `:` at `at` names a secret.
pub(in crate::guard) fn is_named(text: &[u8], at: usize) -> bool {
    key(text, at).is_some()
}

/// The value after the `=` or `:` at `at`.
fn after_sign(text: &[u8], at: usize) -> Option<Range<usize>> {
    let sign = byte(text, at)?;
    let is_path = sign == b':'
        && (before(text, at) == Some(b':')
            || matches!(byte(text, at + 1), Some(b':' | b'='))
            || stands(text, at + 1, b"//"));
    if is_path {
        return None;
    }
    let key = key(text, at)?;
    let after = run(text, at + 1, |byte| matches!(byte, b'=' | b'>'));
    let start = skip_blanks(text, after);
    let name = slice(text, key.clone());
    let is_assignment = sign == b'=' && start > after; // `a = b`: also SQL and code
    let is_quoted = matches!(byte(text, key.end), Some(b'"' | b'\'' | b'\\'));
    let value = value(text, start).resolve(|start| {
        let is_line = sign == b':' && !is_quoted && (is_header(name) || is_at_line_start(text, key.start));
        let end = match (is_line, is_header(name)) {
            _ if is_quoted => run(text, start, |byte| byte > b' ' && !b",]}".contains(&byte)), // JSON
            (true, true) => line(text, start),
            (true, false) => item(text, start),
            (false, true) => header(text, start),
            (false, false) => bare(text, start),
        };
        let value = slice(text, start..end);
        let is_type = value.eq_ignore_ascii_case(name); // `token: Token`
        (!(is_type || says_nothing(value) || is_assignment && is_code(value))).then_some(start..end)
    })?;
    let is_tight = sign == b'=' && !is_quoted && start == at + 1;
    if !is_tight || matches!(byte(text, start), Some(b'"' | b'\'' | b'`' | b'\\')) {
        return Some(value);
    }
    // What looks like a constructor or a list may be the beginning of a password.
    Some(start..value.end.max(bare(text, start)))
}

/// The value of the element whose `<` stands at `at`: `<password>…</password>`.
fn element(text: &[u8], at: usize) -> Option<Range<usize>> {
    let name = run(text, at + 1, |byte| is_name(byte) || byte == b':');
    if name == at + 1 || name - at > REACH || !keys::names_secret(slice(text, at + 1..name)) {
        return None;
    }
    let attributes = slice(text, name..text.len().min(name + 4 * REACH));
    let close = name + attributes.iter().position(|byte| matches!(byte, b'<' | b'>'))?;
    let is_element = byte(text, close) == Some(b'>') && before(text, close) != Some(b'/');
    let start = close + 1;
    let (start, end) = match stands(text, start, b"<![CDATA[") {
        true => (start + 9, run(text, start + 9, |byte| byte != b']')),
        false => (start, run(text, start, |byte| byte != b'<')),
    };
    let is_closed = matches!(rest(text, end), [b'<', b'/', ..] | [b']', ..]);
    (is_element && is_closed && !is_clean(slice(text, start..end))).then_some(start..end)
}

/// The value after the comma at `at` in `("password", "…")`, and in `"--password", "…"`.
fn of_tuple(text: &[u8], at: usize) -> Option<Range<usize>> {
    let is_quoted = matches!(before(text, at), Some(b'"' | b'\''));
    let key = is_quoted.then(|| key(text, at)).flatten()?;
    let opening = run_back(text, key.start, 4, |byte| matches!(byte, b'"' | b'\'' | b'\\'));
    let is_pair = before(text, opening) == Some(b'(') || stands(text, key.start, b"--");
    is_pair.then(|| value(text, skip_blanks(text, at + 1)).resolve(|_| None)).flatten()
}

/// The value after the option whose first `-` stands at `at`: `--password …`.
fn option(text: &[u8], at: usize) -> Option<Range<usize>> {
    let is_option = byte(text, at + 1) == Some(b'-')
        && !before(text, at).is_some_and(is_name)
        && byte(text, at + 2).is_some_and(|byte| byte.is_ascii_alphabetic());
    let end = if is_option { run(text, at + 2, is_name) } else { at };
    let start = skip_blanks(text, end);
    if start == end || end - at > REACH || byte(text, start) == Some(b'-') {
        return None;
    }
    keys::names_secret(slice(text, at + 2..end))
        .then(|| {
            value(text, start).resolve(|start| {
                let value = start..bare(text, start);
                (!says_nothing(slice(text, value.clone()))).then_some(value)
            })
        })
        .flatten()
}

/// The key that ends before the sign at `at`, if it names a secret. One of two words may be: `card number: …`.
fn key(text: &[u8], at: usize) -> Option<Range<usize>> {
    let end = run_back(text, at, 4, |byte| is_blank(byte) || matches!(byte, b'!' | b'<' | b'>' | b':'));
    // In columns: `password    = `, `password . . . : `
    let end = run_back(text, end, REACH, |byte| is_blank(byte) || byte == b'.');
    let end = run_back(text, end, 8, |byte| matches!(byte, b'"' | b'\'' | b'`' | b'\\' | b']'));
    let start = run_back(text, end, REACH, is_name);
    let names_secret = |start| keys::names_secret(slice(text, start..end)).then_some(start..end);
    if start == end {
        return None;
    }
    names_secret(start).or_else(|| {
        let is_assignment = matches!(byte(text, at), Some(b'=' | b'>'));
        let other = before(text, start).filter(|byte| *byte == b' ' && !is_assignment).map(|_| start - 1)?;
        names_secret(run_back(text, other, REACH, is_name))
    })
}

/// Whether the key's value is all that stands on the line.
fn is_header(key: &[u8]) -> bool {
    let ends = |word: &[u8]| key.len() >= word.len() && stands(key, key.len() - word.len(), word);
    ends(b"authorization") || ends(b"cookie")
}

/// Whether only blanks, and the mark of a list, stand before `at` on its line.
fn is_at_line_start(text: &[u8], at: usize) -> bool {
    let start = run_back(text, at, REACH, |byte| is_blank(byte) || byte == b'-');
    matches!(before(text, start), None | Some(b'\n' | b'\r'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::detect::testing::{found, never_panics};

    #[test]
    fn the_value_is_found_in_each_carrier() {
        for (text, secret) in [
            ("password=hunter2", "hunter2"),
            ("user=ana password=hunter2 ok=1", "hunter2"),
            ("a=1&password=hunter2&b=2", "hunter2"),
            (r#"{"password":"hunter2","a":1}"#, "hunter2"),
            (r#"{"password" : "hun\"ter2", "a": 1}"#, r#"hun\"ter2"#),
            (r#"{\"password\":\"hunter2\",\"a\":1}"#, "hunter2"),
            (r#""{\\\"password\\\":\\\"hunter2\\\"}""#, "hunter2"),
            (r#"{"pin": 1234, "a": 1}"#, "1234"),
            (r#"{"cpf":["1","2"],"a":1}"#, r#""1","2""#),
            (r#"{"credentials":{"a":{"b":"}"}},"c":1}"#, r#""a":{"b":"}"}"#),
            ("password: hunter2", "hunter2"),
            ("senha: rosa b c\nx", "rosa b c"),
            ("  - senha: rosa b, id: 3", "rosa b"),
            ("failed: password: hunter2, id: 3", "hunter2"),
            ("Cookie: a=b; c=\"d\"; e=f\r\nHost: x", "a=b; c=\"d\"; e=f"),
            ("Authorization: Basic x:y z\nHost: x", "Basic x:y z"),
            ("authorization=Bearer abc user=ana", "Bearer abc"),
            ("cookie=a=b; c=d user=ana", "a=b; c=d"),
            ("curl -H 'Cookie: a=b; c=d' https://x", "a=b; c=d"),
            ("cpf => 123, x", "123"),
            ("Login { user: 1, password: \"hunter2\", a: 1 }", "hunter2"),
            ("Login { password: Some(\"hunter2\"), a: 1 }", "hunter2"),
            ("Login { token: Some(Token(abc)), a: 1 }", "abc"),
            ("Login { session: Session { id: \"x\", n: 1 }, a: 1 }", " id: \"x\", n: 1 "),
            ("Login { secret: b\"hunter2\", a: 1 }", "hunter2"),
            ("Login { secret: [104, 117], a: 1 }", "104, 117"),
            ("WHERE password = 'it''s' AND a = 1", "it''s"),
            ("SET email='x' WHERE a=1", "x"),
            ("WHERE u.cpf <> '123'", "123"),
            ("<a><password>hunter2</password></a>", "hunter2"),
            ("<ns:senha type=\"x\">a b</ns:senha>", "a b"),
            ("<token><![CDATA[a<b]]></token>", "a<b"),
            ("<user password=\"hunter2\" id=\"1\"/>", "hunter2"),
            ("run --password hunter2 --x", "hunter2"),
            ("run --password=hunter2 --x", "hunter2"),
            ("run --api-key 'a b' x", "a b"),
            ("[\"--token\", \"abc\"]", "abc"),
            ("[(\"cookie\", \"a=b\"), (\"host\", \"x\")]", "a=b"),
            ("card number: 4111", "4111"),
            ("password            = hunter2", "hunter2"),
            ("Password . . . . . . . . . : hunter2", "hunter2"),
            ("Card number.....................: 4111", "4111"),
            ("user[password]=hunter2", "hunter2"),
            ("params['senha'] = 'a'", "a"),
            ("PASSWORD=p&a;s,s!", "p&a;s,s!"),
            ("password=hun", "hun"),
            ("{\"password\":\"hun", "hun"),
            ("endereço=\"Rua A, 1\"", "Rua A, 1"),
            ("password=pá", "pá"),
            ("{password=hunter2}", "hunter2"),
            ("token = a1b2", "a1b2"),
            ("password=$2b$10$abc", "$2b$10$abc"),
        ] {
            assert_eq!(found(find, text), [secret], "{text}");
        }
    }

    #[test]
    fn several_values_are_found_one_after_the_other() {
        assert_eq!(found(find, "cpf=1 senha=2 id=3 pin=4"), ["1", "2", "4"]);
        assert_eq!(found(find, r#"{"a":"b","cpf":"1","x":{"senha":"2"}}"#), ["1", "2"]);
    }

    #[test]
    fn what_says_nothing_is_left() {
        for text in [
            "token: none",
            "password=?",
            "password = $1 AND token = :token AND email = @p1",
            "password=*** token=xxxx",
            "password=[redacted:key] token: [hash:0011223344556677]",
            "{\"password\":\"[redacted:key]\",\"token\":null,\"cpf\":\"\"}",
            "Login { password: Some([redacted:key]), token: None, session: [redacted:key] }",
            "Login { name: …, password: … }",
            "password={} token={token} secret=${SECRET}",
            "session: expired",
            "the password: must be at least 8 characters",
            "token: invalid, session: not found",
            "fn login(password: String, token: &str)",
            "JOIN s ON s.token = t.token AND a.session_id = b.session_id",
            "let token = parse(input)?;",
            "use --password to log in",
            "Vec<Token> and Option<Secret>",
            "session::Token and auth::Session",
            "token://x",
            "[\"password\", \"email\"]",
            "<token>",
            "Bearer <token>",
        ] {
            assert_eq!(found(find, text), [""; 0], "{text}");
        }
    }

    #[test]
    fn ordinary_pairs_are_not() {
        for text in [
            "cookie_count=3 token_count: 12 key=value",
            "session.duration=12ms monkey=1 max_tokens=100",
            "{\"primary_key\":\"id\",\"partition.key\":\"a\",\"author\":\"b\"}",
            "level=info msg=\"started\" port=8080 user_agent=curl/8.0",
            "12:34:56 GET /orders?page=2 status=200",
            "std::io::Error: kind: NotFound",
            "SELECT a FROM t WHERE id = 1 AND b > 2 -- c",
            "Order { id: 42, total: 12.5, items: [1, 2] }",
            "a <b> c </b> d",
        ] {
            assert_eq!(found(find, text), [""; 0], "{text}");
        }
    }

    #[test]
    fn a_second_look_finds_nothing() {
        for text in [
            "password=hunter2 a=1",
            "{\"password\":\"hunter2\"}",
            "Cookie: a=b; c=d",
            "authorization=Bearer abc user=ana",
            "Login { password: Some(\"x\"), session: Session { id: 1 } }",
            "<senha>a</senha> --token abc WHERE cpf = '1'",
        ] {
            let mut text = text.to_owned();
            while let Some(range) = find(text.as_bytes(), 0) {
                assert!(!text[range.clone()].contains("redacted"), "{text}");
                text.replace_range(range, "[redacted:key]");
            }
        }
    }

    #[test]
    fn hostile_text_is_read_a_bounded_number_of_times() {
        for piece in [
            "=",
            ":",
            "<",
            ",",
            "-",
            "--a ",
            "password",
            "a=",
            "<token>",
            "password=*",
            "(\"a\",",
            "token: none ",
        ] {
            assert_eq!(found(find, &piece.repeat(20_000)).len() / 20_001, 0, "{piece}");
        }
        assert_eq!(found(find, &format!("token={}", "[".repeat(1_000_000))).len(), 1);
    }

    never_panics!(find, "((password|cpf|Cookie|--token)[=: ]{0,2}|[\"'a-zé,;{}()\\[\\]<>/\\\\ ]{0,6}){0,8}");
}
