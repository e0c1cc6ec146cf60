//! One open span as the bytes of its OTLP message, written as its parts come. No ids are chosen here
//! and no clock is read.

use std::ops::Range;

use trilha_core::{
    TraceContext,
    recorder::{Attribute, Link, SpanKind, Status, Value, WITHHELD},
};

use super::{Limits, scratch::Scratch};
use crate::{
    encode::{
        cut,
        field::{event, link, span, status},
        key_at_start_of, min_len, put_attribute, put_attributes, put_bytes, put_fixed32, put_fixed64,
        put_message, put_text, put_uint, sized_len,
    },
    queue::Rank,
};

/// The bits of OTLP's `flags` that say where a span's parent is, beside the eight of W3C.
const HAS_IS_REMOTE: u32 = 0x100;
const IS_REMOTE: u32 = 0x200;

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
    /// The attributes in it are in any order.
    pub(super) scratch: Scratch,
    /// What stands first: ids, flags, kind and start time.
    head_len: usize,
    start_nanos: u64,
    /// Unless it fails.
    rank: Rank,
    name: Range<usize>,
    events: usize,
    links: usize,
    dropped_attributes: u64,
    dropped_events: u64,
    dropped_links: u64,
    status: FinalStatus,
    /// What the status takes.
    status_len: usize,
    phase: Phase,
}

/// What may still be done to a span.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    /// Everything.
    Open,
    /// It may end: nothing but its head leaves.
    Withheld,
    /// Nothing.
    Ended,
}

/// An attribute in the buffer.
#[derive(Debug)]
pub(super) struct Written {
    range: Range<usize>,
    /// Differs for nearly all keys that differ.
    mark: u32,
    key_len: u32,
}

#[derive(Debug)]
enum FinalStatus {
    Unset,
    Ok,
    Error(Box<str>),
}

/// What a span's message begins with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head<'a> {
    pub(crate) context: &'a TraceContext,
    pub(crate) parent: Option<&'a TraceContext>,
    pub(crate) is_parent_remote: bool,
    pub(crate) name: &'a str,
    pub(crate) kind: &'a SpanKind,
    pub(crate) start_nanos: u64,
}

impl SpanBuffer {
    pub(crate) fn new(head: Head<'_>, limits: Limits) -> Self {
        let mut scratch = Scratch::take();
        let (context, out) = (head.context, &mut scratch.bytes);
        put_bytes(out, span::TRACE_ID, &context.trace_id().to_bytes());
        put_bytes(out, span::SPAN_ID, &context.span_id().to_bytes());
        if !context.tracestate().is_empty() {
            put_text(out, span::TRACE_STATE, context.tracestate().as_str());
        }
        if let Some(parent) = head.parent {
            put_bytes(out, span::PARENT_SPAN_ID, &parent.span_id().to_bytes());
        }
        let remote = if head.is_parent_remote { HAS_IS_REMOTE | IS_REMOTE } else { HAS_IS_REMOTE };
        put_fixed32(out, span::FLAGS, w3c_flags(context) | remote);
        put_uint(out, span::KIND, otlp_kind(head.kind));
        put_fixed64(out, span::START_TIME, head.start_nanos);
        let end = out.len();
        let is_entry = head.parent.is_none()
            || head.is_parent_remote
            || matches!(head.kind, SpanKind::Server | SpanKind::Consumer);
        let mut buffer = Self {
            limits,
            scratch,
            head_len: end,
            start_nanos: head.start_nanos,
            rank: if is_entry { Rank::Entry } else { Rank::Inner },
            name: end..end,
            events: 0,
            links: 0,
            dropped_attributes: 0,
            dropped_events: 0,
            dropped_links: 0,
            status: FinalStatus::Unset,
            status_len: 0,
            phase: Phase::Open,
        };
        if !head.name.is_empty() {
            buffer.set_name(head.name);
        }
        buffer
    }

