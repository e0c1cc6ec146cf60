//! To and from the baggage of the OpenTelemetry API, for foreign code.

use opentelemetry::baggage::Baggage as ApiBaggage;

use super::{Baggage, InvalidBaggage, ParsedBaggage, parse::properties};

impl Baggage {
    /// Takes over the baggage of foreign code, in the order of its keys: it has none of its own.
    ///
    /// Its metadata is any text. What is no list of properties is refused and counted, and the value kept.
    pub fn from_api(foreign: &ApiBaggage) -> ParsedBaggage {
        let mut members: Vec<_> = foreign.iter().collect();
        members.sort_unstable_by_key(|(key, _)| key.as_str());
        let mut parsed = ParsedBaggage::default();
        for (key, (value, metadata)) in members {
            let properties = properties(metadata.as_str());
            parsed.refused += usize::from(properties.is_none());
            match parsed.baggage.write(None, key.as_str(), value.as_str(), &properties.unwrap_or_default()) {
                Ok(()) => {}
                Err(InvalidBaggage::Key) => parsed.refused += 1,
                Err(InvalidBaggage::Length) => parsed.is_shortened = true,
            }
        }
        parsed
    }

    /// The same values in the API's type. It keeps no order.
    pub fn to_api(&self) -> ApiBaggage {
        let mut foreign = ApiBaggage::new();
        for member in self.iter() {
            foreign.insert_with_metadata(
                member.key().to_owned(),
                member.value().into_owned(),
                member.properties(),
            );
        }
        foreign
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_properties_cross_both_ways() {
        let ours = Baggage::parse([b"a=%2C1;p;q=%2C,b=caf%C3%A9".as_slice()]).baggage;
        let foreign = ours.to_api();
        assert_eq!(foreign.get("a").unwrap().as_str(), ",1");
        assert_eq!(Baggage::from_api(&foreign).baggage, ours);
    }

    #[test]
    fn metadata_that_is_no_list_of_properties_is_dropped_and_counted() {
        for metadata in ["p,tenant=evil", "p;", "=", "p q", "\u{e9}"] {
            let mut foreign = ApiBaggage::new();
            foreign.insert_with_metadata("a", "1", metadata);
            let parsed = Baggage::from_api(&foreign);
            assert_eq!((parsed.baggage.as_str(), parsed.refused), ("a=1", 1), "{metadata}");
        }
        let mut foreign = ApiBaggage::new();
        foreign.insert_with_metadata("a", "1", " p ; q = 2 ");
        assert_eq!(Baggage::from_api(&foreign).baggage.as_str(), "a=1;p;q=2");
    }

    #[test]
    fn what_is_too_long_once_it_is_encoded_is_left_out() {
        let mut foreign = ApiBaggage::new();
        foreign.insert("a", ",".repeat(4_000));
        foreign.insert("b", "1");
        let parsed = Baggage::from_api(&foreign);
        assert_eq!((parsed.baggage.as_str(), parsed.is_shortened), ("b=1", true));
    }
}
