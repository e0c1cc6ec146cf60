//! The seam between what happened and who writes it down.
//!
//! Adapters never see a recorder: they make [`Operation`](crate::Operation)s. A pipeline implements
//! [`Recorder`]; every value passes by reference, so that a recorder that drops a span copies nothing.

mod callsite;
mod child;
mod noop;
mod opening;
mod origin;
mod owner;
mod per;
mod span;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod unkept;
mod value;
mod writer;

use std::{borrow::Cow, fmt::Debug, ptr, sync::Arc, time::SystemTime};

pub use opentelemetry::trace::SpanKind;

pub(crate) use self::owner::Owner;
pub use self::{
    callsite::{Callsite, StaticKey},
    child::{Child, OwnChild},
    noop::{NoopRecorder, PassThrough},
    opening::Opening,
    origin::{Origin, PerOrigin},
    per::{Numbered, Per},
    span::{Span, WITHHELD},
    value::{Attribute, Say, Scalar, Value, to_key_value},
    writer::{FieldWriter, SpanWriter},
};
use crate::{SpanCounts, TraceContext, fence::Panics};

/// Starts spans and knows what became of them.
///
/// An implementation never panics, blocks or fails: it drops and counts.
pub trait Recorder: Debug + Send + Sync {
    /// Starts a span: decides whether it is kept, and gives it its ids.
    fn start(&self, start: &SpanStart<'_>) -> Arc<dyn SpanRecord>;

    /// Whether more decides about a span than its parent and its trace: then the sampler is told name, links and
    /// attributes, once they are judged. Else [`start`](Self::start) gets none of them: they are judged and set
    /// on a span that is kept. Defaults to true.
    fn looks_at_content(&self) -> bool {
        true
    }

    /// Counts a child that is not kept, since its parent is not, which is one of this process; the parent's
    /// record serves for both. False: such a child may be kept, and has to be started. Defaults to false.
    fn drop_child(&self) -> bool {
        false
    }

    /// What became of every span so far, in one consistent snapshot.
    fn counts(&self) -> SpanCounts;

    /// The panics of foreign code that it calls. Defaults to none: it calls none.
    fn panics(&self) -> Option<&Panics> {
        None
    }
}

/// What a recorder is told when a span starts.
#[derive(Clone, Copy, Debug)]
pub struct SpanStart<'a> {
    /// The library that starts the span.
    pub scope: &'a Scope,
    /// The span's name: of low cardinality, without values.
    pub name: &'a str,
    /// The callsite of which it is the name: it is judged once for all spans that are made there.
    pub callsite: Option<&'a Callsite>,
    /// Its side of the boundary that is crossed.
    pub kind: &'a SpanKind,
    /// The parent, local or remote; a span without one starts a new trace.
    pub parent: Option<&'a TraceContext>,
    /// Whether `parent` came from another process.
    pub is_parent_remote: bool,
    /// Who decides whether the span is kept.
    pub decision: Decision,
    /// Spans of this or other traces that caused this one.
    pub links: &'a [Link<'a>],
    /// What is known at the start, for the sampler to see.
    pub attributes: &'a [Attribute<'a>],
    /// Defaults to now.
    pub start_time: Option<SystemTime>,
}

/// Who decides whether a span is kept.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Decision {
    /// The parent has decided, as far as the sampler follows parents; without one the sampler does.
    #[default]
    Parent,
    /// The parent has not: the sampler decides by the trace id, as at the start of a trace.
    TraceId,
    /// The parent is not believed, and may have chosen the trace id to its liking: the sampler decides
    /// by chance.
    Chance,
    /// The sender asked that the work is not kept, and named no trace.
    Denied,
}

impl<'a> SpanStart<'a> {
    /// A span without a parent, of which nothing else is known.
    #[inline]
    pub fn new(scope: &'a Scope, name: &'a str, kind: &'a SpanKind) -> Self {
        Self {
            scope,
            name,
            callsite: None,
            kind,
            parent: None,
            is_parent_remote: false,
            decision: Decision::Parent,
            links: &[],
            attributes: &[],
            start_time: None,
        }
    }
}

/// A span that was started. Its methods do nothing once it has ended.
pub trait SpanRecord: Debug + Send + Sync {
    /// The ids, flags and tracestate that children and other processes get.
    fn trace_context(&self) -> &TraceContext;

    /// Whether anything that is set is written down. False when sampled out, and after the end.
    fn is_recording(&self) -> bool;

    /// Whether somebody has to end it, kept or not. Defaults to true.
    fn needs_end(&self) -> bool {
        true
    }

