//! API keys of a published shape: a prefix, an alphabet and a length. What a vendor does not mark, as a key of 32
//! hexadecimal digits, is told by its name only: see [`pair`](super::pair).
//!
//! Checksums are not looked at: a key with a typing error gives away as much.

mod shapes;

use std::ops::Range;

#[cfg(test)]
pub(in crate::guard) use self::shapes::SHAPES;
#[cfg(not(test))]
use self::shapes::SHAPES;
use self::shapes::{Alphabet, Shape};
use super::text::{before, byte, is_random, is_start, rest, run, run_back, slice, stands};
use crate::guard::fours::Fours;

/// Whether a key can show at a word that begins with these two bytes. A word begins at a byte that is not a letter or
/// digit's neighbour on its left; most keys begin with it, some have it inside ([`INSIDE`]).
///
/// One kind shows elsewhere, at the two bytes `Q~`, wherever they stand.
pub(in crate::guard) fn may_start(first_two: [u8; 2]) -> bool {
    let [first, second] = first_two.map(u32::from);
    let seconds = STARTS.get(first as usize).and_then(|seconds| seconds.checked_shr(second));
    seconds.is_some_and(|seconds| seconds & 1 == 1)
}

/// Whether what begins at `at`, the beginning of a word, begins as a key does, or is the mark of one.
#[inline]
pub(in crate::guard) fn may_stand(text: &[u8], at: usize) -> bool {
    let Some([a, b, c, ..]) = text.get(at..) else { return false };
    // Behind a mark, any word that begins so.
    (matches!(a, b'A' | b'B') || BEGINNINGS.contains([*a, *b, *c, 0])) && stands_at(text, at)
}

#[inline(never)]
fn stands_at(text: &[u8], at: usize) -> bool {
    let Some(two) = rest(text, at).first_chunk().filter(|two| may_start(**two)) else { return false };
    match (before(text, at), two) {
        (Some(b'-'), b"us") | (Some(b'.'), b"at") | (Some(b':'), [b'A', _]) => true,
        (Some(b'/'), b"we") => stands(text, at, WEBHOOKS),
        (Some(b'/'), b"tr") => stands(text, at, TRIGGERS),
        (Some(b'/'), [b'A' | b'B', b'0'..=b'9' | b'A'..=b'Z']) => true,
        (_, two) if begins_id(*two) => true,
        _ => shapes(text, at).next().is_some(),
    }
}

/// For each first byte the set of second bytes.
#[expect(clippy::indexing_slicing, reason = "a byte beyond ASCII would not compile")]
static STARTS: [u128; 128] = {
    let mut starts = [0; 128];
    let mut shapes: &[Shape] = &SHAPES;
    while let [shape, others @ ..] = shapes {
        if let [first, second, ..] = shape.prefix {
            starts[*first as usize] |= 1 << *second;
        }
        shapes = others;
    }
    let mut inside: &[([u8; 2], Inside)] = &INSIDE;
    while let [([first, second], _), others @ ..] = inside {
        starts[*first as usize] |= 1 << *second;
        inside = others;
    }
    // Discord: the number of an account in base64 begins with one of these.
    let mut first = b'M';
    while first <= b'O' {
        starts[first as usize] |= 1 << b'D' | 1 << b'T' | 1 << b'j' | 1 << b'z';
        first += 1;
    }
    // Telegram: the part after the colon.
    starts[b'A' as usize] = u128::MAX;
    // Slack: the end of a prefix, and the part before the last.
    starts[b't' as usize] |= 1 << b'r';
    let mut second = b'0';
    while second <= b'Z' {
        starts[b'B' as usize] |= 1 << second;
        second += 1;
    }
    starts
};

static BEGINNINGS: Fours = beginnings();

/// The first three bytes of what [`may_stand`] knows, but for what stands behind a mark.
pub(in crate::guard) const fn beginnings() -> Fours {
    let mut beginnings = Fours::EMPTY;
    let mut shapes: &[Shape] = &SHAPES;
    while let [shape, others @ ..] = shapes {
        add(&mut beginnings, shape.prefix);
        shapes = others;
    }
    let mut inside: &[([u8; 2], Inside)] = &INSIDE;
    while let [(start, _), others @ ..] = inside {
        add(&mut beginnings, start);
        inside = others;
    }
    add(&mut beginnings, TRIGGERS);
    let mut ids: &[u8] = b"DTjz";
    while let [second, others @ ..] = ids {
        add(&mut beginnings, &[b'M', *second]);
        add(&mut beginnings, &[b'N', *second]);
        add(&mut beginnings, &[b'O', *second]);
        ids = others;
    }
    beginnings
}