    /// Replaces the name, unless there is no room for the new one.
    pub(crate) fn set_name(&mut self, name: &str) {
        let name = cut(name, MAX_NAME);
        let old = self.name.clone();
        if sized_len(span::NAME, name.len()) <= self.room() + old.len() {
            self.remove(&old);
            let bytes = &mut self.scratch.bytes;
            let start = bytes.len();
            put_text(bytes, span::NAME, name);
            self.name = start..bytes.len();
        }
    }

    /// Sets an attribute, or replaces it. One without a key, beyond the limit, or larger than the
    /// room that is left is counted and changes nothing.
    #[inline]
    pub(crate) fn set_attribute(&mut self, (key, value): Attribute<'_>) {
        let mark = mark(key);
        let len = match value {
            Value::Str(text) => text.len(),
            Value::Array(_) => usize::MAX,
            _ => 0,
        };
        let Scratch { bytes, attributes } = &mut self.scratch;
        let is_new = attributes.iter().all(|written| written.mark != mark);
        let used = bytes.len() + self.status_len + END_LEN;
        let fits = key.len().saturating_add(len).saturating_add(used + MOST_AROUND) <= self.limits.span_bytes;
        if !is_new || !fits || key.is_empty() || attributes.len() >= self.limits.attributes {
            return self.set_with_care(mark, (key, value));
        }
        let start = bytes.len();
        put_attribute(bytes, span::ATTRIBUTES, (key, value), self.limits.value_chars);
        attributes.push(Written { range: start..bytes.len(), mark, key_len: key.len() as u32 });
    }

