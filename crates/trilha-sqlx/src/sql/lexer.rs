//! SQL cut into tokens, just far enough to tell a literal from everything else. It parses nothing.
//!
//! Where the text could be read in two ways, depending on a setting of the server, the rest of it is
//! one [`Kind::Unclear`] token: whoever reads tokens to keep literals out stops there.

use crate::database::Dialect;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Space,
    Comment,
    /// A string, a number, a bit string.
    Literal,
    /// A keyword or a plain identifier.
    Word,
    /// A quoted identifier.
    Name,
    /// A placeholder that has a number or a name.
    Parameter,
    /// One character of punctuation or of an operator.
    Mark,
    /// From here on nobody knows; the last token.
    Unclear,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    /// Where it starts, in bytes.
    pub(super) at: usize,
}

impl Token<'_> {
    pub(super) fn is_mark(&self, mark: &str) -> bool {
        self.kind == Kind::Mark && self.text == mark
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    pub(super) fn is_one_of(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is_word(word))
    }

    /// Whether it neither separates nor comments.
    pub(super) fn is_significant(&self) -> bool {
        !matches!(self.kind, Kind::Space | Kind::Comment)
    }
}

/// The tokens of a text: joined, they are the text again.
#[derive(Clone, Debug)]
pub(super) struct Lexer<'a> {
    rest: &'a str,
    at: usize,
    dialect: Dialect,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str, dialect: Dialect) -> Self {
        Self { rest: text, at: 0, dialect }
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let first = self.rest.chars().next()?;
        let (kind, length) = match measure(self.rest, first, self.dialect) {
            (kind, Some(length)) => (kind, length),
            (_, None) => (Kind::Unclear, self.rest.len()),
        };
        // A length that is not one of whole characters is a bug; it must not panic in a request.
        let (text, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        let token = Token { kind, text, at: self.at };
        self.at += text.len();
        self.rest = rest;
        Some(token)
    }
}

/// The kind of the token that `text` starts with, and its length unless that is unclear.
fn measure(text: &str, first: char, dialect: Dialect) -> (Kind, Option<usize>) {
    use Dialect::{MySql, Postgres, Sqlite};
    match first {
        _ if is_space(first) => (Kind::Space, Some(run(text, is_space))),
        '\'' => (Kind::Literal, string(text, '\'', dialect, false)),
        '"' if dialect == Postgres => (Kind::Name, name(text, '"')),
        // A string in MySQL's default mode, and in SQLite wherever no column has that name.
        '"' => (Kind::Literal, string(text, '"', dialect, false)),
        '`' if dialect != Postgres => (Kind::Name, name(text, '`')),
        '[' if dialect == Sqlite => (Kind::Name, text.find(']').map(|end| end + 1)),
        '-' if is_dash_comment(text, dialect) => (Kind::Comment, Some(line(text, dialect))),
        '#' if dialect == MySql => (Kind::Comment, Some(line(text, dialect))),
        // The server runs what stands in it, or does not, by its version.
        '/' if dialect == MySql && (text.starts_with("/*!") || text.starts_with("/*M!")) => {
            (Kind::Comment, None)
        }
        '/' if text.starts_with("/*") => (Kind::Comment, block(text, dialect == Postgres)),
        '$' if dialect == Postgres => dollar(text),
        '$' => parameter(text, is_word),
        '?' => parameter(text, |c| c.is_ascii_digit()),
        '.' if text.get(1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) => {
            (Kind::Literal, Some(number(text)))
        }
        _ if first.is_ascii_digit() => (Kind::Literal, Some(number(text))),
        _ if is_word(first) => word(text, dialect),
        _ => (Kind::Mark, Some(first.len_utf8())),
    }
}

fn is_space(c: char) -> bool {
    c.is_ascii_whitespace() || c == '\u{b}'
}

/// Beyond ASCII everything may stand in an identifier.
fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '$') || !c.is_ascii()
}

/// The length of the longest start of `text` whose characters are all `of` a kind.
fn run(text: &str, of: impl Fn(char) -> bool) -> usize {
    text.find(|c| !of(c)).unwrap_or(text.len())
}

/// A word, or a string with the letter before it that says which kind of string it is.
fn word(text: &str, dialect: Dialect) -> (Kind, Option<usize>) {
    let length = run(text, is_word);
    let (word, rest) = text.split_at_checked(length).unwrap_or((text, ""));
    let is_prefix = ["b", "e", "n", "x"].iter().any(|prefix| word.eq_ignore_ascii_case(prefix));
    if is_prefix && rest.starts_with('\'') {
        let has_escapes = dialect == Dialect::Postgres && word.eq_ignore_ascii_case("e");
        return (Kind::Literal, string(rest, '\'', dialect, has_escapes).map(|end| length + end));
    }
    (Kind::Word, Some(length))
}