/// Adds the first three bytes of a prefix; of one of two bytes the third may be any.
const fn add(beginnings: &mut Fours, prefix: &[u8]) {
    match prefix {
        [a, b, c, ..] => beginnings.add([*a, *b, *c, 0]),
        [a, b] => {
            let mut any = 0;
            while any < 1 << 8 {
                beginnings.add([*a, *b, any as u8, 0]);
                any += 1;
            }
        }
        _ => {}
    }
}

type Inside = fn(&[u8], usize) -> Option<Range<usize>>;

/// Kinds of which a word inside is the mark.
const INSIDE: [([u8; 2], Inside); 3] = [(*b"us", mailchimp), (*b"at", terraform), (*b"we", discord_webhook)];

/// The next key: all of it.
pub(in crate::guard) fn find(text: &[u8], from: usize) -> Option<Range<usize>> {
    let pairs = rest(text, from).windows(2).zip(from..);
    pairs
        .filter_map(|(two, at)| {
            let two = <[u8; 2]>::try_from(two).ok()?;
            if two == *b"Q~" {
                return azure(text, at);
            }
            if !may_start(two) || !is_start(text, at) || !may_stand(text, at) {
                return None;
            }
            shaped(text, at)
                .or_else(|| {
                    INSIDE.iter().filter(|(start, _)| *start == two).find_map(|(_, find)| find(text, at))
                })
                .or_else(|| discord(text, at))
                .or_else(|| telegram(text, at))
                .or_else(|| slack(text, at))
        })
        .find(|range| range.start >= from)
}

/// The key at `at` that one of the shapes fits.
fn shaped(text: &[u8], at: usize) -> Option<Range<usize>> {
    shapes(text, at).find_map(|shape| {
        let start = at + shape.prefix.len();
        let key = slice(text, start..text.len().min(start + ENOUGH));
        let key = slice(key, 0..shape.alphabet.run(key));
        let is_key = (shape.least..=shape.most).contains(&key.len())
            && (shape.alphabet == Alphabet::Upper || is_random(key));
        is_key.then(|| at..start + shape.alphabet.run(rest(text, start)))
    })
}

/// The shapes whose prefix stands at `at`.
fn shapes(text: &[u8], at: usize) -> impl Iterator<Item = &'static Shape> {
    let two = slice(text, at..at + 2);
    let first = SHAPES.partition_point(|shape| shape.prefix.get(..2) < Some(two));
    let candidates = SHAPES.iter().skip(first).take_while(move |shape| shape.prefix.starts_with(two));
    candidates.filter(move |shape| rest(text, at).starts_with(shape.prefix))
}

/// So many letters, digits, `-`, `_` and `~` side by side raise that there may be a key. Of keys in base64 with as few as
/// 32 bytes, one in thirty has no such part.
pub(in crate::guard) const PART: usize = 15;

/// Whether the key that begins here has a [part](PART) in what the scan sees at once for sure.
#[cfg(any(test, fuzzing))]
pub(in crate::guard) fn has_part(key: &[u8]) -> bool {
    let mut parts = slice(key, 0..key.len().min(32)).split(|byte| !is_word(*byte) && *byte != b'~');
    parts.any(|part| part.len() >= PART)
}

/// What is enough to know a key, in bytes; more is read of what is one.
const ENOUGH: usize = 160;

/// Mailchimp: 32 hexadecimal digits, `-`, and the data centre, whose name begins at `at`.
fn mailchimp(text: &[u8], at: usize) -> Option<Range<usize>> {
    let end = run(text, at + 2, |byte| byte.is_ascii_digit());
    let start = run_back(text, at.checked_sub(1)?, 33, |byte| byte.is_ascii_hexdigit());
    let is_key = before(text, at) == Some(b'-') && (1..=2).contains(&(end - at - 2)) && at - 1 - start == 32;
    is_key.then_some(start..end)
}

/// HCP Terraform: 14 letters or digits, `.atlasv1.`, whose first letter stands at `at`, and 60 or more.
fn terraform(text: &[u8], at: usize) -> Option<Range<usize>> {
    if !stands(text, at, b"atlasv1.") || before(text, at) != Some(b'.') {
        return None;
    }
    let start = run_back(text, at - 1, 15, |byte| byte.is_ascii_alphanumeric());
    let end = run(text, at + 8, is_word);
    (at - 1 - start == 14 && end - at >= 58).then_some(start..end)
}

