//! Attribute values at the door: text, and numbers that may be somebody's.

use opentelemetry::{Array, KeyValue, StringValue};

use super::{PiiGuard, Place, Verdict};
use crate::{
    ContextAttributes,
    recorder::{Attribute, Opening, Origin, Scalar, Value, to_key_value},
};

/// Numbers with fewer digits are nobody's.
const SHORTEST_NUMBER: u64 = 1_000_000_000;

/// What leaves of a value.
pub(crate) enum Judged<'v> {
    /// The value as it is, or its beginning.
    Kept(Value<'v>),
    /// Text in its place.
    Text(String),
    /// Other elements in their places.
    List(Array),
    /// Nothing.
    Refused,
    /// Nothing of the span.
    SpanRefused,
}

impl Judged<'_> {
    /// What leaves, if something does.
    pub(crate) fn value(&self) -> Option<Value<'_>> {
        match self {
            Self::Kept(value) => Some(*value),
            Self::Text(text) => Some(Value::Str(text)),
            Self::List(list) => Some(Value::Array(list)),
            Self::Refused | Self::SpanRefused => None,
        }
    }
}

impl Judged<'_> {
    /// Whether it is all of `value`.
    fn is_whole(&self, value: Value<'_>) -> bool {
        match (self, value) {
            (Self::Kept(Value::Str(kept)), Value::Str(text)) => kept.len() == text.len(),
            _ => matches!(self, Self::Kept(_)),
        }
    }
}

impl<'v> From<Verdict<'v>> for Judged<'v> {
    fn from(verdict: Verdict<'v>) -> Self {
        match verdict {
            Verdict::Clean(text) => Self::Kept(Value::Str(text)),
            Verdict::Replaced(text) => Self::Text(text),
            Verdict::Refused => Self::Refused,
            Verdict::SpanRefused => Self::SpanRefused,
        }
    }
}

impl PiiGuard {
    /// Whether a value leaves as it is, as far as that can be told at first sight: so it is with nearly all.
    #[inline(always)]
    pub(crate) fn lets_through(&self, place: Place, (key, value): Attribute<'_>) -> bool {
        match value {
            Value::Str(text) => self.lets_text_through(place, key, text),
            Value::Array(_) => false,
            _ => self.is_unruled(key) && !has_many_digits(value),
        }
    }

    /// As [`lets_through`](Self::lets_through), of a number or a truth value, by whatever place: without a call, and
    /// so only for a key that is found at once.
    #[inline]
    pub(crate) fn lets_scalar_through_at_once(&self, key: &str, value: Scalar) -> bool {
        let known = self.0.treatments.at_first(key);
        known.is_some_and(|known| !known.treatment.kind.is_of_key()) && !has_many_digits(value.into())
    }

    /// Whether an event's level and target leave as they are. Each place in the code is judged once.
    #[inline]
    pub(crate) fn lets_origin_through(&self, origin: Origin) -> bool {
        self.0.origins.get(origin).is_some() || self.judge_origin(origin)
    }

    #[inline(never)]
    fn judge_origin(&self, origin: Origin) -> bool {
        let is_clean = origin.attributes().iter().all(|it| self.lets_through(Place::EventAttribute, *it));
        if is_clean {
            self.0.origins.keep(origin, ());
        }
        is_clean
    }

    /// Whether what many spans begin with leaves as it is. Each is judged once.
    #[inline]
    pub(crate) fn lets_opening_through(&self, opening: &Opening) -> bool {
        self.0.openings.get(opening).is_some() || self.judge_opening(opening)
    }

    #[inline(never)]
    fn judge_opening(&self, opening: &Opening) -> bool {
        let is_clean = self.lets_text_through(Place::SpanName, "", opening.name())
            && opening.attributes().all(|it| self.lets_through(Place::SpanAttribute, it));
        if is_clean {
            self.0.openings.keep(opening, ());
        }
        is_clean
    }