    /// Sets an attribute, or replaces it.
    fn set_attribute(&self, key: &str, value: Value<'_>);

    /// Adds an event. `time` defaults to now.
    fn add_event(&self, name: &str, time: Option<SystemTime>, attributes: &[Attribute<'_>]);

    /// Adds an event that happens now, and begins with the attributes of its `origin`.
    fn add_event_of(&self, origin: Origin, name: &str, attributes: &[Attribute<'_>]) {
        self.add_event(name, None, &[&origin.attributes(), attributes].concat());
    }

    /// Adds a link.
    fn add_link(&self, link: &Link<'_>);

    /// Replaces the name.
    fn set_name(&self, name: &str);

    /// Sets the status. `Ok` is final, `Unset` changes nothing, and an error without text leaves that of an earlier
    /// one.
    fn set_status(&self, status: Status<'_>);

    /// Takes back all that was set and closes the span to more: name, attributes, events, links, status. Ids,
    /// kind and times stay, so that what runs below is not without a parent.
    fn withhold(&self);

    /// The work on the span pauses now, and may go on: a span that is ended later without a time was over then.
    /// Defaults to nothing.
    fn leave(&self) {}

    /// Ends the span. `time` defaults to when it was [left](Self::leave) last, else to now. Only the first call counts.
    fn end(&self, time: Option<SystemTime>);

    /// As [`end`](Self::end), by somebody who needs the span no more: where nobody else has it, its memory may serve
    /// for the next one.
    fn finish(self: Arc<Self>, time: Option<SystemTime>) {
        self.end(time);
    }

    /// Where the first words are written, while nobody else has the record: without a lock. One that has this is
    /// [recording](Self::is_recording). Defaults to none: they are set as all others are.
    fn sink(&mut self) -> Option<&mut dyn SpanSink> {
        None
    }
}

/// Where it is written what is said of a span: each method as that of a [`SpanRecord`].
pub trait SpanSink {
    /// Sets the name and the first attributes of a span of which nothing was said yet.
    fn open(&mut self, opening: &Opening) {
        self.set_name(opening.name());
        opening.texts().for_each(|(key, text)| self.set_text(key, text));
    }

    /// Sets an attribute, or replaces it.
    fn set_attribute(&mut self, key: &str, value: Value<'_>);

    /// As [`set_attribute`](Self::set_attribute), of what most values are: nothing of it passes through memory.
    fn set_text(&mut self, key: &str, text: &str) {
        self.set_attribute(key, Value::Str(text));
    }

    /// As [`set_text`](Self::set_text), of a number or a truth value.
    fn set_scalar(&mut self, key: &str, value: Scalar) {
        self.set_attribute(key, value.into());
    }

    /// As [`set_text`](Self::set_text), under a key that stands in the code.
    fn set_static_text(&mut self, key: &StaticKey, text: &str) {
        self.set_text(key.text(), text);
    }

    /// As [`set_scalar`](Self::set_scalar), under a key that stands in the code.
    fn set_static_scalar(&mut self, key: &StaticKey, value: Scalar) {
        self.set_scalar(key.text(), value);
    }

    /// Sets several, one after the other.
    fn set_attributes(&mut self, attributes: &[Attribute<'_>]) {
        attributes.iter().for_each(|(key, value)| self.set_attribute(key, *value));
    }

    /// Adds an event.
    fn add_event(&mut self, name: &str, time: Option<SystemTime>, attributes: &[Attribute<'_>]);

    /// Adds an event that happens now, and begins with the attributes of its `origin`.
    fn add_event_of(&mut self, origin: Origin, name: &str, attributes: &[Attribute<'_>]) {
        self.add_event(name, None, &[&origin.attributes(), attributes].concat());
    }

    /// Adds a link.
    fn add_link(&mut self, link: &Link<'_>);

    /// Replaces the name.
    fn set_name(&mut self, name: &str);

    /// Sets the status.
    fn set_status(&mut self, status: Status<'_>);

    /// Takes back all that was set.
    fn withhold(&mut self);
}

impl<R: SpanRecord + ?Sized> SpanSink for &R {
    fn set_attribute(&mut self, key: &str, value: Value<'_>) {
        R::set_attribute(self, key, value);
    }

    fn add_event(&mut self, name: &str, time: Option<SystemTime>, attributes: &[Attribute<'_>]) {
        R::add_event(self, name, time, attributes);
    }

    fn add_event_of(&mut self, origin: Origin, name: &str, attributes: &[Attribute<'_>]) {
        R::add_event_of(self, origin, name, attributes);
    }

    fn add_link(&mut self, link: &Link<'_>) {
        R::add_link(self, link);
    }

    fn set_name(&mut self, name: &str) {
        R::set_name(self, name);
    }

    fn set_status(&mut self, status: Status<'_>) {
        R::set_status(self, status);
    }

    fn withhold(&mut self) {
        R::withhold(self);
    }
}

/// A span that caused another one.
#[derive(Clone, Copy, Debug)]
pub struct Link<'a> {
    /// The other span.
    pub context: &'a TraceContext,
    /// What belongs to this link alone.
    pub attributes: &'a [Attribute<'a>],
}

/// A span's status.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Status<'a> {
    /// Nothing is said: the usual status of what went well.
    #[default]
    Unset,
    /// Somebody made sure that it went well.
    Ok,
    /// It failed; the text may be empty.
    Error(&'a str),
}

/// The library that makes a span or a metric: OpenTelemetry's *instrumentation scope*.
#[derive(Debug, Eq, Hash, PartialEq)]
pub struct Scope {
    name: Cow<'static, str>,
    version: Cow<'static, str>,
}

impl Scope {
    /// A scope known at compile time, as each adapter has one.
    pub const fn new(name: &'static str, version: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), version: Cow::Borrowed(version) }
    }

    /// A scope of foreign code. An empty version means that none was given.
    pub fn foreign(name: impl Into<Cow<'static, str>>, version: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), version: version.into() }
    }

    /// The library's name.
    #[inline]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The library's version, or nothing.
    #[inline]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Whether both are the same texts of the program: a quick look, as most are.
    #[inline]
    pub fn is_same_text(&self, other: &Self) -> bool {
        ptr::eq(self.name(), other.name()) && ptr::eq(self.version(), other.version())
    }
}

impl Clone for Scope {
    fn clone(&self) -> Self {
        Self { name: self.name.clone(), version: self.version.clone() }
    }

    #[inline]
    fn clone_from(&mut self, other: &Self) {
        if !self.is_same_text(other) {
            *self = other.clone();
        }
    }
}
