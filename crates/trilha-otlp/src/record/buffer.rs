//! One open span as the bytes of its OTLP message, written as its parts come. No ids are chosen here
//! and no clock is read.

mod opening;

use std::ops::Range;

use trilha_core::recorder::{Attribute, Link, Status, Value, WITHHELD};

use super::{
    Limits,
    bytes::Bytes,
    head::{Head, w3c_flags},
    seen::Seen,
    status::FinalStatus,
};
use crate::{
    encode::{
        Key, LENGTH, LONGEST_SHORT, ShortValue, copy, cut,
        field::{link, span, status},
        is_short, key_of, min_len, parts, put_attribute, put_attributes, put_bytes, put_fixed32, put_fixed64,
        put_message, put_text, put_uint, scalar_len, short_tag, sized_len, text_len, write_short_scalar,
        write_short_text,
    },
    queue::Rank,
};

/// Room for what most spans hold, and for the [last short attribute](LONGEST_SHORT).
const USUAL_BYTES: usize = 1_280;

/// A time.
pub(super) const TIME_LEN: usize = 9;

/// What the end of a span adds at most, beside its status: the end time, and three counts.
const END_LEN: usize = TIME_LEN + 3 * 6;

/// Characters of a name, of a span or of an event.
pub(super) const MAX_NAME: usize = 1_024;

/// Characters of a status's message.
const MAX_MESSAGE: usize = 16 * 1_024;

/// The span so far.
#[derive(Debug)]
pub(crate) struct SpanBuffer {
    pub(super) limits: Limits,
    /// First the head: ids, flags, kind and start time. What follows are parts with a length.
    pub(super) bytes: Bytes,
    head_len: usize,
    attributes: usize,
    seen: Seen,
    start_nanos: u64,
    /// Unless it fails.
    rank: Rank,
    name: Range<usize>,
    pub(super) events: usize,
    links: usize,
    pub(super) dropped: Dropped,
    status: FinalStatus,
    /// How long the bytes may become before the span ends.
    most_bytes: usize,
    is_open: bool,
}

/// How much did not fit.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Dropped {
    attributes: u32,
    pub(super) events: u32,
    links: u32,
}

impl Dropped {
    fn is_nothing(self) -> bool {
        (self.attributes | self.events | self.links) == 0
    }
}

impl SpanBuffer {
    /// One in which no span has begun.
    pub(super) fn empty() -> Self {
        Self {
            limits: Limits::default(),
            bytes: Bytes::default(),
            head_len: 0,
            attributes: 0,
            seen: Seen::default(),
            start_nanos: 0,
            rank: Rank::Inner,
            name: 0..0,
            events: 0,
            links: 0,
            dropped: Dropped::default(),
            status: FinalStatus::Unset,
            most_bytes: 0,
            is_open: false,
        }
    }

    /// Begins a span, in whatever memory an earlier one has left. It has room for what most spans hold, so that few
    /// have to grow.
    pub(crate) fn begin(&mut self, head: Head<'_>, limits: Limits) {
        self.limits = limits;
        self.clear_to(0);
        self.bytes.begin(USUAL_BYTES);
        head.put(&mut self.bytes);
        self.rank = head.rank();
        self.start_nanos = head.start_nanos;
        self.head_len = self.bytes.len();
        self.name = self.head_len..self.head_len;
        self.is_open = true;
    }

    /// Replaces the name, unless there is no room for the new one.
    pub(crate) fn set_name(&mut self, name: &str) {
        let (start, len) = (self.bytes.len(), 2 + name.len());
        if self.name.is_empty()
            && name.len() < 0x80
            && len <= self.room()
            && let Some((head, place)) = self.bytes.add(len).and_then(<[u8]>::split_first_chunk_mut)
        {
            self.name = start..start + len;
            *head = [short_tag(span::NAME, LENGTH), name.len() as u8];
            copy(place, name.as_bytes());
        } else {
            self.replace_name(name);
        }
    }

    #[inline(never)]
    fn replace_name(&mut self, name: &str) {
        let name = cut(name, MAX_NAME);
        let old = self.name.clone();
        let len = sized_len(span::NAME, name.len());
        if len <= self.room() + old.len() {
            if !old.is_empty() {
                self.remove(&old);
            }
            let start = self.bytes.len();
            self.bytes.append(|out| put_text(out, span::NAME, name));
            self.name = start..start + len;
        }
    }

    /// Sets an attribute, or replaces it. One without a key, beyond the limit, or larger than the
    /// room that is left is counted and changes nothing.
    pub(crate) fn set_attribute(&mut self, attribute: Attribute<'_>) {
        self.set(attribute);
    }