/// A placeholder's sign, with its number or name if there is one.
fn parameter(text: &str, of: impl Fn(char) -> bool) -> (Kind, Option<usize>) {
    match run(text.get(1..).unwrap_or_default(), of) {
        0 => (Kind::Mark, Some(1)),
        length => (Kind::Parameter, Some(1 + length)),
    }
}

/// A number in any notation, with whatever clings to it.
fn number(text: &str) -> usize {
    let mut previous = '0';
    let is_exponent = !text.starts_with("0x") && !text.starts_with("0X");
    text.find(|c: char| {
        let is_sign = is_exponent && matches!(c, '+' | '-') && matches!(previous, 'e' | 'E');
        previous = c;
        !(is_word(c) || c == '.' || is_sign)
    })
    .unwrap_or(text.len())
}

/// A string to its closing quote; a doubled quote does not close it.
///
/// Whether a backslash escapes is a setting of PostgreSQL and MySQL. It matters only for an odd
/// number of them before a quote: then nobody knows where the string ends.
fn string(text: &str, quote: char, dialect: Dialect, has_escapes: bool) -> Option<usize> {
    let mut characters = text.char_indices().skip(1).peekable();
    let mut backslashes = 0;
    while let Some((at, c)) = characters.next() {
        if c == '\\' && has_escapes {
            characters.next();
        } else if c == '\\' {
            backslashes += 1;
            continue;
        } else if c == quote {
            if backslashes % 2 == 1 && dialect != Dialect::Sqlite {
                return None;
            }
            if characters.next_if(|(_, next)| *next == quote).is_none() {
                return Some(at + 1);
            }
        }
        backslashes = 0;
    }
    None
}

/// A quoted identifier: no escapes, a doubled quote does not close it.
fn name(text: &str, quote: char) -> Option<usize> {
    string(text, quote, Dialect::Sqlite, false)
}

/// A comment to the end of its line.
fn line(text: &str, dialect: Dialect) -> usize {
    let is_end = |c| c == '\n' || (c == '\r' && dialect == Dialect::Postgres);
    text.find(is_end).unwrap_or(text.len())
}

/// MySQL asks for white space after the dashes, else it is two signs.
fn is_dash_comment(text: &str, dialect: Dialect) -> bool {
    text.strip_prefix("--").is_some_and(|rest| {
        dialect != Dialect::MySql || rest.chars().next().is_none_or(|c| is_space(c) || c.is_ascii_control())
    })
}

