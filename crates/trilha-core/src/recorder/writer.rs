//! What is said of a span, as the guard lets it through to the one who writes it down.

use std::{fmt, time::SystemTime};

use super::{
    Attribute, Callsite, Link, Opening, Origin, Scalar, SpanSink, StaticKey, Status, Value, WITHHELD,
};
use crate::{
    ContextAttributes, Handle,
    guard::{Judged, KnownKey, PiiGuard, Place, Verdict},
};

/// Writes to a span what the [guard](crate::guard) lets through.
pub struct SpanWriter<'s> {
    pub(super) sink: &'s mut dyn SpanSink,
    pub(super) handle: &'s Handle,
    pub(super) attributes: &'s ContextAttributes,
}

impl fmt::Debug for SpanWriter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpanWriter").finish_non_exhaustive()
    }
}

impl<'s> SpanWriter<'s> {
    /// The handle that records the span.
    pub fn handle(&self) -> &'s Handle {
        self.handle
    }

    /// Sets the name and the first attributes of a span of which nothing was said yet. Whether that is all of them.
    pub(super) fn open(&mut self, opening: &Opening) -> bool {
        let is_whole = self.handle.vocabulary().lets_through(opening);
        if is_whole {
            self.sink.open(opening);
        } else {
            self.set_name(opening.name());
            opening.first_texts(is_whole).for_each(|(key, text)| self.set_text(key, text));
        }
        is_whole
    }

    /// Sets an attribute, or replaces it.
    pub fn set_attribute<'v>(&mut self, key: &str, value: impl Into<Value<'v>>) {
        self.set(key, value.into());
    }

    /// Sets attributes whose keys are those of a callsite.
    #[inline]
    pub fn fields<'w>(&'w mut self, callsite: &'w Callsite) -> FieldWriter<'w, 's> {
        let known = match self.has_former_names() {
            true => None, // each is looked for
            false => self.guard().known(callsite),
        };
        FieldWriter { callsite, known: known.map_or(&[], |known| &known.keys), span: self }
    }

    /// Sets several: nearly always all of them leave as they are.
    pub(super) fn set_all(&mut self, these: &[Attribute<'_>]) {
        let guard = self.guard();
        let are_clean = || these.iter().all(|it| guard.lets_through(Place::SpanAttribute, *it));
        match !self.has_former_names() && are_clean() {
            true => self.sink.set_attributes(these),
            false => these.iter().for_each(|(key, value)| self.set(key, *value)),
        }
    }

    #[inline]
    pub(super) fn set(&mut self, key: &str, value: Value<'_>) {
        match (value, value.scalar()) {
            (Value::Str(text), _) => self.set_text(key, text),
            (_, Some(scalar)) => self.set_scalar(key, scalar),
            (_, None) => self.set_judged(key, value),
        }
    }

    #[inline(never)]
    fn set_text(&mut self, key: &str, text: &str) {
        if self.has_former_names() || !self.guard().lets_text_through(Place::SpanAttribute, key, text) {
            return self.set_judged(key, Value::Str(text));
        }
        self.sink.set_text(key, text);
    }

    #[inline(never)]
    fn set_scalar(&mut self, key: &str, value: Scalar) {
        if self.has_former_names() || !self.guard().lets_scalar_through_at_once(key, value) {
            return self.set_any_scalar(key, value);
        }
        self.sink.set_scalar(key, value);
    }

    #[inline(never)]
    fn set_any_scalar(&mut self, key: &str, value: Scalar) {
        let lets_through = || self.guard().lets_through(Place::SpanAttribute, (key, value.into()));
        match !self.has_former_names() && lets_through() {
            true => self.sink.set_scalar(key, value),
            false => self.set_judged(key, value.into()),
        }
    }

    #[inline(never)]
    fn set_judged(&mut self, key: &str, value: Value<'_>) {
        match self.guard().judge_value(Place::SpanAttribute, (key, value), Some(self.attributes)) {
            Judged::Kept(value) => self.write(key, value),
            Judged::Text(text) => self.write(key, Value::Str(&text)),
            Judged::List(list) => self.write(key, Value::Array(&list)),
            Judged::Refused => {}
            Judged::SpanRefused => self.sink.withhold(),
        }
    }

    /// Writes what was judged, also by the name that the key had before where that is wanted.
    fn write(&mut self, key: &str, value: Value<'_>) {
        self.sink.set_attribute(key, value);
        self.write_former_name((key, value));
    }

    pub(super) fn write_former_name(&mut self, (key, value): Attribute<'_>) {
        if let Some(former) = self.handle.schema().former_name(key) {
            self.sink.set_attribute(former, value);
        }
    }

    fn has_former_names(&self) -> bool {
        self.handle.schema().has_former_names()
    }

    /// Adds an event. `time` defaults to now.
    pub fn add_event(&mut self, name: &str, time: Option<SystemTime>, attributes: &[Attribute<'_>]) {
        self.add_judged_event(name, attributes, |sink, name, judged| sink.add_event(name, time, judged));
    }

    /// Adds an event that happens now. It begins with the attributes of its `origin`, unless others say the same.
    pub fn add_event_of(&mut self, origin: Origin, name: &str, attributes: &[Attribute<'_>]) {
        match self.guard().lets_origin_through(origin) {
            true => self.add_judged_event(name, attributes, |sink, name, judged| {
                sink.add_event_of(origin, name, judged);
            }),
            false => self.add_event(name, None, &[&origin.attributes(), attributes].concat()),
        }
    }

    #[inline]
    fn add_judged_event(
        &mut self,
        name: &str,
        attributes: &[Attribute<'_>],
        add: impl FnOnce(&mut dyn SpanSink, &str, &[Attribute<'_>]),
    ) {
        let guard = self.guard();
        let lets_through = |attribute: &Attribute<'_>| guard.lets_through(Place::EventAttribute, *attribute);
        if guard.lets_text_through(Place::EventName, "", name) && attributes.iter().all(lets_through) {
            return add(self.sink, name, attributes); // as nearly always
        }
        let verdict = self.judge(Place::EventName, name);
        let name = match &verdict {
            Verdict::Clean(name) => *name,
            Verdict::Replaced(name) => name.as_str(),
            Verdict::Refused => return,
            Verdict::SpanRefused => return self.sink.withhold(),
        };
        let sink = &mut *self.sink;
        let may_leave = self.handle.guard().judge_all(
            Place::EventAttribute,
            attributes,
            Some(self.attributes),
            |judged| add(sink, name, judged),
        );
        if !may_leave {
            self.sink.withhold();
        }
    }

    /// Adds a link.
    pub fn add_link(&mut self, link: &Link<'_>) {
        let (guard, sink) = (self.handle.guard(), &mut *self.sink);
        let may_leave =
            guard.judge_all(Place::LinkAttribute, link.attributes, Some(self.attributes), |judged| {
                let context = guard.judge_trace(link.context);
                let context = context.as_ref().unwrap_or(link.context);
                sink.add_link(&Link { context, attributes: judged });
            });
        if !may_leave {
            self.sink.withhold();
        }
    }

    /// Sets the name to that of a callsite, which is judged once.
    pub(super) fn set_name_of(&mut self, callsite: &Callsite) {
        match self.guard().known(callsite).is_some_and(|known| known.lets_name_through) {
            true => self.sink.set_name(callsite.name()),
            false => self.set_name(callsite.name()),
        }
    }

    /// Replaces the name.
    pub fn set_name(&mut self, name: &str) {
        match self.guard().lets_text_through(Place::SpanName, "", name) {
            true => self.sink.set_name(name), // as nearly always
            false => self.set_judged_name(name),
        }
    }

    #[inline(never)]
    fn set_judged_name(&mut self, name: &str) {
        match self.judge(Place::SpanName, name) {
            Verdict::Clean(name) => self.sink.set_name(name),
            Verdict::Replaced(name) => self.sink.set_name(&name),
            Verdict::Refused => self.sink.set_name(WITHHELD),
            Verdict::SpanRefused => self.sink.withhold(),
        }
    }

    /// Sets the status. `Ok` is final, `Unset` changes nothing, and an error without text leaves that of an earlier
    /// one.
    pub fn set_status(&mut self, status: Status<'_>) {
        let text = match status {
            Status::Error(text) if !text.is_empty() => text,
            _ => return self.sink.set_status(status),
        };
        match self.judge(Place::Status, text) {
            Verdict::Clean(text) => self.sink.set_status(Status::Error(text)),
            Verdict::Replaced(text) => self.sink.set_status(Status::Error(&text)),
            Verdict::Refused => self.sink.set_status(Status::Error("")),
            Verdict::SpanRefused => self.sink.withhold(),
        }
    }

    fn guard(&self) -> &'s PiiGuard {
        self.handle.guard()
    }

    fn judge<'t>(&self, place: Place, text: &'t str) -> Verdict<'t> {
        self.guard().judge_for(place, "", text, Some(self.attributes))
    }
}

/// Writes to a span the fields of a [`Callsite`].
#[derive(Debug)]
pub struct FieldWriter<'w, 's> {
    span: &'w mut SpanWriter<'s>,
    callsite: &'w Callsite,
    /// What the guard knows of its keys. Nothing where each is to be looked up.
    known: &'w [KnownKey],
}

impl<'s> FieldWriter<'_, 's> {
    /// The span, for attributes that are no fields.
    pub fn span(&mut self) -> &mut SpanWriter<'s> {
        self.span
    }

    /// Sets the attribute under the key at this position.
    #[inline(always)]
    pub fn set<'v>(&mut self, at: usize, value: impl Into<Value<'v>>) {
        let value = value.into();
        match (value, value.scalar()) {
            (Value::Str(text), _) => self.set_text(at, text),
            (_, Some(scalar)) => self.set_scalar(at, scalar),
            (_, None) => self.span.set_judged(self.key(at), value),
        }
    }

    #[inline(never)]
    fn set_text(&mut self, at: usize, text: &str) {
        let Some(known) = self.known.get(at) else { return self.span.set_text(self.key(at), text) };
        match known.lets_text_through(text) {
            true => self.span.sink.set_static_text(&known.key, text),
            false => self.span.set_text(known.key.text(), text),
        }
    }

    #[inline(never)]
    fn set_scalar(&mut self, at: usize, value: Scalar) {
        let Some(known) = self.known.get(at) else { return self.span.set_any_scalar(self.key(at), value) };
        match known.lets_scalar_through(value) {
            true => self.span.sink.set_static_scalar(&known.key, value),
            false => self.span.set_any_scalar(known.key.text(), value),
        }
    }

    fn key(&self, at: usize) -> &'static str {
        self.callsite.keys().get(at).map_or("", StaticKey::text)
    }
}