    /// One that may be there already, or that may not fit.
    #[inline(never)]
    fn set_with_care(&mut self, mark: u32, (key, value): Attribute<'_>) {
        let found = self.find(key, mark);
        let attributes = &self.scratch.attributes;
        let old = found.and_then(|at| attributes.get(at)).map_or(0..0, |old| old.range.clone());
        let is_full = found.is_none() && attributes.len() >= self.limits.attributes;
        let room = self.room() + old.len();
        if is_full || key.is_empty() || key.len() + min_len(value, self.limits.value_chars) > room {
            self.dropped_attributes += 1;
            return;
        }
        let Scratch { bytes, attributes } = &mut self.scratch;
        let start = bytes.len();
        put_attribute(bytes, span::ATTRIBUTES, (key, value), self.limits.value_chars);
        let end = bytes.len();
        if end - start > room {
            bytes.truncate(start);
            self.dropped_attributes += 1;
            return;
        }
        match found.and_then(|at| attributes.get_mut(at)) {
            Some(entry) => {
                entry.range = start..end;
                self.remove(&old);
            }
            None => attributes.push(Written { range: start..end, mark, key_len: key.len() as u32 }),
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
        self.events += usize::from(written);
        self.dropped_events += u64::from(!written);
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
        self.links += usize::from(written);
        self.dropped_links += u64::from(!written);
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
        self.status_len =
            sized_len(span::STATUS, sized_len(status::MESSAGE, self.status.message().len()) + 2);
    }

    /// Takes everything back but the head. Nothing can be written any more.
    pub(crate) fn withhold(&mut self) {
        let end = self.head_len;
        self.scratch.bytes.truncate(end);
        self.scratch.attributes.clear();
        (self.events, self.links, self.name) = (0, 0, end..end);
        (self.dropped_attributes, self.dropped_events, self.dropped_links) = (0, 0, 0);
        (self.status, self.status_len) = (FinalStatus::Unset, 0);
        self.set_name(WITHHELD);
        self.phase = Phase::Withheld;
    }

    /// Whether something can be written.
    pub(crate) fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Whether the span did not end.
    pub(crate) fn is_unfinished(&self) -> bool {
        self.phase != Phase::Ended
    }

    /// What it is worth where there is no room for all spans.
    pub(crate) fn rank(&self) -> Rank {
        match self.status {
            FinalStatus::Error(_) => Rank::Failed,
            FinalStatus::Unset | FinalStatus::Ok => self.rank,
        }
    }

    /// Ends the span and hands its whole message out, once. It never ends before its start, whatever the clock
    /// did.
    pub(crate) fn finish<R>(&mut self, end_nanos: u64, take: impl FnOnce(&[u8]) -> R) -> Option<R> {
        if !self.is_unfinished() {
            return None;
        }
        self.phase = Phase::Ended;
        let out = &mut self.scratch.bytes;
        put_fixed64(out, span::END_TIME, end_nanos.max(self.start_nanos));
        put_count(out, span::DROPPED_ATTRIBUTES, self.dropped_attributes);
        put_count(out, span::DROPPED_EVENTS, self.dropped_events);
        put_count(out, span::DROPPED_LINKS, self.dropped_links);
        let code = match self.status {
            FinalStatus::Unset => None,
            FinalStatus::Ok => Some(1),
            FinalStatus::Error(_) => Some(2),
        };
        if let Some(code) = code {
            put_message(out, span::STATUS, |out| {
                if !self.status.message().is_empty() {
                    put_text(out, status::MESSAGE, self.status.message());
                }
                put_uint(out, status::CODE, code);
            });
        }
        let taken = take(out);
        self.scratch.give_back();
        Some(taken)
    }

    /// How much may still be written.
    fn room(&self) -> usize {
        self.limits.span_bytes.saturating_sub(self.scratch.bytes.len() + END_LEN + self.status_len)
    }

    /// Writes something of about `estimate` bytes, unless there is no room for it.
    fn append(&mut self, estimate: usize, write: impl FnOnce(&mut Vec<u8>)) -> bool {
        let room = self.room();
        if estimate > room {
            return false;
        }
        let bytes = &mut self.scratch.bytes;
        let start = bytes.len();
        write(bytes);
        let fits = bytes.len() - start <= room;
        if !fits {
            bytes.truncate(start);
        }
        fits
    }

    fn find(&self, key: &str, mark: u32) -> Option<usize> {
        let Scratch { bytes, attributes } = &self.scratch;
        let is_key = |written: &Written| {
            let bytes = bytes.get(written.range.clone()).unwrap_or_default();
            written.key_len as usize == key.len() && key_at_start_of(bytes).starts_with(key.as_bytes())
        };
        attributes.iter().position(|written| written.mark == mark && is_key(written))
    }

    /// Cuts a part out; what stood behind it moves up.
    fn remove(&mut self, part: &Range<usize>) {
        if part.is_empty() {
            return;
        }
        self.scratch.bytes.drain(part.clone());
        let attributes = self.scratch.attributes.iter_mut().map(|written| &mut written.range);
        for range in attributes.chain([&mut self.name]).filter(|range| range.start >= part.end) {
            range.start -= part.len();
            range.end -= part.len();
        }
    }
}

impl Drop for SpanBuffer {
    fn drop(&mut self) {
        self.scratch.give_back();
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

/// A number of the key's length and its ends, where keys differ.
fn mark(key: &str) -> u32 {
    let key = key.as_bytes();
    let ends = match (key.first_chunk(), key.last_chunk()) {
        (Some(first), Some(last)) => u32::from_le_bytes(*first).rotate_left(13) ^ u32::from_le_bytes(*last),
        _ => key.iter().fold(0, |short, byte| short << 8 | u32::from(*byte)),
    };
    ends ^ (key.len() as u32).rotate_left(24)
}

/// What these take at least, unless keys repeat: it keeps a huge event from being written at all.
fn estimate(attributes: &[Attribute<'_>], max: usize, limits: &Limits) -> usize {
    let len = |(key, value): &Attribute<'_>| key.len() + min_len(*value, limits.value_chars);
    attributes.iter().take(max).map(len).sum()
}

fn put_count(out: &mut Vec<u8>, field: u32, count: u64) {
    if count > 0 {
        put_uint(out, field, count.min(u64::from(u32::MAX)));
    }
}

fn w3c_flags(context: &TraceContext) -> u32 {
    context.traceparent().map_or(0, |traceparent| u32::from(traceparent.flags().to_u8()))
}

fn otlp_kind(kind: &SpanKind) -> u64 {
    match kind {
        SpanKind::Internal => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        SpanKind::Producer => 4,
        SpanKind::Consumer => 5,
    }
}
