//! The strings in the `Debug` output of a struct, an enum or a tuple struct: what is hidden where nobody declared
//! the key. Shape, numbers and the names of fields stay: `Customer { id: 42, name: … }`.
//!
//! JSON, and prose with quotes, are not `Debug` output: what tells it is the name of a type before its bracket. The
//! output may be one part of the text. What is in the strings is not looked at.

use std::ops::Range;

/// What is shown instead of a string.
pub(super) const HIDDEN: &str = "…";

/// The strings of the `Debug` output in the text, with their quotes. A string without an end goes on to the end of the
/// text.
pub(super) fn strings(text: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    std::iter::from_fn(move || {
        while let Some(byte) = bytes.get(at) {
            let start = at;
            at += 1;
            match byte {
                b'{' | b'(' if depth == 0 => depth = usize::from(is_shape(bytes, start)),
                _ if depth == 0 => {}
                b'{' | b'(' | b'[' => depth += 1,
                b'}' | b')' | b']' => depth -= 1,
                b'"' => {
                    at = string_end(bytes, at);
                    return Some(start..at);
                }
                _ => {}
            }
        }
        None
    })
}

/// Where the string ends whose first byte stands at `at`: after its closing quote.
fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut is_escaped = false;
    let is_closing = |byte: &u8| {
        let is_closing = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        is_closing
    };
    bytes
        .get(at..)
        .and_then(|rest| rest.iter().position(is_closing))
        .map_or(bytes.len(), |length| at + length + 1)
}

/// Whether the bracket at `at` opens the fields of a type: `Card("x")`, `Customer { id: …`.
fn is_shape(bytes: &[u8], at: usize) -> bool {
    let before = bytes.get(..at).unwrap_or_default();
    match bytes.get(at) {
        Some(b'(') => ends_with_type(before),
        _ => {
            before.strip_suffix(b" ").is_some_and(ends_with_type)
                && bytes.get(at + 1..).is_some_and(|fields| begins_with_field(fields.trim_ascii_start()))
        }
    }
}

/// Whether the name of a type ends the text: a capital letter first, and a small one, unlike a function of SQL.
fn ends_with_type(text: &[u8]) -> bool {
    let length = text.iter().rev().take(MOST).take_while(|byte| is_identifier(**byte)).count();
    let name = text.get(text.len() - length..).unwrap_or_default();
    name.first().is_some_and(u8::is_ascii_uppercase)
        && (name.iter().any(u8::is_ascii_lowercase) || length == 1)
        && !text.get(..text.len() - length).is_some_and(|before| before.ends_with(b"."))
}

/// Whether a field and its colon begin the text, or what stands for fields that are not shown.
fn begins_with_field(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"r#").unwrap_or(text);
    let length = text.iter().take(MOST).take_while(|byte| is_identifier(**byte)).count();
    text.starts_with(b"..")
        || length > 0 && matches!(text.get(length..), Some([b':', b' ' | b'\n', ..] | [b':']))
}

/// No name is longer, in bytes: no text makes it scan back for ever.
const MOST: usize = 128;

fn is_identifier(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    #[expect(dead_code, reason = "read by `Debug`")]
    struct Customer {
        id: u32,
        name: String,
        nick: Option<&'static str>,
        tags: BTreeMap<String, Card>,
    }

    #[derive(Clone, Debug)]
    #[expect(dead_code, reason = "read by `Debug`")]
    struct Card(String, i8, (f32, &'static str));

    fn customer(name: &str) -> Customer {
        let card = Card(name.to_owned(), -1, (0.5, "x"));
        Customer {
            id: 42,
            name: name.to_owned(),
            nick: Some("} (\\ {"),
            tags: [(name.to_owned(), card)].into(),
        }
    }

    fn hide(text: &str) -> String {
        let (mut shown, mut at) = (String::new(), 0);
        for range in strings(text) {
            shown.push_str(&text[at..range.start]);
            shown.push_str(HIDDEN);
            at = range.end;
        }
        shown + &text[at..]
    }

    #[test]
    fn shape_numbers_and_fields_stay_and_strings_go() {
        let shown = "Customer { id: 42, name: …, nick: Some(…), tags: {…: Card(…, -1, (0.5, …))} }";
        for name in ["Ana", "", "A \"n\" a", "\\", "a}b", "é\n\u{1}", "'", "{\"a\": 1}"] {
            let customer = customer(name);
            assert_eq!(hide(&format!("{customer:?}")), shown);
            assert_eq!(
                hide(&format!("{customer:#?}")).split_whitespace().collect::<String>().replace(",}", "}"),
                {
                    let shown: String = shown.split_whitespace().collect();
                    shown
                        .replace("nick:Some(…)", "nick:Some(…,)")
                        .replace("(0.5,…))}", "(0.5,…,),)}")
                        .replace(",}", "}")
                }
            );
            assert_eq!(
                hide(&format!("{:?}", vec![Some(&customer); 2])),
                format!("[Some({shown}), Some({shown})]")
            );
            assert_eq!(
                hide(&format!("it failed: \"a\" {customer:?}, \"b\"")),
                format!("it failed: \"a\" {shown}, \"b\"")
            );
        }
    }

    #[test]
    fn cut_output_is_hidden_to_its_end() {
        assert_eq!(hide("Customer { id: 42, name: \"An"), "Customer { id: 42, name: …");
        assert_eq!(hide("Card(\"4111"), "Card(…");
        assert_eq!(hide("Card(\"41\\\""), "Card(…");
        assert_eq!(hide("Customer { id: 42, .. } \"a\""), "Customer { id: 42, .. } \"a\"");
    }

    #[test]
    fn what_is_no_debug_output_stays() {
        for text in [
            "{\"name\": \"Ana\", \"tags\": [\"a\"]}",
            "[\"a\", \"b\"]",
            "he said \"hello\" (\"x\")",
            "SELECT COUNT(\"id\"), lower(\"name\") FROM \"Customer\" WHERE a IN (\"x\")",
            "query GetUser { user(id: \"42\") { name } }",
            "type Customer {\"a\"}",
            "console.Log(\"x\")",
            "Customer { id: 42, name: … }",
            "",
        ] {
            assert_eq!(hide(text), text);
        }
    }

    #[test]
    fn depth_and_length_do_not_matter() {
        let deep = format!("{}\"a\"{}\"b\"", "A(".repeat(100_000), ")".repeat(100_000));
        assert_eq!(strings(&deep).count(), 1);
        assert_eq!(strings(&"a(".repeat(100_000)).count(), 0);
        assert_eq!(strings(&"A".repeat(100_000)).count(), 0);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "([A-Z][a-z]?[ ]?[({]|[a-z]: |[\"\\\\)},é]|\\PC){0,40}") {
            let shown = hide(&text);
            prop_assert_eq!(hide(&shown), shown.clone(), "{}", text);
        }

        #[test]
        fn no_string_is_left(name in "\\PC{0,20}") {
            let shown = hide(&format!("{:?}", customer(&name)));
            prop_assert!(!shown.contains('"'), "{}", shown);
        }
    }
}
