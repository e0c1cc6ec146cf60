//! What each header says, field by field, and which rule it breaks.

mod baggage;
mod correlation;
mod foreign;
mod traceparent;
mod tracestate;

use std::ops::Range;

use super::{
    fields::{Field, Fields, trim},
    report::Section,
};

/// A section for each header that is there, in the order in which they are read.
pub(super) fn all(fields: &Fields) -> Vec<Section> {
    [
        traceparent::explain,
        tracestate::explain,
        foreign::b3,
        foreign::b3_multi,
        foreign::x_trace,
        baggage::explain,
        correlation::explain,
    ]
    .into_iter()
    .flat_map(|explain: fn(&Fields) -> Option<Section>| explain(fields))
    .collect()
}

/// The fields of a name, and the section that is to tell them. None: there are none.
fn open<'a>(fields: &'a Fields, name: &'static str) -> Option<(Vec<&'a Field>, Section)> {
    let fields: Vec<_> = fields.named(name).collect();
    let is_guessed = fields.first()?.is_guessed;
    Some((fields, Section::new(if is_guessed { format!("{name} (by its form)") } else { name.to_owned() })))
}

/// The members of a list and where they stand, without the white space around them. Empty ones are passed
/// over.
fn members(list: &[u8]) -> impl Iterator<Item = (&[u8], Range<usize>)> {
    let mut next = 0;
    list.split(|byte| *byte == b',').filter_map(move |member| {
        let before = member.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let start = next + before;
        next += member.len() + 1;
        let member = trim(member);
        (!member.is_empty()).then(|| (member, start..start + member.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_stand_where_they_are_said_to() {
        let list = b" a=1 ,,b=2,\t ,\x0bc".as_slice();
        let found: Vec<_> = members(list).collect();
        assert_eq!(
            found,
            [(b"a=1".as_slice(), 1..4), (b"b=2".as_slice(), 7..10), (b"\x0bc".as_slice(), 14..16)]
        );
        assert!(found.iter().all(|(member, place)| list.get(place.clone()) == Some(member)));
    }
}