    #[inline(always)]
    fn set(&mut self, (key, value): Attribute<'_>) {
        match value {
            Value::Str(text) => self.set_text(key, text),
            _ => self.set_scalar(key, value),
        }
    }

    /// Several, one after the other.
    pub(crate) fn set_attributes(&mut self, attributes: &[Attribute<'_>]) {
        attributes.iter().for_each(|attribute| self.set(*attribute));
    }

    /// As [`set_attribute`](Self::set_attribute), without a detour for what is short and new.
    #[inline(always)]
    pub(crate) fn set_text(&mut self, key: impl Key, text: &str) {
        if text.len() <= self.limits.value_chars
            && is_short(key.text(), text)
            && let Some(place) = self.place_of_new(key, text_len(key, text))
        {
            write_short_text(place, span::ATTRIBUTES, key, text);
        } else {
            self.set_text_with_care(key.text(), text);
        }
    }

    /// As [`set_text`](Self::set_text).
    #[inline(always)]
    pub(crate) fn set_scalar<'v>(&mut self, key: impl Key, value: impl Into<Value<'v>> + Copy) {
        if is_short(key.text(), "")
            && let Some(short) = ShortValue::of(value.into())
            && let Some(place) = self.place_of_new(key, scalar_len(key, short))
        {
            write_short_scalar(place, span::ATTRIBUTES, key, short);
        } else {
            self.set_scalar_with_care(key.text(), value);
        }
    }

    /// Where a new attribute with this key is to be written, of so many bytes. The key is not new any more. None where
    /// there may be one already, or where there may be no room.
    #[inline(always)]
    fn place_of_new(&mut self, key: impl Key, len: usize) -> Option<&mut [u8; LONGEST_SHORT]> {
        let fits = self.bytes.len() + len <= self.most_bytes;
        if !fits || self.attributes >= self.limits.attributes || !self.seen.add(key.mark()) {
            return None;
        }
        let place = self.bytes.add_with_room(len)?;
        self.attributes += 1;
        Some(place)
    }

    #[inline(never)] // so that nothing is put in memory for most texts
    fn set_text_with_care(&mut self, key: &str, text: &str) {
        self.set_with_care((key, Value::Str(text)));
    }

