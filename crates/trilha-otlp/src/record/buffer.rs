//! One open span as the bytes of its OTLP message, written as its parts come. No ids are chosen here
//! and no clock is read.

use std::ops::Range;

use trilha_core::recorder::{Attribute, Link, Status, Value, WITHHELD};

use super::{
    Limits,
    head::{Head, w3c_flags},
};
use crate::{
    encode::{
        cut,
        field::{event, link, span, status},
        key_at_start_of, min_len, put_attribute, put_attributes, put_bytes, put_fixed32, put_fixed64,
        put_message, put_text, put_uint, sized_len,
    },
    queue::Rank,
};

/// Room for what most spans hold.
const USUAL_BYTES: usize = 1_024;
const USUAL_ATTRIBUTES: usize = 16;

/// What the end of a span adds at most, beside its status: the end time, and three counts.
const END_LEN: usize = 9 + 3 * 6;

/// What stands around the key and the text of an attribute, or is the number, at most.
const MOST_AROUND: usize = 32;

/// Characters of a name, of a span or of an event.
const MAX_NAME: usize = 1_024;

/// Characters of a status's message.
const MAX_MESSAGE: usize = 16 * 1_024;

/// The span so far.
#[derive(Debug)]
pub(crate) struct SpanBuffer {
    limits: Limits,
    pub(super) bytes: Vec<u8>,
    /// In any order.
    pub(super) attributes: Vec<Written>,
    /// A bit for each key that is there, and it stands for others too.
    seen: u64,
    /// What stands first: ids, flags, kind and start time.
    head_len: usize,
    start_nanos: u64,
    /// Unless it fails.
    rank: Rank,
    name: Range<usize>,
    events: usize,
    links: usize,
    dropped: Dropped,
    status: FinalStatus,
    /// How long the bytes may become before the span ends.
    most_bytes: usize,
    is_withheld: bool,
}

/// How much did not fit.
#[derive(Clone, Copy, Debug, Default)]
struct Dropped {
    attributes: u32,
    events: u32,
    links: u32,
}

/// An attribute in the buffer.
#[derive(Debug)]
pub(super) struct Written {
    range: Range<usize>,
    mark: Mark,
    key_len: u32,
}

#[derive(Debug, Default)]
enum FinalStatus {
    #[default]
    Unset,
    Ok,
    Error(Box<str>),
}

impl SpanBuffer {
    /// One that has room for what most spans hold, so that few have to grow.
    pub(super) fn empty() -> Self {
        Self {
            limits: Limits::default(),
            bytes: Vec::with_capacity(USUAL_BYTES),
            attributes: Vec::with_capacity(USUAL_ATTRIBUTES),
            seen: 0,
            head_len: 0,
            start_nanos: 0,
            rank: Rank::Inner,
            name: 0..0,
            events: 0,
            links: 0,
            dropped: Dropped::default(),
            status: FinalStatus::Unset,
            most_bytes: 0,
            is_withheld: false,
        }
    }

    /// Begins a span, in whatever memory an earlier one has left.
    pub(crate) fn begin(&mut self, head: Head<'_>, limits: Limits) {
        self.limits = limits;
        self.clear_to(0);
        head.put(&mut self.bytes);
        self.rank = head.rank();
        self.start_nanos = head.start_nanos;
        self.head_len = self.bytes.len();
        self.name = self.head_len..self.head_len;
        self.is_withheld = false;
        if !head.name.is_empty() {
            self.set_name(head.name);
        }
    }

    /// Replaces the name, unless there is no room for the new one.
    pub(crate) fn set_name(&mut self, name: &str) {
        let name = cut(name, MAX_NAME);
        let old = self.name.clone();
        if sized_len(span::NAME, name.len()) <= self.room() + old.len() {
            if !old.is_empty() {
                self.remove(&old);
            }
            let bytes = &mut self.bytes;
            let start = bytes.len();
            put_text(bytes, span::NAME, name);
            self.name = start..bytes.len();
        }
    }

    /// Sets an attribute, or replaces it. One without a key, beyond the limit, or larger than the
    /// room that is left is counted and changes nothing.
    #[inline(always)]
    pub(crate) fn set_attribute(&mut self, (key, value): Attribute<'_>) {
        let mark = Mark::of(key);
        let text_len = match value {
            Value::Str(text) => text.len(),
            Value::Array(_) => return self.set_with_care(mark, (key, value)),
            _ => 0,
        };
        let fits = self.bytes.len() + key.len() + text_len + MOST_AROUND <= self.most_bytes;
        let is_new = self.seen & mark.bit() == 0;
        if !is_new || !fits || key.is_empty() || self.attributes.len() >= self.limits.attributes {
            return self.set_with_care(mark, (key, value));
        }
        let start = self.bytes.len();
        put_attribute(&mut self.bytes, span::ATTRIBUTES, (key, value), self.limits.value_chars);
        self.seen |= mark.bit();
        let range = start..self.bytes.len();
        self.attributes.push(Written { range, mark, key_len: key.len() as u32 });
    }

    /// One that may be there already, or that may not fit.
    #[inline(never)]
    fn set_with_care(&mut self, mark: Mark, (key, value): Attribute<'_>) {
        let found = self.find(key, mark);
        let old = found.and_then(|at| self.attributes.get(at)).map_or(0..0, |old| old.range.clone());
        let is_full = found.is_none() && self.attributes.len() >= self.limits.attributes;
        let room = self.room() + old.len();
        if is_full || key.is_empty() || key.len() + min_len(value, self.limits.value_chars) > room {
            return count(&mut self.dropped.attributes);
        }
        let start = self.bytes.len();
        put_attribute(&mut self.bytes, span::ATTRIBUTES, (key, value), self.limits.value_chars);
        let range = start..self.bytes.len();
        if range.len() > room {
            self.bytes.truncate(start);
            return count(&mut self.dropped.attributes);
        }
        match found.and_then(|at| self.attributes.get_mut(at)) {
            Some(entry) => {
                entry.range = range;
                self.remove(&old);
            }
            None => {
                self.seen |= mark.bit();
                self.attributes.push(Written { range, mark, key_len: key.len() as u32 });
            }
        }
    }