/// Discord's token of a bot: its id in base64, a time, and a code.
fn discord(text: &[u8], at: usize) -> Option<Range<usize>> {
    rest(text, at).first_chunk().filter(|two| begins_id(**two))?;
    let part = |at, length: std::ops::RangeInclusive<usize>| {
        let end = run(slice(text, 0..text.len().min(at + 80)), at, is_word);
        length.contains(&(end - at)).then_some(end)
    };
    let id = part(at, 23..=28).filter(|end| byte(text, *end) == Some(b'.'))?;
    let time = part(id + 1, 6..=7).filter(|end| byte(text, *end) == Some(b'.'))?;
    Some(at..part(time + 1, 27..=50)?)
}

const WEBHOOKS: &[u8] = b"webhooks/";

/// The end of a [`Shape`]'s prefix, which is longer than the scan sees at once with what follows.
const TRIGGERS: &[u8] = b"triggers/";

/// Discord's webhook: its id and a code, behind a word of its path that begins at `at`.
fn discord_webhook(text: &[u8], at: usize) -> Option<Range<usize>> {
    let hosts = [&b"discord.com/api/"[..], b"discordapp.com/api/"];
    let host = hosts.into_iter().find(|host| slice(text, 0..at).ends_with(host))?;
    let start = at + WEBHOOKS.len();
    let end = run(text, start, |byte| is_word(byte) || byte == b'/');
    (stands(text, at, WEBHOOKS) && end - start >= 40).then_some(at - host.len()..end)
}

/// Whether these begin the number of an account in base64: it is a number of seventeen digits or more.
const fn begins_id(two: [u8; 2]) -> bool {
    matches!(two, [b'M'..=b'O', b'D' | b'T' | b'j' | b'z'])
}

/// Telegram's token of a bot: its id, a colon, and a code that begins at `at`.
fn telegram(text: &[u8], at: usize) -> Option<Range<usize>> {
    let colon = at.checked_sub(1).filter(|at| byte(text, *at) == Some(b':'))?;
    let start = run_back(text, colon, 13, |byte| byte.is_ascii_digit());
    let end = run(slice(text, 0..text.len().min(at + 64)), at, is_word);
    ((6..=12).contains(&(colon - start)) && (33..=40).contains(&(end - at))).then_some(start..end)
}

/// Slack's webhook: the team, the app or bot that begins at `at`, and a code. The scan sees no more of it at once.
fn slack(text: &[u8], at: usize) -> Option<Range<usize>> {
    let slash = at.checked_sub(1).filter(|at| byte(text, *at) == Some(b'/'))?;
    let team = run_back(text, slash, 16, |byte| byte.is_ascii_alphanumeric());
    let host = ["hooks.slack.com/services/", "hooks.slack.com/workflows/"]
        .into_iter()
        .find(|host| slice(text, 0..team).ends_with(host.as_bytes()))?;
    let code = run(slice(text, 0..text.len().min(at + 16)), at, |byte| byte.is_ascii_alphanumeric());
    let end = run(text, code, |byte| is_word(byte) || byte == b'/');
    (byte(text, code) == Some(b'/') && end - code > 14).then_some(team - host.len()..end)
}

/// Azure's secret of a client: three characters, a digit, `Q~`, which stands at `at`, and 31 to 34 more.
fn azure(text: &[u8], at: usize) -> Option<Range<usize>> {
    let start = run_back(text, at, 4, is_azure);
    let end = run(slice(text, 0..text.len().min(at + 64)), at, is_azure);
    let is_key = at - start == 4 && before(text, at)?.is_ascii_digit() && (33..=36).contains(&(end - at));
    is_key.then_some(start..end)
}