    #[inline(never)]
    fn set_scalar_with_care<'v>(&mut self, key: &str, value: impl Into<Value<'v>>) {
        self.set_with_care((key, value.into()));
    }

    /// One that may be there already, or that may not fit.
    fn set_with_care(&mut self, (key, value): Attribute<'_>) {
        let found = self.find(key);
        let is_full = found.is_none() && self.attributes >= self.limits.attributes;
        let old = found.unwrap_or(0..0);
        let room = self.room() + old.len();
        if is_full || key.is_empty() || key.len() + min_len(value, self.limits.value_chars) > room {
            return count(&mut self.dropped.attributes);
        }
        let start = self.bytes.len();
        let max_chars = self.limits.value_chars;
        self.bytes.append(|out| put_attribute(out, span::ATTRIBUTES, (key, value), max_chars));
        if self.bytes.len() - start > room {
            self.bytes.truncate(start);
            return count(&mut self.dropped.attributes);
        }
        if old.is_empty() {
            self.seen.add(key.mark());
            self.attributes += 1;
        } else {
            self.remove(&old);
        }
    }

    /// Adds a link. Whether it leads to another process is not known, and not said.
    pub(crate) fn add_link(&mut self, to: &Link<'_>) {
        let (limits, context) = (self.limits, to.context);
        let written = self.links < limits.links
            && self.append(estimate(to.attributes, limits.link_attributes, &limits), |out| {
                put_message(out, span::LINKS, |out| {
                    put_bytes(out, link::TRACE_ID, &context.trace_id().to_bytes());
                    put_bytes(out, link::SPAN_ID, &context.span_id().to_bytes());
                    if !context.tracestate().is_empty() {
                        put_text(out, link::TRACE_STATE, context.tracestate().as_str());
                    }
                    let (max, max_chars) = (limits.link_attributes, limits.value_chars);
                    let dropped = put_attributes(out, link::ATTRIBUTES, to.attributes, max, max_chars);
                    put_count(out, link::DROPPED_ATTRIBUTES, dropped);
                    put_fixed32(out, link::FLAGS, w3c_flags(context));
                });
            });
        match written {
            true => self.links += 1,
            false => count(&mut self.dropped.links),
        }
    }

    /// `Ok` is final, `Unset` changes nothing, and an error replaces an earlier one unless it has nothing to say.
    pub(crate) fn set_status(&mut self, status: Status<'_>) {
        match (&self.status, status) {
            (FinalStatus::Ok, _) | (_, Status::Unset) | (FinalStatus::Error(_), Status::Error("")) => {}
            (_, Status::Ok) => self.status = FinalStatus::Ok,
            (_, Status::Error(message)) => {
                let message = cut(message, MAX_MESSAGE);
                let fits = message.len() <= self.room() + self.status.message().len();
                self.status = FinalStatus::Error(if fits { message } else { "" }.into());
            }
        }
        let status_len = sized_len(span::STATUS, sized_len(status::MESSAGE, self.status.message().len()) + 2);
        self.most_bytes = self.limits.span_bytes.saturating_sub(END_LEN + status_len);
    }

    /// Takes everything back but the head. Nothing can be written any more.
    pub(crate) fn withhold(&mut self) {
        self.clear_to(self.head_len);
        self.name = self.head_len..self.head_len;
        self.set_name(WITHHELD);
        self.is_open = false;
    }

    /// Forgets all behind the first `len` bytes.
    fn clear_to(&mut self, len: usize) {
        self.bytes.truncate(len);
        self.seen = Seen::default();
        (self.attributes, self.events, self.links) = (0, 0, 0);
        self.dropped = Dropped::default();
        self.status = FinalStatus::Unset;
        self.most_bytes = self.limits.span_bytes.saturating_sub(END_LEN);
    }

    /// Whether something can be written.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open
    }

    /// What it is worth where there is no room for all spans.
    pub(crate) fn rank(&self) -> Rank {
        match self.status {
            FinalStatus::Error(_) => Rank::Failed,
            FinalStatus::Unset | FinalStatus::Ok => self.rank,
        }
    }

    /// Ends the span: its whole message. It never ends before its start, whatever the clock did.
    pub(crate) fn finish(&mut self, end_nanos: u64) -> &[u8] {
        self.is_open = false;
        let end_nanos = end_nanos.max(self.start_nanos);
        self.bytes.put(TIME_LEN, |mut out| put_fixed64(&mut out, span::END_TIME, end_nanos));
        if !self.dropped.is_nothing() {
            let Dropped { attributes, events, links } = self.dropped;
            self.bytes.append(|out| {
                put_count(out, span::DROPPED_ATTRIBUTES, attributes.into());
                put_count(out, span::DROPPED_EVENTS, events.into());
                put_count(out, span::DROPPED_LINKS, links.into());
            });
        }
        let code = match self.status {
            FinalStatus::Unset => return self.bytes.as_slice(),
            FinalStatus::Ok => 1,
            FinalStatus::Error(_) => 2,
        };
        self.bytes.append(|out| {
            put_message(out, span::STATUS, |out| {
                if !self.status.message().is_empty() {
                    put_text(out, status::MESSAGE, self.status.message());
                }
                put_uint(out, status::CODE, code);
            });
        });
        self.bytes.as_slice()
    }

    /// Gives its memory back to the system.
    pub(super) fn free(&mut self) {
        self.bytes = Bytes::default();
    }

    /// How much may still be written.
    pub(super) fn room(&self) -> usize {
        self.most_bytes.saturating_sub(self.bytes.len())
    }

    /// Writes something of about `estimate` bytes, unless there is no room for it.
    pub(super) fn append(&mut self, estimate: usize, write: impl FnOnce(&mut Vec<u8>)) -> bool {
        let room = self.room();
        if estimate > room {
            return false;
        }
        let start = self.bytes.len();
        self.bytes.append(write);
        let fits = self.bytes.len() - start <= room;
        if !fits {
            self.bytes.truncate(start);
        }
        fits
    }

    /// Where the attribute with this key stands.
    fn find(&self, key: &str) -> Option<Range<usize>> {
        let mut start = self.head_len;
        for part in parts(self.bytes.as_slice().get(start..).unwrap_or_default()) {
            if part.field == span::ATTRIBUTES && key_of(part.body) == key.as_bytes() {
                return Some(start..start + part.len);
            }
            start += part.len;
        }
        None
    }

    /// Cuts a part out; what stood behind it moves up.
    #[cold]
    fn remove(&mut self, part: &Range<usize>) {
        self.bytes.remove(part.clone());
        if self.name.start >= part.end {
            self.name = self.name.start - part.len()..self.name.end - part.len();
        }
    }
}

pub(super) fn count(dropped: &mut u32) {
    *dropped = dropped.saturating_add(1);
}

/// What these take at least, unless keys repeat: it keeps a huge event from being written at all.
pub(super) fn estimate(attributes: &[Attribute<'_>], max: usize, limits: &Limits) -> usize {
    let len = |(key, value): &Attribute<'_>| key.len() + min_len(*value, limits.value_chars);
    attributes.iter().take(max).map(len).sum()
}

pub(super) fn put_count(out: &mut Vec<u8>, field: u32, count: u64) {
    if count > 0 {
        put_uint(out, field, count.min(u32::MAX.into()));
    }
}
