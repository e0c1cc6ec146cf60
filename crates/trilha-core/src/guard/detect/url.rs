//! What a URL keeps secret: its user information, and parameters of its query or fragment that are credentials.
//!
//! A query alone is enough: `/path?token=…`, `?a=b&sig=…`, and `a=b&sig=…` where it is the whole text. Personal
//! data in a parameter is found by what it looks like, and by [`pair`](super::pair).
//!
//! Specifications: RFC 3986 section 3.2.1; OpenTelemetry semantic conventions 1.37, `url.full` and `url.query`. More
//! than RFC 3986 allows is read as user information: people forget to encode `@`, `/` and `#` in a password.

use std::ops::Range;

use super::text::{
    REACH, bare, before, byte, closes, is_clean, is_name, is_random, is_start, rest, run, run_back, slice,
    stands,
};
use crate::guard::keys;

/// Parameters that [`keys`] does not know: their names are credentials in a URL only.
const CREDENTIALS: [&[u8]; 13] = [
    b"assertion",
    b"client_assertion",
    b"code_verifier",
    b"hmac",
    b"samlrequest",
    b"samlresponse",
    b"sas",
    b"sig",
    b"signature",
    b"ticket",
    b"x-amz-signature",
    b"x-goog-signature",
    b"x-goog-credential",
];

/// Parameters that often are something else: they count if the value looks made.
const DOUBTFUL: [&[u8]; 5] = [b"code", b"hash", b"key", b"nonce", b"state"];

/// No value of a doubtful parameter is a credential if it is shorter.
const SHORTEST: usize = 8;

/// The next secret: user information without its `@`, or the value of a parameter.
pub(in crate::guard) fn find(text: &[u8], from: usize) -> Option<Range<usize>> {
    let mut urls = Urls { text, stop: 0 };
    (from..text.len()).find_map(|at| match byte(text, at)? {
        b':' if stands(text, at, b"://") => urls.user_info(at + 3),
        b'?' | b'&' | b'#' => parameter(text, at + 1, true),
        b';' => parameter(text, at + 1, false),
        _ if at == 0 => parameter(text, 0, false).filter(|value| byte(text, value.end) == Some(b'&')),
        _ => None,
    })
}

/// Whether a parameter may be secret whose name ends before the `=` at `at`.
pub(in crate::guard) fn is_named(text: &[u8], at: usize) -> bool {
    let start = run_back(text, at, REACH, is_parameter);
    let name = slice(text, start..at);
    let is_query = || matches!(before(text, start), Some(b'?' | b'&' | b'#'));
    byte(text, at) == Some(b'=') && (names_credential(name) || is_query() && is_one_of(&DOUBTFUL, name))
}

/// The value of the parameter whose name begins at `at`, if it is secret.
fn parameter(text: &[u8], at: usize, is_query: bool) -> Option<Range<usize>> {
    let end = run(text, at, is_parameter);
    if end == at || end - at > REACH || byte(text, end) != Some(b'=') {
        return None;
    }
    let name = slice(text, at..end);
    let is_credential = names_credential(name);
    if !(is_credential || is_query && is_one_of(&DOUBTFUL, name)) {
        return None;
    }
    let start = end + 1;
    let is_mark = |byte| matches!(byte, b'&' | b'#') || byte == b'?' && !is_query;
    let value = start..run(slice(text, 0..bare(text, start)), start, |byte| !is_mark(byte));
    let text = slice(text, value.clone());
    let is_secret = !is_clean(text) && (is_credential || text.len() >= SHORTEST && is_random(text));
    is_secret.then_some(value)
}

/// Whether the name of a parameter may hold it.
fn is_parameter(byte: u8) -> bool {
    is_name(byte) || matches!(byte, b'[' | b']')
}

fn names_credential(name: &[u8]) -> bool {
    keys::names_secret(name) || is_one_of(&CREDENTIALS, name)
}

