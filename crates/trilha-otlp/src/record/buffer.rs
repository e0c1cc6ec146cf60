//! One open span as the bytes of its OTLP message, written as its parts come. No ids are chosen here
//! and no clock is read.

use std::ops::Range;

use trilha_core::recorder::{Attribute, Link, Origin, Scalar, Status, Value, WITHHELD};

use super::{
    Limits,
    head::{Head, w3c_flags},
    seen::Seen,
};
use crate::{
    encode::{
        attributes_of, cut,
        field::{event, link, span, status},
        is_short, key_of, min_len, parts, put_attribute, put_attributes, put_bytes, put_fixed32, put_fixed64,
        put_message, put_short_scalar, put_short_text, put_text, put_uint, sized_len,
    },
    queue::Rank,
};

/// Room for what most spans hold.
const USUAL_BYTES: usize = 1_024;

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
    /// First the head: ids, flags, kind and start time. What follows are parts with a length.
    pub(super) bytes: Vec<u8>,
    head_len: usize,
    attributes: usize,
    seen: Seen,
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
    is_open: bool,
}

/// How much did not fit.
#[derive(Clone, Copy, Debug, Default)]
struct Dropped {
    attributes: u32,
    events: u32,
    links: u32,
}

#[derive(Debug, Default)]
enum FinalStatus {
    #[default]
    Unset,
    Ok,
    Error(Box<str>),
}

impl SpanBuffer {
    /// One in which no span has begun.
    pub(super) fn empty() -> Self {
        Self {
            limits: Limits::default(),
            bytes: Vec::new(),
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
        self.bytes.reserve(USUAL_BYTES);
        head.put(&mut self.bytes);
        self.rank = head.rank();
        self.start_nanos = head.start_nanos;
        self.head_len = self.bytes.len();
        self.name = self.head_len..self.head_len;
        self.is_open = true;
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
    pub(crate) fn set_attribute(&mut self, (key, value): Attribute<'_>) {
        match (value, value.scalar()) {
            (Value::Str(text), _) => self.set_text(key, text),
            (_, Some(scalar)) => self.set_scalar(key, scalar),
            (_, None) => self.set_with_care((key, value)),
        }
    }

    /// As [`set_attribute`](Self::set_attribute), without a detour for what is short and new.
    #[inline(always)]
    pub(crate) fn set_text(&mut self, key: &str, text: &str) {
        let len = key.len() + text.len();
        if text.len() > self.limits.value_chars || !is_short(len) || !self.has_room_for_new(key, len) {
            return self.set_with_care((key, Value::Str(text)));
        }
        put_short_text(&mut self.bytes, span::ATTRIBUTES, key, text);
        self.attributes += 1;
    }

    /// As [`set_text`](Self::set_text).
    #[inline(always)]
    pub(crate) fn set_scalar(&mut self, key: &str, value: Scalar) {
        if !is_short(key.len()) || !self.has_room_for_new(key, key.len()) {
            return self.set_with_care((key, value.into()));
        }
        put_short_scalar(&mut self.bytes, span::ATTRIBUTES, key, value.into());
        self.attributes += 1;
    }

    /// Whether a new attribute with this key, whose key and text are so long together, is to be written. The key is not
    /// new any more.
    #[inline(always)]
    fn has_room_for_new(&mut self, key: &str, len: usize) -> bool {
        let fits = self.bytes.len() + len + MOST_AROUND <= self.most_bytes;
        fits && self.attributes < self.limits.attributes && !key.is_empty() && self.seen.add(key)
    }

    /// One that may be there already, or that may not fit.
    #[inline(never)]
    fn set_with_care(&mut self, (key, value): Attribute<'_>) {
        let found = self.find(key);
        let is_full = found.is_none() && self.attributes >= self.limits.attributes;
        let old = found.unwrap_or(0..0);
        let room = self.room() + old.len();
        if is_full || key.is_empty() || key.len() + min_len(value, self.limits.value_chars) > room {
            return count(&mut self.dropped.attributes);
        }
        let start = self.bytes.len();
        put_attribute(&mut self.bytes, span::ATTRIBUTES, (key, value), self.limits.value_chars);
        if self.bytes.len() - start > room {
            self.bytes.truncate(start);
            return count(&mut self.dropped.attributes);
        }
        if old.is_empty() {
            self.seen.add(key);
            self.attributes += 1;
        } else {
            self.remove(&old);
        }
    }

    pub(crate) fn add_event(&mut self, name: &str, nanos: u64, attributes: &[Attribute<'_>]) {
        self.put_event(name, nanos, &[], self.limits.event_attributes, attributes);
    }

    /// Adds an event that begins with the attributes of its origin, which are written once for all its events.
    pub(crate) fn add_event_of(
        &mut self,
        origin: Origin,
        name: &str,
        nanos: u64,
        attributes: &[Attribute<'_>],
    ) {
        let of_origin = origin.attributes();
        let Limits { event_attributes: max, value_chars, .. } = self.limits;
        let is_whole = attributes.len() + of_origin.len() <= max
            && origin.level.len().max(origin.target.len()) <= value_chars
            && !attributes.iter().any(|(key, _)| of_origin.iter().any(|(of_origin, _)| key == of_origin));
        match attributes_of(origin).filter(|_| is_whole) {
            Some(written) => self.put_event(name, nanos, written, max - of_origin.len(), attributes),
            None => self.add_event(name, nanos, &[&of_origin, attributes].concat()),
        }
    }

    /// `first` are attributes that are written already.
    #[inline]
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

    /// Gives its memory back to the system.
    pub(super) fn free(&mut self) {
        self.bytes = Vec::new();
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

    /// Where the attribute with this key stands.
    fn find(&self, key: &str) -> Option<Range<usize>> {
        let mut start = self.head_len;
        for part in parts(self.bytes.get(start..).unwrap_or_default()) {
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
        self.bytes.drain(part.clone());
        if self.name.start >= part.end {
            self.name = self.name.start - part.len()..self.name.end - part.len();
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