fn is_azure(byte: u8) -> bool {
    is_word(byte) || matches!(byte, b'~' | b'.')
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::guard::detect::testing::{found, never_panics};

    /// A key of the shape, of the least length or ten more.
    fn sample(shape: &Shape, seed: usize) -> String {
        let alphabet: Vec<char> = (33..127)
            .map(char::from)
            .filter(|one| shape.alphabet.run(one.to_string().as_bytes()) == 1)
            .collect();
        let alphabet: Vec<char> = alphabet.into_iter().filter(char::is_ascii_alphanumeric).collect();
        let length = shape.most.min(shape.least + seed % 11);
        let body = (0..length).map(|at| alphabet[(at * 7 + seed) % alphabet.len()]);
        String::from_utf8_lossy(shape.prefix).chars().chain(body).collect()
    }

    #[test]
    fn shapes_are_sorted_and_have_prefixes_that_say_something() {
        assert!(SHAPES.is_sorted_by_key(|shape| shape.prefix));
        for shape in &SHAPES {
            assert!(shape.prefix.len() >= 2 && shape.least <= shape.most, "{shape:?}");
        }
    }

    #[test]
    fn each_shape_is_found_whole() {
        for shape in &SHAPES {
            for seed in 0..20 {
                let key = sample(shape, seed);
                for (left, right) in [
                    ("", ""),
                    ("\"", "\""),
                    ("k=", "&a"),
                    ("(", ")"),
                    ("é", "é"),
                    ("a ", ", b"),
                    ("'", "'\n"),
                ] {
                    let text = format!("{left}{key}{right}");
                    assert_eq!(found(find, &text), [key.as_str()], "{text}");
                }
            }
        }
    }

    #[test]
    fn kinds_without_a_prefix_are_found() {
        let hex = "0123456789abcdef0123456789abcdef";
        let code = "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw_-9";
        for key in [
            format!("{hex}-us12"),
            format!("Abc123Abc123Ab.atlasv1.{}", "aB3-".repeat(16)),
            format!("MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.{}", "ZnCjm1XVW7vRze4b7Cq4se7kKWs"),
            format!("110201543:{}", &code[..35]),
            format!("discord.com/api/webhooks/123456789012345678/{}", &code[..35]),
            format!("hooks.slack.com/services/T024BE7LD/B024BE7LE/{}", &code[..24]),
            format!("hooks.slack.com/workflows/T024BE7LD/A024BE7LE/123456789012345678/{}", &code[..24]),
            format!("abc8Q~{}", "a.B~1-".repeat(6).get(..34).unwrap_or_default()),
        ] {
            for (left, right) in [("", ""), ("bot=", " "), ("\"", "\""), ("é", "é")] {
                let text = format!("{left}{key}{right}");
                assert_eq!(found(find, &text), [key.as_str()], "{text}");
            }
        }
        let url = format!("https://api.telegram.org/bot110201543:{}/getMe", &code[..35]);
        assert_eq!(found(find, &url), [format!("110201543:{}", &code[..35])]);
    }

    #[test]
    fn ordinary_values_are_not() {
        for text in [
            "550e8400-e29b-41d4-a716-446655440000",
            "4bf92f3577b34da6a3ce929d0e0e4736",
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "checkout-7d9f8b6c5d-x2x4q",
            "sk-controller-7d9f8b6c5d-x2x4q",
            "task-0123456789abcdef0123456789abcdef",
            "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "npm_config_registry_https_registry_npmjs_org",
            "arn:aws:iam::123456789012:role/S3Access",
            "hf_transformers_tokenizers",
            "key-value",
            "TEST-2024-001234",
            "ORD-2024-001234",
            "us-east-1",
            "2024-01-01T00:00:00.000Z",
            "AKIDNOTLONG",
            "ACCOUNT_ID",
            "MTU.1500.x",
            "PMzA00aaA0aaA0aaAA0AAAA00._-a-aA.a-AAaaaA-a0_A__0AAaaaa0_a_A",
            "W/\"33a64df551425fcc55e4d42a148795d9f25f89d4\"",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
        ] {
            assert_eq!(found(find, text), [""; 0], "{text}");
        }
    }

    #[test]
    fn hostile_text_is_read_a_bounded_number_of_times() {
        assert_eq!(found(find, &"sk-ant-".repeat(100_000)), [""; 0]);
        assert_eq!(found(find, &"MT.".repeat(100_000)), [""; 0]);
        assert_eq!(found(find, &":AA".repeat(100_000)), [""; 0]);
    }

    never_panics!(find, "(ghp_[a-z0-9]{30,40}|[0-9]{9}:AA[a-z]{33}|[a-f0-9]{32}-us1|Q~|[a-zé:.-]{0,9}){0,5}");

    proptest! {
        #[test]
        fn words_that_may_not_start_a_key_start_none(text in "[a-zA-Z0-9_:.-]{0,60}") {
            if let Some(range) = find(text.as_bytes(), 0) {
                let mut starts = range.clone().filter(|at| is_start(text.as_bytes(), *at));
                assert!(starts.any(|at| matches!(slice(text.as_bytes(), at..at + 2), [a, b] if may_start([*a, *b]))));
            }
        }
    }
}
