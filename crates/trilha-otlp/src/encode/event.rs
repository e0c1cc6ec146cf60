//! An event that is short: a few copies into a place of its length.

use super::{
    copy::copy,
    field::{event, span},
    wire::{FIXED64, LENGTH, short_tag},
};

/// Writes an event in a span's message, of less than 128 bytes, into a place of its length. `attributes` are written
/// already.
#[inline]
pub(crate) fn write_short_event(place: &mut [u8], nanos: u64, name: &str, attributes: &[u8]) {
    let len = (place.len() - 2) as u8;
    let [a, b, c, d, e, f, g, h] = nanos.to_le_bytes();
    let (whole, time) = (short_tag(span::EVENTS, LENGTH), short_tag(event::TIME, FIXED64));
    if let Some((head, place)) = place.split_first_chunk_mut()
        && let Some((to, place)) = place.split_at_mut_checked(name.len())
        && place.len() == attributes.len()
    {
        *head = [whole, len, time, a, b, c, d, e, f, g, h, short_tag(event::NAME, LENGTH), name.len() as u8];
        copy(to, name.as_bytes());
        place.copy_from_slice(attributes);
    }
}
