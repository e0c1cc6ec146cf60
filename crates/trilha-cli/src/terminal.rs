//! What all subcommands print alike: a line on stderr, and foreign text that cannot steer a terminal.

use std::{
    fmt::Display,
    io::{self, Write},
    process::ExitCode,
};

/// Says why the command ends, and with which status.
pub(crate) fn fail(message: &str, status: u8) -> ExitCode {
    say(message);
    ExitCode::from(status)
}

/// A line for the person at the terminal; output of its own goes to stdout.
pub(crate) fn say(message: impl Display) {
    // Where stderr is gone, there is nobody to tell.
    let _ = writeln!(io::stderr(), "trilha: {message}");
}

/// Foreign bytes as text in which nothing is hidden: control characters, direction marks and the like are
/// written as `\u{1b}`, a backslash twice, and what is not UTF-8 as `\xff`.
pub(crate) fn clean(bytes: &[u8]) -> String {
    let mut clean = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '"' | '\'' => clean.push(character),
                _ => clean.extend(character.escape_debug()),
            }
        }
        chunk.invalid().iter().for_each(|byte| clean.push_str(&format!("\\x{byte:02x}")));
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_escaped() {
        assert_eq!(clean(b"a\x1b[2Jb\x07"), "a\\u{1b}[2Jb\\u{7}");
        assert_eq!(
            clean("\u{9b}31m\u{202e}\u{200b}\r\n\\".as_bytes()),
            "\\u{9b}31m\\u{202e}\\u{200b}\\r\\n\\\\"
        );
        assert_eq!(clean(b"a\xffb\xc3"), "a\\xffb\\xc3");
    }

    #[test]
    fn ordinary_text_of_any_language_stays() {
        let text = "tenant=\"acme\", ação, 注文";
        assert_eq!(clean(text.as_bytes()), text);
    }
}