fn is_one_of(names: &[&[u8]], name: &[u8]) -> bool {
    names.iter().any(|one| name.eq_ignore_ascii_case(one))
}

/// The URLs of a text. It knows how far the text was read, so that no part is read once for each `://`.
struct Urls<'a> {
    text: &'a [u8],
    /// The first `@` or end of a URL, at or after the last place that was asked for.
    stop: usize,
}

impl Urls<'_> {
    /// The user information that begins at `start`.
    fn user_info(&mut self, start: usize) -> Option<Range<usize>> {
        let text = self.text;
        let has_scheme = !is_start(text, start - 3);
        if self.stop < start {
            self.stop = stop(text, start);
        }
        if !has_scheme || byte(text, self.stop) != Some(b'@') {
            return None;
        }
        let mut info = start..self.stop;
        let authority = run(text, start, |byte| !matches!(byte, b'/' | b'?' | b'#' | b'@'));
        if authority < info.end && !is_unencoded(slice(text, start..authority)) {
            return None;
        }
        // What follows `@` may be the rest of a password that holds one; another URL is not.
        while !is_host(rest(text, info.end + 1)) {
            let next = stop(text, info.end + 1);
            if byte(text, next) != Some(b'@') {
                break;
            }
            info.end = next;
        }
        (!is_hidden(slice(text, info.clone()))).then_some(info)
    }
}

/// Where the first `@` stands at or after `at`, or else where the URL ends, or another one begins.
fn stop(text: &[u8], at: usize) -> usize {
    let is_stop = |at: usize, byte: u8| match byte {
        0..=b' ' | b'@' => true,
        b'"' | b'\'' | b'`' | b'>' => closes(text, at + 1),
        b'<' => stands(text, at + 1, b"/"),
        b':' => stands(text, at, b"://"),
        _ => false,
    };
    rest(text, at).iter().zip(at..).find(|(byte, at)| is_stop(*at, **byte)).map_or(text.len(), |(_, at)| at)
}

/// Whether the user information says nothing: hidden already, or the user of every git server.
fn is_hidden(info: &[u8]) -> bool {
    let is_marker = !info.starts_with(b":") && is_clean(info);
    is_marker || info == b"git" || info.split(|byte| *byte == b':').all(is_clean)
}

/// Whether what looks like `host:port` is a user and the beginning of a password with `/`, `?` or `#` in it.
fn is_unencoded(authority: &[u8]) -> bool {
    let mut parts = authority.splitn(2, |byte| *byte == b':');
    let user = parts.next().unwrap_or_default();
    !user.starts_with(b"[")
        && parts.next().is_some_and(|port| port.is_empty() || !port.iter().all(u8::is_ascii_digit))
}