    /// Judges a value that is about to leave by `place`.
    pub(crate) fn judge_value<'v>(
        &self,
        place: Place,
        (key, value): Attribute<'v>,
        attributes: Option<&ContextAttributes>,
    ) -> Judged<'v> {
        match value {
            Value::Str(text) => self.judge_for(place, key, text, attributes).into(),
            Value::Array(list) => self.judge_list(place, key, list, attributes),
            _ => self.judge_number(place, key, value, attributes),
        }
    }

    /// Judges attributes that are about to leave by `place`, and calls `write` with what may leave of them.
    ///
    /// Where a span would be refused, nothing is written.
    pub fn judge_attributes(
        &self,
        place: Place,
        attributes: &[Attribute<'_>],
        write: impl FnOnce(&[Attribute<'_>]),
    ) {
        self.judge_all(place, attributes, None, write);
    }

    /// Judges all of them, and calls `write` with what may leave. Whether the span they belong to may.
    #[inline]
    pub(crate) fn judge_all(
        &self,
        place: Place,
        these: &[Attribute<'_>],
        attributes: Option<&ContextAttributes>,
        write: impl FnOnce(&[Attribute<'_>]),
    ) -> bool {
        if these.iter().all(|attribute| self.lets_through(place, *attribute)) {
            write(these);
            return true;
        }
        let changes = self.changes(place, these.iter().copied(), attributes);
        if changes.is_empty() {
            write(these);
            return true;
        }
        if changes.iter().any(|(_, judged)| matches!(judged, Judged::SpanRefused)) {
            return false;
        }
        let mut changes = changes.iter().peekable();
        let left = these.iter().enumerate().filter_map(|(at, (key, value))| {
            let change = changes.next_if(|(of, _)| *of == at);
            Some((*key, change.map_or(Some(*value), |(_, judged)| judged.value())?))
        });
        write(&left.collect::<Vec<_>>());
        true
    }

    /// As [`judge_all`](Self::judge_all), for the OpenTelemetry API's own attributes, which belong to no span.
    pub(crate) fn judge_key_values(&self, place: Place, these: &[KeyValue], write: impl FnOnce(&[KeyValue])) {
        let borrowed = these.iter().map(|of| (of.key.as_str(), Value::from(&of.value)));
        if borrowed.clone().all(|attribute| self.lets_through(place, attribute)) {
            return write(these);
        }
        let changes = self.changes(place, borrowed, None);
        if changes.is_empty() {
            return write(these);
        }
        let mut changes = changes.iter().peekable();
        let left = these.iter().enumerate().filter_map(|(at, of)| {
            Some(match changes.next_if(|(of, _)| *of == at) {
                Some((_, judged)) => to_key_value((of.key.as_str(), judged.value()?)),
                None => of.clone(),
            })
        });
        write(&left.collect::<Vec<_>>());
    }

    /// Those that do not leave as they are, by their place. Nearly always none.
    fn changes<'v>(
        &self,
        place: Place,
        these: impl Iterator<Item = Attribute<'v>>,
        attributes: Option<&ContextAttributes>,
    ) -> Vec<(usize, Judged<'v>)> {
        let mut changes = Vec::new();
        for (at, attribute) in these.enumerate() {
            let judged = self.judge_value(place, attribute, attributes);
            if !judged.is_whole(attribute.1) {
                changes.push((at, judged));
            }
        }
        changes
    }

    #[inline]
    fn judge_number<'v>(
        &self,
        place: Place,
        key: &str,
        value: Value<'v>,
        attributes: Option<&ContextAttributes>,
    ) -> Judged<'v> {
        let is_of_key = self.treatment(place, key).kind.is_of_key();
        if !is_of_key && !has_many_digits(value) {
            return Judged::Kept(value);
        }
        let text = match value {
            Value::Int(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            Value::Bool(is) => is.to_string(),
            Value::Str(_) | Value::Array(_) => return Judged::Refused, // judged elsewhere
        };
        let verdict = match is_of_key {
            true => self.judge_for(place, key, &text, attributes),
            false => self.judge_digits(place, key, &text),
        };
        match verdict {
            Verdict::Clean(_) => Judged::Kept(value),
            Verdict::Replaced(text) => Judged::Text(text),
            Verdict::Refused => Judged::Refused,
            Verdict::SpanRefused => Judged::SpanRefused,
        }
    }

    /// Texts one by one. Numbers leave together, or what becomes of the first that may not stands for all.
    fn judge_list<'v>(
        &self,
        place: Place,
        key: &str,
        list: &'v Array,
        attributes: Option<&ContextAttributes>,
    ) -> Judged<'v> {
        let judge = |value| self.judge_number(place, key, value, attributes);
        let hidden = match list {
            Array::String(texts) => {
                let mut left: Vec<StringValue> = Vec::with_capacity(texts.len());
                for text in texts {
                    match self.judge_for(place, key, text.as_str(), attributes) {
                        Verdict::Clean(text) => left.push(text.to_owned().into()),
                        Verdict::Replaced(text) => left.push(text.into()),
                        refused @ (Verdict::Refused | Verdict::SpanRefused) => return refused.into(),
                    }
                }
                return if left == *texts {
                    Judged::Kept(Value::Array(list))
                } else {
                    Judged::List(left.into())
                };
            }
            Array::I64(numbers) => first_hidden(numbers.iter().map(|number| judge(Value::Int(*number)))),
            Array::F64(numbers) => first_hidden(numbers.iter().map(|number| judge(Value::Float(*number)))),
            Array::Bool(these) => first_hidden(these.iter().map(|is| judge(Value::Bool(*is)))),
            _ => Some(Judged::Refused), // the API's enum may grow
        };
        hidden.unwrap_or(Judged::Kept(Value::Array(list)))
    }
}

/// Whether it has so many digits that it may be somebody's.
#[inline]
pub(super) fn has_many_digits(value: Value<'_>) -> bool {
    matches!(value, Value::Int(number) if number.unsigned_abs() >= SHORTEST_NUMBER)
}

fn first_hidden<'v>(mut judged: impl Iterator<Item = Judged<'v>>) -> Option<Judged<'v>> {
    judged.find(|judged| !matches!(judged, Judged::Kept(_)))
}
