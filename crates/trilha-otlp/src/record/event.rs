//! The events of a span, as parts of its message.

use trilha_core::recorder::{Attribute, Origin};

use super::{
    Limits,
    buffer::{MAX_NAME, SpanBuffer, TIME_LEN, count, estimate, put_count},
};
use crate::encode::{
    LONGEST_EVENT, attributes_of, cut,
    field::{event, span},
    put_attributes, put_fixed64, put_header, put_message, put_text, sized_len, write_short_event,
};

impl SpanBuffer {
    pub(crate) fn add_event(&mut self, name: &str, nanos: u64, attributes: &[Attribute<'_>]) {
        match attributes.is_empty() {
            true => self.put_plain_event(name, nanos, &[]),
            false => self.put_event(name, nanos, &[], self.limits.event_attributes, attributes),
        }
    }

    /// Adds an event that begins with the attributes of its origin, which are written once for all its events.
    pub(crate) fn add_event_of(
        &mut self,
        origin: Origin,
        name: &str,
        nanos: u64,
        attributes: &[Attribute<'_>],
    ) {
        const OF_ORIGIN: usize = 2;
        let Limits { event_attributes: max, value_chars, .. } = self.limits;
        let is_said = |(key, _): &Attribute<'_>| origin.attributes().iter().any(|(said, _)| said == key);
        let is_whole = attributes.len() + OF_ORIGIN <= max
            && origin.level.len().max(origin.target.len()) <= value_chars
            && !attributes.iter().any(is_said);
        match attributes_of(origin).filter(|_| is_whole) {
            Some(written) if attributes.is_empty() => self.put_plain_event(name, nanos, written),
            Some(written) => self.put_event(name, nanos, written, max - OF_ORIGIN, attributes),
            None => self.add_event(name, nanos, &[&origin.attributes(), attributes].concat()),
        }
    }

    /// One with these attributes, which are written already: its length is known before.
    #[inline(always)]
    fn put_plain_event(&mut self, name: &str, nanos: u64, attributes: &[u8]) {
        let name = cut(name, MAX_NAME);
        let len = TIME_LEN + sized_len(event::NAME, name.len()) + attributes.len();
        let whole = sized_len(span::EVENTS, len);
        if self.events >= self.limits.events || whole > self.room() {
            return count(&mut self.dropped.events);
        }
        self.events += 1;
        if whole <= LONGEST_EVENT
            && let Some(place) = self.bytes.add_with_room(whole)
        {
            write_short_event(place, len, nanos, name, attributes);
        } else {
            self.bytes.append(|out| {
                put_header(out, span::EVENTS, len);
                put_fixed64(out, event::TIME, nanos);
                put_text(out, event::NAME, name);
                out.extend_from_slice(attributes);
            });
        }
    }

    /// `first` are attributes that are written already.
    fn put_event(&mut self, name: &str, nanos: u64, first: &[u8], max: usize, attributes: &[Attribute<'_>]) {
        let limits = self.limits;
        let name = cut(name, MAX_NAME);
        let written = self.events < limits.events
            && self.append(name.len() + first.len() + estimate(attributes, max, &limits), |out| {
                put_message(out, span::EVENTS, |out| {
                    put_fixed64(out, event::TIME, nanos);
                    put_text(out, event::NAME, name);
                    out.extend_from_slice(first);
                    let dropped = put_attributes(out, event::ATTRIBUTES, attributes, max, limits.value_chars);
                    put_count(out, event::DROPPED_ATTRIBUTES, dropped);
                });
            });
        match written {
            true => self.events += 1,
            false => count(&mut self.dropped.events),
        }
    }
}
