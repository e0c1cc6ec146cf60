//! The hunt for canaries: where one of them is seen in what left a service, as it is or encoded.

use std::collections::HashSet;
use std::fmt;

use aho_corasick::AhoCorasick;

use super::Canary;
use super::base64::base64_of;
use super::views;

/// A search for [`Canary`]s in what left a service: logs, headers, messages, requests that a receiver got.
///
/// They are looked for in capitals and small letters alike, in the text as it is, in what it says when it is
/// percent-decoded, form-decoded or freed of the escapes of JSON and `Debug` (each also twice), and inside of base64
/// of either alphabet, wherever they begin in it. A number inside of a longer one is no sighting.
///
/// All canaries are hunted in one pass: ten thousand are no slower than ten.
pub struct Hunt {
    canaries: Vec<Canary>,
    as_they_are: AhoCorasick,
    in_base64: AhoCorasick,
    owners_in_base64: Vec<usize>,
    searched: usize,
    seen: HashSet<(usize, String)>,
    sightings: Vec<Sighting>,
}

impl Hunt {
    /// A hunt for these.
    pub fn new(canaries: impl IntoIterator<Item = Canary>) -> Self {
        let canaries: Vec<_> = canaries.into_iter().collect();
        let (owners_in_base64, in_base64): (Vec<_>, Vec<_>) = canaries
            .iter()
            .enumerate()
            .flat_map(|(at, canary)| base64_of(canary.core()).into_iter().map(move |text| (at, text)))
            .unzip();
        Self {
            as_they_are: searcher(canaries.iter().map(Canary::core), true),
            in_base64: searcher(in_base64, false),
            owners_in_base64,
            canaries,
            searched: 0,
            seen: HashSet::new(),
            sightings: Vec::new(),
        }
    }

    /// Searches this. The place is a name for it in the report: `log`, `header x-customer`. It may be searched in
    /// parts; a canary is reported once for each place.
    pub fn search(&mut self, place: &str, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.searched += bytes.as_ref().len();
        views::for_each(bytes.as_ref(), |encoding, text| self.look(place, encoding, text));
        self
    }

    fn look(&mut self, place: &str, encoding: Encoding, text: &[u8]) {
        let plain = self.as_they_are.find_overlapping_iter(text);
        let plain = plain.map(|found| (found.pattern().as_usize(), encoding, found.range()));
        let encoded = self.in_base64.find_overlapping_iter(text).filter_map(|found| {
            let owner = *self.owners_in_base64.get(found.pattern().as_usize())?;
            Some((owner, Encoding::Base64, found.range()))
        });
        for (at, encoding, range) in plain.chain(encoded) {
            let Some(canary) = self.canaries.get(at) else { continue };
            let (before, rest) = text.split_at(range.start);
            let (found, after) = rest.split_at(range.len());
            let is_of_number = encoding != Encoding::Base64 && is_of_number(before, found, after);
            if !is_of_number && self.seen.insert((at, place.to_owned())) {
                self.sightings.push(Sighting {
                    canary: canary.clone(),
                    place: place.to_owned(),
                    encoding,
                    excerpt: excerpt(before, found, after),
                });
            }
        }
    }

    /// What was seen so far.
    pub fn sightings(&self) -> &[Sighting] {
        &self.sightings
    }

    /// Nothing was seen, and there was something to see.
    ///
    /// # Panics
    /// With the first sightings, if there are any; if nothing was hunted, or nothing searched.
    #[track_caller]
    pub fn assert_none(&self) {
        assert!(!self.canaries.is_empty(), "no canary was hunted");
        assert!(self.searched > 0, "nothing was searched");
        let count = self.sightings.len();
        let first: String =
            self.sightings.iter().take(20).map(|sighting| format!("\n  {sighting}")).collect();
        assert!(count == 0, "{count} sightings of canaries:{first}");
    }
}

impl fmt::Debug for Hunt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hunt")
            .field("canaries", &self.canaries.len())
            .field("searched", &self.searched)
            .field("sightings", &self.sightings)
            .finish_non_exhaustive()
    }
}

/// A canary that was seen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sighting {
    canary: Canary,
    place: String,
    encoding: Encoding,
    excerpt: String,
}

impl Sighting {
    /// Which one.
    pub fn canary(&self) -> &Canary {
        &self.canary
    }

    /// Where, as the search named it.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// In which guise.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// It, with a little of what stands around it.
    pub fn excerpt(&self) -> &str {
        &self.excerpt
    }
}

impl fmt::Display for Sighting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { canary, place, encoding, excerpt } = self;
        write!(f, "{} {:?} in {place}, {encoding}: {excerpt:?}", canary.detector(), canary.value())
    }
}

/// The guise in which a canary was seen.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Encoding {
    /// As it is.
    Plain,
    /// Percent-encoded, once or twice.
    Percent,
    /// Percent-encoded, with `+` for a space.
    Form,
    /// With the escapes of JSON, or of Rust's `Debug`, once or twice.
    Escaped,
    /// Inside of base64.
    Base64,
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "as it is",
            Self::Percent => "percent-encoded",
            Self::Form => "form-encoded",
            Self::Escaped => "escaped",
            Self::Base64 => "in base64",
        })
    }
}