/// A comment to its closing mark.
fn block(text: &str, is_nested: bool) -> Option<usize> {
    let mut depth = 0;
    let mut at = 0;
    loop {
        let rest = text.get(at..)?;
        let open = rest.find("/*").filter(|_| is_nested || depth == 0);
        // `/*/` opens and does not close.
        let close = rest.find("*/").filter(|_| depth > 0);
        match (open, close) {
            (Some(open), close) if close.is_none_or(|close| open < close) => {
                depth += 1;
                at += open + 2;
            }
            (_, Some(close)) => {
                depth -= 1;
                at += close + 2;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => return None,
        }
    }
}

/// PostgreSQL's `$1`, `$$text$$` and `$tag$text$tag$`.
fn dollar(text: &str) -> (Kind, Option<usize>) {
    let rest = text.get(1..).unwrap_or_default();
    let length = run(rest, |c| is_word(c) && c != '$');
    let (tag, rest) = rest.split_at_checked(length).unwrap_or((rest, ""));
    match rest.strip_prefix('$') {
        Some(body) if !tag.starts_with(|c: char| c.is_ascii_digit()) => {
            let mark = format!("${tag}$");
            let length = body.find(&mark).map(|end| mark.len() + end + mark.len());
            (Kind::Literal, length)
        }
        _ => parameter(text, |c| is_word(c) && c != '$'),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::database::Dialect::*;

    fn kinds(text: &str, dialect: Dialect) -> Vec<(Kind, &str)> {
        Lexer::new(text, dialect).filter(|t| t.kind != Kind::Space).map(|t| (t.kind, t.text)).collect()
    }

    #[track_caller]
    fn is_literal(text: &str, dialect: Dialect) {
        assert_eq!(kinds(text, dialect), [(Kind::Literal, text)], "{dialect:?}");
    }

    #[test]
    fn strings_end_where_the_server_ends_them() {
        for dialect in [Postgres, MySql, Sqlite] {
            for text in ["''", "'a''b'", "'/* -- $$ \" `'", "'a\nb'", r"'\\'", "'é'", "x'0f'", "N'a'"] {
                is_literal(text, dialect);
            }
        }
        is_literal(r"E'it\'s'", Postgres);
        is_literal(r"e'\\'", Postgres);
        is_literal(r"'c:\'", Sqlite);
        is_literal(r#""it""s""#, MySql);
        is_literal("$$it's$$", Postgres);
        is_literal("$a$it's $b$ $$ $a$", Postgres);
        is_literal("$é$x$é$", Postgres);
    }

    #[test]
    fn a_string_that_ends_by_a_setting_is_unclear_to_the_end_of_the_text() {
        for dialect in [Postgres, MySql] {
            let text = r"'c:\', 'secret'";
            assert_eq!(kinds(text, dialect), [(Kind::Unclear, text)]);
        }
        for text in ["'open", "$$open$ $", "/* open", "\"open", "/* /* nested */"] {
            assert_eq!(kinds(text, Postgres), [(Kind::Unclear, text)]);
        }
        assert_eq!(kinds("/*!40101 select 'a' */", MySql)[0].0, Kind::Unclear);
        assert_eq!(kinds("/*M! select 'a' */", MySql)[0].0, Kind::Unclear);
    }

    #[test]
    fn numbers_take_along_what_clings_to_them() {
        for dialect in [Postgres, MySql, Sqlite] {
            for text in ["1", "1.5", ".5", "1e-5", "1E+5", "0x1F", "1_000", "0b01", "2fa"] {
                is_literal(text, dialect);
            }
        }
        assert_eq!(kinds("0xe-5", Postgres).len(), 3);
        assert_eq!(kinds("a1-5", Postgres), [(Kind::Word, "a1"), (Kind::Mark, "-"), (Kind::Literal, "5")]);
    }

    #[test]
    fn placeholders_are_no_literals() {
        assert_eq!(kinds("$12", Postgres), [(Kind::Parameter, "$12")]);
        assert_eq!(kinds("$1$2", Postgres), [(Kind::Parameter, "$1"), (Kind::Parameter, "$2")]);
        assert_eq!(kinds("?1", Sqlite), [(Kind::Parameter, "?1")]);
        assert_eq!(kinds("?", MySql), [(Kind::Mark, "?")]);
        assert_eq!(kinds(":id", Sqlite), [(Kind::Mark, ":"), (Kind::Word, "id")]);
    }

    #[test]
    fn comments_are_those_of_the_dialect() {
        let is_comment = |text: &str, dialect| kinds(text, dialect)[0] == (Kind::Comment, text);
        for dialect in [Postgres, MySql, Sqlite] {
            assert!(is_comment("-- it's", dialect));
            assert!(is_comment("/* it's */", dialect));
            assert!(is_comment("/**/", dialect));
        }
        assert!(is_comment("/* a /* b */ c */", Postgres));
        assert!(!is_comment("/* a /* b */ c */", Sqlite));
        assert!(is_comment("--it's", Sqlite));
        assert!(!is_comment("--1", MySql));
        assert!(is_comment("# it's", MySql));
        assert!(is_comment("-- it's\rstill", MySql));
        assert!(!is_comment("-- it's\rover", Postgres));
        assert!(!is_comment("#> '{a}'", Postgres));
    }

    #[test]
    fn quoted_identifiers_are_those_of_the_dialect() {
        assert_eq!(kinds("\"a\"\"b\"", Postgres), [(Kind::Name, "\"a\"\"b\"")]);
        assert_eq!(kinds("`it's`", MySql), [(Kind::Name, "`it's`")]);
        assert_eq!(kinds("[it's]", Sqlite), [(Kind::Name, "[it's]")]);
        assert_eq!(kinds("a['x']", Postgres)[2].0, Kind::Literal);
    }

    proptest! {
        #[test]
        fn no_text_panics_and_none_is_lost(
            text in r#"([-'"`$\\/*#;?:.\[\]a-e0-9 \n]|--|/\*|\*/|\$\$|é|\PC){0,60}"#,
            dialect in prop_oneof![Just(Postgres), Just(MySql), Just(Sqlite)],
        ) {
            let joined: String = Lexer::new(&text, dialect).map(|token| token.text).collect();
            prop_assert_eq!(&joined, &text);
            for token in Lexer::new(&text, dialect) {
                prop_assert_eq!(text.get(token.at..token.at + token.text.len()), Some(token.text));
            }
        }
    }
}