/// Whether it begins with a host that is plainly one: with a dot, a port, brackets, or nothing after it.
fn is_host(text: &[u8]) -> bool {
    if text.starts_with(b"[") {
        return true;
    }
    let end = run(text, 0, |byte| is_name(byte) && byte != b'@');
    let host = slice(text, 0..end);
    match byte(text, end) {
        Some(b':') => byte(text, end + 1).is_some_and(|byte| byte.is_ascii_digit()),
        Some(b'/' | b'?' | b'#') => host.contains(&b'.') || host.eq_ignore_ascii_case(b"localhost"),
        Some(b',' | b';') => before(text, end) != Some(b'.') && host.contains(&b'.'),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::detect::testing::{found, never_panics};

    #[test]
    fn user_information_is_found() {
        for (url, secret) in [
            ("https://ana:pa55@example.com/a?b=c", "ana:pa55"),
            ("postgres://u:p@db:5432/orders", "u:p"),
            ("postgres://u:p@ss@db:5432/orders", "u:p@ss"),
            ("postgres://u:p/a?s#s@db.local/orders", "u:p/a?s#s"),
            ("postgres://u:p@s/s@db/orders", "u:p@s/s"),
            ("postgres://u:p:w@localhost/x", "u:p:w"),
            ("redis://:secret@cache:6379/0", ":secret"),
            ("mongodb+srv://u:p%40ss@a.b.net,c.d.net/x", "u:p%40ss"),
            ("https://tok3n@git.example.com/x.git", "tok3n"),
            ("jdbc:mysql://ana:pw@h.example/d", "ana:pw"),
            ("amqp://guest:guest@rabbit", "guest:guest"),
            ("http://a:b@[::1]:80/", "a:b"),
        ] {
            for (left, right) in [
                ("", ""),
                ("\"", "\""),
                ("'", "'"),
                ("(", ")"),
                ("to ", " failed"),
                ("x=", "\n"),
                ("é", ". A"),
            ] {
                let text = format!("{left}{url}{right}");
                assert_eq!(found(find, &text), [secret], "{text}");
            }
        }
        assert_eq!(found(find, "a://u:p@x/y,a://v:q@z/y"), ["u:p", "v:q"]);
    }

    #[test]
    fn secret_parameters_are_found() {
        for (url, secrets) in [
            ("https://a.b/c?token=abc&x=1", vec!["abc"]),
            ("/c?x=1&access_token=abc#id_token=def", vec!["abc", "def"]),
            ("?X-Amz-Signature=fe5f&X-Amz-Date=20240101T000000Z", vec!["fe5f"]),
            ("?sv=2022&sig=a%2Bb%3D&se=2024", vec!["a%2Bb%3D"]),
            ("?AWSAccessKeyId=AKIDEX&Signature=abc", vec!["AKIDEX", "abc"]),
            ("/c;jsessionid=0A1B?x=1", vec!["0A1B"]),
            ("?a=b;password=x;c=d", vec!["x"]),
            ("/callback?code=4/0AbCdEfGh&state=xyz", vec!["4/0AbCdEfGh"]),
            ("?key=a1b2c3d4e5", vec!["a1b2c3d4e5"]),
            ("token=abc&x=1", vec!["abc"]),
            ("?a=b&amp;api_key=x1&amp;c=d", vec!["x1"]),
            ("GET /c?client_secret=abc HTTP/1.1", vec!["abc"]),
            ("('/c?sas=abc')", vec!["abc"]),
        ] {
            assert_eq!(found(find, url), secrets, "{url}");
        }
    }

    #[test]
    fn ordinary_urls_and_text_are_not() {
        for text in [
            "https://example.com:8080/@user/post?x=1",
            "https://example.com/users/ana@example.com",
            "https://[::1]:8080/a@b",
            "ssh://git@github.com/a/b.git",
            "https://registry.npmjs.org/@scope/package@1.2.3",
            "pkg://a@b c",
            "https://REDACTED@example.com",
            "https://[redacted:url]@example.com/?token=[redacted:url]",
            "/orders?code=404&key=name&page=2&token_count=3",
            "/search?q=token&state=SP&sort=key",
            "text/html;charset=utf-8;q=0.9",
            "a ?token b &key c",
            "?token=&x=1",
            "std::io::Error://",
            "a && key=5; b",
        ] {
            let found: Vec<_> = found(find, text).into_iter().filter(|found| *found != "a").collect();
            assert_eq!(found, [""; 0], "{text}");
        }
    }

    #[test]
    fn hostile_text_is_read_a_bounded_number_of_times() {
        assert_eq!(found(find, &"a://".repeat(200_000)), [""; 0]);
        assert_eq!(found(find, &format!("{}@", "a://b:1/".repeat(100_000))), [""; 0]);
        assert_eq!(found(find, &"?&#;".repeat(200_000)), [""; 0]);
        assert_eq!(found(find, &"a://b@".repeat(100_000)).len(), 100_000);
    }

    never_panics!(find, "([a-z]{1,3}://|[a-z:@/?#é]{0,6}|[?&;](token|sig|key)=[a-z0-9]{0,9}){0,6}");
}