#[track_caller]
fn searcher(texts: impl IntoIterator<Item = impl AsRef<[u8]>>, is_any_case: bool) -> AhoCorasick {
    match AhoCorasick::builder().ascii_case_insensitive(is_any_case).build(texts) {
        Ok(searcher) => searcher,
        Err(error) => panic!("too many canaries: {error}"),
    }
}

/// Whether what was found is a piece of a longer number.
fn is_of_number(before: &[u8], found: &[u8], after: &[u8]) -> bool {
    let are_digits = |one: Option<&u8>, next: Option<&u8>| {
        [one, next].iter().all(|byte| byte.is_some_and(u8::is_ascii_digit))
    };
    are_digits(before.last(), found.first()) || are_digits(found.last(), after.first())
}

fn excerpt(before: &[u8], found: &[u8], after: &[u8]) -> String {
    const AROUND: usize = 30;
    let before = before.get(before.len().saturating_sub(AROUND)..).unwrap_or_default();
    let after = after.get(..AROUND).unwrap_or(after);
    String::from_utf8_lossy(&[before, found, after].concat()).into_owned()
}

#[cfg(test)]
mod tests {
    use ::base64::Engine;
    use ::base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

    use super::*;
    use crate::canaries;

    type Guise = fn(&str) -> String;

    fn percent(text: &str) -> String {
        utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
    }

    fn json(text: &str) -> String {
        serde_json::to_string(text).unwrap()
    }

    #[test]
    fn every_canary_is_seen_in_every_guise() {
        let all: Vec<_> = canaries().take(1_400).collect();
        let guises: [(&str, Guise); 11] = [
            ("plain", str::to_owned),
            ("capitals", str::to_ascii_uppercase),
            ("percent", percent),
            ("percent twice", |text| percent(&percent(text))),
            ("form", |text| percent(text).replace("%20", "+")),
            ("json", json),
            ("json twice", |text| json(&json(text))),
            ("percent in json", |text| json(&percent(&json(text)))),
            ("unicode escapes", |text| text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect()),
            ("debug", |text| text.escape_unicode().to_string()),
            ("base64 in json", |text| json(&STANDARD.encode(format!("{{\"a\":{}}}", text)))),
        ];
        for (name, guise) in guises {
            let mut hunt = Hunt::new(all.clone());
            for canary in &all {
                hunt.search(canary.value(), guise(canary.value()));
            }
            let seen: HashSet<_> =
                hunt.sightings().iter().map(|sighting| sighting.place().to_owned()).collect();
            let missed = all.iter().find(|canary| !seen.contains(canary.value()));
            assert_eq!(missed, None, "{name}");
            assert!(
                hunt.sightings().iter().all(|sighting| sighting.place() == sighting.canary().value()),
                "{name}"
            );
        }
    }

    #[test]
    fn a_guise_is_told() {
        let canary = canaries().of("email").next().unwrap();
        let value = canary.value();
        for (text, encoding) in [
            (value.to_owned(), Encoding::Plain),
            (percent(value), Encoding::Percent),
            (value.escape_unicode().to_string(), Encoding::Escaped),
            (URL_SAFE_NO_PAD.encode(format!("a{value}")), Encoding::Base64),
        ] {
            let mut hunt = Hunt::new([canary.clone()]);
            let seen = hunt.search("log", text).sightings();
            let seen: Vec<_> = seen.iter().map(|sighting| (sighting.canary(), sighting.encoding())).collect();
            assert_eq!(seen, [(&canary, encoding)]);
        }
    }

    #[test]
    fn a_canary_is_reported_once_for_each_place() {
        let canary = canaries().next().unwrap();
        let mut hunt = Hunt::new([canary.clone()]);
        hunt.search("log", canary.value()).search("log", canary.value()).search("header", canary.value());
        let places: Vec<_> = hunt.sightings().iter().map(Sighting::place).collect();
        assert_eq!(places, ["log", "header"]);
    }

    #[test]
    fn a_piece_of_a_longer_number_is_no_sighting() {
        let canary = canaries().of("cpf").find(|canary| canary.value().len() == 11).unwrap();
        let mut hunt = Hunt::new([canary.clone()]);
        hunt.search("log", format!("7{canary} {canary}7")).assert_none();
        assert_eq!(hunt.search("log", format!("x{canary}y")).sightings().len(), 1);
    }

    #[test]
    fn canaries_are_not_seen_in_other_canaries() {
        let others: String =
            canaries().seed(1).take(20_000).map(|canary| canary.to_string() + "\n").collect();
        Hunt::new(canaries().take(20_000)).search("others", others).assert_none();
    }

    #[test]
    #[should_panic(expected = "1 sightings of canaries:\n  email ")]
    fn a_sighting_fails_the_test() {
        let canary = canaries().of("email").next().unwrap();
        Hunt::new([canary.clone()]).search("log", canary.value()).assert_none();
    }

    #[test]
    #[should_panic(expected = "nothing was searched")]
    fn a_hunt_in_nothing_proves_nothing() {
        Hunt::new(canaries().take(1)).search("log", "").assert_none();
    }

    #[test]
    #[should_panic(expected = "no canary was hunted")]
    fn a_hunt_for_nothing_proves_nothing() {
        Hunt::new([]).search("log", "text").assert_none();
    }
}