    pub(crate) fn add_event(&mut self, name: &str, nanos: u64, attributes: &[Attribute<'_>]) {
        let limits = self.limits;
        let name = cut(name, MAX_NAME);
        let written = self.events < limits.events
            && self.append(name.len() + estimate(attributes, limits.event_attributes, &limits), |out| {
                put_message(out, span::EVENTS, |out| {
                    put_fixed64(out, event::TIME, nanos);
                    put_text(out, event::NAME, name);
                    let (max, max_chars) = (limits.event_attributes, limits.value_chars);
                    let dropped = put_attributes(out, event::ATTRIBUTES, attributes, max, max_chars);
                    put_count(out, event::DROPPED_ATTRIBUTES, dropped);
                });
            });
        match written {
            true => self.events += 1,
            false => count(&mut self.dropped.events),
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
        self.is_withheld = true;
    }

    /// Forgets all behind the first `len` bytes.
    fn clear_to(&mut self, len: usize) {
        self.bytes.truncate(len);
        self.attributes.clear();
        (self.seen, self.events, self.links) = (0, 0, 0);
        self.dropped = Dropped::default();
        self.status = FinalStatus::Unset;
        self.most_bytes = self.limits.span_bytes.saturating_sub(END_LEN);
    }

    /// Whether something can be written.
    pub(crate) fn is_open(&self) -> bool {
        !self.is_withheld
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
        let out = &mut self.bytes;
        put_fixed64(out, span::END_TIME, end_nanos.max(self.start_nanos));
        put_count(out, span::DROPPED_ATTRIBUTES, self.dropped.attributes.into());
        put_count(out, span::DROPPED_EVENTS, self.dropped.events.into());
        put_count(out, span::DROPPED_LINKS, self.dropped.links.into());
        let code = match self.status {
            FinalStatus::Unset => return out,
            FinalStatus::Ok => 1,
            FinalStatus::Error(_) => 2,
        };
        put_message(out, span::STATUS, |out| {
            if !self.status.message().is_empty() {
                put_text(out, status::MESSAGE, self.status.message());
            }
            put_uint(out, status::CODE, code);
        });
        out
    }

    /// How much may still be written.
    fn room(&self) -> usize {
        self.most_bytes.saturating_sub(self.bytes.len())
    }

    /// Writes something of about `estimate` bytes, unless there is no room for it.
    fn append(&mut self, estimate: usize, write: impl FnOnce(&mut Vec<u8>)) -> bool {
        let room = self.room();
        if estimate > room {
            return false;
        }
        let bytes = &mut self.bytes;
        let start = bytes.len();
        write(bytes);
        let fits = bytes.len() - start <= room;
        if !fits {
            bytes.truncate(start);
        }
        fits
    }

    fn find(&self, key: &str, mark: Mark) -> Option<usize> {
        let is_key = |written: &Written| {
            let bytes = self.bytes.get(written.range.clone()).unwrap_or_default();
            written.key_len as usize == key.len() && key_at_start_of(bytes).starts_with(key.as_bytes())
        };
        self.attributes.iter().position(|written| written.mark == mark && is_key(written))
    }

    /// Cuts a part out; what stood behind it moves up.
    #[cold]
    fn remove(&mut self, part: &Range<usize>) {
        self.bytes.drain(part.clone());
        let attributes = self.attributes.iter_mut().map(|written| &mut written.range);
        for range in attributes.chain([&mut self.name]).filter(|range| range.start >= part.end) {
            range.start -= part.len();
            range.end -= part.len();
        }
    }
}

impl FinalStatus {
    fn message(&self) -> &str {
        match self {
            Self::Error(message) => message,
            Self::Unset | Self::Ok => "",
        }
    }
}

/// A number that differs for nearly all keys that differ: of a key's length and its ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Mark(u32);

impl Mark {
    #[inline]
    fn of(key: &str) -> Self {
        let key = key.as_bytes();
        let ends = match (key.first_chunk(), key.last_chunk()) {
            (Some(first), Some(last)) => {
                u32::from_le_bytes(*first).rotate_left(13) ^ u32::from_le_bytes(*last)
            }
            _ => key.iter().fold(0, |short, byte| short << 8 | u32::from(*byte)),
        };
        Self((ends ^ (key.len() as u32).rotate_left(24)).wrapping_mul(0x9e37_79b1))
    }

    /// One of 64.
    #[inline]
    fn bit(self) -> u64 {
        1 << (self.0 >> 26)
    }
}

fn count(dropped: &mut u32) {
    *dropped = dropped.saturating_add(1);
}

/// What these take at least, unless keys repeat: it keeps a huge event from being written at all.
fn estimate(attributes: &[Attribute<'_>], max: usize, limits: &Limits) -> usize {
    let len = |(key, value): &Attribute<'_>| key.len() + min_len(*value, limits.value_chars);
    attributes.iter().take(max).map(len).sum()
}

fn put_count(out: &mut Vec<u8>, field: u32, count: u64) {
    if count > 0 {
        put_uint(out, field, count.min(u32::MAX.into()));
    }
}
