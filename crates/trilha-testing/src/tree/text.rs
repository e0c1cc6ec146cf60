//! Text of strangers made safe for a terminal, and colours of our own.

use std::fmt;

/// A text without anything that could steer a terminal or hide what it says, cut after `max`
/// characters.
///
/// Control characters (C0, DEL, C1), line and paragraph separators, direction marks and
/// zero-width characters are written as `\u{1b}`.
pub(super) fn clean(text: &str, max: usize) -> String {
    let mut clean = String::with_capacity(text.len().min(4 * max));
    for (position, character) in text.chars().enumerate() {
        if position == max {
            clean.push('…');
            break;
        }
        if is_harmful(character) {
            clean.extend(character.escape_unicode());
        } else {
            clean.push(character);
        }
    }
    clean
}

fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// A colour or weight.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ink {
    Bold,
    Cyan,
    Dim,
    Red,
    Yellow,
}

/// Writes in colour, or plainly.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint {
    pub(super) on: bool,
}

impl Paint {
    pub(super) fn with<T: fmt::Display>(self, ink: Ink, text: T) -> impl fmt::Display {
        Painted { ink: self.on.then_some(ink), text }
    }
}

struct Painted<T> {
    ink: Option<Ink>,
    text: T,
}

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = match self.ink {
            None => return self.text.fmt(f),
            Some(Ink::Bold) => "1",
            Some(Ink::Dim) => "2",
            Some(Ink::Red) => "1;31",
            Some(Ink::Yellow) => "33",
            Some(Ink::Cyan) => "36",
        };
        write!(f, "\u{1b}[{code}m{}\u{1b}[0m", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_of_any_language_stays() {
        let text = "POST /pedidos/{id} — ação, заказ, 注文 🛒";
        assert_eq!(clean(text, 120), text);
    }

    #[test]
    fn what_steers_a_terminal_is_escaped() {
        assert_eq!(clean("a\u{1b}[2Jb", 120), "a\\u{1b}[2Jb");
        assert_eq!(clean("a\nb\rc\u{7}", 120), "a\\u{a}b\\u{d}c\\u{7}");
        assert_eq!(clean("\u{9b}31m\u{202e}evil", 120), "\\u{9b}31m\\u{202e}evil");
    }

    #[test]
    fn a_long_text_is_cut() {
        assert_eq!(clean("abcdef", 3), "abc…");
        assert_eq!(clean("abc", 3), "abc");
    }

    proptest::proptest! {
        #[test]
        fn no_control_character_is_left(text in ".*") {
            proptest::prop_assert!(!clean(&text, 1000).chars().any(is_harmful));
        }
    }
}
