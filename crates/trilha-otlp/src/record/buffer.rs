//! One open span as the bytes of its OTLP message, written as its parts come. No ids are chosen here
//! and no clock is read.

use std::ops::Range;

use trilha_core::{
    TraceContext,
    recorder::{Attribute, Link, SpanKind, Status, WITHHELD},
};

use super::Limits;
use crate::encode::{
    cut,
    field::{event, link, span, status},
    key_at_start_of, min_len, put_attribute, put_attributes, put_bytes, put_fixed32, put_fixed64,
    put_message, put_text, put_uint, sized_len,
};

/// The bits of OTLP's `flags` that say where a span's parent is, beside the eight of W3C.
const HAS_IS_REMOTE: u32 = 0x100;
const IS_REMOTE: u32 = 0x200;

/// What the end of a span adds at most, beside its status: the end time, and three counts.
const END_LEN: usize = 9 + 3 * 6;

/// Characters of a name, of a span or of an event.
const MAX_NAME: usize = 1_024;

/// Characters of a status's message.
const MAX_MESSAGE: usize = 16 * 1_024;

/// Room for what most spans hold, so that few have to grow.
const USUAL_BYTES: usize = 1_024;
const USUAL_ATTRIBUTES: usize = 12;

/// The span so far.
#[derive(Debug)]
pub(crate) struct SpanBuffer {
    limits: Limits,
    bytes: Vec<u8>,
    /// What stands first: ids, flags, kind and start time.
    head_len: usize,
    start_nanos: u64,
    name: Range<usize>,
    /// The attributes, in any order.
    attributes: Vec<Written>,
    events: usize,
    links: usize,
    dropped_attributes: u64,
    dropped_events: u64,
    dropped_links: u64,
    status: FinalStatus,
    /// Whether nothing but the head may leave.
    is_withheld: bool,
}

/// An attribute in the buffer.
#[derive(Debug)]
struct Written {
    range: Range<usize>,
    key_len: usize,
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
        let mut bytes = Vec::with_capacity(USUAL_BYTES);
        let (context, out) = (head.context, &mut bytes);
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
        let end = bytes.len();
        let mut buffer = Self {
            limits,
            bytes,
            head_len: end,
            start_nanos: head.start_nanos,
            name: end..end,
            attributes: Vec::with_capacity(USUAL_ATTRIBUTES),
            events: 0,
            links: 0,
            dropped_attributes: 0,
            dropped_events: 0,
            dropped_links: 0,
            status: FinalStatus::Unset,
            is_withheld: false,
        };
        buffer.set_name(head.name);
        buffer
    }

    /// Replaces the name, unless there is no room for the new one.
    pub(crate) fn set_name(&mut self, name: &str) {
        let name = cut(name, MAX_NAME);
        let old = self.name.clone();
        if sized_len(span::NAME, name.len()) <= self.room() + old.len() {
            self.remove(&old);
            let start = self.bytes.len();
            put_text(&mut self.bytes, span::NAME, name);
            self.name = start..self.bytes.len();
        }
    }

    /// Sets an attribute, or replaces it. One without a key, beyond the limit, or larger than the
    /// room that is left is counted and changes nothing.
    pub(crate) fn set_attribute(&mut self, (key, value): Attribute<'_>) {
        let found = self.find(key);
        let old = found.and_then(|at| self.attributes.get(at)).map_or(0..0, |old| old.range.clone());
        let is_full = found.is_none() && self.attributes.len() >= self.limits.attributes;
        let room = self.room() + old.len();
        if is_full || key.is_empty() || key.len() + min_len(value, self.limits.value_chars) > room {
            self.dropped_attributes += 1;
            return;
        }
        let start = self.bytes.len();
        put_attribute(&mut self.bytes, span::ATTRIBUTES, (key, value), self.limits.value_chars);
        let end = self.bytes.len();
        if end - start > room {
            self.bytes.truncate(start);
            self.dropped_attributes += 1;
            return;
        }
        match found.and_then(|at| self.attributes.get_mut(at)) {
            Some(entry) => entry.range = start..end,
            None => self.attributes.push(Written { range: start..end, key_len: key.len() }),
        }
        self.remove(&old);
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

    /// `Ok` is final, an error replaces an earlier one, and `Unset` changes nothing.
    pub(crate) fn set_status(&mut self, status: Status<'_>) {
        match (&self.status, status) {
            (FinalStatus::Ok, _) | (_, Status::Unset) => {}
            (_, Status::Ok) => self.status = FinalStatus::Ok,
            (_, Status::Error(message)) => {
                let message = cut(message, MAX_MESSAGE);
                let fits = message.len() <= self.room() + self.status.message().len();
                self.status = FinalStatus::Error(if fits { message } else { "" }.into());
            }
        }
    }

    /// Takes everything back but the head. Nothing can be written any more.
    pub(crate) fn withhold(&mut self) {
        let end = self.head_len;
        self.bytes.truncate(end);
        self.attributes.clear();
        (self.events, self.links, self.name) = (0, 0, end..end);
        (self.dropped_attributes, self.dropped_events, self.dropped_links) = (0, 0, 0);
        self.status = FinalStatus::Unset;
        self.set_name(WITHHELD);
        self.is_withheld = true;
    }

    pub(crate) fn is_withheld(&self) -> bool {
        self.is_withheld
    }

    /// The whole message. A span never ends before its start, whatever the clock did.
    pub(crate) fn finish(mut self, end_nanos: u64) -> Vec<u8> {
        let out = &mut self.bytes;
        put_fixed64(out, span::END_TIME, end_nanos.max(self.start_nanos));
        put_count(out, span::DROPPED_ATTRIBUTES, self.dropped_attributes);
        put_count(out, span::DROPPED_EVENTS, self.dropped_events);
        put_count(out, span::DROPPED_LINKS, self.dropped_links);
        let code = match self.status {
            FinalStatus::Unset => return self.bytes,
            FinalStatus::Ok => 1,
            FinalStatus::Error(_) => 2,
        };
        put_message(out, span::STATUS, |out| {
            if !self.status.message().is_empty() {
                put_text(out, status::MESSAGE, self.status.message());
            }
            put_uint(out, status::CODE, code);
        });
        self.bytes
    }

    /// How much may still be written.
    fn room(&self) -> usize {
        let status = sized_len(span::STATUS, sized_len(status::MESSAGE, self.status.message().len()) + 2);
        self.limits.span_bytes.saturating_sub(self.bytes.len() + END_LEN + status)
    }

    /// Writes something of about `estimate` bytes, unless there is no room for it.
    fn append(&mut self, estimate: usize, write: impl FnOnce(&mut Vec<u8>)) -> bool {
        let (start, room) = (self.bytes.len(), self.room());
        if estimate > room {
            return false;
        }
        write(&mut self.bytes);
        let fits = self.bytes.len() - start <= room;
        if !fits {
            self.bytes.truncate(start);
        }
        fits
    }

    fn find(&self, key: &str) -> Option<usize> {
        self.attributes.iter().position(|written| {
            let bytes = || self.bytes.get(written.range.clone()).unwrap_or_default();
            written.key_len == key.len() && key_at_start_of(bytes()).starts_with(key.as_bytes())
        })
    }

    /// Cuts a part out; what stood behind it moves up.
    fn remove(&mut self, part: &Range<usize>) {
        if part.is_empty() {
            return;
        }
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
