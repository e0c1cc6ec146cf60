//! What OpenTelemetry's own attributes mean for privacy: data, and how it is looked up.
//!
//! Specification: [semantic conventions 1.42](https://github.com/open-telemetry/semantic-conventions/tree/v1.42.0/docs/registry/attributes).

use std::sync::LazyLock;

use super::{Detector, Detectors};

/// How the text of an attribute is treated that OpenTelemetry defines.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Convention {
    /// It may leave, without what is found in it. These are not looked for.
    Open(Detectors),
    /// Free text that may hold anything.
    Prose,
    /// It is a person's.
    Personal,
}

/// Numbers that a machine's id can look like.
pub(super) const NUMBERS: Detectors = Detectors::of(&[
    Detector::Card,
    Detector::Cnpj,
    Detector::Cpf,
    Detector::Iban,
    Detector::IpAddress,
    Detector::Phone,
    Detector::Ssn,
]);

static ATTRIBUTES: LazyLock<Vec<(&str, Convention)>> = LazyLock::new(|| {
    let lines = include_str!("attributes.txt").lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(name, word)| Some((name, named(word)?)))
        .collect()
});

/// How the text of the attribute `key` is treated, if OpenTelemetry defines it.
pub(super) fn convention(key: &str) -> Option<Convention> {
    let found = |name: &str| {
        let at = ATTRIBUTES.binary_search_by(|(known, _)| (*known).cmp(name)).ok()?;
        ATTRIBUTES.get(at).map(|(_, convention)| *convention)
    };
    let families = key.match_indices('.').filter_map(|(dot, _)| key.get(..=dot));
    found(key).or_else(|| families.rev().find_map(found))
}

fn named(word: &str) -> Option<Convention> {
    Some(match word {
        "-" => Convention::Open(Detectors::of(&[])),
        "address" => Convention::Open(Detectors::of(&[Detector::IpAddress])),
        "id" => Convention::Open(NUMBERS),
        "prose" => Convention::Prose,
        "personal" => Convention::Personal,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read_in_the_order_of_the_names() {
        let lines = include_str!("attributes.txt").lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(ATTRIBUTES.len(), lines);
        let sorted = ATTRIBUTES.iter().map(|(name, _)| name);
        assert!(sorted.is_sorted_by(|one, next| one < next));
    }

    #[test]
    fn a_name_and_a_family_are_found() {
        assert_eq!(convention("http.route"), Some(Convention::Open(Detectors::of(&[]))));
        assert_eq!(convention("exception.message"), Some(Convention::Prose));
        assert_eq!(convention("http.request.header.x-name"), Some(Convention::Prose));
        assert_eq!(convention("user.email"), Some(Convention::Personal));
        assert_eq!(
            convention("server.address"),
            Some(Convention::Open(Detectors::of(&[Detector::IpAddress])))
        );
        for unknown in ["http.request.header", "shop.channel", "http", "", "http.route.", "user.e"] {
            assert_eq!(convention(unknown), None, "{unknown}");
        }
    }
}
