//! An event that is short: a few copies into a place of its length.

use super::{
    copy::copy,
    field::{event, span},
    wire::{FIXED64, LENGTH, short_tag},
};

/// The room in which a short event is written.
pub(crate) const LONGEST_EVENT: usize = 2 + 0x7f;

/// Writes an event in a span's message, of `len` bytes: less than 128. `attributes` are written already.
#[inline]
pub(crate) fn write_short_event(
    place: &mut [u8; LONGEST_EVENT],
    len: usize,
    nanos: u64,
    name: &str,
    attributes: &[u8],
) {
    let len = len as u8;
    let [a, b, c, d, e, f, g, h] = nanos.to_le_bytes();
    let (whole, time) = (short_tag(span::EVENTS, LENGTH), short_tag(event::TIME, FIXED64));
    if let Some((head, place)) = place.split_first_chunk_mut()
        && let Some((to, place)) = place.split_at_mut_checked(name.len())
        && let Some(place) = place.get_mut(..attributes.len())
    {
        *head = [whole, len, time, a, b, c, d, e, f, g, h, short_tag(event::NAME, LENGTH), name.len() as u8];
        copy(to, name.as_bytes());
        place.copy_from_slice(attributes);
    }
}
