//! Passwords and keys in connection strings: ADO.NET, ODBC and JDBC (`Server=…;Password=…`), Azure
//! (`AccountName=…;AccountKey=…`), libpq (`host=… password=…`), Go's MySQL driver (`user:password@tcp(…)`) and
//! Oracle (`user/password@//host`).
//!
//! One of them is told by a neighbour: another setting of a connection. What has the form of a URL is the matter of
//! [`url`](super::url), and a password that stands alone that of [`pair`](super::pair).
//!
//! Specifications: .NET 9 `DbConnectionStringBuilder`; PostgreSQL 18 section 32.1.1; go-sql-driver/mysql 1.9.

use std::ops::Range;

use super::text::{
    REACH, bare, before, byte, is_blank, is_clean, quoted, rest, run, run_back, skip_blanks, slice, stands,
};
use crate::guard::keys;

/// How far a neighbour is looked for, in bytes.
const NEIGHBOURHOOD: usize = 256;

/// No value is longer, in bytes: one without an end is not read over and over.
const LONGEST: usize = 1024;

/// Settings that tell a connection string, in lower case; of those with several words the last.
const SETTINGS: [&[u8]; 32] = [
    b"accountname",
    b"addr",
    b"address",
    b"account",
    b"catalog",
    b"database",
    b"dbname",
    b"defaultendpointsprotocol",
    b"driver",
    b"dsn",
    b"encrypt",
    b"endpoint",
    b"endpointsuffix",
    b"entitypath",
    b"host",
    b"hostaddr",
    b"hostname",
    b"id",
    b"port",
    b"provider",
    b"schema",
    b"server",
    b"service",
    b"sharedaccesskeyname",
    b"source",
    b"sslmode",
    b"timeout",
    b"trustservercertificate",
    b"uid",
    b"user",
    b"username",
    b"warehouse",
];

/// The next password or key: its value, without quotes.
pub(in crate::guard) fn find(text: &[u8], from: usize) -> Option<Range<usize>> {
    let mut neighbours = Neighbours { text, read: 0, last: None };
    rest(text, from).iter().zip(from..).find_map(|(byte, at)| match byte {
        b'=' => setting(text, at, &mut neighbours),
        b'@' => login(text, at).filter(|password| password.start >= from),
        _ => None,
    })
}

/// Whether what stands before the `=` at `at` names a password.
pub(in crate::guard) fn is_named(text: &[u8], at: usize) -> bool {
    byte(text, at) == Some(b'=') && names_password(slice(text, key(text, at)))
}

/// The secret value of the setting whose `=` stands at `at`.
fn setting(text: &[u8], at: usize, neighbours: &mut Neighbours<'_>) -> Option<Range<usize>> {
    let key = key(text, at);
    if !names_password(slice(text, key.clone())) || !neighbours.stand_near(key.start, at) {
        return None;
    }
    let start = skip_blanks(text, at + 1);
    let value = value(text, start);
    let is_bare = value.start == start;
    let value = if is_bare { start..item(text, key.start, value) } else { value };
    (!is_clean(slice(text, value.clone()))).then_some(value)
}

/// The word that ends before the `=` at `at`.
fn key(text: &[u8], at: usize) -> Range<usize> {
    let end = run_back(text, at, REACH, is_blank);
    run_back(text, end, REACH, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))..end
}

/// Whether the setting is a password or a key, not who logs in.
fn names_password(key: &[u8]) -> bool {
    let is_user = key.len() >= 4 && key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"user"));
    !is_user && keys::names_secret(key)
}

/// The value that begins at `start`: in quotes, in braces, or up to white space.
fn value(text: &[u8], start: usize) -> Range<usize> {
    match quoted(text, start) {
        Some(quoted) => quoted.inner,
        None if byte(text, start) == Some(b'{') => start + 1..braces(text, start + 1),
        None => start..bare(text, start),
    }
}

/// Where the `value` ends for which a list with `;` may go on after white space.
fn item(text: &[u8], key: usize, value: Range<usize>) -> usize {
    let line = slice(text, 0..text.len().min(value.start + LONGEST));
    let end = run(line, value.start, |byte| !matches!(byte, b';' | b'\r' | b'\n' | b'"'));
    let is_last = before(text, run_back(text, key, REACH, is_blank)) == Some(b';')
        && !slice(text, value.start..end).iter().copied().any(is_blank);
    if is_last || byte(text, end) == Some(b';') { end } else { value.end }
}

/// Where the value in braces ends; `}}` is a brace of its own.
fn braces(text: &[u8], start: usize) -> usize {
    let mut bytes = rest(text, start).iter().zip(start..).take(LONGEST).peekable();
    while let Some((byte, at)) = bytes.next() {
        if *byte == b'}' && bytes.next_if(|(next, _)| **next == b'}').is_none() {
            return at;
        }
    }
    run(text, text.len().min(start + LONGEST), |byte| !byte.is_ascii())
}

/// The settings of a connection in a text. It knows how far the text was read, so that no part is read once for each
/// password.
struct Neighbours<'t> {
    text: &'t [u8],
    read: usize,
    /// Where the `=` of the last setting stands in what was read.
    last: Option<usize>,
}

impl Neighbours<'_> {
    /// Whether one stands near a key that begins at `start` and its `=` at `end`. Both go forward.
    fn stand_near(&mut self, start: usize, end: usize) -> bool {
        let near = start.saturating_sub(NEIGHBOURHOOD)..self.text.len().min(end + NEIGHBOURHOOD);
        if !self.last.is_some_and(|at| near.contains(&at)) {
            let unread = self.read.max(near.start)..near.end;
            let signs = slice(self.text, unread.clone())
                .iter()
                .zip(unread.start..)
                .filter(|(byte, _)| **byte == b'=');
            self.last = signs.map(|(_, at)| at).find(|at| is_setting(slice(self.text, key(self.text, *at))));
            self.read = self.last.map_or(near.end, |at| at + 1);
        }
        self.last.is_some()
    }
}

fn is_setting(key: &[u8]) -> bool {
    SETTINGS.iter().any(|setting| key.eq_ignore_ascii_case(setting))
}

/// The password of `user:password@tcp(…)` or `user/password@//host`, whose `@` stands at `at`.
fn login(text: &[u8], at: usize) -> Option<Range<usize>> {
    let is_mysql = [&b"tcp("[..], b"tcp6(", b"unix("].iter().any(|network| stands(text, at + 1, network));
    let is_oracle = stands(text, at + 1, b"//");
    if !is_mysql && !is_oracle {
        return None;
    }
    let start =
        run_back(text, at, 2 * REACH, |byte| byte > b' ' && !matches!(byte, b'"' | b'\'' | b'`' | b'@'));
    let login = slice(text, start..at);
    let start = start + login.windows(5).position(|window| window == b"thin:").map_or(0, |thin| thin + 5);
    let mark = if is_mysql { b':' } else { b'/' };
    let user = slice(text, start..at).iter().position(|byte| *byte == mark)?;
    let password = start + user + 1..at;
    (user > 0 && !password.is_empty() && !is_clean(slice(text, password.clone()))).then_some(password)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::detect::testing::{found, never_panics};

    #[test]
    fn passwords_and_keys_are_found() {
        for (text, secret) in [
            ("Server=db;Database=o;User ID=sa;Password=hunter 2;Encrypt=true", "hunter 2"),
            ("Data Source=db;uid=sa;pwd=hunter2", "hunter2"),
            ("Password=p@ss!;User ID=sa;", "p@ss!"),
            ("Driver={SQL Server};Server=db;Uid=sa;Pwd={a;b}}c};", "a;b}}c"),
            ("Server=db;Password=\"a;b\";", "a;b"),
            ("Server=db;Password='a''b';", "a''b"),
            (
                "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=Zm9v+/Yg==;EndpointSuffix=x",
                "Zm9v+/Yg==",
            ),
            ("Endpoint=sb://a/;SharedAccessKeyName=r;SharedAccessKey=Zm9vYg=", "Zm9vYg="),
            ("jdbc:sqlserver://db:1433;user=sa;password=hunter2", "hunter2"),
            ("host=db user=ana password=hunter2 dbname=o", "hunter2"),
            ("host=db password='it\\'s a' dbname=o", "it\\'s a"),
            ("password = hunter2 host = db", "hunter2"),
            ("ana:hunter:2@tcp(db:3306)/o", "hunter:2"),
            ("scott/tiger@//db:1521/o", "tiger"),
            ("jdbc:oracle:thin:scott/ti/ger@//db:1521/o", "ti/ger"),
        ] {
            for (left, right) in [("", ""), ("\"", "\""), ("é: ", "\nnext"), ("dsn: ", "\n")] {
                let text = format!("{left}{text}{right}");
                assert_eq!(found(find, &text), [secret], "{text}");
            }
        }
    }

    #[test]
    fn what_is_no_connection_or_has_no_password_is_not() {
        for text in [
            "Server=db;Database=o;User ID=sa;Integrated Security=true",
            "host=db user=ana dbname=o sslmode=require",
            "Server=db;Password=;Database=o",
            "host=db password=[redacted:connection_string] dbname=o",
            "host=db password=**** dbname=o",
            "a=1 token=abc b=2",
            "host=db token_count=3",
            "ana@tcp(db:3306)/o",
            "https://a.b/c@//d",
        ] {
            let found: Vec<_> =
                found(find, text).into_iter().filter(|found| !found.starts_with("/a.b")).collect();
            assert_eq!(found, [""; 0], "{text}");
        }
    }

    #[test]
    fn neighbours_count_wherever_they_stand_near() {
        let far = " ".repeat(2 * NEIGHBOURHOOD);
        for text in [
            format!("password=a{far}host=db password=b{far}password=c"),
            format!("password=a{far}password=b host=db{far}password=c host"),
            format!("host=db{far}password=a{far}uid=sa;password=b"),
        ] {
            assert_eq!(found(find, &text), ["b"], "{text}");
        }
    }

    #[test]
    fn hostile_text_is_read_a_bounded_number_of_times() {
        assert_eq!(found(find, &"=@".repeat(500_000)), [""; 0]);
        assert_eq!(found(find, &"password=".repeat(50_000)), [""; 0]);
        assert_eq!(found(find, &"@//".repeat(100_000)), [""; 0]);
    }

    never_panics!(find, "((host|user|password|pwd)[= ;]{1,2}|['\"{}a-zé;]{0,5}|@tcp\\(){0,8}");
}
